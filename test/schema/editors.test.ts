// What an editor says while somebody types (the published JSON Schemas over YAML's core schema, as yaml-language-server does it), and what `check` says.
// An editor that objects to a good file teaches people to ignore it, so the first law is that it never does. It need not see all that `check` sees.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readPolicyFolder } from '../../src/policy/folder.ts';
import { readPolicy } from '../../src/policy/parser.ts';
import { check } from '../../src/check/check.ts';
import { instant } from '../../src/names.ts';

const now = instant(Date.UTC(2026, 10, 23, 12));
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false });
const validators = new Map(
  ['policy', 'group', 'grant'].map((name) => [name, ajv.compile(JSON.parse(readFileSync(`schema/${name}.schema.json`, 'utf8')))]),
);

function schemaOf(path: string): string {
  return path === 'policy/policy.yaml' ? 'policy' : path.startsWith('policy/groups/') ? 'group' : 'grant';
}

/** Where the editor underlines something; empty when it has nothing to say. */
function inEditor(path: string, text: string): readonly string[] {
  const validate = validators.get(schemaOf(path));
  if (!validate) throw new Error(`no schema for ${path}`);
  return validate(parse(text, { schema: 'core' })) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const samples = new Map(readPolicyFolder('policy', process.cwd()).files.map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]));

/** The codes of the errors that `check` finds in a file, when the samples surround it. */
function inCheck(path: string, text: string): readonly string[] {
  const files = [...new Map([...samples, [path, text]])].map(([name, content]) => ({ path: name, bytes: new TextEncoder().encode(content) }));
  const { findings } = check(readPolicy(files, 'policy'), { now });
  return findings.filter((finding) => finding.path === path && finding.severity === 'error').map(({ code }) => code);
}

const grant = 'policy/grants/klaxon-users/hoo.yaml';
const group = 'policy/groups/klaxon-users.yaml';
const policy = 'policy/policy.yaml';
const change = (path: string, from: string | RegExp, to: string) => {
  const before = samples.get(path) ?? '';
  const after = before.replace(from, to);
  if (after === before) throw new Error(`${path} does not say ${String(from)}`);
  return after;
};

describe('what editors say about policy files', () => {
  it.each([...samples.keys()])('given the sample %s, then neither the editor nor check objects', (path) => {
    expect(inEditor(path, samples.get(path) ?? '')).toEqual([]);
    expect(inCheck(path, samples.get(path) ?? '')).toEqual([]);
  });

  it.each([
    { given: 'a uid that YAML takes for a truth, a number or nothing', path: policy, from: 'also: [bob-test]', to: 'also: [no, true, 1e3, 007, null]' },
    { given: 'such uids as keys', path: policy, from: 'people:', to: 'people:\n  007: { gitlab: 7 }\n  no: { gitlab: 8 }\n  1e3: { gitlab: 9 }' },
    { given: 'a number in quotes', path: policy, from: 'approvals: 1', to: 'approvals: "1"' },
    { given: 'a plain number as a limit', path: 'policy/groups/stewards.yaml', from: 'removals: 20%', to: 'removals: 3' },
    { given: 'no end at all allowed', path: group, from: '90 days', to: 'none' },
    { given: 'a version that is a number', path: group, from: 'version: 2026-11-01', to: 'version: 3' },
    { given: 'a time with its zone', path: grant, from: /until:.*/, to: 'until: 2027-01-15T18:00:30Z' },
    { given: 'a reason that is a number', path: grant, from: /reason:.*/, to: 'reason: 343377' },
    { given: 'a reason over several lines', path: grant, from: /reason:.*/, to: 'reason: >-\n  Watches the edit rate\n  during the import.' },
  ])('given $given, then the editor accepts it, and check what it is about', ({ path, from, to }) => {
    const text = change(path, from, to);

    expect(inEditor(path, text)).toEqual([]);
    expect(inCheck(path, text)).toEqual([]);
  });

  it.each([
    { given: 'a misspelt key', path: grant, from: 'until:', to: 'untill:', gives: 'unknown-key' },
    { given: 'an end in words', path: grant, from: /until:.*/, to: 'until: next week', gives: 'bad-time' },
    { given: 'a time without its zone', path: grant, from: '+01:00', to: '', gives: 'bad-time' },
    { given: 'no reason', path: grant, from: /reason:.*\n/, to: '', gives: 'missing-key' },
    { given: 'a list as a reason', path: grant, from: /reason:.*/, to: 'reason: [because]', gives: 'wrong-type' },
    { given: 'a length of time without its unit', path: group, from: '90 days', to: '90', gives: 'bad-duration' },
    { given: 'members by a word that is none', path: group, from: 'members: grants', to: 'members: grant', gives: 'bad-word' },
    { given: 'a required field that does not exist', path: group, from: '[contact, understood]', to: '[contact, phone]', gives: 'bad-word' },
    { given: 'a team of nobody', path: policy, from: '[alice, bob, carol]', to: '[]', gives: 'empty-list' },
    { given: 'a person twice', path: policy, from: '[alice, bob, carol]', to: '[alice, alice, bob]', gives: 'repeated' },
    { given: 'an upper-case uid', path: policy, from: 'bob-test', to: 'Bob', gives: 'bad-uid' },
    { given: 'a username for an id', path: policy, from: 'gitlab: 42', to: 'gitlab: alice', gives: 'bad-gitlab-id' },
    { given: 'another version of the format', path: policy, from: 'version: 1', to: 'version: 2', gives: 'bad-version' },
  ])('given $given, then the editor underlines it and check says $gives', ({ path, from, to, gives }) => {
    const text = change(path, from, to);

    expect(inEditor(path, text)).not.toEqual([]);
    expect(inCheck(path, text)).toContain(gives);
  });

  it.each([
    { given: 'a day that does not exist', path: grant, from: /until:.*/, to: 'until: 2027-02-30', gives: 'bad-time' },
    { given: 'an end too far away', path: grant, from: /until:.*/, to: 'until: 2028-01-01', gives: 'too-long' },
    { given: 'a missing field that the group requires', path: grant, from: /contact:.*\n/, to: '', gives: 'missing-field' },
    { given: 'an approver who is nobody', path: policy, from: 'sre: [alice', to: 'sre: [mallory, alice', gives: 'unknown-person' },
  ])('given $given, then only check can know, and says $gives', ({ path, from, to, gives }) => {
    const text = change(path, from, to);

    expect(inEditor(path, text)).toEqual([]);
    expect(inCheck(path, text)).toContain(gives);
  });

  it('given any scalars in a grant, when check accepts them, then so does the editor', () => {
    const text = fc.constantFrom('no', 'null', '~', 'true', '1e3', '007', '0x1f', '.5', '-1', "'no'", '2026-12-07', 'x', '""', '[]');
    const time = fc.constantFrom('2026-12-07', '"2026-12-07"', '2027-01-15T18:00+01:00', '2027-01-15T18:00:00Z');
    let accepted = 0;
    fc.assert(
      fc.property(fc.record({ reason: text, contact: text, ticket: text, until: time, from: fc.constant('2026-11-23') }), (keys) => {
        const file = Object.entries({ ...keys, understood: '2026-11-01' }).map(([key, value]) => `${key}: ${value}\n`).join('');
        if (inCheck(grant, file).length > 0) return;
        accepted += 1;
        expect(inEditor(grant, file), file).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
