import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGrant, parseRules, readPolicy } from '../../src/policy/parser.ts';
import type { Parsed, PolicyFile } from '../../src/policy/policy.ts';
import { day } from '../../src/time.ts';

function file(path: string, text: string): PolicyFile {
  return { path: `policy/${path}`, bytes: new TextEncoder().encode(text) };
}

const policy = file(
  'policy.yaml',
  'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: [51, 52], also: [bob-test] }\nteams: { sre: [alice, bob] }\nrules: { approvers: [sre], approvals: 1 }\n',
);
const stewards = file('groups/stewards.yaml', 'purpose: Stewards.\nowner: sre\nmembers: { roster: steward }\nlimits: { removals: 3 }\n');
const klaxon = file('groups/klaxon-users.yaml', 'purpose: Individuals.\nowner: sre\nmembers: grants\n');
const grantText = 'reason: Abuse wave.\nfrom: 2026-11-23\nuntil: 2026-12-07\n';

function codes(parsed: Parsed<unknown>): string {
  return parsed.kind === 'valid'
    ? 'valid'
    : parsed.findings.map(({ code, path, line, column }) => `${code} ${path}:${line}:${column}`).join(', ');
}

function grantOf(text: string): Parsed<unknown> {
  return parseGrant(file('grants/klaxon-users/urbanecm.yaml', text), 'policy');
}

describe('the rules', () => {
  it('given policy and groups, then defaults stand where nothing is written', () => {
    const parsed = parseRules([policy, stewards, klaxon], 'policy');
    expect(parsed).toMatchObject({
      kind: 'valid',
      value: {
        rules: { approvers: ['sre'], approvals: 1, signed: 0 },
      },
    });
    if (parsed.kind === 'invalid') return;
    expect([...parsed.value.people.values()]).toEqual([
      { uid: 'alice', gitlab: [42], also: [], keys: [] },
      { uid: 'bob', gitlab: [51, 52], also: ['bob-test'], keys: [] },
    ]);
    expect([...parsed.value.groups.values()]).toEqual([
      {
        group: 'stewards',
        purpose: 'Stewards.',
        owner: 'sre',
        members: { kind: 'roster', roster: 'steward' },
        approvers: ['sre'],
        approvals: 1,
        signed: 0,
        longest: 365 * day,
        requires: [],
        unexplained: 'remove',
        limits: { removals: { kind: 'count', count: 3 }, additions: { kind: 'percent', percent: 50 }, minimum: 0 },
      },
      {
        group: 'klaxon-users',
        purpose: 'Individuals.',
        owner: 'sre',
        members: { kind: 'grants' },
        approvers: ['sre'],
        approvals: 1,
        signed: 0,
        longest: 365 * day,
        requires: [],
        unexplained: 'remove',
        limits: { removals: { kind: 'percent', percent: 20 }, additions: { kind: 'percent', percent: 50 }, minimum: 0 },
      },
    ]);
  });

  it('given no policy.yaml, then that is the finding', () => {
    expect(codes(parseRules([klaxon], 'policy'))).toBe('missing-file policy/policy.yaml:1:1');
  });

  it.each([
    { text: 'people: []', gives: 'wrong-type 1:9' },
    { text: 'people: { alice: 42 }', gives: 'wrong-type 1:18' },
    { text: 'people: { alice: { gitlab: forty } }', gives: 'bad-gitlab-id 1:28' },
    { text: 'people: { alice: { gitlab: [42, x] } }', gives: 'bad-gitlab-id 1:33' },
    { text: 'people: { alice: { gitlab: { id: 42 } } }', gives: 'wrong-type 1:28' },
    { text: 'people: { Alice: { gitlab: 42 } }', gives: 'bad-uid 1:11' },
    { text: 'people: { alice: { gitlab: 42, alos: [x] } }', gives: 'unknown-key 1:32' },
    { text: 'teams: { sre: [] }', gives: 'empty-list 1:15' },
    { text: 'teams: { sre: alice }', gives: 'wrong-type 1:15' },
    { text: 'rules: { approvers: [sre], approvals: 0 }', gives: 'bad-number 1:39' },
    { text: 'rules: { approvers: [sre], signed: -1 }', gives: 'bad-number 1:36' },
    { text: 'version: 2', gives: 'bad-version 1:10' },
  ])('given "$text", then $gives', ({ text, gives }) => {
    const rest = ['version: 1', 'people: { alice: { gitlab: 42 } }', 'teams: { sre: [alice] }', 'rules: { approvers: [sre] }'].filter(
      (line) => line.split(':')[0] !== text.split(':')[0],
    );
    expect(codes(parseRules([file('policy.yaml', `${[text, ...rest].join('\n')}\n`)], 'policy'))).toBe(
      gives.replace(' ', ' policy/policy.yaml:'),
    );
  });

  it.each([
    { text: 'members: { rooster: steward }', gives: 'unknown-key 1:12' },
    { text: 'members: roster', gives: 'bad-word 1:10' },
    { text: 'members: [grants]', gives: 'wrong-type 1:10' },
    { text: 'longest: 90', gives: 'bad-duration 1:10' },
    { text: 'longest: 0 days', gives: 'bad-duration 1:10' },
    { text: 'requires: [reason]', gives: 'bad-word 1:12' },
    { text: 'limits: { removals: 101% }', gives: 'bad-limit 1:21' },
    { text: 'limits: { removals: -1 }', gives: 'bad-limit 1:21' },
    { text: 'signed: none', gives: 'bad-number 1:9' },
    { text: 'unexplained: ignore', gives: 'bad-word 1:14' },
  ])('given "$text" in a group, then $gives', ({ text, gives }) => {
    const rest = text.startsWith('members') ? '' : 'members: grants\n';
    const parsed = parseRules([policy, file('groups/x.yaml', `${text}\npurpose: P.\nowner: sre\n${rest}`)], 'policy');
    expect(codes(parsed)).toBe(gives.replaceAll(/ (\d)/g, ' policy/groups/x.yaml:$1'));
  });

  it.each(['20%', '0', '0%', '100%', '7'])('given the limit %s, then it is one', (limit) => {
    expect(
      parseRules([policy, file('groups/x.yaml', `purpose: P.\nowner: sre\nmembers: grants\nlimits: { removals: ${limit} }\n`)], 'policy')
        .kind,
    ).toBe('valid');
  });
});

