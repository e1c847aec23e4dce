// Ways to make an approval look as if it were for something else: each gives nothing to whoever nobody approved.
import { describe, expect, it } from 'vitest';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { minute, startWorld } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');
const mallory = grantPath('mallory');

describe('given people who want mallory in', () => {
  it('when a stacked merge request is merged into the branch of an approved one, then neither counts', async () => {
    const scene = await world.scene();
    const first = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) }, { branch: 'below' });
    scene.approve(first, world.alice);
    await scene.project.git.setRef('refs/heads/above', first.head);
    const above = await scene.open(world.mallory, { [mallory]: grantFile(scene.day(14)) }, { branch: 'above', targetBranch: 'below' });
    scene.approve(above, world.alice);
    await scene.merge(above, { by: world.mallory });
    await scene.merge(first);
    expect(refusals(await scene.reconcile())).toEqual([`no-approval ${mallory}`, `no-approval ${urbanecm}`]);
    expect(await scene.members()).toEqual([]);
  });

  it('when two merge requests have one approval each and two are needed, then they are not added up', async () => {
    const scene = await world.scene({
      group: 'purpose: x\nowner: sre\nmembers: grants\napprovers: [sre]\napprovals: 2\nlongest: 90 days\nrequires: [contact]\n',
    });
    const first = await scene.open(world.mallory, { [mallory]: grantFile(scene.day(14)) }, { branch: 'one' });
    await scene.project.git.setRef('refs/heads/two', first.head);
    const second = await world.gitlab.openMergeRequest(scene.project, { author: world.mallory, sourceBranch: 'two' });
    scene.wait(minute);
    scene.approve(first, world.alice);
    scene.approve(second, world.bob);
    await scene.merge(first);
    const run = await scene.reconcile();
    expect([refusals(run), run.policy.refused[0]?.message]).toEqual([
      [`no-approval ${mallory}`],
      expect.stringContaining('1 of 2 approvals'),
    ]);
  });

  it('when an approved removal is made of a file that a push changed, then it is gone, and the approved file cannot come back by a push', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [urbanecm]: file });
    await scene.push(world.mallory, { [urbanecm]: grantFile(scene.day(60)) });
    await scene.land({ [urbanecm]: null });
    await scene.push(world.mallory, { [urbanecm]: file });
    const run = await scene.settle();
    expect([refusals(run), await scene.members()]).toEqual([[`no-merge-request ${urbanecm}`], []]);
  });

  it('when a push changes a grant and back, then the path is clean, and an approved longer end counts', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [urbanecm]: file });
    await scene.push(world.mallory, { [urbanecm]: `${file}# x\n` });
    await scene.push(world.mallory, { [urbanecm]: file });
    await scene.land({ [urbanecm]: grantFile(scene.day(60)) });
    await scene.settle();
    const plan = await scene.plan();
    expect([plan.status.code, await scene.members()]).toEqual([0, ['urbanecm']]);
    scene.wait(20 * 24 * 60 * minute);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('when one file of an approved merge request stands on a push, then all of it is refused, the clean file too', async () => {
    const scene = await world.scene();
    await scene.push(world.mallory, { [mallory]: grantFile(scene.day(60)) });
    await scene.land({ [mallory]: grantFile(scene.day(14)), [urbanecm]: grantFile(scene.day(14)) });
    const run = await scene.settle();
    expect([refusals(run), await scene.members()]).toEqual([[`dirty ${mallory}`, `dirty ${urbanecm}`], []]);
  });

  it('when the merged commit has another tree than the merge, then it is refused', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    const { git } = scene.project;
    const main = await git.head('main');
    const tree = await git.mergedTree(main, mergeRequest.head);
    const evil = await git.commit({ parents: [main, mergeRequest.head], tree, changes: { [mallory]: grantFile(scene.day(14)) } });
    await git.setRef('refs/heads/main', evil);
    world.gitlab.faults.clear();
    Object.assign(mergeRequest, { state: 'merged', mergeCommit: evil, mergedAt: world.gitlab.clock.now(), mergedBy: world.carol });
    const { id, username } = world.carol;
    mergeRequest.stateEvents.push({
      id: 1,
      state: 'merged',
      user: { ...world.carol, id, username },
      at: world.gitlab.clock.now(),
      sourceCommit: null,
      sourceMergeRequest: null,
    });
    scene.wait(minute);
    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`no-approval ${mallory}`, `no-approval ${urbanecm}`], []]);
    expect(run.policy.refused[0]?.message).toContain('alice approved other content than the merge brings');
  });

  it('when the merge request renames an unapproved file to an approved name, then it is refused', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.push(world.mallory, { [mallory]: file });
    await scene.land({ [mallory]: null, [urbanecm]: file });
    const run = await scene.settle();
    expect([refusals(run), await scene.members()]).toEqual([[`dirty ${urbanecm}`], []]);
  });

  it('when the approver was approved only by a landing that was refused, then the approval does not count', async () => {
    const scene = await world.scene();
    const policy =
      'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\n  carol: { gitlab: 57 }\n  mallory: { gitlab: 66 }\nteams:\n  sre: [alice, bob, carol, mallory]\n  access-owners: [bob, carol]\nrules: { approvers: [access-owners], approvals: 1 }\n';
    const before = await scene.project.git.git('show', `${scene.start}:policy/policy.yaml`);
    await scene.land({ 'policy/policy.yaml': policy }, { approvers: [] });
    await scene.land({ 'policy/policy.yaml': `${before}\n` }, { approvers: [] });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) }, { approvers: [world.mallory] });
    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`no-approval ${urbanecm}`], []]);
    expect(run.policy.refused[0]?.message).toContain('mallory is not among the people');
  });
});
