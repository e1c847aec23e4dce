import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gathering } from '../../src/directory/transport.ts';

/** A message as BER frames it; contents from 128 bytes on have the long form of the length. */
function message(content: Buffer): Buffer {
  const length =
    content.length < 128
      ? Buffer.from([content.length])
      : Buffer.from([0x83, content.length >> 16, (content.length >> 8) & 0xff, content.length & 0xff]);
  return Buffer.concat([Buffer.from([0x30]), length, content]);
}

const messages = fc.array(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => message(Buffer.from(bytes))),
  { minLength: 1, maxLength: 8 },
);

describe('gathering chunks into messages', () => {
  it('hands on every byte in its order, and only at the ends of messages', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent);
        const ends = new Set(sent.map((_, index) => Buffer.concat(sent.slice(0, index + 1)).length));
        const gathering = new Gathering();
        const got: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const whole = gathering.take(bytes.subarray(at, at + size));
          at += size;
          if (whole) got.push(whole);
          expect(whole === undefined || ends.has(Buffer.concat(got).length)).toBe(true);
        }
        expect(Buffer.concat(got).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400'],
    ['a length without an end', '\x30\x80\x00'],
    ['a length of five octets', '\x30\x85\x00\x00\x00\x00\x00'],
    ['a length beyond reason', '\x30\x84\x7f\xff\xff\xff'],
  ])('given %s, then it is no LDAP', (_, bytes) => {
    expect(() => new Gathering().take(Buffer.from(bytes, 'latin1'))).toThrow(/not LDAP/);
  });
});
