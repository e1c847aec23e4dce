// What was on the screen, and who put it there (cases 96, 97, 99, 100, 123, and neighbours).
import { describe, expect, it } from 'vitest';
import { pushMany } from '../../support/gitlab/pushing.ts';
import type { MergeRequest, User } from '../../support/gitlab/world.ts';
import { grantFile, grantPath, policyFile } from './policy-files.ts';
import { refusals, waitsFor } from '../documents.ts';
import { minute, second, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');
const open = (scene: Scene, author = world.carol): Promise<MergeRequest> => scene.open(author, { [urbanecm]: grantFile(scene.day(14)) });

/** The verdict on it once it is merged: who is in, and why not. */
async function endOf(scene: Scene, mergeRequest: MergeRequest): Promise<{ members: readonly string[]; message: string }> {
  await scene.merge(mergeRequest);
  const { policy } = await scene.reconcile();
  return { members: await scene.members(), message: policy.refused.map(({ message }) => message).join() };
}

describe('case 97: given an approval soon after a push', () => {
  it.each([
    { after: 1, gives: [] },
    { after: 5 * second, gives: [] },
    { after: 59 * second, gives: [] },
    { after: 61 * second, gives: ['urbanecm'] },
  ])('when it comes $after ms after the version, then $gives is in', async ({ after, gives }) => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    await scene.push(world.carol, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
    world.gitlab.approve(mergeRequest, world.alice, (mergeRequest.versions.at(-1)?.at ?? 0) + after);
    const { members, message } = await endOf(scene, mergeRequest);
    expect(members).toEqual(gives);
    expect(message).toContain(
      gives.length > 0 ? '' : 'alice approved less than a minute after the content had changed; it had to be revoked and given again',
    );
  });

  it('when something else stood there for a moment of the minute before the approval, then it does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    const approved = mergeRequest.head;
    await scene.push(world.carol, { [grantPath('hoo')]: grantFile(scene.day(14)) }, mergeRequest.sourceBranch);
    await world.gitlab.push(scene.project, world.carol, mergeRequest.sourceBranch, approved);
    scene.wait(30 * second);
    scene.approve(mergeRequest, world.alice);
    expect((await endOf(scene, mergeRequest)).members).toEqual([]);
  });

  it('when alice revokes and approves again a minute later, then it counts; a second click alone changes nothing', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    world.gitlab.approve(mergeRequest, world.alice, (mergeRequest.versions.at(-1)?.at ?? 0) + 5 * second);
    expect(() => world.gitlab.approve(mergeRequest, world.alice)).toThrow('already approved');
    world.gitlab.unapprove(mergeRequest, world.alice);
    scene.approve(mergeRequest, world.alice);
    expect((await endOf(scene, mergeRequest)).members).toEqual(['urbanecm']);
  });
});

describe('case 96: given a push whose note the account of the token may not see', () => {
  async function hiddenPush(by: User, pushed: 'shown' | 'not shown'): Promise<{ scene: Scene; mergeRequest: MergeRequest }> {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    await scene.push(by, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
    for (const note of mergeRequest.notes) note.hidden = true;
    if (pushed === 'not shown') world.gitlab.faults.add(/\/events/, { kind: 'answer', status: 403 });
    scene.approve(mergeRequest, world.alice);
    return { scene, mergeRequest };
  }

  it('when an event tells that carol pushed, then alice counts', async () => {
    const { scene, mergeRequest } = await hiddenPush(world.carol, 'shown');
    expect((await endOf(scene, mergeRequest)).members).toEqual(['urbanecm']);
  });

  it('when an event tells that alice pushed, then she does not count', async () => {
    const { scene, mergeRequest } = await hiddenPush(world.alice, 'shown');
    expect((await endOf(scene, mergeRequest)).message).toContain('alice pushed to its branch');
  });

  it('when nothing tells who pushed, then it waits', async () => {
    const { scene, mergeRequest } = await hiddenPush(world.carol, 'not shown');
    await scene.merge(mergeRequest);
    const run = await scene.reconcile();
    expect([waitsFor(run), await scene.members()]).toEqual([['pusher-hidden'], []]);
  });
});

describe('case 99: given a person with two accounts, one of them deleted', () => {
  const twice = () => ({ policy: policyFile({ people: { alice: { gitlab: [42, 98] } } }) });
  const again = (scene: Scene): User => {
    const user = world.gitlab.forge.users.find(({ id }) => id === 98) ?? world.gitlab.forge.createUser('alice-again', { id: 98 });
    scene.project.members.set(user.id, 40);
    return user;
  };

  it('when it opened the merge request, then nobody counts', async () => {
    const scene = await world.scene();
    const other = again(scene);
    const mergeRequest = await open(scene, other);
    scene.approve(mergeRequest, world.alice);
    world.gitlab.forge.deleteUser(other);
    expect((await endOf(scene, mergeRequest)).message).toContain('alice may be the one who opened the merge request');
  });

  it('when it pushed to the merge request of carol, then nobody counts, also where the policy knows both accounts', async () => {
    const scene = await world.scene(twice());
    const other = again(scene);
    const mergeRequest = await open(scene);
    await scene.push(other, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
    scene.approve(mergeRequest, world.alice);
    world.gitlab.forge.deleteUser(other);
    expect((await endOf(scene, mergeRequest)).message).toContain('alice may be the one who pushed to its branch');
  });

  it('when it pushed before carol opened the merge request, then nobody counts', async () => {
    const scene = await world.scene();
    const other = again(scene);
    await scene.push(other, { [urbanecm]: grantFile(scene.day(20)) }, 'prepared');
    await scene.push(world.bob, { 'README.md': 'something else\n' }, 'elsewhere');
    const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author: world.carol, sourceBranch: 'prepared' });
    scene.wait(2 * minute);
    scene.approve(mergeRequest, world.alice);
    world.gitlab.forge.deleteUser(other);
    expect((await endOf(scene, mergeRequest)).message).toContain('alice may be the one who pushed to its branch');
  });
});