describe('a grant', () => {
  it('given its file, then group and uid come from the path, and a day counts to its end', () => {
    expect(grantOf(grantText)).toEqual({
      kind: 'valid',
      value: { group: 'klaxon-users', uid: 'urbanecm', reason: 'Abuse wave.', from: Date.UTC(2026, 10, 23), until: Date.UTC(2026, 11, 8) },
    });
  });

  it('given no until, then it is open', () => {
    expect(grantOf('reason: Abuse wave.\n')).toMatchObject({ value: { until: 'open' } });
  });

  it.each([
    '2026-12-07T18:00',
    '2026-02-30',
    '2026-12-07T18:60Z',
    '2026-12-07T18:00:60Z',
    '9999-01-01',
    '2026-12-7',
    'tomorrow',
    '1796601600',
    '2026-12-07 18:00Z',
    '2026-12-07T18:00+01',
  ])('given %s as its end, then it is refused', (until) => {
    expect(codes(grantOf(`reason: x\nuntil: ${until}\n`))).toBe('bad-time policy/grants/klaxon-users/urbanecm.yaml:2:8');
  });

  it.each([
    'grants/klaxon-users/Alice.yaml',
    'grants/klaxon-users/\u0430lice.yaml',
    'grants/klaxon-users/a,ou=x.yaml',
    'grants/klaxon-users/*.yaml',
    'grants/klaxon-users/)(uid=*.yaml',
    'grants/klaxon-users/a\0.yaml',
    'grants/Klaxon/alice.yaml',
    'grants/klaxon-users/..yaml',
  ])('given the path %j, then it is refused', (path) => {
    expect(codes(parseGrant(file(path, grantText), 'policy'))).toMatch(/^(bad-path|unexpected-file) /);
  });

  it.each(['no', 'null', '1e3', '007', '_x'])('given the uid %s, then it is that person', (uid) => {
    expect(parseGrant(file(`grants/klaxon-users/${uid}.yaml`, grantText), 'policy')).toMatchObject({ kind: 'valid', value: { uid } });
  });

  it('the order of keys does not matter', () => {
    const lines = grantText.trim().split('\n');
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        expect(grantOf(`${shuffled.join('\n')}\n`)).toEqual(grantOf(grantText));
      }),
    );
  });
});

