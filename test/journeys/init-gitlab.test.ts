// A directory that muster has never seen, and a project on GitLab that is empty, or not.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMuster } from '../support/command.ts';
import { runHere } from '../support/in-process.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import type { RunDocument } from './documents.ts';
import { contentsOf, noon } from './world.ts';

let slapd: Slapd;
let folder: string;
beforeAll(async () => {
  const groups = { deployers: ['alice', 'carol'], wiki: ['erin'] };
  slapd = await startSlapd({ suffix: 'dc=example,dc=org', people: ['alice', 'bob', 'carol', 'erin'], groups });
  folder = mkdtempSync(join(tmpdir(), 'muster-init-'));
  writeFileSync(join(folder, 'password'), `${slapd.writerPassword}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await slapd.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function init(place: string, ...more: readonly string[]) {
  const directory = ['--directory', slapd.url, '--people', 'ou=people,dc=example,dc=org'];
  const bound = ['--bind-dn', slapd.writerDn, '--password-file', 'password'];
  return runMuster(['init', place, ...directory, ...bound, ...more], { cwd: folder, at: noon });
}

async function plan(place: string): Promise<RunDocument> {
  const result = await runHere(['plan', '--json'], { cwd: folder, config: join(folder, place, 'muster.yaml'), at: noon });
  return result.json<RunDocument>();
}

describe('given a directory, and an empty project on GitLab', () => {
  let cast: Cast;
  beforeAll(async () => {
    cast = await startWithPeople({ now: noon, isEmpty: true });
  });
  afterAll(() => cast.gitlab.stop());

  it('when init is told of it, then its members approve, and once the project is pushed the first plan changes nobody', async () => {
    const { gitlab, alice } = cast;
    const reader = gitlab.forge.users.find(({ username }) => username === 'muster-reader') ?? alice;
    const token = gitlab.forge.createToken(reader, ['read_api', 'read_repository']).value;
    writeFileSync(join(folder, 'token'), `${token}\n`, { mode: 0o600 });

    const result = await init('forge', '--gitlab', gitlab.url, '--project', 'repos/sre/access', '--token-file', 'token');

    expect(result).toMatchObject({ status: 0, stderr: '' });
    const policy = readFileSync(join(folder, 'forge/policy-project/policy/policy.yaml'), 'utf8');
    expect(policy).toContain('people:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\n  carol: { gitlab: 57 }\n\n');
    // A member who is nobody in the directory is told; one who may only report is nobody's approver.
    expect(result.stdout).toMatch(/Who these accounts are in the directory: mallory\./);
    expect(result.stdout).toContain(`push ${gitlab.url}/repos/sre/access.git main`);
    const writer = gitlab.forge.createToken(alice, ['write_repository']).value;
    const url = `${gitlab.url.replace('//', `//oauth2:${writer}@`)}/repos/sre/access.git`;
    await promisify(execFile)('git', ['-C', join(folder, 'forge/policy-project'), 'push', '--quiet', url, 'main']);
    const first = await plan('forge');
    expect(first).toMatchObject({ policy: { evidence: 'gitlab', refused: [], pending: [] }, status: { code: 0 } });
    expect(first.groups.filter(({ state }) => state !== 'in-sync')).toEqual([]);
  });

  it('when the project there has commits already, then it is to be cloned, and init goes on from them', async () => {
    const { gitlab, alice } = cast;
    const project = await gitlab.forge.createProject('repos/sre/begun', { members: [[alice, 40]], push: 40 });
    const token = (...scopes: readonly string[]) => gitlab.forge.createToken(alice, scopes).value;
    writeFileSync(join(folder, 'token'), `${token('read_api', 'read_repository')}\n`, { mode: 0o600 });
    const begin = () => init('begun', '--gitlab', gitlab.url, '--project', project.path, '--token-file', 'token');

    const told = await begin();

    const place = join(folder, 'begun/policy-project');
    expect(told).toMatchObject({ status: 2, stdout: '' });
    expect(told.stderr).toContain(`has commits already. Clone it, and type the same again`);
    expect(told.stderr).toContain(`  git clone ${gitlab.url}/repos/sre/begun.git ${place}\n`);
    const url = `${gitlab.url.replace('//', `//oauth2:${token('read_repository', 'write_repository')}@`)}/repos/sre/begun.git`;
    await promisify(execFile)('git', ['clone', '--quiet', url, place]);
    expect(await begin()).toMatchObject({ status: 0, stderr: '' });
    await promisify(execFile)('git', ['-C', place, 'push', '--quiet', url, 'main']);
    expect(await plan('begun')).toMatchObject({ policy: { refused: [], pending: [] }, status: { code: 0 } });
  });

  it('when the token may ask GitLab and not git, then that is said before anything is written', async () => {
    const { gitlab, alice } = cast;
    writeFileSync(join(folder, 'token'), `${gitlab.forge.createToken(alice, ['read_api']).value}\n`, { mode: 0o600 });

    const result = await init('unread', '--gitlab', gitlab.url, '--project', 'repos/sre/access', '--token-file', 'token');

    expect(result).toMatchObject({ stdout: '' });
    expect(result.stderr).toContain('the server wants a login, and takes none that was sent');
    expect(result.stderr).toContain('git needs its scope read_repository');
    expect(() => contentsOf(join(folder, 'unread'))).toThrow('ENOENT');
  });

  it.each([
    { given: 'no token', args: ['--gitlab', 'https://gitlab.example.org', '--project', 'a/b'], says: '--gitlab needs a token' },
    { given: 'no project', args: ['--gitlab', 'https://gitlab.example.org'], says: '--gitlab and --project belong together' },
  ])('when there is $given, then that is the error', async ({ args, says }) => {
    const result = await init('wrong', ...args);
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain(says);
  });
});
