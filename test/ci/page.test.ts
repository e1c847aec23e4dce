import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, cpSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWithPeople } from '../support/gitlab/people.ts';
import { grantFile, grantPath, groupFile, policyFile } from '../journeys/evidence/policy-files.ts';

const clock = fileURLToPath(new URL('../support/clock.cjs', import.meta.url));
const secret = 'glpat-the-secret-of-this-test';

describe('given the job that makes the page, one grant that was approved and one that was not', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'muster-pages-'));
  const checkout = join(temporary, 'checkout');
  let cast: Awaited<ReturnType<typeof startWithPeople>>;
  let start: string;

  beforeAll(async () => {
    for (const folder of [checkout, join(temporary, 'tmp')]) mkdirSync(folder);
    cpSync('.ci', join(checkout, '.ci'), { recursive: true });
    symlinkSync(join(process.cwd(), 'dist'), join(checkout, 'dist'));
    cast = await startWithPeople({ files: { 'policy/policy.yaml': policyFile(), 'policy/groups/klaxon-users.yaml': groupFile() } });
    const { gitlab, project, alice, bob } = cast;
    start = await project.git.head('main');
    const reader = gitlab.forge.createUser('pages');
    project.members.set(reader.id, 20);
    gitlab.forge.createToken(reader, ['read_api', 'read_repository'], secret);
    const until = new Date(gitlab.clock.now() + 10 * 86_400_000).toISOString().slice(0, 10);
    for (const name of ['urbanecm', 'mallory']) {
      await gitlab.commitAndPush(project, alice, name, { [grantPath(name)]: grantFile(until) });
      gitlab.clock.advance(60_000);
      const mergeRequest = await gitlab.openMergeRequest(project, { author: alice, sourceBranch: name });
      gitlab.clock.advance(70_000);
      if (name === 'urbanecm') gitlab.approve(mergeRequest, bob);
      gitlab.clock.advance(60_000);
      await gitlab.merge(mergeRequest, alice);
    }
  });
  afterAll(async () => {
    await cast.gitlab.stop();
    rmSync(temporary, { recursive: true, force: true });
  });

  it('when it runs, then the page names who has access, not why, and the token is left nowhere', async () => {
    const { gitlab, project } = cast;
    const env = {
      PATH: process.env['PATH'],
      TMPDIR: join(temporary, 'tmp'),
      NODE_OPTIONS: `--require=${clock}`,
      MUSTER_TEST_NOW: new Date(gitlab.clock.now()).toISOString(),
      MUSTER_READER_TOKEN: secret,
      MUSTER_START: start,
      CI_SERVER_URL: gitlab.url,
      CI_PROJECT_URL: `${gitlab.url}/${project.path}`,
      CI_PROJECT_ID: String(project.id),
      CI_COMMIT_BRANCH: 'main',
    };
    const { stdout, stderr } = await promisify(execFile)(join(checkout, '.ci/page'), { env });

    const page = readFileSync(join(checkout, 'public/index.html'), 'utf8');
    expect(page).toMatch(/<tr id="in-klaxon-users-urbanecm" class="soon">\s*<th scope="row">urbanecm<\/th>/);
    expect(page).toContain('mallory.yaml</b> is not in force');
    expect(page).toContain('From the policy alone');
    expect(page).not.toMatch(/approved by (?:alice|bob)|libera\.chat/);
    expect(page + stdout + stderr).not.toContain(secret);
    expect(readdirSync(join(temporary, 'tmp'))).toEqual([]);
    expect(existsSync(join(checkout, 'muster.yaml'))).toBe(false);
  });
});
