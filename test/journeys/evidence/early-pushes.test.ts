// Who pushed to a branch before its merge request was opened: GitLab CE writes no note on that (case 27 and its neighbours).
import { afterEach, describe, expect, it } from 'vitest';
import { removeBranch } from '../../support/gitlab/pushing.ts';
import type { MergeRequest, User } from '../../support/gitlab/world.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { lookingTime, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());
afterEach(() => {
  world.gitlab.forge.showsEvents = true;
});

const urbanecm = grantPath('urbanecm');
const branch = 'early';

/** A merge request of the branch as it is, by somebody who need not have pushed to it. */
async function openFrom(scene: Scene, author: User): Promise<MergeRequest> {
  const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author, sourceBranch: branch });
  scene.wait(lookingTime);
  return mergeRequest;
}

async function endOf(scene: Scene, mergeRequest: MergeRequest, approver = world.alice) {
  scene.approve(mergeRequest, approver);
  await scene.merge(mergeRequest);
  const document = await scene.reconcile();
  return { refused: refusals(document), message: document.policy.refused[0]?.message ?? '', members: await scene.members() };
}

describe('given a branch that alice pushed, and a merge request that mallory opened from it', () => {
  async function early(): Promise<{ scene: Scene; mergeRequest: MergeRequest }> {
    const scene = await world.scene();
    await scene.push(world.alice, { [urbanecm]: grantFile(scene.day(14)) }, branch);
    return { scene, mergeRequest: await openFrom(scene, world.mallory) };
  }

  it('when alice approves it, then nobody but her has seen it, and that does not count', async () => {
    const { scene, mergeRequest } = await early();
    const { message, members } = await endOf(scene, mergeRequest);
    expect(message).toContain('alice pushed to its branch');
    expect(members).toEqual([]);
  });

  it('when bob approves it, then that counts', async () => {
    const { scene, mergeRequest } = await early();
    expect(await endOf(scene, mergeRequest, world.bob)).toMatchObject({ refused: [], members: ['urbanecm'] });
  });

  it('when GitLab does not show what happened in the project, then alice counts as before: nothing is known of it', async () => {
    const { scene, mergeRequest } = await early();
    world.gitlab.forge.showsEvents = false;
    expect(await endOf(scene, mergeRequest)).toMatchObject({ refused: [], members: ['urbanecm'] });
  });

  it('when the question fails, then the landing waits, and nobody gains', async () => {
    const { scene, mergeRequest } = await early();
    world.gitlab.faults.add(/\/events\?/, { kind: 'answer', status: 500 });
    const { members } = await endOf(scene, mergeRequest);
    const { status, policy: waiting } = await scene.reconcile();
    expect([members, status.all, waiting.pending.length]).toEqual([[], ['unavailable'], 1]);
    world.gitlab.faults.clear();
    const { policy } = await scene.reconcile();
    expect(policy.refused[0]?.message).toContain('alice pushed to its branch');
  });
});

describe('given a branch name that alice used before, for something that was taken away', () => {
  it('when carol uses it anew and alice approves that, then it counts', async () => {
    const scene = await world.scene();
    await scene.push(world.alice, { 'notes.txt': 'a try\n' }, branch);
    await removeBranch(world.gitlab.forge, scene.project, world.alice, branch);
    scene.wait(lookingTime);
    await scene.push(world.carol, { [urbanecm]: grantFile(scene.day(14)) }, branch);
    expect(await endOf(scene, await openFrom(scene, world.carol))).toMatchObject({ refused: [], members: ['urbanecm'] });
  });
});

describe('given a merge request of carol that was closed for a while', () => {
  it('when alice pushed to its branch meanwhile and approves it once it is open again, then that does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(10)) }, { branch });
    world.gitlab.close(mergeRequest, world.carol);
    scene.wait(lookingTime);
    await scene.push(world.alice, { [urbanecm]: grantFile(scene.day(20)) }, branch);
    await world.gitlab.reopen(mergeRequest, world.carol);
    scene.wait(lookingTime);
    const { message, members } = await endOf(scene, mergeRequest);
    expect(message).toContain('alice pushed to its branch');
    expect(members).toEqual([]);
  });
});
