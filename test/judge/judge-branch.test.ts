import { describe, expect, it } from 'vitest';
import { landingFiles } from '../../src/judge/landing-files.ts';
import { commitId, type Files } from '../support/memory-branch.ts';
import { klaxon, grant, alice, bob, first, TestJudge, Host, verdicts, members } from './branch-host.ts';

describe('the conditions of a landing', () => {
  const broken = { ...first, [alice]: 'no grant\n' };
  const otherRules = { ...first, 'policy/groups/klaxon-users.yaml': `${klaxon}approvals: 2\n` };

  it.each<{ given: string; pushed: readonly Files[]; outside?: number; no?: number; gives: readonly string[]; asked: readonly number[] }>([
    { given: 'a proper grant', pushed: [{ ...first, [bob]: grant('2026-11-25') }], gives: ['endorsed'], asked: [1] },
    { given: 'bad form, then nobody is asked', pushed: [broken], gives: ['unreadable'], asked: [] },
    {
      given: 'a README with it, then nobody is asked',
      pushed: [{ ...first, [bob]: grant('2026-11-25') }],
      outside: 1,
      gives: ['impure'],
      asked: [],
    },
    {
      given: 'bad form on what was not clean either, then the form is the reason',
      pushed: [{ ...first, [alice]: grant('2026-11-10') }, broken],
      no: 1,
      gives: ['no-approval', 'unreadable'],
      asked: [1],
    },
    {
      given: 'an approved edit of an unapproved edit',
      pushed: [
        { ...first, [alice]: grant('2026-11-10') },
        { ...first, [alice]: grant('2026-11-11') },
      ],
      no: 1,
      gives: ['no-approval', 'dirty'],
      asked: [1],
    },
    {
      given: 'an approved grant while the rules are not those in force',
      pushed: [otherRules, { ...otherRules, [bob]: grant('2026-11-25') }],
      no: 1,
      gives: ['no-approval', 'rules-dirty'],
      asked: [1],
    },
    {
      given: 'no approval and too long, then the approval is the reason',
      pushed: [{ ...first, [bob]: grant('2027-11-25') }],
      no: 1,
      gives: ['no-approval'],
      asked: [1],
    },
    { given: 'an approved grant that is too long', pushed: [{ ...first, [bob]: grant('2027-11-25') }], gives: ['too-long'], asked: [1] },
    {
      given: 'a landing of other things between',
      pushed: [first, { ...first, [bob]: grant('2026-11-25') }],
      gives: ['endorsed'],
      asked: [2],
    },
  ])('given $given', async ({ pushed, outside, no, gives, asked }) => {
    const host = new Host();
    for (const files of pushed) host.branch.push(files, outside);
    const judge = new TestJudge(no === undefined ? {} : { [no]: 'no' });
    const judged = await host.run(judge);
    expect(verdicts(judged)).toEqual(gives);
    expect(judge.asked).toEqual(asked);
    expect(host.memory.policy?.judged).toBe(host.branch.tip);
    expect(judged.problems).toEqual([]);
  });

  it('given a refusal for its length, then it keeps the evidence and the number of the merge request', async () => {
    const host = new Host();
    host.branch.push({ ...first, [bob]: grant('2027-11-25') });
    const { records } = await host.run();
    expect(records.find(({ type }) => type === 'verdict')).toMatchObject({
      evidence: { candidates: [] },
      verdict: { code: 'too-long', mergeRequest: 1 },
    });
  });
});

describe('given a landing that has to wait', () => {
  const withBob: Files = { ...first, [bob]: grant('2026-11-25') };
  const withoutAlice: Files = Object.fromEntries(Object.entries(withBob).filter(([path]) => path !== alice));

  it('then everything behind it waits too, nobody gains, and whom no file covers is out', async () => {
    const host = new Host();
    host.branch.push(withBob);
    host.branch.push(withoutAlice);
    const judge = new TestJudge({ 1: 'later' });
    const judged = await host.run(judge);
    expect(judge.asked).toEqual([1]);
    expect(members(judged)).toEqual([]);
    expect(judged.policy).toMatchObject({ judged: commitId(0), refused: [], undecided: [{ uid: 'bob' }] });
    expect(judged.policy?.pending.map(({ path, code }) => [path, code])).toEqual([
      [alice, 'waits-for-earlier'],
      [bob, 'gitlab-unavailable'],
    ]);
  });

  it('then it is recorded as seen once, and judged when the answer comes', async () => {
    const host = new Host();
    host.branch.push(withBob);
    expect((await host.run(new TestJudge({ 1: 'later' }))).records.map(({ type }) => type)).toEqual(['start', 'start-part', 'seen']);
    expect((await host.run(new TestJudge({ 1: 'later' }))).records).toEqual([]);
    const judged = await host.run();
    expect(judged.records.map(({ type }) => type)).toEqual(['verdict']);
    expect(members(judged)).toEqual(['alice', 'bob']);
    expect(members(await host.run())).toEqual(['alice', 'bob']);
  });

  it('and that will not end by waiting, then it is a problem of the run as well', async () => {
    const host = new Host();
    host.branch.push(withBob);
    const judged = await host.run(new TestJudge({ 1: 'unusable' }));
    expect(judged.problems).toMatchObject([{ status: 'input', code: 'project-changed' }]);
    expect(members(judged)).toEqual(['alice']);
  });

  it('then a first verdict is final: what GitLab says later changes nothing', async () => {
    const host = new Host();
    host.branch.push(withBob);
    await host.run(new TestJudge({ 1: 'no' }));
    const judge = new TestJudge();
    expect(members(await host.run(judge))).toEqual(['alice']);
    expect(judge.asked).toEqual([]);
  });
});

