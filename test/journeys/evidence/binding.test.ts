// Which merge request a landing is, when GitLab names several, none, or one that is not ready (cases 30, 31, 33 and 34).
import { describe, expect, it } from 'vitest';
import { addNote } from '../../support/gitlab/reviewing.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals, waitsFor } from '../documents.ts';
import { minute, startWorld } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');

describe('given several merge requests about one commit', () => {
  it('case 30: when an open one contains the landing, then only the merged one counts', async () => {
    const scene = await world.scene();
    const first = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    await scene.project.git.setRef('refs/heads/stacked', first.head);
    const stacked = await scene.open(world.carol, { [grantPath('hoo')]: grantFile(scene.day(14)) }, { branch: 'stacked' });
    scene.approve(stacked, world.alice);
    await scene.merge(first);
    expect(refusals(await scene.reconcile())).toEqual([`no-approval ${urbanecm}`]);
    expect(await scene.members()).toEqual([]);
  });

  it('when an unapproved one is merged whose head an approved one shares, then the approvals of the other do not count', async () => {
    const scene = await world.scene();
    const approved = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    await scene.project.git.setRef('refs/heads/twin', approved.head);
    const twin = await world.gitlab.openMergeRequest(scene.project, { author: world.mallory, sourceBranch: 'twin' });
    scene.wait(minute);
    scene.approve(approved, world.alice);
    await scene.merge(twin, { method: 'ff', by: world.mallory });
    expect([approved.state, approved.mergeCommit]).toEqual(['merged', twin.head]);
    expect(refusals(await scene.reconcile())).toEqual([`no-approval ${urbanecm}`]);
    expect(await scene.members()).toEqual([]);
  });

  it('case 30: when the one with that number belongs to another project, or was imported, then it is ignored', async () => {
    const scene = await world.scene();
    const imported = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(imported, world.alice);
    await scene.merge(imported);
    imported.imported = true;
    expect(refusals(await scene.settle())).toEqual([`not-bound ${urbanecm}`]);

    const other = await world.scene();
    const mergeRequest = await other.open(world.carol, { [urbanecm]: grantFile(other.day(14)) });
    other.approve(mergeRequest, world.alice);
    await other.merge(mergeRequest);
    const elsewhere = (body: unknown) =>
      [body].flat().map((one) => ({ ...Object(one), target_project_id: scene.project.id, project_id: scene.project.id }));
    world.gitlab.faults.add(/repository\/commits\/[0-9a-f]+\/merge_requests/, { kind: 'rewrite', change: elsewhere });
    expect(refusals(await other.settle())).toEqual([`not-bound ${urbanecm}`]);
    expect(await other.members()).toEqual([]);
  });

  it('case 31: when one claims a second landing, then only the first is endorsed', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    const mergeRequest = await scene.land({ [urbanecm]: file });
    await scene.reconcile();
    await scene.push(world.mallory, { [urbanecm]: null });
    mergeRequest.mergeCommit = await scene.push(world.mallory, { [urbanecm]: file });

    const run = await scene.settle();

    expect(refusals(run)).toEqual([`not-bound ${urbanecm}`]);
    expect(run.policy.refused[0]?.message).toContain('has already brought another change');
    expect(await scene.members()).toEqual([]);
  });

  it('when one was merged into another branch that is pushed to main, then it gives nothing', async () => {
    const scene = await world.scene();
    await scene.project.git.setRef('refs/heads/dev', scene.start);
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) }, { targetBranch: 'dev' });
    scene.approve(mergeRequest, world.alice);
    const landing = await scene.merge(mergeRequest);
    await world.gitlab.push(scene.project, world.mallory, 'main', landing);
    scene.wait(minute);
    // [C] Its target may be edited after the merge, and that leaves a note.
    mergeRequest.targetBranch = 'main';
    addNote(world.gitlab.forge, mergeRequest, world.mallory, 'changed target branch from `dev` to `main`', true);
    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`no-approval ${urbanecm}`], []]);
    expect(run.policy.refused[0]?.message).toContain('alice approved before the merge request was pointed at another branch');
  });

  it('case 34: when no merge request is known for 15 minutes and one appears later, then it stays refused', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    world.gitlab.faults.add(/repository\/commits\/[0-9a-f]+\/merge_requests/, { kind: 'answer', status: 200, body: '[]' });
    const first = await scene.settle();
    world.gitlab.faults.clear();
    const second = await scene.reconcile();
    expect([refusals(first), refusals(second)]).toEqual([[`no-merge-request ${urbanecm}`], [`no-merge-request ${urbanecm}`]]);
    expect(await scene.members()).toEqual([]);
  });

  it('case 33: when GitLab is still merging five minutes after the branch moved, then it waits, and then it is endorsed', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest, { lockedFor: 20 * minute });
    const first = await scene.reconcile();
    scene.wait(16 * minute);
    const second = await scene.reconcile();
    scene.wait(5 * minute);
    const third = await scene.reconcile();
    expect([waitsFor(first), waitsFor(second), third.status.code]).toEqual([['merge-in-progress'], ['merge-in-progress'], 0]);
    expect(await scene.members()).toEqual(['urbanecm']);
  });
});

it('case 98: when GitLab rebases while it merges, then it is refused with words of its own, and doctor says ERROR', async () => {
  const scene = await world.scene();
  const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
  scene.approve(mergeRequest, world.alice);
  await scene.push(world.bob, { 'README.md': 'Something else came first\n' });
  await scene.merge(mergeRequest, { method: 'automatic-rebase' });
  scene.project.settings = { automatic_rebase_enabled: true };
  const run = await scene.settle();
  expect([refusals(run), await scene.members()]).toEqual([[`not-bound ${urbanecm}`], []]);
  expect(run.policy.refused[0]?.message).toContain('GitLab rebased it while it merged it');
  expect((await scene.run('doctor')).stdout).toMatch(/ERROR +automatic-rebase/);
});
