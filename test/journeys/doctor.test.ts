import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CommandResult } from '../support/command.ts';
import { runHere } from '../support/in-process.ts';
import { groupFile, policyFile } from './evidence/policy-files.ts';
import { group, startWorld, type Scene } from './evidence/world.ts';
import { contentsOf } from './world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());
afterEach(() => {
  world.gitlab.faults.clear();
  world.gitlab.forge.version = '18.6.2';
  world.gitlab.forge.showsProtection = true;
});

interface Checked {
  readonly code: string;
  readonly subject: string | null;
  readonly severity: 'ok' | 'advice' | 'error' | 'unknown';
  readonly message: string;
  readonly fix: { readonly who: string; readonly how: string } | null;
}

interface Examined {
  readonly exit: number | null;
  readonly command: string;
  readonly status: { readonly code: number; readonly all: readonly string[] };
  readonly checks: readonly Checked[];
}

function doctor(scene: Scene, ...more: readonly string[]): Promise<CommandResult> {
  return runHere(['doctor', ...more], { config: join(scene.folder, 'muster.yaml'), at: new Date(world.gitlab.clock.now()) });
}

async function examine(scene: Scene): Promise<Examined> {
  const result = await doctor(scene, '--json');
  return { exit: result.status, ...result.json<Omit<Examined, 'exit'>>() };
}

function errors({ checks }: Examined): readonly (readonly [string, string | null])[] {
  return checks.flatMap(({ severity, code, subject }) => (severity === 'error' ? [[code, subject] as const] : []));
}

function severities({ checks }: Examined, ...codes: readonly string[]): Record<string, string> {
  return Object.fromEntries(codes.map((code) => [code, checks.find((one) => one.code === code)?.severity ?? 'not there']));
}

describe('given a world in order', () => {
  it('when the doctor looks, then nothing is an error, and what could not be asked is not called ok', async () => {
    const scene = await world.scene();
    const examined = await examine(scene);
    expect(errors(examined)).toEqual([]);
    expect(examined).toMatchObject({ exit: 0, command: 'doctor', status: { code: 0, all: ['in order'] } });
    expect(
      severities(
        examined,
        'directory',
        'bind-identity',
        'group',
        'memberof',
        'may-write-member',
        'gitlab-token',
        'protected-branch',
        'start',
      ),
    ).toEqual({
      directory: 'ok',
      'bind-identity': 'ok',
      group: 'ok',
      memberof: 'ok',
      'may-write-member': 'ok',
      'gitlab-token': 'ok',
      'protected-branch': 'ok',
      start: 'ok',
    });
    // Hidden from a reporter's token; and there is no systemd where tests run.
    expect(severities(examined, 'fork-pipelines', 'timer')).toEqual({ 'fork-pipelines': 'unknown', timer: 'unknown' });
    expect(examined.checks.find(({ code }) => code === 'configuration')?.message).toContain(`start ${scene.start}`);
  });

  it('when the doctor has looked, then nothing is changed: no file, no member, no entry, nothing on GitLab', async () => {
    const scene = await world.scene();
    await world.slapd.setMembers(group, ['hoo', 'h2o']);
    const [files, entry] = [contentsOf(scene.folder), await world.slapd.entry(world.slapd.groupDn(group))];
    world.gitlab.faults.log.length = 0;

    const { stdout } = await doctor(scene);

    expect(contentsOf(scene.folder)).toEqual(files);
    expect(await world.slapd.entry(world.slapd.groupDn(group))).toEqual(entry);
    expect(world.gitlab.faults.log.filter(({ method, path }) => method !== 'GET' && !path.includes('git-upload-pack'))).toEqual([]);
    expect(stdout).not.toContain(world.token);
    expect(stdout).not.toContain(world.slapd.writerPassword);
    expect(stdout).toMatch(/^Configuration\n {2}ok +configuration /);
  });

  it('when two hosts are compared, then the same file has the same digest, and another start another one', async () => {
    const scene = await world.scene();
    const line = async () => (await examine(scene)).checks.find(({ code }) => code === 'configuration')?.message;
    const first = await line();
    expect(await line()).toBe(first);
    appendFileSync(join(scene.folder, 'muster.yaml'), 'mode: report\n');
    expect(await line()).not.toBe(first);
  });
});

