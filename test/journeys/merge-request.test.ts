// The way of one person into the group and out again, as it looks on the merge request: asked with `muster request`, told by the one note.
import { beforeEach, describe, expect, it } from 'vitest';
import type { MergeRequest } from '../support/gitlab/world.ts';
import { botOf, noteOn, notesOn, opened as openedIn, sceneWithNotes } from './evidence/notes.ts';
import { groupFile, policyFile } from './evidence/policy-files.ts';
import { day, group, minute, startWorld, type Scene } from './evidence/world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());
let scene: Scene;

beforeEach(async () => {
  scene = await sceneWithNotes(world);
  // `muster request` takes the same token where the caller has none of their own.
  scene.project.members.set(botOf(world).id, 30);
});

const opened = (number: number): MergeRequest => openedIn(scene, number);

async function request(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await scene.run('request', ...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const file = `policy/grants/${group}/urbanecm.yaml`;

describe('given a person who asks with muster request', () => {
  it('when it is approved, merged, in force and over, then the one note says each of it in turn', async () => {
    const printed = await request(
      group,
      'urbanecm',
      '--until',
      scene.day(20),
      '--reason',
      'An abuse wave: "now" # soon',
      '--contact',
      'irc',
    );
    const asked = opened(1);
    expect(printed).toContain(`/${scene.project.path}/-/merge_requests/1\n`);
    scene.wait(minute);

    // From a fork there is no pipeline that may write a note: the host does.
    await scene.run('reconcile');
    expect(noteOn(asked)).toContain('Needs approval.');
    expect(noteOn(asked)).toContain(`\`urbanecm\` gets into \`${group}\``);
    expect(noteOn(asked)).toContain('1 approval missing, by `sre` (`alice`, `bob`, `carol`)');
    scene.approve(asked, world.alice);
    await scene.run('judge');
    expect(noteOn(asked)).toContain('**Approved: it can be merged now.**');
    expect(noteOn(asked)).toContain('The directory has a person `urbanecm`.');
    expect((await scene.run('explain', 'urbanecm')).stdout).toContain('the merge request !1 is open');

    await scene.merge(asked);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual(['urbanecm']);
    // Judging tells it a minute later, when converging has left how far it came.
    await scene.run('judge');
    expect(noteOn(asked)).toContain('**In force.**');
    expect(noteOn(asked)).toMatch(/`urbanecm` is in `klaxon-users` since 2026-.* UTC, until the end of 2026-/);
    expect(noteOn(asked)).toContain('sign out there and in again');

    scene.wait(14 * day);
    await scene.run('reconcile');
    expect(noteOn(asked)).toContain('**In force, and about to end.**');
    scene.wait(7 * day);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);
    expect(noteOn(asked)).toContain('**Ended.**');
  });

  it('when nothing changed since the last run, then GitLab is asked one thing: what was updated', async () => {
    await request(group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave', '--contact', 'irc');
    scene.wait(minute);
    scene.approve(opened(1), world.alice);
    await scene.merge(opened(1));
    await scene.run('reconcile');
    await scene.run('judge');
    const written = noteOn(opened(1));
    world.gitlab.faults.forget();

    await scene.run('reconcile');

    expect(world.gitlab.faults.count(/\/api\//)).toBe(1);
    expect(world.gitlab.faults.count(/merge_requests/)).toBe(1);
    expect(noteOn(opened(1))).toBe(written);
  });

  it('when GitLab does not take the note, then the run is in order and the next one writes it', async () => {
    await request(group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave', '--contact', 'irc');
    scene.wait(minute);
    scene.approve(opened(1), world.alice);
    await scene.merge(opened(1));
    world.gitlab.faults.add(/\/user$/, { kind: 'answer', status: 503 });

    const { status, stderr } = await scene.run('reconcile');

    expect(status).toBe(0);
    expect(stderr).toContain('the note on !1 was not written');
    expect(notesOn(opened(1))).toEqual([]);
    world.gitlab.faults.clear();
    await scene.run('reconcile');
    expect(noteOn(opened(1))).toContain('**In force.**');
  });

  it('when the answer to the new note is lost, then it is not sent twice and the next run keeps it as the only one', async () => {
    await request(group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave', '--contact', 'irc');
    scene.wait(minute);
    scene.approve(opened(1), world.alice);
    await scene.merge(opened(1));
    // The stand-in does what it is asked before the answer is spoiled.
    world.gitlab.faults.add(/notes$/, { kind: 'answer', status: 502 }, { method: 'POST' });

    const { status } = await scene.run('reconcile');

    expect(status).toBe(0);
    expect(notesOn(opened(1))).toHaveLength(1);
    world.gitlab.faults.clear();
    await scene.run('reconcile');
    expect(noteOn(opened(1))).toContain('**In force.**');
  });

  it('when more time is asked for, then the same file changes and the first note names what replaced it', async () => {
    await request(group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave', '--contact', 'irc');
    scene.wait(minute);
    scene.approve(opened(1), world.alice);
    await scene.merge(opened(1));
    await scene.run('reconcile');

    await request(group, 'urbanecm', '--until', scene.day(40), '--reason', 'Another wave');
    scene.wait(minute);
    expect(opened(2).title).toContain('Renew');
    expect((await scene.run('review', '2')).stdout).toContain('has more time');
    scene.approve(opened(2), world.alice);
    await scene.merge(opened(2));
    await scene.run('reconcile');

    expect(noteOn(opened(1))).toContain('a later change counts now, of merge request !2');
    expect(noteOn(opened(2))).toContain('**In force.**');
    expect(await scene.project.git.git('show', `main:${file}`)).toBe(`reason: Another wave\ncontact: irc\nuntil: ${scene.day(40)}`);
  });

  it('when the end is asked for and merged, then the person is out and the note says so', async () => {
    await scene.land({ [file]: `reason: x\ncontact: irc\nuntil: ${scene.day(20)}\n` });
    await scene.run('reconcile');

    await request(group, 'urbanecm', '--revoke');
    scene.wait(minute);
    expect((await scene.run('review', '2')).stdout).toContain(`\`urbanecm\` leaves \`${group}\``);
    scene.approve(opened(2), world.alice);
    await scene.merge(opened(2));
    await scene.run('reconcile');

    expect(await scene.members()).toEqual([]);
    expect(noteOn(opened(2))).toContain('**Done: access was taken away.**');
  });
});

describe('given a merge request that is in force', () => {
  it('when somebody would mend it, then that is refused with who approved it, and nothing is opened', async () => {
    await request(group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave', '--contact', 'irc');
    scene.wait(minute);
    scene.approve(opened(1), world.alice);
    await scene.merge(opened(1));
    await scene.run('reconcile');
    expect(await scene.members()).toEqual(['urbanecm']);

    const { status, stderr, stdout } = await scene.run('request', '--mend', '1');

    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /!1 came into force at .*, approved by alice, so there is nothing to mend\. .* muster request GROUP UID --revoke/,
    );
    expect(scene.project.mergeRequests.length).toBe(1);
  });
});

describe('given a merge that nobody approved', () => {
  it('when it is mended with the pair of reverts, then the person is in and the notes led the way', async () => {
    await request(group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave', '--contact', 'irc');
    scene.wait(minute);
    await scene.merge(opened(1));
    expect((await scene.run('reconcile')).status).toBe(4);
    expect(noteOn(opened(1))).toContain('**Merged without a valid approval: it has no effect.**');

    await request('--mend', '1');
    scene.wait(minute);
    expect((await scene.run('review', '2')).stdout).toContain('Ready to merge; no approval needed.');
    expect((await scene.run('review', '3')).stdout).toContain('Merging this changes nothing');
    await scene.merge(opened(2));
    await scene.run('reconcile');
    expect(noteOn(opened(1))).toContain('undone since: nothing is left to do');
    expect((await scene.run('review', '3')).stdout).toContain('Needs approval.');
    scene.approve(opened(3), world.alice);
    await scene.merge(opened(3));
    await scene.run('reconcile');

    expect(await scene.members()).toEqual(['urbanecm']);
    await scene.run('judge');
    expect(noteOn(opened(3))).toContain('**In force.**');
  });
});

describe('given a file that somebody pushed to the branch without a merge request', () => {
  it('when a merge request changes it, then the note tells what is in force and what slipped in, not the difference between files', async () => {
    await scene.push(world.mallory, { [file]: `reason: x\ncontact: irc\nuntil: ${scene.day(10)}\n` });
    await scene.settle();
    const mergeRequest = await scene.open(world.carol, { [file]: `reason: x\ncontact: irc\nuntil: ${scene.day(12)}\n` });

    const { status, stdout } = await scene.run('review', String(mergeRequest.iid));

    expect(status).toBe(1);
    expect(stdout).toContain('`urbanecm` gets into');
    expect(stdout).toContain('#### On the branch already, and not in force');
    expect(stdout).toContain('it was pushed to the branch without a merge request');
  });

  it('when a merge request brings the very same file, then the note says that merging changes nothing, and the way back', async () => {
    const grant = `reason: x\ncontact: irc\nuntil: ${scene.day(10)}\n`;
    const mergeRequest = await scene.open(world.carol, { [file]: grant });
    scene.approve(mergeRequest, world.alice);
    await scene.push(world.mallory, { [file]: grant });
    await scene.settle();

    const { stdout } = await scene.run('review', String(mergeRequest.iid));

    expect(stdout).toContain('its files are on the branch already, unapproved');
    expect(stdout).toContain('First revert what is on the branch');
  });
});

describe('given rules', () => {
  it('when a merge request adds a person to a team, then the note says whose approval it needs and that hers does not count', async () => {
    const mergeRequest = await scene.open(world.mallory, {
      'policy/policy.yaml': policyFile({ people: { mallory: { gitlab: 66 } }, sre: ['alice', 'bob', 'carol', 'mallory'] }),
    });
    scene.approve(mergeRequest, world.mallory, world.bob);

    const { stdout, status } = await scene.run('review', String(mergeRequest.iid));

    expect(status).toBe(0);
    expect(stdout).toContain('Team `sre`: 3 people become 4. New: `mallory`. They may then approve access to `klaxon-users`.');
    expect(stdout).toContain('The approval by `bob` counts.');
    expect(stdout).toContain('the GitLab account number `66` does not count');
    await scene.merge(mergeRequest);
    await scene.run('reconcile');
    expect(noteOn(mergeRequest)).toContain('The changed rules are in force for everything that is merged after them.');
  });

  it('when rules and grants change together, then the note says to split them', async () => {
    const mergeRequest = await scene.open(world.carol, {
      [`policy/groups/${group}.yaml`]: groupFile().replace('90 days', '80 days'),
      [file]: `reason: x\ncontact: irc\nuntil: ${scene.day(10)}\n`,
    });

    const { stdout } = await scene.run('review', String(mergeRequest.iid));

    expect(stdout).toContain('Rules and grants change together. Change the rules and the grants in two merge requests.');
  });
});
