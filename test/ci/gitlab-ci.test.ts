import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneForPipelines, runTool, type Clone, type Variables } from './pipelines.ts';

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const hoo = 'policy/grants/klaxon-users/hoo.yaml';
const grant = (until: string) =>
  `reason: Watches the edit rate.\ncontact: irc hoo on libera.chat\nuntil: ${until}\nunderstood: 2026-11-01\n`;

const main: Variables = { CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: 'main' };
const schedule: Variables = { CI_PIPELINE_SOURCE: 'schedule' };
const mergeRequest = (more: Variables = {}): Variables => ({
  CI_PIPELINE_SOURCE: 'merge_request_event',
  CI_MERGE_REQUEST_IID: '7',
  CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
  ...more,
});

describe('given the .gitlab-ci.yml of this repository', { timeout: 120_000 }, () => {
  let clone: Clone;
  beforeAll(() => {
    clone = cloneForPipelines();
  });
  afterAll(() => clone.remove());

  const asMergeRequest = () => mergeRequest({ CI_MERGE_REQUEST_DIFF_BASE_SHA: clone.base });

  it('then GitLab’s schema has nothing against it, and would have against a misspelt report', async () => {
    expect((await runTool(clone.folder, ['--list'])).stdout).toContain('policy');

    const misspelt = readFileSync(join(clone.folder, '.gitlab-ci.yml'), 'utf8').replace('codequality:', 'codeqality:');
    writeFileSync(join(clone.folder, '.git/misspelt.yml'), misspelt);
    const { status, stderr } = await runTool(clone.folder, ['--list', '--file', '.git/misspelt.yml']);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/codeqality/);
  });

  const token = { MUSTER_COMMENT_TOKEN: 'secret' };
  it.each([
    { given: 'a merge request of a grant', path: hoo, variables: mergeRequest(), gives: ['policy'] },
    { given: 'a merge request of a grant, with a token', path: hoo, variables: mergeRequest(token), gives: ['policy', 'note'] },
    {
      given: 'one for another branch than main, with a token',
      path: hoo,
      variables: mergeRequest({ ...token, CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'old' }),
      gives: ['policy'],
    },
    { given: 'a merge request of code', path: 'src/judge/new.ts', variables: mergeRequest(), gives: ['policy', 'code', 'tests'] },
    {
      given: 'a merge request of code, with a token',
      path: 'package.json',
      variables: mergeRequest(token),
      gives: ['policy', 'code', 'tests'],
    },
    { given: 'a merge request of a page', path: 'docs/new.md', variables: mergeRequest(), gives: ['policy', 'code', 'tests'] },
    { given: 'a push of a grant to main', path: hoo, variables: main, gives: ['policy'] },
    {
      given: 'a push of a grant to main, with a reader’s token and a start',
      path: hoo,
      variables: { ...main, MUSTER_READER_TOKEN: 'secret', MUSTER_START: '4'.repeat(40) },
      gives: ['policy', 'pages'],
    },
    {
      given: 'a push of a grant to main, with a token and no start',
      path: hoo,
      variables: { ...main, MUSTER_READER_TOKEN: 'secret' },
      gives: ['policy'],
    },
    { given: 'a push of code to main', path: 'test/new.test.ts', variables: main, gives: ['policy', 'code', 'tests'] },
    { given: 'a schedule', path: 'src/judge/new.ts', variables: { ...schedule, ...token }, gives: ['endings'] },
  ])('given $given, then its jobs are $gives', async ({ path, variables, gives }) => {
    clone.change({ [path]: '# changed\n' });

    expect(await clone.jobs(variables)).toEqual(gives);
  });

  it('given a policy in order, when main runs, then the job passes and leaves both reports for later comparison', async () => {
    clone.change({ [hoo]: grant(dayIn(30)) });
    const { status, stdout } = await clone.run('policy', main);

    expect(status, stdout).toBe(0);
    expect(clone.read('policy-junit.xml')).toContain('failures="0"');
    expect(JSON.parse(clone.read('policy-quality.json') ?? '')).not.toContainEqual(expect.objectContaining({ severity: 'major' }));
  });

  it.each([
    { pipeline: 'the merge request', variables: asMergeRequest },
    { pipeline: 'main', variables: () => main },
  ])('given an end that is no day, when $pipeline runs, then the job fails and both reports name file and line', async ({ variables }) => {
    clone.change({ [hoo]: grant('2027-02-30') });
    const { status, stdout } = await clone.run('policy', variables());

    expect(status).not.toBe(0);
    expect(stdout).toContain(`${hoo}:3:8: error bad-time`);
    expect(clone.read('policy-junit.xml')).toContain(`name="bad-time at 3:8" file="${hoo}"`);
    expect(JSON.parse(clone.read('policy-quality.json') ?? '')).toContainEqual(
      expect.objectContaining({ check_name: 'bad-time', severity: 'major', location: { path: hoo, lines: { begin: 3 } } }),
    );
  });

  it('given a grant and another file in one merge request, when it runs, then the job fails, because muster would refuse it', async () => {
    clone.change({ [hoo]: grant(dayIn(30)), 'docs/new.md': '# New\n' });
    const { status, stdout } = await clone.run('policy', asMergeRequest());

    expect(status).not.toBe(0);
    expect(stdout).toContain('docs/new.md:1:1: error impure');
  });

  it('given a policy on main that is not in order, when the schedule runs, then that is worth a mail too', async () => {
    clone.change({ [hoo]: grant('2027-02-30'), 'policy/grants/klaxon-users/urbanecm.yaml': undefined });
    const { status, stdout } = await clone.run('endings', schedule);

    expect(status).not.toBe(0);
    expect(stdout).toContain(`${hoo}:3:8: error bad-time`);
  });

  it('given a policy in order, when the merge request runs, then the job passes, and its log says what the change does', async () => {
    clone.change({ [hoo]: grant(dayIn(30)) });
    const { status, stdout, stderr } = await clone.run('policy', asMergeRequest());

    expect(status, `${stdout}${stderr}`).toBe(0);
    expect(stdout).toMatch(/What it does\n.*hoo has (more|less) time in klaxon-users/);
  });

  it.each([
    { given: 'a grant that ends in three days', ends: 3, passes: false },
    { given: 'no grant that ends within a week', ends: 30, passes: true },
  ])('given $given, when the schedule runs, then the job passes: $passes', async ({ ends, passes }) => {
    clone.change({ [hoo]: grant(dayIn(ends)), 'policy/grants/klaxon-users/urbanecm.yaml': undefined });
    const { status, stdout } = await clone.run('endings', schedule);

    expect(status === 0, stdout).toBe(passes);
    expect(clone.read('endings.txt')?.includes(`${hoo}:3:8: advice ends-soon`)).toBe(!passes);
  });
});