describe('the whole policy', () => {
  it('given files in any order, then the same policy', () => {
    const files = [policy, stewards, klaxon, file('grants/klaxon-users/urbanecm.yaml', grantText)];
    const said = ({ findings, rules, grants }: ReturnType<typeof readPolicy>) => [findings, rules?.rules, grants.map(({ grant }) => grant)];
    expect(said(readPolicy(files.toReversed(), 'policy'))).toEqual(said(readPolicy(files, 'policy')));
    expect(readPolicy(files, 'policy')).toMatchObject({ findings: [], rules: expect.anything(), grants: [expect.anything()] });
  });

  it('given faults in several files, then all are found, by path', () => {
    const files = [
      file('groups/x.yaml', 'purpose: x\n'),
      file('notes.txt', ''),
      policy,
      file('grants/klaxon-users/urbanecm.yaml', 'until: x\n'),
    ];
    const { findings } = readPolicy(files, 'policy');
    expect(findings.map(({ code, path, line, column }) => `${code} ${path}:${line}:${column}`).join(', ')).toBe(
      [
        'missing-key policy/grants/klaxon-users/urbanecm.yaml:1:1',
        'bad-time policy/grants/klaxon-users/urbanecm.yaml:1:8',
        'missing-key policy/groups/x.yaml:1:1',
        'missing-key policy/groups/x.yaml:1:1',
        'unexpected-file policy/notes.txt:1:1',
      ].join(', '),
    );
  });

  it('given the folder is the root, then paths have no prefix', () => {
    const bare = [policy, stewards].map(({ path, bytes }) => ({ path: path.replace('policy/', ''), bytes }));
    expect(readPolicy(bare, '').findings).toEqual([]);
  });
});

describe('text that people write', () => {
  const at = (line: number, column: number) => `policy/grants/klaxon-users/urbanecm.yaml:${line}:${column}`;

  it.each([
    { given: 'contact: vera in #channel on libera', gives: `dropped-text ${at(2, 18)}` },
    { given: 'contact: #wikimedia-sre', gives: `dropped-text ${at(2, 10)}` },
    { given: 'contact:    #wikimedia-sre', gives: `dropped-text ${at(2, 13)}` },
    { given: 'ticket: #123', gives: `dropped-text ${at(2, 9)}` },
    { given: 'contact: irc\n  vera in #channel', gives: `dropped-text ${at(3, 11)}` },
    { given: 'contact: "vera in #channel on libera"', gives: 'valid' },
    { given: "contact: 'vera in #channel' # on libera", gives: 'valid' },
    { given: 'contact: irc.libera.chat#channel', gives: 'valid' },
    { given: 'ticket: T343377 # may be left out', gives: 'valid' },
    { given: '# the last day\nuntil: 2026-12-07 # a Monday', gives: 'valid' },
    { given: 'contact: irc\n# vera', gives: 'valid' },
  ])('case 101: given $given, then $gives', ({ given, gives }) => {
    expect(codes(grantOf(`reason: Abuse wave.\n${given}\n`))).toBe(gives);
  });

  it('case 101: given the purpose of a group, then no word of it is dropped either', () => {
    const parsed = parseRules([policy, file('groups/klaxon-users.yaml', 'purpose: For # Klaxon\nowner: sre\nmembers: grants\n')], 'policy');
    expect(codes(parsed)).toBe('dropped-text policy/groups/klaxon-users.yaml:1:14');
  });

  it.each(['…', '...', '<reason>', 'TODO', 'todo:', 'TBD', 'FIXME', 'XXX', 'UID', 'YOUR_CONTACT', 'your reason'])(
    'given "%s", which an example left there, then it is told',
    (left) => {
      expect(codes(grantOf(`reason: "${left}"\n`))).toBe(`placeholder ${at(1, 9)}`);
    },
  );

  it.each(['To do what the team asked …', 'irc <alice@example.org>', 'Your wiki needs it', 'x', 'uid of a bot'])(
    'given "%s", which somebody meant, then it is valid',
    (meant) => {
      expect(codes(grantOf(`reason: "${meant}"\n`))).toBe('valid');
    },
  );
});