describe('a flood of changes', () => {
  const flood = (count: number, word: string, folder = 'grants/klaxon-users'): Files =>
    Object.fromEntries(Array.from({ length: count }, (_, place) => [`policy/${folder}/z${place}.yaml`, `reason: ${word} ${place}\n`]));
  /** What a run may have in memory at once: 32 landings of 50 files, or a piece of what stands on the branch. */
  const bearable = 32 * 50;

  it('when thousands of files are pushed and edited, then they are refused unread, and an edit of a grant in force still narrows it', async () => {
    const host = new Host();
    host.branch.push({ ...first, ...flood(3000, 'one') });
    host.branch.push({ ...first, ...flood(3000, 'two'), [alice]: grant('2026-11-10') });
    const run = await host.run();
    expect(verdicts(run)).toEqual(['too-many-files', 'too-many-files']);
    expect(run.policy?.grants).toMatchObject([{ uid: 'alice', until: Date.UTC(2026, 10, 11) }]);
    expect(host.branch.mostBlobs).toBeLessThanOrEqual(bearable);
  });

  it('when thousands of files with long names are pushed under groups/, then what is kept of them is bounded', async () => {
    const host = new Host();
    const long = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`policy/groups/${'x'.repeat(3000)}${index}.yaml`, 'x']));
    host.branch.push({ ...first, ...long });
    const run = await host.run();
    expect(verdicts(run)).toEqual(['too-many-files']);
    expect(JSON.stringify(run.records.filter(({ type }) => type === 'verdict')).length).toBeLessThan(100_000);
  });

  it('when hundreds of changes come at once, judged or waiting, then only some of them are in memory at a time', async () => {
    const host = new Host();
    for (let round = 0; round < 120; round += 1) host.branch.push({ ...first, ...flood(40, `round ${round}`) });
    const waiting = await host.run(new TestJudge({ 1: 'later' }));
    const judged = await host.run();
    expect([waiting.policy?.pending.length, verdicts(judged).length]).toEqual([40, 120]);
    expect(host.branch.mostBlobs).toBeLessThanOrEqual(bearable);
  });

  it('when a flood waits behind another change, and takes a file away, then that narrows; what is not listed is told, and a revert ends it', async () => {
    const host = new Host();
    host.branch.push({ ...first, [bob]: grant('2026-11-25') });
    const { [alice]: _, ...without } = first;
    host.branch.push({ ...without, [bob]: grant('2026-11-25'), ...flood(3000, 'one') });
    const waiting = await host.run(new TestJudge({ 1: 'later' }));
    expect([members(waiting), waiting.policy?.ended.get(alice)?.cause]).toEqual([[], 'deleted']);
    expect(waiting.policy?.unlisted).toBe(2900);
    const judged = await host.run();
    expect([verdicts(judged), members(judged)]).toEqual([['endorsed', 'too-many-files'], ['bob']]);
    expect((judged.policy?.refused.length ?? 0) + (judged.policy?.unlisted ?? 0)).toBe(3000);
    host.branch.push({ ...without, [bob]: grant('2026-11-25') });
    const reverted = await host.run();
    expect([verdicts(reverted), members(reverted), reverted.policy?.refused, reverted.policy?.unlisted]).toEqual([
      ['too-many-files'],
      ['bob'],
      [],
      0,
    ]);
  });

  it('when more landings come than are read in one go, then all are judged, and what waits is looked at up to the head of the branch', async () => {
    const host = new Host();
    host.branch.mostLandings = 3;
    for (let round = 0; round < 8; round += 1) host.branch.push({ ...first, [bob]: grant(`2026-11-${20 + round}`) });
    const { [alice]: _, ...without } = first;
    host.branch.push({ ...without, [bob]: grant('2026-11-27') });
    const waiting = await host.run(new TestJudge({ 2: 'later' }));
    expect([verdicts(waiting), members(waiting)]).toEqual([['endorsed'], ['bob']]);
    const judged = await host.run();
    expect([verdicts(judged).length, members(judged), host.memory.policy?.judged]).toEqual([8, ['bob'], host.branch.tip]);
  });

  it('when the same file comes in many landings, then it is parsed once', async () => {
    const host = new Host();
    for (let round = 0; round < 20; round += 1) {
      host.branch.push({ ...first, [bob]: `a: [${','.repeat(100 + (round % 2))}` });
      host.branch.push(first);
    }
    const files = landingFiles(host.branch.blobs, 'policy');
    const readings = new Set<unknown>();
    for (const { changes } of await host.branch.landings(commitId(0), host.branch.tip, 'policy'))
      for (const { path, after } of changes) if (after) readings.add((await files.readFiles(new Map([[path, after]]))).get(path));
    expect(readings.size).toBe(2);
  });

  it('when thousands of files are pushed under groups/, then the next change of rules is refused without reading them', async () => {
    const host = new Host();
    host.branch.push({ ...first, ...flood(3000, 'a group', 'groups') });
    host.branch.push({ ...first, ...flood(3000, 'a group', 'groups'), 'policy/groups/klaxon-users.yaml': `${klaxon}approvals: 2\n` });
    expect(verdicts(await host.run())).toEqual(['too-many-files', 'rules-dirty']);
    expect(host.branch.mostBlobs).toBeLessThanOrEqual(bearable);
  });
});
