// What people read on a merge request that was merged and is not in force: why, which approval did not count, and what to do now.
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileChanges } from '../support/gitlab/repository.ts';
import type { MergeRequest, User } from '../support/gitlab/world.ts';
import { botOf, noteOn, notesOn, sceneWithNotes } from './evidence/notes.ts';
import { grantFile, grantPath } from './evidence/policy-files.ts';
import { day, minute, startWorld, type Scene } from './evidence/world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());
let scene: Scene;
let mergeRequest: MergeRequest;

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

describe('given a merge that is refused for its form, so that GitLab is not asked who approved it', () => {
  const silent = () => ({ [grantPath('urbanecm')]: `reason: x\nuntil: ${scene.day(30)}\n` });

  async function merge(changes: FileChanges): Promise<MergeRequest> {
    const one = await scene.open(world.carol, changes);
    scene.approve(one, world.alice);
    await scene.merge(one);
    return one;
  }

  it('when the grant lacks a contact, then its note says that; mended as it says, all is in force, and the first note says it is settled', async () => {
    const one = await merge(silent());
    await scene.run('reconcile');
    expect(noteOn(one)).toContain('- The grant lacks a field that its group requires.');
    expect(noteOn(one)).toContain('Mend it there: add it.');
    world.gitlab.faults.forget();
    await scene.run('reconcile');
    expect(world.gitlab.faults.count(/commits/)).toBe(0);

    await scene.merge(await scene.open(world.carol, { [grantPath('urbanecm')]: null }));
    await scene.run('reconcile');
    expect(noteOn(one)).toContain('undone since: nothing is left to do');
    const again = await merge(change(30));
    await scene.run('reconcile');

    expect(await scene.members()).toEqual(['urbanecm']);
    await scene.run('judge');
    expect(noteOn(again)).toContain('**In force.**');
  });

  it('when the pair of reverts is asked for, then the second is mended as the note on the first says, and all is in force', async () => {
    scene.project.members.set(botOf(world).id, 30);
    const one = await merge(silent());
    await scene.run('reconcile');
    expect((await scene.run('request', '--mend', String(one.iid))).status).toBe(0);
    const [, back, again] = scene.project.mergeRequests;
    if (!back || !again) throw new Error('the pair is missing');
    expect(again.description).toContain(`2. If the note on !${one.iid} names something to mend, push that to this branch.`);

    await scene.merge(back);
    await scene.push(world.carol, change(30), again.sourceBranch);
    scene.approve(again, world.alice);
    await scene.merge(again);
    await scene.run('reconcile');

    expect(await scene.members()).toEqual(['urbanecm']);
    expect(noteOn(one)).toContain('undone since: nothing is left to do');
  });

  it('when the same file stands there unapproved, then the note on the second says so', async () => {
    await scene.merge(await scene.open(world.carol, change(30)));
    const second = await merge(change(31));
    await scene.run('reconcile');
    expect(noteOn(second)).toContain('- The file already held an unapproved change');
  });

  it('when GitLab has not written down the merge yet, then the next run tells it', async () => {
    const one = await scene.open(world.carol, silent());
    await scene.merge(one, { lockedFor: 5 * minute });
    await scene.run('reconcile');
    expect(notesOn(one)).toEqual([]);
    scene.wait(6 * minute);
    await scene.run('reconcile');
    expect(noteOn(one)).toContain('- The grant lacks a field that its group requires.');
  });

  it('when GitLab does not answer, then the run is as it would be, and a later one tells it', async () => {
    const one = await merge(silent());
    world.gitlab.faults.add(/commits\/\w+\/merge_requests/, { kind: 'answer', status: 503 });
    const { status, stderr } = await scene.run('reconcile');
    expect(status).toBe(4);
    expect(stderr).toContain('GitLab did not say which merge request');
    scene.wait(40 * minute);
    await scene.run('reconcile');
    world.gitlab.faults.clear();
    await scene.run('reconcile');
    expect(noteOn(one)).toContain('- The grant lacks a field that its group requires.');
  });

  it('when it was pushed and no merge request is there, then GitLab is asked for a quarter of an hour and no longer', async () => {
    await scene.push(world.mallory, silent());
    await scene.run('reconcile');
    scene.wait(16 * minute);
    await scene.run('reconcile');
    world.gitlab.faults.forget();
    expect((await scene.run('reconcile')).status).toBe(4);
    expect(world.gitlab.faults.count(/commits/)).toBe(0);
  });
});
