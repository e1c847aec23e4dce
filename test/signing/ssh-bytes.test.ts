// Keys and signatures byte by byte: what is read is written again as the same bytes, and whatever is not as OpenSSH writes it is not read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sshFingerprint } from '../../src/digest.ts';
import { parseKey, parseKeyLine } from '../../src/signing/ssh-key.ts';
import { parseSignature } from '../../src/signing/ssh-signature.ts';
import { base64, wireBytes, wireString } from '../../src/signing/ssh-wire.ts';
import { armoured, makeKey, makeSecurityKey, temporaryFolder } from './keys.ts';
import { statementText } from './statements.ts';

const folder = temporaryFolder();
const text = statementText();
const kinds = ['ed25519', 'ecdsa', 'rsa'] as const;
const pairs = kinds.map((type) => makeKey(folder, type, ['-t', type]));
const security = makeSecurityKey();
const bytesOf = (armour: string) => Buffer.from(armour.split('\n').slice(1, -2).join(''), 'base64');
const signatures = [...(await Promise.all(pairs.map(({ sign }) => sign(text)))), security.sign(text)].map(bytesOf);
const keys = [...pairs, security].map(({ key }) => Buffer.from(key.key, 'base64'));

/** One byte more, less, or another one. */
function spoilt(all: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc
    .record({
      of: fc.constantFrom(...all),
      place: fc.double({ min: 0, max: 0.999, noNaN: true }),
      byte: fc.nat(255),
      drop: fc.nat(2),
      add: fc.boolean(),
    })
    .map(({ of, place, byte, drop, add }) => {
      const at = Math.floor(place * of.length);
      return Buffer.concat([of.subarray(0, at), Buffer.from(add ? [byte] : []), of.subarray(at + drop)]);
    });
}

function whyNotSignature(bytes: Uint8Array): string {
  const read = parseSignature(armoured(bytes), sshFingerprint);
  return read.kind === 'invalid' ? read.why : 'valid';
}

function whyNotKey(bytes: Uint8Array): string {
  const read = parseKey(bytes, sshFingerprint);
  return read.kind === 'invalid' ? read.why : 'valid';
}

const replaced = (of: Buffer | undefined, from: string, to: string) =>
  Buffer.from((of ?? Buffer.alloc(0)).toString('latin1').replace(from, to), 'latin1');

describe('laws of bytes', () => {
  it('a signature that is read is given to ssh-keygen as it came', () => {
    fc.assert(
      fc.property(spoilt(signatures), (bytes) => {
        const read = parseSignature(armoured(bytes), sshFingerprint);
        if (read.kind === 'valid') expect(read.signature.armour).toBe(armoured(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('a key that is read is the one that was written', () => {
    fc.assert(
      fc.property(spoilt(keys), (bytes) => {
        const read = parseKey(bytes, sshFingerprint);
        if (read.kind === 'valid') expect(read.key.key).toBe(base64(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('given a signature', () => {
  const [ed25519, ecdsa, rsa] = signatures;
  /** All of it but the innermost part: its name and 64 bytes, each with its length. */
  const outer = ed25519?.subarray(0, -(4 + 4 + 'ssh-ed25519'.length + 4 + 64)) ?? Buffer.alloc(0);
  const inner = (name: string, blob: Uint8Array) => wireString(wireBytes(wireString(name), wireString(blob)));

  const withReserved = wireBytes(
    Buffer.from('SSHSIG'),
    1,
    ...[keys[0] ?? '', 'muster-approval@v1', 'x', 'sha512'].map(wireString),
    inner('ssh-ed25519', Buffer.alloc(64)),
  );

  it.each([
    { given: 'the name of another kind', bytes: Buffer.concat([outer, inner('ssh-rsa', Buffer.alloc(64))]) },
    { given: 'a short number', bytes: Buffer.concat([outer, inner('ssh-ed25519', Buffer.alloc(63))]) },
    { given: 'SHA-1 inside', bytes: replaced(rsa, 'rsa-sha2-512', 'ssh-rsa-sha1') },
    { given: 'another hash', bytes: replaced(ed25519, 'sha512', 'sha384') },
    {
      given: 'bytes behind its numbers',
      bytes: Buffer.concat([outer, wireString(wireBytes(wireString('ssh-ed25519'), wireString(Buffer.alloc(64)), Buffer.from([0])))]),
    },
    { given: 'something in the place that is reserved', bytes: withReserved },
    { given: 'another magic', bytes: replaced(ecdsa, 'SSHSIG', 'SSHSIX') },
  ])('when it has $given, then it is damaged', ({ bytes }) => {
    expect(whyNotSignature(bytes)).toBe('is damaged');
  });

  it('when it is whole, then it is read', () => {
    expect(signatures.map(whyNotSignature)).toEqual(signatures.map(() => 'valid'));
    expect(whyNotSignature(Buffer.concat([outer, inner('ssh-ed25519', Buffer.alloc(64))]))).toBe('valid');
  });
});

describe('given a key', () => {
  const point = (curve: string, first: number, length = 65) =>
    wireBytes(
      wireString('ecdsa-sha2-nistp256'),
      wireString(curve),
      wireString(Buffer.concat([Buffer.from([first]), Buffer.alloc(length - 1, 7)])),
    );
  const modulus = (bytes: Uint8Array) => wireBytes(wireString('ssh-rsa'), wireString(Buffer.from([1, 0, 1])), wireString(bytes));
  const ofBits = (bits: number) => Buffer.concat([Buffer.from([0]), Buffer.alloc(bits / 8, 0xff)]);

  it.each([
    { given: 'a point of its curve', bytes: point('nistp256', 4), gives: /^valid$/ },
    { given: 'a compressed point', bytes: point('nistp256', 2), gives: /damaged/ },
    { given: 'a point of another curve', bytes: point('nistp384', 4), gives: /damaged/ },
    { given: 'a point that is too long', bytes: point('nistp256', 4, 66), gives: /damaged/ },
    { given: '31 bytes', bytes: wireBytes(wireString('ssh-ed25519'), wireString(Buffer.alloc(31))), gives: /damaged/ },
    { given: 'a negative modulus', bytes: modulus(Buffer.alloc(384, 0xff)), gives: /damaged/ },
    { given: '3072 bits', bytes: modulus(ofBits(3072)), gives: /^valid$/ },
    { given: '3064 bits', bytes: modulus(ofBits(3064)), gives: /3064 bits/ },
    { given: '16392 bits', bytes: modulus(ofBits(16392)), gives: /16392 bits/ },
    { given: 'the kind of a shell', bytes: wireBytes(wireString('$(reboot)'), wireString('')), gives: /no key of a kind/ },
  ])('when it has $given, then it is $gives', ({ bytes, gives }) => {
    expect(whyNotKey(bytes)).toMatch(gives);
  });

  it('when its line is longer than any key, then it is not looked at', () => {
    const read = parseKeyLine(`${pairs[0]?.line ?? ''} ${'x'.repeat(5000)}`, sshFingerprint);
    expect(read).toMatchObject({ kind: 'invalid', why: expect.stringMatching(/no line as/) });
  });
});