describe('given a world where much is wrong', () => {
  it('when the doctor looks, then each thing is an error of its own that says who mends it', async () => {
    const scene = await world.scene({ policy: policyFile().replace('42', '66'), files: { 'policy/groups/other.yaml': groupFile() } });
    const { slapd, gitlab } = world;
    scene.project.protectedBranches = [{ name: 'm*', push: 40, merge: 40, allowForcePush: true }];
    gitlab.forge.version = '17.11.1';
    const weak = gitlab.forge.createToken(world.carol, ['read_api']);
    weak.expiresAt = '2026-11-22';
    writeFileSync(join(scene.folder, 'comment-token'), `${weak.value}\n`, { mode: 0o600 });
    const config = join(scene.folder, 'muster.yaml');
    writeFileSync(
      config,
      readFileSync(config, 'utf8')
        .replace('  project:', '  comment-token-file: comment-token\n  project:')
        .replace(`groups: { ${group}:`, `groups: { ghosts: "cn=ghosts,ou=groups,${slapd.suffix}", ${group}:`),
    );
    chmodSync(config, 0o666);
    chmodSync(scene.state, 0o777);
    writeFileSync(join(scene.state, 'ledger.jsonl'), '{"not":"ours"}\n');

    const examined = await examine(scene);

    expect(errors(examined)).toEqual([
      ['configuration-mode', null],
      ['state-folder', null],
      ['ledger', null],
      ['groups-listed', 'other'],
      ['groups-listed', 'ghosts'],
      ['gitlab-version', null],
      ['gitlab-comment-token', null],
      ['protected-branch', null],
      ['approver-account', 'alice'],
      ['group', 'ghosts'],
    ]);
    expect(examined).toMatchObject({ exit: 1, status: { all: ['findings'] } });
    expect(examined.checks.filter(({ severity, fix }) => severity === 'error' && !fix?.how)).toEqual([]);
    expect(examined.checks.find(({ code }) => code === 'approver-account')?.message).toContain('account 66 is called mallory');
    // The group that is there is examined all the same.
    expect(examined.checks).toContainEqual(expect.objectContaining({ code: 'may-write-member', subject: group, severity: 'ok' }));
    expect(examined.checks).toContainEqual(expect.objectContaining({ code: 'members', subject: 'ghosts', severity: 'unknown' }));
  });

  it('when the protection is shown to maintainers only, then it is not called ok', async () => {
    const scene = await world.scene();
    world.gitlab.forge.showsProtection = false;
    const examined = await examine(scene);
    expect(severities(examined, 'protected-branch')).toEqual({ 'protected-branch': 'unknown' });
    scene.project.protectedBranches = [];
    expect(severities(await examine(scene), 'protected-branch')).toEqual({ 'protected-branch': 'error' });
  });

  it('when an approver is blocked on GitLab, or no member, or locked in the directory, then that is told of each', async () => {
    const scene = await world.scene();
    const { alice, bob, slapd } = world;
    scene.project.members.delete(bob.id);
    alice.state = 'blocked';
    await slapd.lock('carol');
    const config = join(scene.folder, 'muster.yaml');
    const disabled = `  disabled: { attribute: pwdPolicySubentry, value: "cn=disabled,ou=ppolicies,${slapd.suffix}" }\nstate:`;
    writeFileSync(config, readFileSync(config, 'utf8').replace('state:', disabled));

    const examined = await examine(scene);
    alice.state = 'active';
    await slapd.unlock('carol');

    expect(errors(examined)).toEqual([
      ['approver-in-directory', 'carol'],
      ['approver-account', 'alice'],
      ['approver-role', 'bob'],
    ]);
    expect(severities(examined, 'disabled-attribute')).toEqual({ 'disabled-attribute': 'ok' });
  });

  it('when the clock is an hour off, then GitLab shows it', async () => {
    const scene = await world.scene();
    const at = new Date(world.gitlab.clock.now() + 3_600_000);
    const result = await runHere(['doctor'], { config: join(scene.folder, 'muster.yaml'), at });
    expect(result.status).toBe(1);
    expect(result.stdout).toMatch(/ERROR {3}clock +the clock says [^>]* apart\n {10}-> the administrator of this host: /);
  });
});

describe('given systems that do not answer', () => {
  it('when GitLab is down, then its checks and those of the accounts are unknown, the others are looked at, and the status is 75', async () => {
    const scene = await world.scene();
    world.gitlab.faults.add(/^\/api\/v4\//, { kind: 'answer', status: 503 });
    const examined = await examine(scene);
    expect(examined).toMatchObject({ exit: 75, status: { all: ['unavailable'] } });
    expect(severities(examined, 'gitlab', 'protected-branch', 'approver-account', 'repository', 'group')).toEqual({
      gitlab: 'unknown',
      'protected-branch': 'unknown',
      'approver-account': 'unknown',
      repository: 'ok',
      group: 'ok',
    });
  });

  it('when the directory is down, then its checks are unknown and GitLab is looked at', async () => {
    const scene = await world.scene();
    await world.slapd.halt();
    const examined = await examine(scene);
    await world.slapd.restart();
    expect(examined.exit).toBe(75);
    expect(severities(examined, 'directory', 'group', 'may-write-member', 'approver-in-directory', 'gitlab')).toEqual({
      directory: 'unknown',
      group: 'unknown',
      'may-write-member': 'unknown',
      'approver-in-directory': 'unknown',
      gitlab: 'ok',
    });
  });

  it('when the password is wrong, then that is an error and not silence', async () => {
    const scene = await world.scene();
    writeFileSync(join(scene.folder, 'password'), 'wrong\n');
    const examined = await examine(scene);
    expect(examined.exit).toBe(1);
    expect(errors(examined)).toContainEqual(['directory', null]);
  });
});

describe('given a configuration that cannot be read', () => {
  it('when the doctor is called, then it is a misuse', async () => {
    const scene = await world.scene();
    appendFileSync(join(scene.folder, 'muster.yaml'), 'colour: blue\n');
    expect(await doctor(scene)).toMatchObject({ status: 2, stdout: '' });
  });
});
