// Keys that sign approvals, as policy.yaml has them: what is none is found with its place.
import { describe, expect, it } from 'vitest';
import { parseRules } from '../../src/policy/parser.ts';

const key = `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b', 'hex'), Buffer.from('ssh-ed25519'), Buffer.from('00000020', 'hex'), Buffer.alloc(32, 7)]).toString('base64')}`;

describe('the keys of somebody', () => {
  it.each([
    { text: `people: { alice: { gitlab: 42, keys: ["${key} alice"] } }`, gives: 'valid' },
    { text: 'people: { alice: { gitlab: 42, keys: [] } }', gives: 'empty-list 1:38' },
    { text: 'people: { alice: { gitlab: 42, keys: ["ssh-ed25519 AAAA"] } }', gives: 'bad-ssh-key 1:39' },
    { text: `people: { alice: { gitlab: 42, keys: ["${key}\\n${key}"] } }`, gives: 'bad-ssh-key 1:39' },
    { text: `people: { alice: { gitlab: 42, keys: ["* ${key}"] } }`, gives: 'bad-ssh-key 1:39' },
    {
      text: `people: { alice: { gitlab: 42, keys: [${[1, 2, 3, 4, 5].map((n) => `"${key} ${n}"`).join()}] } }`,
      gives: 'too-many-keys 1:38',
    },
  ])('given "$text", then $gives', ({ text, gives }) => {
    const rest = 'version: 1\nteams: { sre: [alice] }\nrules: { approvers: [sre] }\n';
    const parsed = parseRules([{ path: 'policy/policy.yaml', bytes: new TextEncoder().encode(`${text}\n${rest}`) }], 'policy');
    const found = parsed.kind === 'valid' ? ['valid'] : parsed.findings.map(({ code, line, column }) => `${code} ${line}:${column}`);
    expect(found).toEqual([gives]);
  });
});
