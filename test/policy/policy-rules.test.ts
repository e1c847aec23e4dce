import { describe, expect, it } from 'vitest';
import { duration, instant, parseGroupName, parseRosterName, parseTeamName, parseUid } from '../../src/names.ts';
import { defaultLimits, type Approver, type GrantFile, type GroupRules, type Rules } from '../../src/policy/policy.ts';
import { grantRules } from '../../src/policy/policy-rules-grants.ts';
import { rulesRules } from '../../src/policy/policy-rules-teams.ts';
import { grantObjections, rulesObjections } from '../../src/policy/policy-rules.ts';
import { day } from '../../src/time.ts';

function known<Name>(name: Name | undefined): Name {
  if (name === undefined) throw new Error('the test names something that cannot be');
  return name;
}

const group = known(parseGroupName('klaxon-users'));
const [alice, bob, carol] = [known(parseUid('alice')), known(parseUid('bob')), known(parseUid('carol'))];
const [sre, owners, strangers] = [known(parseTeamName('sre')), known(parseTeamName('access-owners')), known(parseTeamName('strangers'))];
const landedAt = instant(Date.UTC(2026, 10, 23));

function after(days: number) {
  return instant(landedAt + days * day);
}

const groupRules: GroupRules = {
  group,
  purpose: 'Individuals who may page SRE.',
  owner: sre,
  members: { kind: 'grants' },
  approvers: [sre],
  approvals: 1,
  signed: 0,
  longest: duration(90 * day),
  requires: ['contact', 'understood'],
  understood: { text: 'https://wikitech.wikimedia.org/wiki/Klaxon', version: '2026-11-01' },
  unexplained: 'remove',
  limits: defaultLimits,
};

function person(
  uid: typeof alice,
  gitlab: readonly number[],
  also: readonly (typeof alice)[] = [],
  keys: readonly string[] = [],
): [typeof alice, Approver] {
  return [uid, { uid, gitlab, also, keys: keys.map((fingerprint) => ({ type: 'ssh-ed25519', key: '', fingerprint })) }];
}

const rules: Rules = {
  people: new Map([person(alice, [42]), person(bob, [51], [known(parseUid('bob-test'))]), person(carol, [57, 99])]),
  teams: new Map([
    [sre, [alice, bob, carol]],
    [owners, [bob, carol]],
  ]),
  rules: { approvers: [owners], approvals: 1, signed: 0 },
  groups: new Map([[group, groupRules]]),
};

const grant: GrantFile = {
  group,
  uid: known(parseUid('urbanecm')),
  reason: 'Abuse wave.',
  contact: 'irc',
  understood: '2026-11-01',
  until: after(90),
};

function withGroup(change: Partial<GroupRules>): Rules {
  return { ...rules, groups: new Map([[group, { ...groupRules, ...change }]]) };
}

const { contact: _, ...withoutContact } = grant;

const grantCases = [
  { code: 'unknown-group', given: 'a group of the policy', passes: true },
  { code: 'unknown-group', given: 'a group without a file', rules: { ...rules, groups: new Map() }, passes: false },
  { code: 'group-not-by-grants', given: 'a group of grants', passes: true },
  {
    code: 'group-not-by-grants',
    given: 'a group of a roster',
    rules: withGroup({ members: { kind: 'roster', roster: known(parseRosterName('steward')) } }),
    passes: false,
  },
  { code: 'until-before-from', given: 'an end after the start', grant: { ...grant, from: after(1), until: after(2) }, passes: true },
  { code: 'until-before-from', given: 'an end at the start', grant: { ...grant, from: after(1), until: after(1) }, passes: false },
  { code: 'until-before-from', given: 'an end before the start', grant: { ...grant, from: after(2), until: after(1) }, passes: false },
  { code: 'missing-field', given: 'all that is required', passes: true },
  { code: 'missing-field', given: 'no contact', grant: withoutContact, passes: false },
  { code: 'understood-version', given: 'the present version', passes: true },
  { code: 'understood-version', given: 'an older version', grant: { ...grant, understood: '2025-01-01' }, passes: false },
  { code: 'too-long', given: 'an end after exactly 90 days', passes: true },
  { code: 'too-long', given: 'an end a moment later', grant: { ...grant, until: instant(after(90) + 1) }, passes: false },
  { code: 'too-long', given: 'no end where one is needed', grant: { ...grant, until: 'open' }, passes: false },
  {
    code: 'too-long',
    given: 'no end where none is needed',
    grant: { ...grant, until: 'open' },
    rules: withGroup({ longest: 'none' }),
    passes: true,
  },
  {
    code: 'too-long',
    given: 'no end where only the host needs one',
    grant: { ...grant, until: 'open' },
    rules: withGroup({ longest: 'none' }),
    ceiling: duration(day),
    passes: false,
  },
  { code: 'too-long', given: 'an end beyond a tighter ceiling of the host', ceiling: duration(30 * day), passes: false },
  {
    code: 'too-long',
    given: 'an end beyond 90 days below a wider ceiling of the host',
    grant: { ...grant, until: after(91) },
    ceiling: duration(180 * day),
    passes: false,
  },
  { code: 'too-dormant', given: 'a start after exactly 30 days', grant: { ...grant, from: after(30) }, passes: true },
  { code: 'too-dormant', given: 'a start a moment later', grant: { ...grant, from: instant(after(30) + 1) }, passes: false },
] as const;

