// Statements as they come in comments, notes and files: with anything round them.
import { describe, expect, it } from 'vitest';
import { sshFingerprint } from '../../src/digest.ts';
import { readSigned, renderSigned } from '../../src/signing/carried.ts';
import { at, statement, statementText } from './statements.ts';
import { makeSecurityKey } from './keys.ts';

const key = makeSecurityKey();
const text = statementText();
const armour = key.sign(text);
const block = renderSigned(text, armour);

const read = (carrier: string) =>
  readSigned(carrier, at, sshFingerprint).map((one) =>
    one.kind === 'valid' ? one.signed.statement.signer : `${one.line ?? ''}: ${one.message}`,
  );

describe('given a text that somebody sent', () => {
  it('when it is the block that muster printed, then it is the statement with its signature', () => {
    expect(readSigned(block, at, sshFingerprint)).toMatchObject([
      { kind: 'valid', signed: { statement: statement(), text, signature: { armour, touched: true }, firstSeen: at } },
    ]);
  });

  it.each([
    { given: 'a fence and words round it', carrier: `I sign this:\n\n\`\`\`\n${block}\`\`\`\nThanks.\n`, gives: ['alice'] },
    { given: 'CR before each LF', carrier: block.replaceAll('\n', '\r\n'), gives: ['alice'] },
    { given: 'two of them', carrier: block + block, gives: ['alice', 'alice'] },
    { given: 'one without a signature before it', carrier: text + block, gives: ['alice'] },
    { given: 'no signature', carrier: text, gives: [] },
    { given: 'nothing', carrier: '', gives: [] },
    { given: 'a signature before the statement', carrier: armour + text, gives: [] },
    { given: 'two signatures', carrier: block + armour, gives: ['alice'] },
    { given: 'a blank line before the signature', carrier: `${text}\n${armour}`, gives: [/^13: the end/] },
    { given: 'a changed line', carrier: block.replace('signer alice', 'signer  alice'), gives: [/^10: /] },
    {
      given: 'a damaged signature',
      carrier: block.replace('U1NIU0lH', 'U1NIU0lI'),
      gives: [/^: the signature is damaged/],
    },
    { given: 'a statement of 64 KiB', carrier: renderSigned(text + 'x\n'.repeat(40_000), armour), gives: [/^1: a statement has at most/] },
  ])('when it has $given, then that is told', ({ carrier, gives }) => {
    expect(read(carrier)).toEqual(gives.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))));
  });

  it('when it has a thousand of them, then twenty are read', () => {
    expect(read(block.repeat(1000))).toHaveLength(20);
  });
});
