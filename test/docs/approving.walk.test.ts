// docs/approving.md, followed step by step by somebody on a team that may approve.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { noteOn } from '../journeys/evidence/notes.ts';
import { grantPath } from '../journeys/evidence/policy-files.ts';
import { day, group, minute, startWorld, type Scene } from '../journeys/evidence/world.ts';
import { runHere } from '../support/in-process.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';
import { openGuide, policyJob, realScene } from './guide.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const page = openGuide('docs/approving.md');
const file = grantPath('hoo');
const world = ofThisFile(() => startWorld());
let scene: Scene;

beforeEach(async () => {
  scene = await realScene(world);
});

const grant = (days: number) => `reason: x\ncontact: irc\nuntil: ${scene.day(days)}\nunderstood: 2026-11-01\n`;
const asked = (days = 20) => scene.open(world.mallory, { [file]: grant(days) });

async function noteAnew(mergeRequest: MergeRequest): Promise<string> {
  await scene.run('review', String(mergeRequest.iid), '--post');
  return noteOn(mergeRequest);
}

async function merged(mergeRequest: MergeRequest): Promise<void> {
  await scene.merge(mergeRequest);
  await scene.run('reconcile');
}

describe('given the two-minute check', () => {
  it('when it is followed, then note, approval and merge are as it says', async () => {
    const mergeRequest = await asked();
    page.says('**The job `policy` is green.**');
    expect((await policyJob(mergeRequest, world.gitlab.clock.now())).status).toBe(0);
    page.says('read its first line and "What it does"');
    const note = await noteAnew(mergeRequest);
    expect(note.split('\n')[2]).toMatch(/^\*\*.*\*\*$/);
    expect(note).toContain('#### What it does\n');
    page.says('It follows within some minutes. You need not wait for it.');
    scene.approve(mergeRequest, world.alice);
    expect(noteOn(mergeRequest)).toContain('Needs approval.');
    expect(await noteAnew(mergeRequest)).toContain('**Approved: it can be merged now.**');
    page.says('**approved first, merged second**');
    await merged(mergeRequest);
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when the project merges by fast-forward, then several commits count as one change, squashed or not', async () => {
    page.says('a merge request of several commits counts as one change');
    for (const method of ['ff', 'squash'] as const) {
      scene = await realScene(world);
      const mergeRequest = await asked(10);
      await scene.push(world.mallory, { [file]: grant(20) }, mergeRequest.sourceBranch);
      scene.approve(mergeRequest, world.alice);
      await scene.merge(mergeRequest, { method });
      await scene.run('reconcile');
      expect(await scene.members(), method).toEqual(['hoo']);
    }
  });

  it('when the answer is no, then the merge request is closed and nobody gains by it', async () => {
    page.says('Press **Revoke approval**, and then close it.');
    const mergeRequest = await asked();
    scene.approve(mergeRequest, world.alice);
    world.gitlab.unapprove(mergeRequest, world.alice);
    world.gitlab.close(mergeRequest, world.alice);
    await scene.run('reconcile');
    page.says('what is not merged gives nobody anything');
    expect(await scene.members()).toEqual([]);
  });

  it('when it is to be shorter, then whoever writes it does not approve it, and whoever suggests it does', async () => {
    page.says('do not press "Apply suggestion": then you have pushed to the branch, and your approval does not count');
    const own = await asked();
    await scene.push(world.alice, { [file]: grant(10) }, own.sourceBranch);
    scene.approve(own, world.alice);
    expect(await noteAnew(own)).toContain('`alice` pushed to its branch');
    page.says('You may write a suggestion; they apply it.');
    const theirs = await asked();
    await world.gitlab.suggestionApplied(theirs, { suggestedBy: world.alice, by: world.mallory, changes: { [file]: grant(10) } });
    scene.wait(2 * minute);
    page.says('"Rebase" you may press, as long as it leaves the change as it is.');
    await world.gitlab.rebase(theirs, world.alice);
    scene.wait(2 * minute);
    scene.approve(theirs, world.alice);
    expect(await noteAnew(theirs)).toContain('The approval by `alice` counts.');

    await merged(theirs);
    page.says('another merge request with an earlier `until` acts even without an approval');
    await merged(await asked(5));
    scene.wait(6 * day);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);
  });
});