describe('what the rules have against a grant', () => {
  it.each(grantCases)('$code: given $given, then passes is $passes', (one) => {
    const objections = grantObjections(
      'grant' in one ? one.grant : grant,
      'rules' in one ? one.rules : rules,
      landedAt,
      'ceiling' in one ? one.ceiling : undefined,
    );
    expect(objections.map(({ code }) => code)).toEqual(one.passes ? [] : [one.code]);
  });

  it.each([
    { folder: 'klaxon-user', fix: 'Did you mean "klaxon-users"?' },
    { folder: 'deployers', fix: 'Groups that take grants: klaxon-users. Another one needs groups/deployers.yaml first.' },
  ])('given a grant for $folder, which is no group, then the groups there are are named', ({ folder, fix }) => {
    expect(grantObjections({ ...grant, group: known(parseGroupName(folder)) }, rules, landedAt)).toMatchObject([
      { code: 'unknown-group', fix },
    ]);
  });

  it.each([
    { groups: 5, names: 'g0, g1, g2, g3, g4' },
    { groups: 6, names: 'g0, g1, g2, g3, g4 and others' },
  ])('given $groups groups, then no more than five are named', ({ groups, names }) => {
    const others = Array.from({ length: groups }, (_each, number) => known(parseGroupName(`g${number}`)));
    const these = { ...rules, groups: new Map(others.map((name) => [name, { ...groupRules, group: name }])) };
    expect(grantObjections({ ...grant, group: known(parseGroupName('deployers')) }, these, landedAt)).toMatchObject([
      { fix: `Groups that take grants: ${names}. Another one needs groups/deployers.yaml first.` },
    ]);
  });

  it.each([
    { given: 'without a contact', without: ['contact'], fixes: ['Add a line "contact: …".'] },
    {
      given: 'that names no version',
      without: ['understood'],
      fixes: ['Once the person has read https://wikitech.wikimedia.org/wiki/Klaxon, add a line "understood: 2026-11-01".'],
    },
  ])('given a grant $given, then it says what to write', ({ without, fixes }) => {
    const lacking = Object.fromEntries(Object.entries(grant).filter(([key]) => !without.includes(key))) as never as GrantFile;
    expect(grantObjections(lacking, rules, landedAt).map(({ fix }) => fix)).toEqual(fixes);
  });

  it('given a group whose text is not known and a grant that must name its version, then the line alone is named', () => {
    const { understood: _of, ...lacking } = grant;
    const [objection] = grantObjections(lacking, { ...rules, groups: new Map([[group, withoutText()]]) }, landedAt);
    expect(objection?.fix).toBe('Add a line "understood: …".');
  });

  it.each([
    { longest: duration(2 * day - 1), fix: /^Write "until: \d{4}-\d\d-\d\dT[^"]*Z" or an earlier end/ },
    { longest: duration(2 * day), fix: /^Write "until: \d{4}-\d\d-\d\d" or an earlier end/ },
  ])('given a grant that may last $longest ms, then its latest end is named as it can be written', ({ longest, fix }) => {
    const [objection] = grantObjections({ ...grant, until: after(5) }, withGroup({ longest }), landedAt);
    expect(objection?.fix).toMatch(fix);
  });

  it('every rule has a case it passes and one it must fail', () => {
    for (const { code } of grantRules)
      for (const passes of [true, false])
        expect(
          grantCases.some((one) => one.code === code && one.passes === passes),
          `${code}, ${passes}`,
        ).toBe(true);
  });

  it('given the longest time that can be written, then the message can still be shown', () => {
    const objections = grantObjections({ ...grant, until: 'open' }, withGroup({ longest: duration(999_999 * 7 * day) }), landedAt);
    expect(objections.map(({ code }) => code)).toEqual(['too-long']);
  });
});

