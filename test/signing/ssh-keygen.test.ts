// Keys and signatures as ssh-keygen makes them, and as people and attackers send them.
import { describe, expect, it } from 'vitest';
import { sshFingerprint } from '../../src/digest.ts';
import { instant } from '../../src/names.ts';
import { parseKeyLine } from '../../src/signing/ssh-key.ts';
import { verifyBy } from '../../src/signing/ssh-keygen.ts';
import { parseSignature } from '../../src/signing/ssh-signature.ts';
import { base64, wireBytes, wireString } from '../../src/signing/ssh-wire.ts';
import { armoured, makeKey, makeSecurityKey, readSignature, temporaryFolder } from './keys.ts';
import { statement, statementText } from './statements.ts';

const folder = temporaryFolder();
const path = process.env['PATH'] ?? '';
const verify = verifyBy({ path });
const text = statementText();

function asSigned(armour: string, over = text) {
  return { statement: statement(), text: over, signature: readSignature(armour), firstSeen: instant(0) };
}

const kinds = [
  ['-t', 'ed25519'],
  ['-t', 'ecdsa', '-b', '256'],
  ['-t', 'ecdsa', '-b', '384'],
  ['-t', 'ecdsa', '-b', '521'],
  ['-t', 'rsa', '-b', '3072'],
].map((type) => ({ kind: type.join(' '), pair: makeKey(folder, type.join(''), type) }));

describe('given a key of each kind', () => {
  it.each(kinds)('when $kind signs a statement, then that counts for exactly these bytes', async ({ pair }) => {
    const armour = await pair.sign(text);
    expect(verify(asSigned(armour), pair.key)).toBe(true);
    // No plain key can say that a hand was there, so where a touch is required it does not count.
    expect(readSignature(armour)).toMatchObject({ armour, touched: false, verified: false });
    expect(verify(asSigned(armour, text.replace('ep1c', 'hoo')), pair.key)).toBe(false);
  });

  it('when a security key signs, then its flags are read and ssh-keygen agrees', () => {
    const security = makeSecurityKey();
    for (const flags of [0x00, 0x01, 0x05]) {
      const signed = asSigned(security.sign(text, { flags }));
      expect(signed.signature).toMatchObject({ touched: flags !== 0, verified: flags === 5 });
      // What this file relies on: without a touch `-Y verify` says good all the same.
      expect(verify(signed, security.key)).toBe(true);
    }
  });

  it('when the flags of a signature are changed afterwards, then it is bad', () => {
    const security = makeSecurityKey();
    const bytes = Buffer.from(security.sign(text, { flags: 0 }).split('\n').slice(1, -2).join(''), 'base64');
    bytes[bytes.length - 5] = 1;
    const signed = asSigned(armoured(bytes));
    expect(signed.signature.touched).toBe(true);
    expect(verify(signed, security.key)).toBe(false);
  });

  it('when another key is named than the one that signed, then it is bad', async () => {
    const [one, other] = [makeKey(folder, 'one'), makeKey(folder, 'other')];
    expect(verify(asSigned(await one.sign(text)), other.key)).toBe(false);
  });

  it('when ssh-keygen is not there, then that is no answer', async () => {
    const [{ pair }] = kinds as [(typeof kinds)[0]];
    const armour = await pair.sign(text);
    expect(() => verifyBy({ path: folder })(asSigned(armour), pair.key)).toThrow('ssh-keygen did not answer');
  });
});

function shortRsa(): string {
  const numbers = [Buffer.from([1, 0, 1]), Buffer.concat([Buffer.from([0]), Buffer.alloc(256, 0xff)])];
  return `ssh-rsa ${base64(wireBytes(wireString('ssh-rsa'), ...numbers.map((number) => wireString(number))))}`;
}

