// Two implementations of the effects of a statement: muster's, which reads files, and one that knows only the words of the specification.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { day, hour } from '../../src/time.ts';
import { makeSoftKey } from './keys.ts';
import {
  grantEffect,
  inOrder,
  rulesEffects,
  type PlainChange,
  type PlainGrant,
  type PlainGroup,
  type PlainRules,
} from './naive-effects.ts';
import { change, file, rulesChange, rulesFiles, seen } from './signing-world.ts';
import type { Content, ContentChange } from '../../src/signing/signed-change.ts';

const optional = <Value>(one: fc.Arbitrary<Value>) => fc.option(one, { nil: undefined });
/** Round the moment at which it is worked out, so that some are over, some have begun, and some are the same. */
const moments = fc.oneof(
  fc.integer({ min: -4, max: 6 }).map((days) => new Date(seen + days * day).toISOString().slice(0, 10)),
  fc.integer({ min: -3, max: 5 }).map((hours) => new Date(seen + hours * hour).toISOString().replace('.000Z', 'Z')),
  fc.integer({ min: -3, max: 5 }).map((hours) => new Date(seen + (hours + 2) * hour).toISOString().replace(':00.000Z', '+02:00')),
);
const terms = fc.record({ from: optional(moments), until: optional(moments) });
const uids = fc.constantFrom('ep1c', 'hoo', 'urbanecm', 'alice');
const groups = ['klaxon-users', 'deployers'] as const;

/** Similar pairs: the one from the other by a change of some of it, or of nothing. */
const grants: fc.Arbitrary<PlainChange> = fc
  .record({
    group: fc.constantFrom(...groups),
    uid: uids,
    one: terms,
    other: terms,
    kept: fc.constantFrom('nothing', 'from', 'until', 'both'),
    kind: fc.constantFrom('changed', 'changed', 'changed', 'added', 'added', 'deleted', 'spoilt'),
  })
  .map(({ group, uid, one, other, kept, kind }) => {
    const grant = (term: typeof one): PlainGrant => ({ group, uid, ...defined(term) });
    const next = {
      from: kept === 'from' || kept === 'both' ? one.from : other.from,
      until: kept === 'until' || kept === 'both' ? one.until : other.until,
    };
    const after = kind === 'deleted' ? null : kind === 'spoilt' ? 'not understood' : grant(next);
    return { group, uid, before: kind === 'added' ? null : grant(one), after };
  });

const keys = Array.from({ length: 5 }, () => makeSoftKey().line);
const names = ['alice', 'bob', 'carol'] as const;
const teams = ['sre', 'owners'] as const;
const lengths = fc.constantFrom('none', '90 days', '1 day', '24 hours', '36 hours', '90 minutes', '1 hour', '2 weeks', '45 seconds');
const numbers = fc.integer({ min: 0, max: 2 });
const limits = fc.oneof(numbers, fc.constantFrom('20%', '50%', '100%'));
const some = <Value>(...of: readonly Value[]) => fc.subarray([...of], { minLength: 1 });
const people = fc.record({
  gitlab: fc.oneof(fc.integer({ min: 1, max: 9 }), some(1, 2, 3)),
  also: optional(some('bob-test', 'ep1c')),
  keys: optional(
    fc.subarray(keys, { minLength: 1, maxLength: 3 }).map((all) => all.map((key, at) => (at > 0 ? `${key} of somebody` : key))),
  ),
});
const groupRules: fc.Arbitrary<PlainGroup> = fc
  .record({
    owner: fc.constantFrom(...teams),
    members: fc.constantFrom('grants' as const, { roster: 'steward' }, { roster: 'admins' }),
    approvers: optional(some(...teams)),
    approvals: optional(fc.integer({ min: 1, max: 2 })),
    signed: optional(numbers),
    longest: optional(lengths),
    requires: optional(some('ticket', 'contact', 'understood')),
    understood: optional(
      fc.record({ text: fc.constantFrom('https://a.example', 'https://b.example'), version: fc.constantFrom('1', '2') }),
    ),
    unexplained: optional(fc.constantFrom('remove', 'report')),
    limits: optional(fc.record({ removals: optional(limits), additions: optional(limits), minimum: optional(numbers) }).map(defined)),
  })
  .map(defined) as never;
