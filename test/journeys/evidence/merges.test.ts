// What was merged is what was approved, in whatever way it was merged (cases 7 to 14, and neighbours).
import { describe, expect, it } from 'vitest';
import type { MergeMethod } from '../../support/gitlab/merging.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { startWorld } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');
const mallory = grantPath('mallory');

describe('given a grant that alice approved', () => {
  it.each<{ method: MergeMethod; rebased: boolean }>([
    { method: 'merge', rebased: false },
    { method: 'squash', rebased: false },
    { method: 'squash+merge', rebased: false },
    { method: 'ff', rebased: true },
    { method: 'semi-linear', rebased: true },
  ])('case 10: when it is merged by $method (rebased after the approval: $rebased), then it is endorsed', async ({ method, rebased }) => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(
      world.carol,
      { [urbanecm]: grantFile(scene.day(14)) },
      { title: 'Any "title", even an edited one' },
    );
    scene.approve(mergeRequest, world.alice);
    await scene.push(world.bob, { 'README.md': 'Something else came first\n' });
    if (rebased) await world.gitlab.rebase(mergeRequest, world.carol);
    scene.wait(60_000);
    await scene.merge(mergeRequest, { method });

    const run = await scene.reconcile();

    expect([run.status.code, refusals(run)]).toEqual([0, []]);
    expect(run.groups[0]?.add).toMatchObject([{ uid: 'urbanecm', because: { mergeRequest: 1, approvedBy: ['alice'] } }]);
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('case 7: when its head is merged with nothing of it and the file is pushed later, then neither gives anything', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: file });
    scene.approve(mergeRequest, world.alice);
    const main = await scene.project.git.head('main');
    const ours = await scene.project.git.commit({ parents: [main, mergeRequest.head], tree: await scene.project.git.tree(main) });
    await world.gitlab.push(scene.project, world.mallory, 'main', ours);
    expect(mergeRequest.state).toBe('merged');
    await scene.push(world.mallory, { [urbanecm]: file });

    const run = await scene.settle();

    expect([refusals(run), await scene.members()]).toEqual([[`no-merge-request ${urbanecm}`], []]);
  });

  it('case 7: when its head is pushed to main as it is, then GitLab says merged, and it gives nothing', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await world.gitlab.push(scene.project, world.mallory, 'main', mergeRequest.head);
    expect([mergeRequest.state, mergeRequest.mergeCommit]).toEqual(['merged', mergeRequest.head]);

    const run = await scene.settle();

    expect([refusals(run), await scene.members()]).toEqual([[`not-bound ${urbanecm}`], []]);
    expect(run.policy.refused[0]?.message).toContain('pushed or merged in another way');
  });

  it('case 8: when the same file changes on main and the two merge without a conflict, then nobody saw the result, and it is refused', async () => {
    const scene = await world.scene();
    // Enough lines between the two edits for Git to take both.
    const file = (reason: string, until: string) =>
      `reason: ${reason}\n${'# …\n'.repeat(8)}contact: irc\n${'# …\n'.repeat(8)}until: ${until}\n`;
    await scene.land({ [urbanecm]: file('one', scene.day(5)) });
    const longer = await scene.open(world.carol, { [urbanecm]: file('one', scene.day(50)) });
    scene.approve(longer, world.alice);
    await scene.land({ [urbanecm]: file('two', scene.day(5)) });
    await scene.merge(longer);

    const run = await scene.reconcile();

    expect([run.status.all, refusals(run)]).toEqual([['refused'], [`no-approval ${urbanecm}`]]);
    expect(run.groups[0]?.add).toMatchObject([
      { uid: 'urbanecm', because: { mergeRequest: 3, until: expect.stringContaining(scene.day(6)) } },
    ]);
  });

  it('case 9: when one push merges it and a second one at once, then both are refused', async () => {
    const scene = await world.scene();
    const first = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    const second = await scene.open(world.carol, { [grantPath('hoo')]: grantFile(scene.day(14)) });
    for (const mergeRequest of [first, second]) scene.approve(mergeRequest, world.alice);
    const { git } = scene.project;
    const main = await git.head('main');
    const octopus = await git.commit({ parents: [main, first.head, second.head], tree: await git.mergedTree(first.head, second.head) });
    await world.gitlab.push(scene.project, world.mallory, 'main', octopus);

    const run = await scene.reconcile();

    expect([refusals(run), await scene.members()]).toEqual([[`not-bound ${grantPath('hoo')}`, `not-bound ${urbanecm}`], []]);
  });

  it('when the merge commit that GitLab names has a third parent with the same content, then it is refused', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    const { git } = scene.project;
    const main = await git.head('main');
    const extra = await git.commit({ parents: [main], changes: { 'README.md': 'unseen\n' } });
    const landing = await git.commit({ parents: [main, mergeRequest.head, extra], tree: await git.mergedTree(main, mergeRequest.head) });
    await git.setRef('refs/heads/main', landing);
    Object.assign(mergeRequest, { state: 'merged', mergeCommit: landing, mergedAt: world.gitlab.clock.now(), mergedBy: world.carol });

    expect(refusals(await scene.reconcile())).toEqual([`not-bound ${urbanecm}`]);
    expect(await scene.members()).toEqual([]);
  });

  it('case 12: when something is pushed after the approval, then it is refused, and the run says what alice has to do', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.push(world.carol, { [mallory]: grantFile(scene.day(14)) }, mergeRequest.sourceBranch);
    await scene.merge(mergeRequest);

    const run = await scene.reconcile();

    expect(refusals(run)).toEqual([`no-approval ${mallory}`, `no-approval ${urbanecm}`]);
    expect(run.policy.refused[0]?.message).toContain(
      'alice approved before the last push; it had to be revoked and given again before the merge',
    );
    expect(await scene.members()).toEqual([]);
  });

  it('case 12: when alice withdraws and approves again after the push, then it is endorsed', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.push(world.carol, { [grantPath('hoo')]: grantFile(scene.day(14)) }, mergeRequest.sourceBranch);
    world.gitlab.unapprove(mergeRequest, world.alice);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo', 'urbanecm']);
  });

  it('case 13: when something else is pushed and forced back before the merge, then it is endorsed', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    const approved = mergeRequest.head;
    scene.approve(mergeRequest, world.alice);
    await scene.push(world.mallory, { [mallory]: grantFile(scene.day(14)) }, mergeRequest.sourceBranch);
    await world.gitlab.push(scene.project, world.mallory, mergeRequest.sourceBranch, approved);
    scene.wait(60_000);
    await scene.merge(mergeRequest);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('case 13: when alice approved what was pushed in between, and it was forced back to what she never saw last, then it is refused', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [mallory]: grantFile(scene.day(14)) });
    const first = mergeRequest.head;
    const { git } = scene.project;
    const harmless = await git.commit({ parents: [scene.start], changes: { [urbanecm]: grantFile(scene.day(14)) } });
    await world.gitlab.push(scene.project, world.carol, mergeRequest.sourceBranch, harmless);
    scene.wait(60_000);
    scene.approve(mergeRequest, world.alice);
    await world.gitlab.push(scene.project, world.carol, mergeRequest.sourceBranch, first);
    scene.wait(60_000);
    await scene.merge(mergeRequest);

    expect(refusals(await scene.reconcile())).toEqual([`no-approval ${mallory}`]);
    expect(await scene.members()).toEqual([]);
  });

  it.each([
    { title: 'with nothing else', smuggled: false, gives: ['hoo', 'urbanecm'] },
    { title: 'with another edit in the merge commit', smuggled: true, gives: ['hoo'] },
  ])('case 14: when main is merged into its branch after the approval, $title, then $gives are in', async ({ smuggled, gives }) => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await world.gitlab.updateFromTarget(mergeRequest, world.carol, smuggled ? { [mallory]: grantFile(scene.day(14)) } : {});
    scene.wait(60_000);
    await scene.merge(mergeRequest);
    await scene.reconcile();
    expect(await scene.members()).toEqual(gives);
  });

  it('case 65: when the file was already pushed to main, then the merge of the approved one brings nothing new and gives nothing', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: file });
    scene.approve(mergeRequest, world.alice);
    await scene.push(world.mallory, { [urbanecm]: file });
    await scene.merge(mergeRequest);

    const run = await scene.settle();

    expect([refusals(run), await scene.members()]).toEqual([[`no-merge-request ${urbanecm}`], []]);
    expect(run.policy.refused[0]?.message).toContain('press "Revert" again');
  });
});
