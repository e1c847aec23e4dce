// docs/requesting.md, followed step by step by somebody who has never seen the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { noteOn, opened } from '../journeys/evidence/notes.ts';
import { day, group, lookingTime, minute, startWorld, type Scene } from '../journeys/evidence/world.ts';
import { runHere } from '../support/in-process.ts';
import type { MergeRequest, User } from '../support/gitlab/world.ts';
import { openGuide, policyJob, realScene } from './guide.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const page = openGuide('docs/requesting.md');
const file = `policy/grants/${group}/hoo.yaml`;
const world = ofThisFile(() => startWorld());
let scene: Scene;
let hoo: User;

beforeEach(async () => {
  // The dates on the page are to come.
  world.gitlab.clock.set('2026-11-23T10:00:00Z');
  scene = await realScene(world);
  scene.project.visibility = 'public';
  hoo = world.gitlab.forge.createUser(`hoo-${scene.project.id}`);
});

/** The file that the page shows, with another last day. */
const grant = (until: string) => page.block('until: 2026-12-07').replace('2026-12-07', until);

async function merged(mergeRequest: MergeRequest, approve = true): Promise<MergeRequest> {
  if (approve) scene.approve(mergeRequest, world.alice);
  await scene.merge(mergeRequest);
  await scene.run('reconcile');
  return mergeRequest;
}

const change = (content: string | null) => scene.open(world.carol, { [file]: content });