describe('given a merge that came too early', () => {
  it('when the note says more under "How to mend it", then doing that helps', async () => {
    const early = await scene.open(world.mallory, { [file]: grant(20).replace('contact: irc\n', '') });
    await merged(early);
    page.says('Where the note of muster says more under "How to mend it", do that');
    expect(noteOn(early)).toMatch(
      /#### How to mend it[^]*1\. On GitLab, press "Revert"[^]*Mend it there: add it\.[^]*3\. Have the second one approved/,
    );
    await merged(await scene.open(world.mallory, { [file]: null }));
    const again = await asked();
    scene.approve(again, world.alice);
    await merged(again);
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when rules were merged too early, then no grant counts until they are as they were', async () => {
    page.says('no grant at all counts until those files are as they were: revert that first');
    const policy = readFileSync('policy/policy.yaml', 'utf8');
    await merged(await scene.open(world.mallory, { 'policy/policy.yaml': policy.replace('approvals: 1', 'approvals: 1 # one') }));
    const stopped = await asked();
    expect(await noteAnew(stopped)).toContain('Revert the unapproved change of the rules first');
    await merged(await scene.open(world.mallory, { 'policy/policy.yaml': policy }));
    scene.approve(stopped, world.alice);
    await merged(stopped);
    expect(await scene.members()).toEqual(['hoo']);
  });
});

describe('given an emergency', () => {
  const granted = async () => {
    const mergeRequest = await asked();
    scene.approve(mergeRequest, world.alice);
    await merged(mergeRequest);
    expect(await scene.members()).toEqual(['hoo']);
  };

  it('when somebody must lose access now, then the command on the page does it with GitLab down, until it is lifted', async () => {
    await granted();
    page.says('It shows whom it hits and removes them from every group that muster manages, at once.');
    const [, reason = ''] = /^muster revoke UID --reason "([^"]*)"$/m.exec(page.block('muster revoke UID')) ?? [];
    world.gitlab.faults.add(/./, { kind: 'answer', status: 503 });
    const { status, stdout } = await scene.run('revoke', 'hoo', '--reason', reason);
    expect(status).toBe(0);
    expect(stdout).toContain('uid=hoo,');
    expect(await scene.members()).toEqual([]);
    world.gitlab.faults.clear();
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);
    page.says('until somebody types `muster lift UID --reason "…"`');
    await scene.run('lift', 'hoo', '--reason', reason);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual(['hoo']);
    page.says('stays signed in until that session ends');
    expect(stdout).toContain('live on until they end');
  });

  it('when something wrong was approved, then the approval is taken back before the merge, and reverted after it', async () => {
    page.says('Not merged yet: **Revoke approval**.');
    const open = await asked();
    scene.approve(open, world.alice);
    world.gitlab.unapprove(open, world.alice);
    await merged(open);
    expect(await scene.members()).toEqual([]);
    await merged(await scene.open(world.mallory, { [file]: null }));

    await granted();
    page.says('Merged: revert it on GitLab and merge that; taking access away needs no approval.');
    await merged(await scene.open(world.bob, { [file]: null }));
    expect(await scene.members()).toEqual([]);
  });
});

it('given a grant that ends within a week, when the scheduled job looks, then it fails and says which', async () => {
  page.says('A scheduled pipeline of this project fails once a grant ends within a week');
  expect(readFileSync('.gitlab-ci.yml', 'utf8')).toContain('check policy --ending-within "7 days"');
  const folder = mkdtempSync(join(tmpdir(), 'muster-walk-'));
  const files = {
    [file]: grant(5),
    ...Object.fromEntries(['policy/policy.yaml', `policy/groups/${group}.yaml`].map((path) => [path, readFileSync(path, 'utf8')])),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const at = new Date(world.gitlab.clock.now());
  const { stdout } = await runHere(['check', 'policy', '--ending-within', '7 days'], { cwd: folder, at });
  rmSync(folder, { recursive: true, force: true });
  expect(stdout).toContain(`${file}:3:8: advice ends-soon: `);
});