const rulesCases = [
  { code: 'unknown-person', given: 'people for every name', rules, passes: true },
  {
    code: 'unknown-person',
    given: 'a stranger on a team',
    rules: { ...rules, teams: new Map([...rules.teams, [strangers, [known(parseUid('mallory'))]]]) },
    passes: false,
  },
  { code: 'shared-account', given: 'different accounts', rules, passes: true },
  {
    code: 'shared-account',
    given: 'one GitLab id twice',
    rules: { ...rules, people: new Map([...rules.people, person(alice, [51])]) },
    passes: false,
  },
  {
    code: 'shared-account',
    given: 'a uid that is also somebody else',
    rules: { ...rules, people: new Map([...rules.people, person(alice, [42], [carol])]) },
    passes: false,
  },
  {
    code: 'shared-account',
    given: 'another self of two',
    rules: { ...rules, people: new Map([...rules.people, person(alice, [42], [known(parseUid('bob-test'))])]) },
    passes: false,
  },
  { code: 'unknown-team', given: 'teams for every name', rules, passes: true },
  { code: 'unknown-team', given: 'an owner that is no team', rules: withGroup({ owner: strangers }), passes: false },
  { code: 'unknown-team', given: 'approvers beside a team that is none', rules: withGroup({ approvers: [sre, strangers] }), passes: false },
  {
    code: 'unknown-team',
    given: 'rules approved beside a team that is none',
    rules: { ...rules, rules: { approvers: [owners, strangers], approvals: 1, signed: 0 } },
    passes: false,
  },
  { code: 'understood-undefined', given: 'a text that must be understood', rules, passes: true },
  { code: 'understood-undefined', given: 'no text', rules: { ...rules, groups: new Map([[group, withoutText()]]) }, passes: false },
  {
    code: 'too-few-approvers',
    given: 'two for one',
    rules: { ...rules, rules: { approvers: [owners], approvals: 1, signed: 0 } },
    passes: true,
  },
  {
    code: 'too-few-approvers',
    given: 'two for two, for the rules',
    rules: { ...rules, rules: { approvers: [owners], approvals: 2, signed: 0 } },
    passes: false,
  },
  { code: 'too-few-approvers', given: 'three for three, for a group', rules: withGroup({ approvals: 3 }), passes: false },
  {
    code: 'too-few-approvers',
    given: 'the same people on two teams, for a group',
    rules: withGroup({ approvers: [sre, owners], approvals: 3 }),
    passes: false,
  },
  { code: 'shared-key', given: 'a key each', rules: withKeys({ alice: ['a'], bob: ['b'] }), passes: true },
  { code: 'shared-key', given: 'one key for two', rules: withKeys({ alice: ['a'], bob: ['b', 'a'] }), passes: false },
  { code: 'shared-key', given: 'a key twice', rules: withKeys({ alice: ['a', 'a'] }), passes: false },
  { code: 'too-many-signed', given: 'one of one', rules: withKeys({ signed: 1 }), passes: true },
  { code: 'too-many-signed', given: 'two of one', rules: withKeys({ signed: 2 }), passes: false },
  { code: 'too-many-signed', given: 'two of one, for the rules', rules: withKeys({ ofRules: 2 }), passes: false },
  { code: 'too-few-keys', given: 'as many persons with keys as signatures', rules: withKeys({ alice: [], signed: 1 }), passes: true },
  { code: 'too-few-keys', given: 'nobody with a key', rules: withKeys({ alice: [], bob: [], ofRules: 1 }), passes: false },
  { code: 'too-few-keys', given: 'nobody with a key who approves rules', rules: keysElsewhere(), passes: false },
  { code: 'cannot-approve', given: 'a key each, and no GitLab', rules: withoutForge({}), passes: true },
  { code: 'cannot-approve', given: 'one without an id, who has a key', rules: withoutId(), passes: false },
  { code: 'cannot-approve', given: 'one without a key, and no GitLab', rules: withoutForge({ carol: [] }), passes: false },
  { code: 'too-few-signers', given: 'two approvals, and no GitLab', rules: withoutForge({}), passes: true },
  { code: 'too-few-signers', given: 'one approval of a grant, and no GitLab', rules: withoutForge({ ofGrants: 1 }), passes: false },
  { code: 'too-few-signers', given: 'one approval of the rules, and no GitLab', rules: withoutForge({ ofRules: 1 }), passes: false },
] as const;

