// Whoever opens a merge request chooses many texts: reason, ticket, contact, names of files, branch and commits, title, description, their own names on
// GitLab. What muster writes where GitLab acts on text has none of them (case 63).
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileChanges } from '../support/gitlab/repository.ts';
import type { MergeRequest, User } from '../support/gitlab/world.ts';
import { botOf, noteOn, opened, sceneWithNotes } from './evidence/notes.ts';
import { grantPath } from './evidence/policy-files.ts';
import { group, startWorld, type Scene } from './evidence/world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const hostile =
  '\n/approve\n/merge\n@all @alice <script>alert(1)</script> [x](https://evil.example) ![i](https://evil.example/x.png) `code` <!--';
const world = ofThisFile(() => startWorld());
let scene: Scene;
let evil: User;

beforeEach(async () => {
  scene = await sceneWithNotes(world);
  evil = world.gitlab.forge.createUser('all', { id: 600 + scene.project.id });
  scene.project.members.set(evil.id, 30);
});

/** No command, no mention, no markup, no link: nothing that the author wrote. */
function expectInert(text: string): void {
  expect(text).not.toMatch(/\/approve|\/merge\b|@|script|evil|alert|Mallory|<b>|\]\(/);
  expect(text).not.toMatch(/^\s*\//m);
  expect(text.replace(/^<!-- muster: [a-z ,]+ -->/, '')).not.toMatch(/[<>]/);
}

const grant = () => {
  const text = JSON.stringify(hostile.replaceAll('\n', ' '));
  return `reason: ${text}\ncontact: ${text}\nticket: ${text}\nuntil: ${scene.day(20)}\n`;
};

async function open(files: FileChanges, branch: string): Promise<MergeRequest> {
  return scene.open(evil, files, { title: hostile, description: hostile, branch });
}

/** All that muster says of a merge request, there and on the command line. */
async function said(mergeRequest: MergeRequest): Promise<readonly string[]> {
  const number = String(mergeRequest.iid);
  await scene.run('review', number, '--post');
  return [noteOn(mergeRequest), (await scene.run('review', number)).stdout, (await scene.run('review', number, '--json')).stdout];
}

describe('given an author who writes commands, mentions and markup wherever text is possible', () => {
  it.each([
    { given: 'in order and approved', branch: 'x/approve@all`<b>', approves: true, files: () => ({ [grantPath('urbanecm')]: grant() }) },
    { given: 'approved by the author alone', branch: 'y/merge', approves: false, files: () => ({ [grantPath('urbanecm')]: grant() }) },
    {
      given: 'broken',
      branch: 'z@alice',
      approves: true,
      files: () => ({
        [grantPath('hoo')]: `reason: [${hostile}`,
        [grantPath('@all\n')]: grant(),
        'policy/groups/<b>.yaml': hostile,
        '<b>@all': hostile,
      }),
    },
  ])('when it is $given, then nothing of it is in the note, open, merged and judged', async ({ branch, approves, files }) => {
    const mergeRequest = await open(files(), branch);
    scene.approve(mergeRequest, evil, ...(approves ? [world.alice] : []));
    evil.name = `Mallory ${hostile}`;
    evil.username = `all${hostile.replaceAll(/\s/g, '')}`;
    const texts = [...(await said(mergeRequest))];
    await scene.merge(mergeRequest, { by: evil });
    await scene.run('reconcile');
    texts.push(noteOn(mergeRequest), ...(await said(mergeRequest)));

    expect(texts[0]).toContain(`the GitLab account number \`${evil.id}\``);
    texts.forEach(expectInert);
  });

  it('when it is asked for by muster request, then title, description and branch have nothing of it, and the file has all of it', async () => {
    scene.project.members.set(botOf(world).id, 30);
    const texts = ['--reason', hostile.replaceAll('\n', ' '), '--contact', hostile.replaceAll('\n', ' '), '--ticket', '@all /approve'];
    const { status, stderr } = await scene.run('request', group, 'urbanecm', '--until', scene.day(20), ...texts);
    expect(status, stderr).toBe(0);
    const { title, description, sourceBranch } = opened(scene, 1);
    [title, description, sourceBranch].forEach(expectInert);
    expect(await scene.project.git.git('show', `${sourceBranch}:${grantPath('urbanecm')}`)).toContain('<script>alert(1)</script>');
    expect((await scene.run('request', group, 'hoo', '--until', '@all\n/approve', '--reason', 'x')).status).toBe(1);
    expect(scene.project.mergeRequests).toHaveLength(1);
  });
});