describe('given a line of policy.yaml', () => {
  const { pair } = kinds[0] as (typeof kinds)[0];
  const { pair: rsa } = kinds[4] as (typeof kinds)[0];
  const why = (line: string) => {
    const read = parseKeyLine(line, sshFingerprint);
    return read.kind === 'invalid' ? read.why : 'valid';
  };

  it('then the fingerprint is the one that ssh-keygen prints', () => {
    expect(pair.key.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(kinds.map(({ pair: { line } }) => why(line))).toEqual(kinds.map(() => 'valid'));
    expect(why(makeSecurityKey().line)).toBe('valid');
  });

  /** The same numbers with a zero more in front: another fingerprint for the same key. */
  function padded(): string {
    const parts: Uint8Array[] = [];
    const bytes = Buffer.from(rsa.key.key, 'base64');
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at))
      parts.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
    const [type, exponent, modulus] = parts as [Uint8Array, Uint8Array, Uint8Array];
    return `ssh-rsa ${base64(wireBytes(wireString(type), wireString(Buffer.concat([Buffer.from([0]), exponent])), wireString(modulus)))}`;
  }

  it.each([
    { given: 'a second line', line: () => `${pair.line}\n${rsa.line}`, gives: /no line as/ },
    { given: 'options before the key', line: () => `cert-authority ${pair.line}`, gives: /no line as/ },
    { given: 'a principal that is anybody', line: () => `* ${pair.line}`, gives: /no line as/ },
    { given: 'another type before the key', line: () => pair.line.replace(/^\S+/, 'ssh-rsa'), gives: /another type/ },
    { given: 'a certificate', line: () => `x ${base64(wireString('ssh-ed25519-cert-v01@openssh.com'))}`, gives: /a certificate/ },
    { given: 'a DSA key', line: () => `ssh-dss ${base64(wireString('ssh-dss'))}`, gives: /DSA/ },
    { given: 'a short RSA key', line: shortRsa, gives: /RSA key of 2048 bits/ },
    { given: 'an RSA key with a zero in front', line: padded, gives: /damaged/ },
    {
      given: 'bytes behind the key',
      line: () => `ssh-ed25519 ${base64(Buffer.concat([Buffer.from(pair.key.key, 'base64'), Buffer.from([0])]))}`,
      gives: /damaged/,
    },
    { given: 'base64 that could be shorter', line: () => `${pair.line.split(' ').slice(0, 2).join(' ')}====`, gives: /no line as/ },
    { given: 'nothing', line: () => '', gives: /no line as/ },
  ])('when it has $given, then it is none', ({ line, gives }) => {
    expect(why(line())).toMatch(gives);
  });
});

describe('given a signature', () => {
  const security = makeSecurityKey();
  const armour = security.sign(text);
  const bytes = Buffer.from(armour.split('\n').slice(1, -2).join(''), 'base64');

  it.each([
    { given: 'a second block', of: armour + armour, gives: /one block/ },
    { given: 'text before it', of: `x\n${armour}`, gives: /one block/ },
    { given: 'another namespace', of: security.sign(text, { namespace: 'git' }), gives: /not made for/ },
    { given: 'bytes behind it', of: armoured(Buffer.concat([bytes, Buffer.from([0])])), gives: /damaged/ },
    { given: 'no end', of: armoured(bytes.subarray(0, -1)), gives: /damaged/ },
    { given: 'another version', of: armoured(Buffer.concat([bytes.subarray(0, 6), wireBytes(2), bytes.subarray(10)])), gives: /damaged/ },
    { given: 'blanks in its base64', of: armour.replace(/(\w)\n(\w)/, '$1 \n$2'), gives: /base64/ },
    { given: 'more than any signature has', of: armoured(Buffer.alloc(20_000)), gives: /longer/ },
  ])('when it has $given, then nothing is asked about it', ({ of, gives }) => {
    const read = parseSignature(of, sshFingerprint);
    expect(read.kind === 'invalid' ? read.why : 'valid').toMatch(gives);
  });

  it('when a browser has put CR before LF, then it is the same', () => {
    expect(readSignature(armour.replaceAll('\n', '\r\n')).armour).toBe(armour);
  });
});
