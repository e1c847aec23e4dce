// A judge that was taken over writes whatever it likes. Converging, with its host's ceilings, does no more than docs/threat-model.md lists.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseRosterName, type CommitId } from '../../src/names.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { renderJudgingRecord } from '../../src/record/judging-shapes.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import type { RunResult } from '../../src/reconcile/reconcile.ts';
import { hour } from '../../src/time.ts';
import { commit, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, hours, klaxon } from '../membership/membership-samples.ts';
import { alice, begun, caughtUp, endorsed, id, judgedTo, otherId, refused, seen, startOf } from './judging-samples.ts';
import { chained, endWorlds, honest, names, seenAt, takenOver, tell } from './taken-over-world.ts';

afterAll(endWorlds);

const commits = fc.constantFrom(...'1234567'.split('').map(commit));
const moments = fc.integer({ min: -50, max: 400 }).map((number) => hours(number));
const ends = fc.oneof(moments, fc.constant('open' as const));
const grants = fc
  .record({
    name: fc.constantFrom(...names),
    until: ends,
    endorsedUntil: ends,
    landedAt: moments,
    from: fc.option(moments, { nil: undefined }),
  })
  .map(({ name, from, ...others }) => grantOf(name, { ...others, ...(from !== undefined && { from }) }));
const endedGrants = fc.record({
  grant: grants,
  cause: fc.constantFrom('deleted' as const, 'refused' as const),
  reviewed: fc.boolean(),
  commit: commits,
});
const someRules = fc.constantFrom(
  rules(),
  rules({ unexplained: 'report' }),
  rules({ limits: { removals: { kind: 'percent', percent: 100 }, additions: { kind: 'count', count: 1000 }, minimum: 0 } }),
  rules({ members: { kind: 'roster', roster: parseRosterName('steward') ?? ('' as never) } }),
  { ...rules(), groups: new Map() },
);
const verdicts = fc
  .record({
    of: commits,
    endorse: fc.boolean(),
    inForce: fc.array(fc.tuple(grants, fc.boolean()), { maxLength: 4 }),
    ended: fc.array(fc.tuple(endedGrants, fc.boolean()), { maxLength: 3 }),
    changed: fc.option(someRules, { nil: undefined, freq: 4 }),
  })
  .map(({ of, endorse, inForce, ended, changed }): JudgingRecord => {
    const changes = inForce.map(([grant, gone]) => [grant.path, gone ? null : grant] as const);
    const more = { ended: ended.map(([one, gone]) => [one.grant.path, gone ? null : one] as const), ...(changed && { rules: changed }) };
    const record = endorsed(of, [], more);
    return endorse ? { ...record, delta: { ...record.delta, inForce: changes } } : refused(of, changes, more);
  });
const lines: fc.Arbitrary<readonly JudgingRecord[]> = fc.oneof(
  { weight: 6, arbitrary: verdicts.map((one) => [one]) },
  { weight: 1, arbitrary: commits.map((one) => [judgedTo(one)]) },
  { weight: 1, arbitrary: commits.map((one) => [seen(one, true)]) },
  { weight: 1, arbitrary: fc.constant([caughtUp]) },
  { weight: 1, arbitrary: fc.array(grants, { maxLength: 3 }).map((some) => startOf(...some)) },
  { weight: 1, arbitrary: fc.constant(startOf(alice).slice(0, 1)) },
);
const nows = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({ undecided: fc.constant({ list: names.map((name) => ({ group: klaxon, uid: uid(name) })), more: 0 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ undecided: { list: [], more: 1 } }) },
  {
    weight: 1,
    arbitrary: grants.map(({ path, until }) => ({
      lessened: { list: [{ path, commit: commit('2'), cause: 'refused', left: { from: null, until } }], more: 0 },
    })),
  },
  { weight: 1, arbitrary: moments.map((at) => ({ at, clock: { date: at, receivedAt: at } })) },
);
/** What could never be so: a grant at the path of somebody else. */
const crossings: readonly ((grant: GrantInForce, other: string, of: CommitId) => readonly JudgingRecord[])[] = [
  (grant, other, of) => [endorsed(of, [], { inForce: [[other, { ...grant, path: other }]] })],
  (grant, other, of) => [endorsed(of, [], { inForce: [[other, grant]] })],
  (grant, other, of) => [refused(of, [], { ended: [[other, { ...ending(of), grant: { ...grant, path: other } }]] })],
  (grant, other, of) => [refused(of, [], { ended: [[other, { ...ending(of), grant }]] })],
  (grant, other) => startOf({ ...grant, path: other }),
];
const ending = (of: CommitId) => ({ cause: 'deleted', reviewed: true, commit: of }) as const;
const crossed = fc
  .tuple(grants, fc.constantFrom(...names), commits, fc.constantFrom(...crossings))
  .map(([grant, name, of, cross]) => (grant.uid === name ? [] : cross(grant, grantOf(name).path, of)));
const spoils = fc.option(fc.record({ at: fc.nat(2000), byte: fc.nat(255) }), { nil: undefined, freq: 8 });
const looks = fc.record({
  lines: fc.array(lines, { maxLength: 8 }).map((some) => some.flat()),
  crossed: fc.oneof({ weight: 11, arbitrary: fc.constant<readonly JudgingRecord[]>([]) }, { weight: 1, arbitrary: crossed }),
  list: fc.subarray(names),
  seenNow: nows,
  another: fc.integer({ min: 0, max: 15 }).map((number) => number === 0),
  spoil: spoils,
  after: fc.integer({ min: 0, max: 30 }).map((number) => number * hour),
});

describe('given a judge that was taken over, and ceilings of the host', () => {
  const records = Number(process.env['MUSTER_FUZZ'] ?? 1500);

  it(
    `when it writes ${records} random records, then nobody is added past them, kept past an end, or taken out beyond them`,
    { timeout: 3_600_000 },
    async () => {
      let count = 0;
      const property = fc.asyncProperty(fc.array(looks, { minLength: 1, maxLength: 8 }), async (several) => {
        const world = await takenOver();
        let kept: object[] = honest;
        let last: RunResult | undefined;
        for (const { lines: more, crossed: odd, list, seenNow, another, spoil, after } of several) {
          const name = another ? otherId : id;
          if (another) kept = [renderJudgingRecord(begun(otherId)), ...honest.slice(1)];
          kept = [...kept, ...more.map(renderJudgingRecord)];
          count += more.length;
          const bytes = chained([...kept, ...odd.map(renderJudgingRecord)]);
          const spoiled = spoil && Buffer.from(bytes);
          if (spoil && spoiled) spoiled[spoil.at % spoiled.length] = spoil.byte;
          world.leave(spoiled ?? bytes, seenAt(kept.length + odd.length, seenNow, name), list);
          last = await world.run(after);
        }
        if (last) tell(last);
        world.end();
      });
      await fc.assert(property, { numRuns: Math.ceil(records / 12) });
      expect(count).toBeGreaterThanOrEqual(records);
    },
  );
});
