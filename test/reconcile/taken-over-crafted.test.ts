// What somebody would write who took the judge over and knew this code. Converging does no more of it than docs/threat-model.md lists.
import { execFileSync } from 'node:child_process';
import { appendFileSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { instant, parseRosterName, type Instant } from '../../src/names.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { renderJudgingRecord } from '../../src/record/judging-shapes.ts';
import { hour } from '../../src/time.ts';
import { commit, group, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, hours, klaxon, now, steward } from '../membership/membership-samples.ts';
import { alice, begun, bob, caughtUp, endorsed, judgedTo, otherId, refused, seen, startOf } from './judging-samples.ts';
import { chained, endWorlds, honest, names, revoked, seenAt, takenOver, tell, type World } from './taken-over-world.ts';

afterAll(endWorlds);

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

const farthest = instant(Date.UTC(9999, 0));
/** Too far for any calendar: who tries to tell it fails. */
const beyond = instant(Number.MAX_SAFE_INTEGER);
const soon = commit('3');
const everybody = names.map((name) => long(name));
const inForce = (...grants: readonly ReturnType<typeof grantOf>[]) => grants.map((grant) => [grant.path, grant] as const);

/** Until long after every end, with the limits of several days in between. */
async function toTheEnd(world: World): Promise<void> {
  for (const after of [hour, hour, 10 * hour, 30 * hour, 60 * hour, 100 * hour, 170 * hour]) tell(await world.run(after));
}

describe('given a judge that was taken over, and lines that could be so', () => {
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
    {
      given: 'every end at the end of time',
      lines: [
        endorsed(
          soon,
          everybody.map((one) => ({ ...one, until: farthest, endorsedUntil: farthest })),
        ),
      ],
    },
    {
      given: 'landings at the end of time',
      lines: [endorsed(soon, [], { inForce: inForce(...names.map((name) => long(name, farthest))) })],
    },
    {
      given: 'landings before all time',
      lines: [endorsed(soon, [], { inForce: inForce(...names.map((name) => long(name, instant(-Number(farthest))))) })],
    },
    {
      given: 'a beginning after the end',
      lines: [endorsed(soon, [grantOf('mallory', { ...forever, from: hours(90), until: hours(80) })])],
    },
    {
      given: 'an end that nobody approved and one that never comes',
      lines: [
        endorsed(
          soon,
          everybody.map((one) => ({ ...one, until: hours(-1) })),
        ),
      ],
    },
    { given: 'a refusal that gives everybody a grant', lines: [refused(soon, inForce(...everybody))] },
    { given: 'a refusal that prolongs what is in force', lines: [refused(soon, inForce(long('alice'), long('bob')))] },
    { given: 'a refusal that changes the rules', lines: [refused(soon, [], { rules: rules({ unexplained: 'report' }) }), erased] },
    {
      given: 'one path many times',
      lines: [
        endorsed(soon, [], {
          inForce: inForce(...names.map(() => long('mallory')), grantOf('mallory', { until: hours(-1) }), long('mallory')),
        }),
      ],
    },
    {
      given: 'grants of a group that the host does not list',
      lines: [
        endorsed(
          soon,
          names.map((name) => grantOf(name, { ...forever, group: group('stewards'), path: `policy/grants/stewards/${name}.yaml` })),
        ),
      ],
    },
    {
      given: 'that the group is a roster of it',
      lines: [endorsed(soon, [], { rules: rules({ members: { kind: 'roster', roster: steward } }) }), all],
    },
    {
      given: 'that the group is a roster of nobody',
      lines: [endorsed(soon, [], { rules: rules({ members: { kind: 'roster', roster: parseRosterName('nobody') ?? steward } }) })],
    },
    {
      given: 'that a million must stay',
      lines: [
        endorsed(soon, [], {
          rules: rules({ limits: { removals: { kind: 'count', count: 0 }, additions: { kind: 'count', count: 1e9 }, minimum: 1e6 } }),
        }),
        all,
      ],
    },
    {
      given: 'that everybody is alice',
      lines: [
        endorsed(soon, [], {
          rules: {
            ...rules(),
            people: new Map(names.map((name) => [uid(name), { uid: uid(name), gitlab: [1], also: [uid('alice')], keys: [] }])),
          },
        }),
        all,
      ],
    },
    { given: 'a thousand commits that wait', lines: Array.from({ length: 1000 }, (_, at) => seen(commit(String(at % 10)), true)) },
    { given: 'that it has caught up, a thousand times', lines: Array.from({ length: 1000 }, () => caughtUp) },
    { given: 'that it goes back and forth', lines: Array.from({ length: 1000 }, (_, at) => judgedTo(commit(String(at % 10)))) },
    {
      given: 'that GitLab has not answered for a year',
      lines: [
        seen(soon),
        { type: 'unanswered', at: hours(-9000), commit: soon, others: true },
        { type: 'unanswered', at: now, commit: soon, others: true },
      ],
    },
    { given: 'another project', lines: [{ type: 'project', at: now, project: 4 }, all] },
    { given: 'parts of a start that never began', lines: startOf(...everybody).slice(1) },
    { given: 'a start after a start', lines: [...startOf(...everybody), ...startOf(...everybody), ...startOf()] },
    {
      given: 'a start of somebody else in force, and what comes after',
      lines: [...startOf(long('mallory')), all, ...startOf(long('mallory'))],
    },
    { given: 'that nobody has read what the merge request used up', lines: [all, endorsed(commit('4'), everybody)] },
    { given: 'that all is as it is for ever', lines: [], seenNow: { at: farthest, clock: { date: farthest, receivedAt: farthest } } },
    { given: 'that it is still yesterday', lines: [], seenNow: { at: hours(-24), clock: { date: hours(-24), receivedAt: now } } },
  ])('when it writes $given, then that is all', async ({ lines, seenNow = {} }) => {
    const world = await takenOver();
    const kept = [...honest, ...lines.map(renderJudgingRecord)];
    world.leave(chained(kept), seenAt(kept.length, seenNow));
    await toTheEnd(world);
    // Nobody has renewed anything within the ceiling since.
    expect(world.members).toEqual([]);
  });
});

