// A judge that was taken over writes whatever it likes. Converging, with its host's ceilings, does no more than DESIGN, section 8, lists.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderBatch, start as noLine } from '../../src/chain/chain.ts';
import { parseRosterName, type Instant } from '../../src/names.ts';
import { renderJudgingRecord } from '../../src/record/judging-shapes.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { hour } from '../../src/time.ts';
import { commit, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, hours, klaxon, now } from '../membership/membership-samples.ts';
import { alice, begun, bob, caughtUp, endorsed, id, judgedTo, nowAt, otherId, refused, seen, startOf, whole } from './judging-samples.ts';
import { names, revoked, World } from './taken-over-world.ts';

const chained = (lines: readonly object[]) => renderBatch(noLine, lines).bytes;
const honest = whole.map(renderJudgingRecord);
const seenAt = (line: number, more: object = {}, name = id) => JSON.stringify({ ...nowAt(line, {}, name), ...more });

/** Alice and bob are in, by an honest judge. */
async function takenOver(): Promise<World> {
  const world = new World();
  world.leave(chained(honest), seenAt(honest.length));
  await world.run(0);
  assert.deepEqual(world.members, ['alice', 'bob']);
  return world;
}

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
const spoils = fc.option(fc.record({ at: fc.nat(2000), byte: fc.nat(255) }), { nil: undefined, freq: 8 });
const looks = fc.record({
  lines: fc.array(lines, { maxLength: 5 }).map((some) => some.flat()),
  seenNow: nows,
  another: fc.integer({ min: 0, max: 15 }).map((number) => number === 0),
  spoil: spoils,
  after: fc.integer({ min: 0, max: 30 }).map((number) => number * hour),
});

describe('given a judge that was taken over, and ceilings of the host', () => {
  const records = Number(process.env['MUSTER_FUZZ_RECORDS'] ?? 3000);

  it(
    `when it writes ${records} random records, then nobody is added past them, kept past an end, or taken out beyond them`,
    { timeout: 3_600_000 },
    async () => {
      let count = 0;
      const property = fc.asyncProperty(fc.array(looks, { minLength: 1, maxLength: 8 }), async (several) => {
        const world = await takenOver();
        let kept: object[] = honest;
        for (const { lines: more, seenNow, another, spoil, after } of several) {
          const name = another ? otherId : id;
          if (another) kept = [renderJudgingRecord(begun(otherId)), ...honest.slice(1)];
          kept = [...kept, ...more.map(renderJudgingRecord)];
          count += more.length;
          const bytes = chained(kept);
          const spoiled = spoil && Buffer.from(bytes);
          if (spoil && spoiled) spoiled[spoil.at % spoiled.length] = spoil.byte;
          world.leave(spoiled ?? bytes, seenAt(kept.length, seenNow, name));
          await world.run(after);
        }
      });
      await fc.assert(property, { numRuns: Math.ceil(records / 8) });
      expect(count).toBeGreaterThanOrEqual(records);
    },
  );

  const forever = { until: 'open', endorsedUntil: 'open' } as const;
  const erased = endorsed(commit('3'), [], {
    inForce: [
      [alice.path, null],
      [bob.path, null],
    ],
    ended: [
      [alice.path, null],
      [bob.path, null],
    ],
  });
  const long = (name: string, landedAt: Instant = now) => grantOf(name, { ...forever, landedAt });
  const all = endorsed(
    commit('3'),
    names.map((name) => long(name)),
  );
  it.each<{ given: string; lines: readonly JudgingRecord[]; seenNow?: object }>([
    { given: 'grants for everybody', lines: [all] },
    {
      given: 'grants of next year',
      lines: [
        endorsed(
          commit('3'),
          names.map((name) => long(name, hours(9000))),
        ),
      ],
    },
    {
      given: 'one grant of next year',
      lines: [
        endorsed(commit('3'), []),
        {
          ...endorsed(commit('4'), []),
          delta: { ...endorsed(commit('4'), []).delta, inForce: [[long('mallory').path, long('mallory', hours(9000))]] },
        },
      ],
    },
    { given: 'a line for each of them', lines: names.map((name, at) => endorsed(commit(String((at % 7) + 2)), [long(name)])) },
    {
      given: 'no limits',
      lines: [
        endorsed(commit('3'), [], {
          rules: rules({
            limits: { removals: { kind: 'percent', percent: 100 }, additions: { kind: 'percent', percent: 10_000 }, minimum: 0 },
          }),
        }),
        all,
      ],
    },
    { given: 'grants that it no longer speaks of', lines: [erased] },
    {
      given: 'the same, and that they are undecided',
      lines: [erased],
      seenNow: { undecided: { list: ['alice', 'bob'].map((name) => ({ group: klaxon, uid: uid(name) })), more: 0 } },
    },
    { given: 'the same, and that nothing may be concluded', lines: [erased], seenNow: { undecided: { list: [], more: 7 } } },
    {
      given: 'the same, and rules that tolerate everybody',
      lines: [endorsed(commit('2'), [], { rules: rules({ unexplained: 'report' }) }), erased],
    },
    { given: 'the same, and a start', lines: [erased, ...startOf()] },
    { given: 'a start with everybody', lines: startOf(...names.map((name) => long(name))) },
    { given: 'a start that never ends', lines: [{ ...startOf(alice)[0], parts: 1_000_000 } as JudgingRecord] },
    {
      given: 'ends of yesterday',
      lines: [endorsed(commit('3'), [grantOf('alice', { until: hours(-24) }), grantOf('bob', { until: hours(-24) })])],
    },
    {
      given: 'a beginning that is still to come',
      lines: [endorsed(commit('3'), [grantOf('alice', { from: hours(90) }), grantOf('bob', { from: hours(90) })])],
    },
    {
      given: 'that both were deleted',
      lines: [
        endorsed(commit('3'), [], {
          inForce: [
            [alice.path, null],
            [bob.path, null],
          ],
          ended: [alice, bob].map((grant) => [grant.path, { grant, cause: 'deleted', reviewed: true, commit: commit('3') }]),
        }),
      ],
    },
    { given: 'that somebody revoked has a grant', lines: [endorsed(commit('3'), [long(revoked)])] },
    { given: 'a group that the host does not know', lines: [endorsed(commit('3'), [], { rules: { ...rules(), groups: new Map() } })] },
  ])('when it writes $given, then that is all', async ({ lines: more, seenNow = {} }) => {
    const world = await takenOver();
    const kept = [...honest, ...more.map(renderJudgingRecord)];
    world.leave(chained(kept), seenAt(kept.length, seenNow));
    for (const after of [hour, hour, 10 * hour, 20 * hour, 40 * hour, 40 * hour, 100 * hour, 150 * hour]) await world.run(after);
    // Nobody has renewed anything within the ceiling since.
    expect(world.members).toEqual([]);
  });
});
