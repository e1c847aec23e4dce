// One person's access from the wish to its end, with nothing left out: the command, the pipeline of this repository's own .gitlab-ci.yml in a clone of
// the merge request's branch, the approval, the merge, the run on the host, the directory, and what the one note says at each step.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneForPipelines, cloneOfBranch, type Variables } from '../ci/pipelines.ts';
import { runMuster, type CommandResult } from '../support/command.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import type { MergeRequest, User } from '../support/gitlab/world.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { noteOn } from './evidence/notes.ts';
import { day, minute } from './evidence/world.ts';

const stewards = ['base', 'hoo', 'melos'];
const clock = fileURLToPath(new URL('../support/clock.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'muster-whole-way-'));
const cache = join(folder, 'runner-cache');
let slapd: Slapd;
let cast: Cast;
let urbanecm: User;
let start: string;
let commentToken: string;

const now = () => cast.gitlab.clock.now();
const wait = (milliseconds: number) => cast.gitlab.clock.advance(milliseconds);
const dayIn = (days: number) => new Date(now() + days * day).toISOString().slice(0, 10);

beforeAll(async () => {
  slapd = await startSlapd({ people: ['alice', 'urbanecm', ...stewards], groups: { stewards: [], 'klaxon-users': [] }, log: 'none' });
  cast = await startWithPeople();
  const { forge } = cast.gitlab;
  urbanecm = forge.createUser('urbanecm', { id: 4242 });
  const bot = forge.createUser('muster-bot', { id: 91 });
  cast.project.members.set(urbanecm.id, 30).set(bot.id, 20);
  commentToken = forge.createToken(bot, ['api']).value;
  mkdirSync(cache);
  start = await bringThisRepository();
  configure(forge.createToken(urbanecm, ['api']).value);
});
afterAll(async () => {
  await cast.gitlab.stop();
  await slapd.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** main of the project: this repository as it is, without the sample grants. */
async function bringThisRepository(): Promise<string> {
  const clone = cloneForPipelines();
  const grants = ['hoo', 'urbanecm'].map((uid) => [`policy/grants/klaxon-users/${uid}.yaml`, undefined] as const);
  const commit = clone.change(Object.fromEntries(grants));
  const { git } = cast.project;
  await git.git('fetch', '--quiet', '--no-write-fetch-head', clone.folder, commit);
  await git.setRef('refs/heads/main', commit);
  clone.remove();
  return commit;
}

/** The host's file, with what a timer needs, and the token of the person who asks. */
function configure(ownToken: string): void {
  const secrets = { password: slapd.writerPassword, 'comment-token': commentToken, 'own-token': ownToken };
  const reader = cast.gitlab.forge.users.find(({ username }) => username === 'muster-reader') ?? urbanecm;
  const token = cast.gitlab.forge.createToken(reader, ['read_api', 'read_repository']).value;
  for (const [name, secret] of Object.entries({ ...secrets, token })) writeFileSync(join(folder, name), `${secret}\n`, { mode: 0o600 });
  mkdirSync(join(folder, 'state'));
  writeFileSync(join(folder, 'steward.txt'), stewards.map((uid) => `${uid}\n`).join(''));
  const { url } = cast.gitlab;
  const directory = {
    ...{ url: slapd.url, 'bind-dn': slapd.writerDn, 'password-file': 'password', people: slapd.people },
    groups: { stewards: slapd.groupDn('stewards'), 'klaxon-users': slapd.groupDn('klaxon-users') },
  };
  const configuration = {
    repository: { url: `${url}/${cast.project.path}.git`, start, 'token-file': 'token' },
    gitlab: { url, project: cast.project.path, 'token-file': 'token', 'comment-token-file': 'comment-token' },
    ...{ directory, rosters: { steward: { from: 'steward.txt', 'older-than': 'none' } }, state: 'state' },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'muster.yaml'), JSON.stringify(configuration));
}

async function muster(...args: readonly string[]): Promise<CommandResult> {
  const env = { MUSTER_GITLAB_TOKEN_FILE: join(folder, 'own-token') };
  const result = await runMuster(args, { config: join(folder, 'muster.yaml'), at: new Date(now()), env });
  wait(minute);
  return result;
}

async function reconciled(): Promise<void> {
  const { status, stdout, stderr } = await muster('reconcile');
  expect(status, `${stdout}${stderr}`).toBe(0);
  // A minute later judging tells on the merge request how far the grant has come.
  await muster('judge');
}

async function members(group: string): Promise<readonly string[]> {
  return (await slapd.members(group)).flatMap((value) => /^uid=([^,]+),/.exec(value)?.[1] ?? []).sort();
}

function openedNow(): MergeRequest {
  const found = cast.project.mergeRequests.at(-1);
  if (!found) throw new Error('there is no merge request');
  return found;
}

/** A runner's work for a push to the merge request: every job that GitLab would start, in a clone of the branch. Gives their logs by name. */
async function pipeline(mergeRequest: MergeRequest, secrets = [commentToken]): Promise<ReadonlyMap<string, CommandResult>> {
  const { gitlab, project, token } = cast;
  const url = new URL(`${gitlab.url}/${mergeRequest.source.path}.git`);
  url.username = 'oauth2';
  url.password = gitlab.forge.createToken(gitlab.forge.users.find(({ username }) => username === 'muster-reader') ?? urbanecm, [
    'read_repository',
  ]).value;
  const clone = await cloneOfBranch(url.href, mergeRequest.sourceBranch, cache);
  const variables: Variables = {
    CI_PIPELINE_SOURCE: 'merge_request_event',
    CI_SERVER_URL: gitlab.url,
    CI_MERGE_REQUEST_IID: String(mergeRequest.iid),
    CI_MERGE_REQUEST_PROJECT_ID: String(project.id),
    CI_MERGE_REQUEST_PROJECT_URL: `${gitlab.url}/${project.path}`,
    CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
    CI_MERGE_REQUEST_DIFF_BASE_SHA: await project.git.mergeBase('main', mergeRequest.head),
    // The project's own variables are not in the pipeline of a fork.
    ...Object.fromEntries(secrets.flatMap((secret) => [['MUSTER_COMMENT_TOKEN', secret] as const, ['MUSTER_START', start] as const])),
    NODE_OPTIONS: `--require=${clock}`,
    MUSTER_TEST_NOW: new Date(now()).toISOString(),
  };
  try {
    const logs = new Map<string, CommandResult>();
    for (const job of await clone.jobs(variables)) logs.set(job, await clone.run(job, variables));
    wait(minute);
    for (const { stdout, stderr } of logs.values())
      for (const secret of [commentToken, token]) expect(stdout + stderr).not.toContain(secret);
    return logs;
  } finally {
    clone.remove();
  }
}

describe('given this repository as a project on GitLab, and a host that runs muster', { timeout: 240_000 }, () => {
  it('when somebody asks, is approved and merged, then they are in until the end, and the one note says each of it', async () => {
    await reconciled();
    expect(await members('stewards')).toEqual(stewards);

    // The wish.
    const wish = ['--until', dayIn(20), '--reason', 'An abuse wave', '--contact', 'irc', '--understood', '2026-11-01'];
    expect((await muster('request', 'klaxon-users', 'urbanecm', ...wish)).status).toBe(0);
    const asked = openedNow();
    expect(asked.description).toContain('- [ ] Nothing else changes in this merge request');

    // The pipeline, and its note.
    const first = await pipeline(asked);
    expect([...first].map(([job, { status }]) => [job, status])).toEqual([
      ['policy', 0],
      ['note', 0],
    ]);
    expect(first.get('policy')?.stdout).toMatch(/What it does\n.*urbanecm gets into klaxon-users/);
    expect(noteOn(asked)).toContain('**Needs approval.');
    expect(noteOn(asked)).toContain('1 approval missing, by `sre` (`alice`, `bob`, `carol`).');

    // The approval. Nothing runs by itself then; the job is started again.
    cast.gitlab.approve(asked, cast.alice);
    wait(minute);
    await pipeline(asked);
    expect(noteOn(asked)).toContain('**Approved: it can be merged now.**');

    // The merge, and the run on the host.
    await cast.gitlab.merge(asked, cast.bob);
    wait(minute);
    await reconciled();
    expect(await members('klaxon-users')).toEqual(['urbanecm']);
    expect(noteOn(asked)).toMatch(/\*\*In force\.\*\*[^]*`urbanecm` is in `klaxon-users` since .* UTC, until the end of /);

    // A week before the end, and after it.
    wait(14 * day);
    await reconciled();
    expect(noteOn(asked)).toContain('**In force, and about to end.**');
    wait(7 * day);
    await reconciled();
    expect(await members('klaxon-users')).toEqual([]);
    expect(noteOn(asked)).toContain('**Ended.**');
    expect(await members('stewards')).toEqual(stewards);
  });

  it('when it comes from a fork, then its pipeline has no token and no note, and says whether the file is in order', async () => {
    const outsider = cast.gitlab.forge.createUser('outsider');
    cast.project.visibility = 'public';
    const fork = await cast.gitlab.forge.fork(cast.project, outsider);
    const grant = `reason: x\ncontact: irc\nuntil: ${dayIn(9)}\nunderstood: 2026-11-01\n`;
    await cast.gitlab.commitAndPush(fork, outsider, 'mine', { 'policy/grants/klaxon-users/alice.yaml': grant });
    const open = { author: outsider, sourceProject: fork, sourceBranch: 'mine' };
    const mergeRequest = await cast.gitlab.openMergeRequest(cast.project, open);
    wait(minute);

    const logs = await pipeline(mergeRequest, []);

    expect([...logs].map(([job, { status }]) => [job, status])).toEqual([['policy', 0]]);
    expect(logs.get('policy')?.stdout).toContain('alice gets into klaxon-users');
    expect(mergeRequest.notes.filter(({ author }) => author.username === 'muster-bot')).toEqual([]);
  });

  it('when the file is not in order, then the pipeline fails with the line, and the note says what to mend', async () => {
    const branch = 'by-hand';
    const file = 'policy/grants/klaxon-users/alice.yaml';
    await cast.gitlab.commitAndPush(cast.project, urbanecm, branch, { [file]: 'reason: x\ncontact: irc\nuntil: soon\n' });
    const mergeRequest = await cast.gitlab.openMergeRequest(cast.project, { author: urbanecm, sourceBranch: branch });
    wait(minute);

    const logs = await pipeline(mergeRequest);

    expect([...logs].map(([job, { status }]) => [job, status === 0])).toEqual([
      ['policy', false],
      ['note', true],
    ]);
    expect(logs.get('policy')?.stdout).toContain(`${file}:3:8: error bad-time`);
    expect(noteOn(mergeRequest)).toContain(`\`${file}\`, line 3: a policy file cannot be understood (\`bad-time\`).`);
  });
});
