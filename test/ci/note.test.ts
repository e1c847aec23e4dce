import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWithPeople } from '../support/gitlab/people.ts';
import type { MergeRequest, Project } from '../support/gitlab/world.ts';
import { grantFile, grantPath, groupFile, policyFile } from '../journeys/evidence/policy-files.ts';

const clock = fileURLToPath(new URL('../support/clock.cjs', import.meta.url));
const secret = 'glpat-the-secret-of-this-test';

describe('given the job that writes the note, and a merge request of a grant', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'muster-note-'));
  let cast: Awaited<ReturnType<typeof startWithPeople>>;
  let project: Project;
  let mergeRequest: MergeRequest;

  beforeAll(async () => {
    cast = await startWithPeople({ files: { 'policy/policy.yaml': policyFile(), 'policy/groups/klaxon-users.yaml': groupFile() } });
    const { gitlab, alice, mallory } = cast;
    project = cast.project;
    const bot = gitlab.forge.createUser('muster-bot');
    project.members.set(bot.id, 20);
    gitlab.forge.createToken(bot, ['api'], secret);
    const until = new Date(gitlab.clock.now() + 10 * 86_400_000).toISOString().slice(0, 10);
    await gitlab.commitAndPush(project, mallory, 'grant', { [grantPath('urbanecm')]: grantFile(until) });
    mergeRequest = await gitlab.openMergeRequest(project, { author: alice, sourceBranch: 'grant' });
    gitlab.clock.advance(60_000);
  });
  afterAll(async () => {
    await cast.gitlab.stop();
    rmSync(temporary, { recursive: true, force: true });
  });

  async function runJob(): Promise<string> {
    const { gitlab } = cast;
    const env = {
      PATH: process.env['PATH'],
      TMPDIR: temporary,
      NODE_OPTIONS: `--require=${clock}`,
      MUSTER_TEST_NOW: new Date(gitlab.clock.now()).toISOString(),
      MUSTER_COMMENT_TOKEN: secret,
      CI_SERVER_URL: gitlab.url,
      CI_MERGE_REQUEST_PROJECT_URL: `${gitlab.url}/${project.path}`,
      CI_MERGE_REQUEST_PROJECT_ID: String(project.id),
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
      CI_MERGE_REQUEST_IID: String(mergeRequest.iid),
      CI_MERGE_REQUEST_DIFF_BASE_SHA: await project.git.head('main'),
    };
    const { stdout, stderr } = await promisify(execFile)('.ci/note', { env });
    return stdout + stderr;
  }

  it('when it runs twice, then there is one note, it says what is missing, and the token is left nowhere', async () => {
    const printed = (await runJob()) + (await runJob());

    const notes = mergeRequest.notes.filter(({ author }) => author.username === 'muster-bot');
    expect(notes).toHaveLength(1);
    expect(notes[0]?.body).toMatch(/Needs approval\.[\s\S]*`urbanecm` gets into `klaxon-users`/);
    expect(printed).not.toContain(secret);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('when two pipelines run it at the same time for the first time, then one note is left, and both jobs are content', async () => {
    const { gitlab, alice, mallory } = cast;
    await gitlab.commitAndPush(project, mallory, 'again', { [grantPath('hoo')]: grantFile('2026-11-30') });
    mergeRequest = await gitlab.openMergeRequest(project, { author: alice, sourceBranch: 'again' });
    gitlab.clock.advance(60_000);

    await Promise.all([runJob(), runJob()]);

    const notes = mergeRequest.notes.filter(({ author }) => author.username === 'muster-bot');
    expect(notes.map(({ body }) => body)).toEqual([expect.stringContaining('`hoo` gets into `klaxon-users`')]);
  });
});
