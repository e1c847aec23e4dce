// What people read on a merge request that was merged and is not in force: why, which approval did not count, and what to do now.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MergeRequest, User } from '../support/gitlab/world.ts';
import { noteOn, sceneWithNotes } from './evidence/notes.ts';
import { grantFile, grantPath } from './evidence/policy-files.ts';
import { day, startWorld, type Scene, type World } from './evidence/world.ts';

let world: World;
let scene: Scene;
let mergeRequest: MergeRequest;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  scene = await sceneWithNotes(world);
});

const change = (days = 30) => ({ [grantPath('urbanecm')]: grantFile(scene.day(days)) });

async function mergedWith(author: User, approve: () => Promise<void> | void): Promise<string> {
  mergeRequest = await scene.open(author, change());
  await approve();
  await scene.merge(mergeRequest);
  expect((await scene.run('reconcile')).status).toBe(4);
  return noteOn(mergeRequest);
}

describe('given a merge whose approvals do not count', () => {
  it('when one was the author’s, one came before the last push and one is a stranger’s, then the note says so of each', async () => {
    const stranger = world.gitlab.forge.createUser('stranger', { id: 4711 });
    const note = await mergedWith(world.carol, async () => {
      scene.approve(mergeRequest, world.alice, world.carol, stranger);
      await scene.push(world.carol, change(32), mergeRequest.sourceBranch);
    });

    expect(note).toContain(`- \`${grantPath('urbanecm')}\`: 0 of 1 approval by \`sre\`.`);
    expect(note).toContain('`alice` approved before the last push; it had to be revoked and given again before the merge.');
    expect(note).toContain('`carol` opened the merge request.');
    expect(note).toContain('the GitLab account number `4711` is not among the people of policy.yaml.');
    expect(note).toContain('#### How to mend it');
    const { stdout } = await scene.run('review', String(mergeRequest.iid), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'refused',
      approvals: [
        { uid: 'alice', counted: false, reason: 'before-last-push' },
        { uid: 'carol', counted: false, reason: 'author' },
        { account: 4711, counted: false, reason: 'not-a-person-in-policy' },
      ],
      missing: [{ path: grantPath('urbanecm'), teams: ['sre'], approvals: 1 }],
    });
  });

  it('when nobody approved, then it says that', async () => {
    expect(await mergedWith(world.carol, () => undefined)).toContain('- Nobody had approved it.');
  });

  it('when the approval was more than two weeks old, then it says that', async () => {
    const note = await mergedWith(world.carol, () => {
      scene.approve(mergeRequest, world.alice);
      scene.wait(15 * day);
    });
    expect(note).toContain('`alice` approved more than 14 days before the merge;');
  });

  it('when one of two approvals counts, then it says which', async () => {
    scene = await sceneWithNotes(world, { group: `purpose: x\nowner: sre\nmembers: grants\napprovals: 2\nlongest: 90 days\n` });
    const note = await mergedWith(world.carol, () => scene.approve(mergeRequest, world.alice, world.carol));
    expect(note).toContain('1 of 2 approvals by `sre`.');
    expect(note).toContain('The approval by `alice` counts.');
    expect(note).toContain('The approval by `carol` does not count');
  });
});