const wellMade = renderJudgingRecord(all);
const [line = ''] = chained([...honest, wellMade])
  .toString('utf8')
  .split('\n')
  .slice(-2);
const verdictWith = (changes: object) => [{ ...endorsed(soon, everybody), ...changes }];
const deltaWith = (changes: object) => verdictWith({ delta: { ...all.delta, ...changes } });
const file = (world: World) => world.place('record.jsonl');
const seenFile = (world: World) => world.place('now.json');

describe('given a judge that was taken over, and what could not be so', () => {
  it.each<{ given: string; raw?: readonly object[]; spoil?: (world: World) => void }>([
    { given: 'an end after all time', raw: deltaWith({ inForce: inForce(...names.map((name) => ({ ...long(name), until: beyond }))) }) },
    { given: 'a landing after all time', raw: deltaWith({ inForce: inForce(...names.map((name) => long(name, beyond))) }) },
    {
      given: 'a start before all time',
      raw: startOf(...everybody).map((one) => ({
        ...renderJudgingRecord(one),
        ...(one.type === 'start' && { committedAt: -Number(beyond) }),
      })),
    },
    { given: 'a now.json of the end of time', spoil: (world) => writeFileSync(seenFile(world), seenAt(honest.length, { at: beyond })) },
    {
      given: 'a clock of GitLab beyond all time',
      spoil: (world) => writeFileSync(seenFile(world), seenAt(honest.length, { clock: { date: beyond, receivedAt: now } })),
    },
    { given: 'a line of a type that nobody knows', raw: [{ type: 'freeze', at: now }] },
    { given: 'a key that nobody knows', raw: verdictWith({ force: true }) },
    {
      given: 'a key that is every object’s',
      raw: [JSON.parse(`{"type":"judged","at":1,"commit":"${soon}","__proto__":{"kind":"endorsed"}}`)],
    },
    { given: 'a number as text', raw: [{ ...caughtUp, at: String(now) }] },
    { given: 'a part of a millisecond', raw: [{ ...caughtUp, at: now + 0.5 }] },
    {
      given: 'a number beyond what is exact',
      raw: deltaWith({ inForce: inForce(...everybody.map((one) => ({ ...one, until: 1e300 as Instant }))) }),
    },
    {
      given: 'a start of fewer parts than none',
      raw: startOf(...everybody).map((one) => ({ ...renderJudgingRecord(one), ...(one.type === 'start' && { parts: -1 }) })),
    },
    {
      given: 'a uid that is none',
      raw: deltaWith({
        inForce: [['policy/grants/klaxon-users/*.yaml', { ...long('mallory'), uid: '*', path: 'policy/grants/klaxon-users/*.yaml' }]],
      }),
    },
    {
      given: 'a uid in capitals',
      raw: deltaWith({
        inForce: [
          [
            'policy/grants/klaxon-users/MALLORY.yaml',
            { ...long('mallory'), uid: 'MALLORY', path: 'policy/grants/klaxon-users/MALLORY.yaml' },
          ],
        ],
      }),
    },
    {
      given: 'a grant at the path of somebody else',
      raw: deltaWith({ inForce: [[alice.path, { ...long('mallory'), path: alice.path }]] }),
    },
    { given: 'a grant under the path of somebody else', raw: deltaWith({ inForce: [[alice.path, long('mallory')]] }) },
    {
      given: 'a grant at the path of another group',
      raw: deltaWith({ inForce: inForce({ ...long('mallory'), path: 'policy/grants/stewards/mallory.yaml' }) }),
    },
    { given: 'a grant at a path outside', raw: deltaWith({ inForce: inForce({ ...long('mallory'), path: '../../../etc/passwd' }) }) },
    {
      given: 'an ended grant at the path of somebody else',
      raw: deltaWith({
        ended: [[alice.path, { grant: { ...long('mallory'), path: alice.path }, cause: 'deleted', reviewed: true, commit: soon }]],
      }),
    },
    {
      given: 'a start with a grant at the path of somebody else',
      raw: [...startOf({ ...long('mallory'), path: alice.path })].map(renderJudgingRecord),
    },
    { given: 'a verdict on one landing that changes what another one brought', raw: deltaWith({ judged: commit('4') }) },
    { given: 'a second beginning in the middle', raw: [renderJudgingRecord(begun(otherId))] },
    { given: 'a line of 2 MiB', raw: [{ ...wellMade, commit: 'a'.repeat(2 * 1024 * 1024) }] },
    { given: 'a line of 9 MiB that never ends', spoil: (world) => appendFileSync(file(world), 'a'.repeat(9 * 1024 * 1024)) },
    { given: 'a chain that does not hold', spoil: (world) => appendFileSync(file(world), `${line}\n${line}\n`) },
    { given: 'a hundred thousand brackets', spoil: (world) => appendFileSync(file(world), `${'['.repeat(100_000)}\n`) },
    { given: 'no letters at all', spoil: (world) => appendFileSync(file(world), Buffer.from([0, 0xff, 0xfe, 0x0a])) },
    { given: '100 GB of nothing', spoil: (world) => truncateSync(file(world), 100e9) },
    { given: 'a record that was cut', spoil: (world) => truncateSync(file(world), 100) },
    { given: 'an empty record', spoil: (world) => truncateSync(file(world), 0) },
    { given: 'no record', spoil: (world) => rmSync(file(world)) },
    { given: 'a link', spoil: (world) => (renameSync(file(world), world.place('other')), symlinkSync('other', file(world))) },
    { given: 'a file with two names', spoil: (world) => linkSync(file(world), world.place('other')) },
    { given: 'a FIFO', spoil: (world) => (rmSync(file(world)), execFileSync('mkfifo', [file(world)])) },
    { given: 'a folder', spoil: (world) => (rmSync(file(world)), mkdirSync(file(world))) },
    {
      given: 'another record that comes to something else',
      spoil: (world) =>
        writeFileSync(file(world), chained([begun(otherId), ...startOf(alice), endorsed(commit('2'), everybody)].map(renderJudgingRecord))),
    },
    { given: 'a now.json that is a link', spoil: (world) => (rmSync(seenFile(world)), symlinkSync('record.jsonl', seenFile(world))) },
    { given: 'a now.json of 100 GB', spoil: (world) => truncateSync(seenFile(world), 100e9) },
    { given: 'a now.json that is a FIFO', spoil: (world) => (rmSync(seenFile(world)), execFileSync('mkfifo', [seenFile(world)])) },
    {
      given: 'a now.json with an order',
      spoil: (world) => writeFileSync(seenFile(world), readFileSync(seenFile(world), 'utf8').replace('{', '{"add":["mallory"],')),
    },
  ])('when it leaves $given, then nobody comes in, and whoever is in goes at the end that is on record', async ({ raw = [], spoil }) => {
    const world = await takenOver();
    const kept = [...honest, ...(spoil ? [] : [wellMade]), ...raw];
    world.leave(chained(kept), seenAt(kept.length));
    spoil?.(world);
    const { survey } = await world.run(hour);
    expect(survey.judged.problems.map(({ code }) => code)).toContain('record-unusable');
    expect(world.members).toEqual(['alice', 'bob']);
    await toTheEnd(world);
    expect(world.members).toEqual([]);
  });
});