describe('given the page for people who ask', () => {
  it('when it is followed from the first step to the last day, then everything happens as it says', async () => {
    page.says('As file name write `policy/grants/GROUP/UID.yaml`, with the group for GROUP and your own uid for UID');
    page.says('it makes you a copy of the project to write in');
    page.says('choose the template `Grant`');
    const fork = await world.gitlab.forge.fork(scene.project, hoo);
    const description = readFileSync('.gitlab/merge_request_templates/Grant.md', 'utf8');
    const asked = await scene.open(hoo, { [file]: grant('soon') }, { sourceProject: fork, description });

    page.says('If it is red, open it: its log says which line is wrong, and what to write instead.');
    const red = await policyJob(asked, world.gitlab.clock.now());
    expect(red.status).toBe(1);
    expect(red.stdout).toMatch(new RegExp(`${file}:4:8: error bad-time: .*\\n.*[Ww]rite `));
    page.says('Correct the file in the same merge request.');
    await world.gitlab.commitAndPush(fork, hoo, asked.sourceBranch, { [file]: page.block('until: 2026-12-07') });
    scene.wait(minute);
    expect((await policyJob(asked, world.gitlab.clock.now())).status).toBe(0);

    page.says('what the merge request does, until when, whether the directory knows you, and whose approval is missing.');
    await scene.run('reconcile');
    await scene.run('judge');
    expect(noteOn(asked)).toMatch(/`hoo` gets into `klaxon-users`, until the end of 2026-12-07\.\n- The directory has a person `hoo`\./);
    expect(noteOn(asked)).toContain('1 approval missing, by `sre` (`alice`,');
    scene.approve(asked, world.alice);
    page.says('If you push again afterwards, they have to revoke the approval and approve again');
    await world.gitlab.commitAndPush(fork, hoo, asked.sourceBranch, { [file]: grant('2026-12-06') });
    scene.wait(minute);
    expect((await scene.run('review', '1')).stdout).toContain('revoke the approval and approve again');
    world.gitlab.unapprove(asked, world.alice);
    await merged(asked);

    page.says('it says when you may merge, that you have access, and a week before the end that it comes.');
    page.says('**Sign out and sign in again**');
    expect(await scene.members()).toEqual(['hoo']);
    // Judging writes the note, and learns from the run before who is in.
    await scene.run('reconcile');
    expect(noteOn(asked)).toMatch(/`hoo` is in `klaxon-users` since [^]*sign out there and in again/);
    scene.wait(7 * day);
    await scene.run('reconcile');
    expect(noteOn(asked)).toContain('**In force, and about to end.**');
    page.says('You have access to the end of that day, UTC.');
    world.gitlab.clock.set('2026-12-06T23:59:00Z');
    await scene.run('reconcile');
    expect(await scene.members()).toEqual(['hoo']);
    scene.wait(2 * minute);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);
  });

  it('when it was merged without approval, then the way back is as it says, and nothing else works', async () => {
    const same = await change(grant(scene.day(20)));
    const first = await merged(await change(grant(scene.day(20))), false);
    page.says('the note says so, and why. Such a merge has no effect, and approving it afterwards does not help.');
    expect(noteOn(first)).toContain('Nobody had approved it.');
    expect(() => scene.approve(first, world.alice)).toThrow('401');
    page.says('A new merge request with the same file has no effect as long as the first change stands on the branch');
    expect((await scene.run('review', String(same.iid))).stdout).toContain('Merging this changes nothing');
    const other = await merged(await change(grant(scene.day(21))));
    expect(noteOn(other)).toContain('The file already held an unapproved change');

    page.says('Merge what this opens: nobody needs to approve it.');
    await merged(await change(null), false);
    page.says('press "Revert" again. This opens a second merge request');
    await merged(await change(grant(scene.day(21))));
    expect(await scene.members()).toEqual(['hoo']);
    expect(noteOn(other)).toContain('undone since: nothing is left to do');
  });

  it('when more time is needed, then it is given anew from the merge, also after a gap, and nothing is lost meanwhile', async () => {
    await merged(await change(grant(scene.day(20))));
    page.says('What you have stays in force until its own end, whatever becomes of the merge request.');
    const unapproved = await merged(await change(grant(scene.day(60))), false);
    expect(noteOn(unapproved)).toContain('it has no effect');
    expect(await scene.members()).toEqual(['hoo']);
    await merged(await change(grant(scene.day(20))), false);

    page.says('afterwards works too, with a gap');
    scene.wait(30 * day);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);
    page.says('The longest time counts anew from that merge.');
    await merged(await change(grant(scene.day(89))));
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when less is needed, then it acts unapproved, and putting it back needs an approval', async () => {
    await merged(await change(grant(scene.day(40))));
    page.says('Less access acts as soon as it is merged, even when nobody approved it.');
    const old = grant(scene.day(40));
    await merged(await change(grant(scene.day(10))), false);
    page.says('If nobody approved the shorter date, nothing in that file can be changed until somebody has put the old date back');
    const stopped = await change(grant(scene.day(20)));
    expect((await scene.run('review', String(stopped.iid))).stdout).toContain('Somebody put it there without approval.');
    page.says('Even then you do not have the time back: more access needs an approval.');
    await merged(await change(old), false);
    scene.wait(11 * day);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);

    await merged(await change(grant(scene.day(20))));
    expect(await scene.members()).toEqual(['hoo']);
    page.says('Unapproved removals have a limit a day');
    scene.wait(2 * day);
    page.says('Delete your file in a merge request (description `Removal`)');
    await merged(await change(null), false);
    expect(await scene.members()).toEqual([]);
  });

  it('when the commands for a terminal are typed, then they do what the page says', async () => {
    scene.project.members.set(hoo.id, 30);
    const own = page.block('project: it/access').replaceAll('https://gitlab.example.org', world.gitlab.url);
    const ownFile = join(scene.folder, 'own.yaml');
    writeFileSync(ownFile, own.replaceAll('it/access', scene.project.path));
    writeFileSync(join(scene.folder, 'own-token'), world.gitlab.forge.createToken(hoo, ['api']).value, { mode: 0o600 });
    const [variables = '', typed = ''] = page.block('muster request').split('\n');
    expect(variables).toBe('export MUSTER_CONFIG=muster.yaml MUSTER_GITLAB_TOKEN_FILE=token');
    const words = [...typed.replace('GROUP UID', `${group} urbanecm`).matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    const env = { MUSTER_GITLAB_TOKEN_FILE: join(scene.folder, 'own-token') };
    const type = async (...args: readonly string[]) => {
      const at = new Date(world.gitlab.clock.now());
      const { status, stdout, stderr } = await runHere(args, { config: ownFile, at, env });
      expect(status, stderr).toBe(0);
      scene.wait(lookingTime);
      return stdout;
    };

    page.says('It prints the link of the merge request.');
    expect(await type(...words.slice(1))).toContain(`${world.gitlab.url}/${scene.project.path}/-/merge_requests/1\n`);
    await merged(opened(scene, 1));
    expect(await scene.members()).toEqual(['urbanecm']);
    page.says('Typed again with a later `--until` it asks for more time; with `--revoke` and nothing else, for the end.');
    await type('request', 'klaxon-users', 'urbanecm', '--until', scene.day(60));
    await merged(opened(scene, 2), false);
    page.says('`muster request --mend 12` opens the two steps of the way back');
    page.says('it needs the `start` of the host in `muster.yaml`');
    writeFileSync(ownFile, readFileSync(ownFile, 'utf8').replace(/start: \S+/, `start: ${scene.start}`));
    await type('request', '--mend', '2');
    await merged(opened(scene, 3), false);
    await merged(opened(scene, 4));
    expect(noteOn(opened(scene, 4))).toContain('**In force.**');
    await type('request', 'klaxon-users', 'urbanecm', '--revoke');
    await merged(opened(scene, 5));
    expect(await scene.members()).toEqual([]);
  });
});