/** alice and bob have keys; both, and carol, are on both teams. */
function withKeys({
  alice: ofAlice = ['a'],
  bob: ofBob = ['b'],
  signed = 0,
  ofRules = 0,
}: {
  alice?: readonly string[];
  bob?: readonly string[];
  signed?: number;
  ofRules?: number;
}): Rules {
  const people = new Map([...rules.people, person(alice, [42], [], ofAlice), person(bob, [51], [], ofBob)]);
  const teams = new Map([...rules.teams, [owners, [alice, bob, carol]]]);
  return { ...withGroup({ signed }), people, teams, rules: { ...rules.rules, signed: ofRules } };
}

/** Three people with keys, and nobody with an id. */
function withoutForge({
  alice: ofAlice = ['a'],
  carol: ofCarol = ['c'],
  ofGrants = 2,
  ofRules = 2,
}: {
  alice?: readonly string[];
  carol?: readonly string[];
  ofGrants?: number;
  ofRules?: number;
}): Rules {
  const people = new Map([person(alice, [], [], ofAlice), person(bob, [], [], ['b']), person(carol, [], [], ofCarol)]);
  const teams = new Map([
    [sre, [alice, bob, carol]],
    [owners, [alice, bob, carol]],
  ]);
  return { ...withGroup({ approvals: ofGrants }), people, teams, rules: { ...rules.rules, approvals: ofRules } };
}

function withoutId(): Rules {
  return { ...rules, people: new Map([...rules.people, person(alice, [], [], ['a'])]) };
}

/** Only alice has a key, who is no owner. */
function keysElsewhere(): Rules {
  return { ...withKeys({ bob: [], signed: 1 }), teams: rules.teams };
}

function withoutText(): GroupRules {
  const { understood: __, ...rest } = groupRules;
  return rest;
}

describe('what is wrong between people, teams and groups', () => {
  it.each(rulesCases)('$code: given $given, then passes is $passes', ({ code, rules: these, passes }) => {
    expect(rulesObjections(these).map((objection) => objection.code)).toEqual(passes ? [] : [code]);
  });

  it('every rule has a case it passes and one it must fail', () => {
    for (const { code } of rulesRules)
      for (const passes of [true, false])
        expect(
          rulesCases.some((one) => one.code === code && one.passes === passes),
          `${code}, ${passes}`,
        ).toBe(true);
  });

  it('given a host that takes nothing but signatures, then one approval is too few, whoever has an id', () => {
    const these = withKeys({});
    expect(rulesObjections(these, true)).toMatchObject([
      { code: 'too-few-signers', key: ['rules', 'approvals'], message: expect.stringMatching(/and the rules ask for 1$/) },
      { code: 'too-few-signers', key: ['approvals'], message: expect.stringMatching(/and "klaxon-users" asks for 1$/) },
    ]);
  });

  it.each([
    { given: 'one key for two', these: withKeys({ alice: ['a'], bob: ['b', 'a'] }), message: 'the key a belongs to "alice" already' },
    { given: 'a key twice', these: withKeys({ alice: ['a', 'a'] }), message: 'the key a stands here twice' },
    {
      given: 'no key for the rules',
      these: withKeys({ alice: [], bob: [], ofRules: 1 }),
      message: /^changes of the rules need 1 signature, /,
    },
    { given: 'no key for grants', these: withKeys({ alice: [], bob: [], signed: 1 }), message: /^its grants need 1 signature, / },
  ])('given $given, then it is told as that', ({ these, message }) => {
    const messages = rulesObjections(these).map((objection) => objection.message);
    expect(messages).toContainEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it('given a fault in a group, then the objection names the group and the key', () => {
    expect(rulesObjections(withGroup({ approvers: [sre, strangers] }))).toMatchObject([{ group: 'klaxon-users', key: ['approvers', 1] }]);
  });
});