describe('case 100: given four branches pushed at once', () => {
  it.each([
    { by: 'alice', gives: [] },
    { by: 'carol', gives: ['urbanecm'] },
  ] as const)(
    'when $by pushed them, and carol opens a merge request from one that alice approves, then $gives is in',
    async ({ by, gives }) => {
      const scene = await world.scene();
      const { git } = scene.project;
      const commit = await git.commit({ parents: [scene.start], changes: { [urbanecm]: grantFile(scene.day(14)) } });
      await pushMany(world.gitlab.forge, scene.project, world[by], new Map(['one', 'two', 'three', 'four'].map((name) => [name, commit])));
      scene.wait(second);
      const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author: world.carol, sourceBranch: 'one' });
      scene.wait(2 * minute);
      scene.approve(mergeRequest, world.alice);
      expect((await endOf(scene, mergeRequest)).members).toEqual(gives);
    },
  );

  it('when alice pushed them onto an open merge request, then she does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    const { git } = scene.project;
    const commit = await git.commit({ parents: [mergeRequest.head], changes: { [urbanecm]: grantFile(scene.day(20)) } });
    const branches = ['one', 'two', 'three', mergeRequest.sourceBranch].map((name) => [name, commit] as const);
    await pushMany(world.gitlab.forge, scene.project, world.alice, new Map(branches));
    scene.wait(2 * minute);
    scene.approve(mergeRequest, world.alice);
    expect((await endOf(scene, mergeRequest)).message).toContain('alice pushed to its branch');
  });
});

describe('case 123: given the same content written anew', () => {
  it('when alice presses Rebase and approves, then she counts', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    await scene.push(world.bob, { 'README.md': 'Something else came first\n' });
    await world.gitlab.rebase(mergeRequest, world.alice);
    scene.wait(2 * minute);
    scene.approve(mergeRequest, world.alice);
    expect((await endOf(scene, mergeRequest)).members).toEqual(['urbanecm']);
  });

  it('when alice pushed something of it before she pressed Rebase, then she does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    await scene.push(world.alice, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
    await scene.push(world.bob, { 'README.md': 'Something else came first\n' });
    await world.gitlab.rebase(mergeRequest, world.alice);
    scene.wait(2 * minute);
    scene.approve(mergeRequest, world.alice);
    expect((await endOf(scene, mergeRequest)).message).toContain('alice pushed to its branch');
  });

  it('when a version is made anew with the head of the one before, and notes are hidden, then alice counts', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    await world.gitlab.retarget(mergeRequest, world.carol, 'main');
    mergeRequest.notes.push({ id: 1, body: 'mentioned', system: true, author: world.carol, at: 0, updatedAt: 0, hidden: true });
    scene.wait(2 * minute);
    scene.approve(mergeRequest, world.alice);
    const { members, message } = await endOf(scene, mergeRequest);
    expect([members, message, refusals(await scene.reconcile())]).toEqual([['urbanecm'], '', []]);
  });
});
