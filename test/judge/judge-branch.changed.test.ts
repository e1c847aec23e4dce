// A branch that is not what it was when it was judged.
import { describe, expect, it } from 'vitest';
import { nothingJudged, takeJudged } from '../../src/record/judged-state.ts';
import { commitId } from '../support/memory-branch.ts';
import { policy, klaxon, grant, alice, bob, first, TestJudge, Host, verdicts, members } from './branch-host.ts';

describe('given a branch that is not what it was', () => {
  it('when the last judged commit is off the first-parent chain, then the jump is one refused landing, and judging goes on after it', async () => {
    const host = new Host();
    host.branch.push({ ...first, [bob]: grant('2026-11-25') });
    await host.run();
    host.branch.lost = { from: 1, how: 'off-chain' };
    host.branch.push({ ...first, [alice]: grant('2026-11-10'), 'policy/grants/klaxon-users/carol.yaml': grant('2026-11-25') });
    const judged = await host.run();
    expect(verdicts(judged)).toEqual(['off-chain']);
    expect(judged.policy?.grants).toMatchObject([{ uid: 'alice', until: Date.UTC(2026, 10, 11) }]);
    expect(judged.policy?.refused).toMatchObject([{ path: 'policy/grants/klaxon-users/carol.yaml', code: 'off-chain' }]);
    expect(host.memory.policy?.judged).toBe(host.branch.tip);
  });

  it('when its history was rewritten, then nothing is judged, what is in force stays, and a person has to look', async () => {
    const host = new Host();
    await host.run();
    host.branch.lost = { from: 0, how: 'rewritten' };
    host.branch.push({ 'policy/policy.yaml': policy });
    const judge = new TestJudge();
    const judged = await host.run(judge);
    expect(judged.problems).toMatchObject([{ status: 'input', code: 'history-rewritten' }]);
    expect(members(judged)).toEqual(['alice']);
    expect(judge.asked).toEqual([]);
    expect(judged.records).toEqual([]);
  });

  it('when a new start is set, then it is judged as it is, and whoever takes it proposes what it adds, and takes out what it drops', async () => {
    const host = new Host();
    const { records: before } = await host.run();
    const number = host.branch.push({
      'policy/policy.yaml': policy,
      'policy/groups/klaxon-users.yaml': klaxon,
      [bob]: grant('2026-11-25'),
    });
    const judged = await host.run(new TestJudge(), commitId(number));
    expect(members(judged)).toEqual(['bob']);
    expect(judged.policy?.refused).toEqual([]);
    const { policy: taken } = takeJudged(nothingJudged, [...before, ...judged.records], 'converging');
    expect([...(taken?.inForce.keys() ?? [])]).toEqual([]);
    expect([...(taken?.proposed.keys() ?? [])]).toEqual([bob]);
    expect([...(taken?.ended.keys() ?? [])]).toEqual([alice]);
  });

  it('when the server does not answer, then the last fetched tip is judged, and the failure is told', async () => {
    const host = new Host();
    host.branch.push({ 'policy/policy.yaml': policy, 'policy/groups/klaxon-users.yaml': klaxon });
    host.branch.reachable = false;
    const judged = await host.run();
    expect(judged.problems).toMatchObject([{ status: 'unavailable', code: 'git-unavailable' }]);
    expect(members(judged)).toEqual([]);
  });

  it('when a push puts a file in place of the folder, then it is refused, and the revert is judged like any other', async () => {
    const host = new Host();
    await host.run();
    host.branch.push({ policy: 'x' });
    expect(members(await host.run())).toEqual([]);
    host.branch.push({ 'policy/policy.yaml': policy, 'policy/groups/klaxon-users.yaml': klaxon, [bob]: grant('2026-11-25') });
    const back = await host.run();
    expect(back.problems).toEqual([]);
    expect(back.records.map(({ type }) => type)).toContain('verdict');
  });

  it('when the path in the configuration is another one for a while, then nothing is judged meanwhile, and nothing is missed afterwards', async () => {
    const host = new Host();
    await host.run();
    host.branch.push({ 'policy/policy.yaml': policy, 'policy/groups/klaxon-users.yaml': klaxon, [bob]: grant('2026-11-25') });
    const astray = await host.run(new TestJudge(), commitId(0), 'polcy');
    expect(astray).toMatchObject({
      records: [],
      problems: [{ status: 'input', message: expect.stringContaining('repository.path is "polcy"') }],
    });
    expect(members(astray)).toEqual(['alice']);
    expect(members(await host.run())).toEqual(['bob']);
  });

  it('when the start cannot be used, then there is no policy in force, and it says which file', async () => {
    const host = new Host();
    const number = host.branch.push({ ...first, [alice]: 'no grant\n' });
    const judged = await host.run(new TestJudge(), commitId(number));
    expect(judged.policy).toBeUndefined();
    expect(judged.problems).toMatchObject([{ status: 'input', code: 'policy-unusable', message: expect.stringContaining(alice) }]);
  });
});