const rules: fc.Arbitrary<PlainRules> = fc.record({
  people: fc.dictionary(fc.constantFrom(...names), people.map(defined), { minKeys: 1, noNullPrototype: true }),
  teams: fc.dictionary(fc.constantFrom(...teams), some(...names), { minKeys: 1, noNullPrototype: true }),
  rules: fc
    .record({ approvers: some(...teams), approvals: optional(fc.integer({ min: 1, max: 2 })), signed: optional(numbers) })
    .map(defined),
  groups: fc.dictionary(fc.constantFrom(...groups), groupRules, { noNullPrototype: true }),
}) as never;
/** Rules, and the same with some parts of others. */
const pairs = fc
  .tuple(rules, rules, fc.record({ people: fc.boolean(), teams: fc.boolean(), rules: fc.boolean(), groups: fc.boolean() }))
  .map(([before, other, takes]) => ({
    before,
    after: {
      people: takes.people ? { ...before.people, ...other.people } : before.people,
      teams: takes.teams ? other.teams : before.teams,
      rules: takes.rules ? other.rules : before.rules,
      groups: takes.groups ? other.groups : before.groups,
    },
  }));

function defined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Value;
}

const grantFile = (grant: PlainChange['after']): Content | undefined => {
  if (grant === null) return undefined;
  if (grant === 'not understood') return file('reason: [');
  const { from, until } = grant;
  return file(stringify(defined({ reason: 'Testing.', from, until })).trim());
};

const pathOf = ({ group, uid }: PlainChange) => `policy/grants/${group}/${uid}.yaml`;

function grantChange(one: PlainChange): ContentChange {
  const [before, after] = [grantFile(one.before), grantFile(one.after)];
  return { path: pathOf(one), ...(before && { before }), ...(after && { after }) };
}

const rulesFilesOf = ({ groups: of, ...base }: PlainRules): ReadonlyMap<string, Content> =>
  new Map([
    ['policy/policy.yaml', file(stringify({ version: 1, ...base }).trim())],
    ...Object.entries(of).map(([name, one]) => [`policy/groups/${name}.yaml`, file(stringify({ purpose: 'x', ...one }).trim())] as const),
  ]);

describe('given a thousand random changes', () => {
  it('then both say the same effects', () => {
    const told = new Map<string, number>();
    const count = (line: string) => {
      const [first = '', second = '', third = ''] = line.split(' ');
      const word = first === 'rules' ? `${first} ${second}` : third;
      told.set(word, (told.get(word) ?? 0) + 1);
    };
    fc.assert(
      fc.property(fc.uniqueArray(grants, { maxLength: 4, selector: pathOf }), fc.option(pairs, { freq: 2 }), (some, rulesToo) => {
        const files = rulesToo ? rulesFilesOf(rulesToo.before) : rulesFiles();
        const changed = rulesToo ? rulesChange(files, rulesFilesOf(rulesToo.after)) : [];
        const ours = change([...changed, ...some.map(grantChange)], files).effectsAt(seen);
        const ofRules = rulesToo && changed.length > 0 ? rulesEffects(rulesToo.before, rulesToo.after) : [];
        expect(ours).toEqual(inOrder([...some.flatMap((one) => grantEffect(one, seen)), ...ofRules]));
        ours.forEach(count);
      }),
      { numRuns: 1000 },
    );
    // Each kind came up, and often.
    for (const word of ['gains', 'extends', 'shortens', 'loses', 'rules add', 'rules drop'])
      expect(told.get(word), word).toBeGreaterThan(20);
  });
});
