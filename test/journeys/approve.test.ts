// `muster approve` as people type it: what it shows, what it signs, and who must act where it does not.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMuster, type CommandResult } from '../support/command.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';
import { runHere } from '../support/in-process.ts';
import { makeKey, temporaryFolder } from '../signing/keys.ts';
import { grantFile, grantPath, groupFile, policyFile } from './evidence/policy-files.ts';
import { startWorld, type Scene, type World } from './evidence/world.ts';

const keys = temporaryFolder();
let world: World;
let scene: Scene;
let mergeRequest: MergeRequest;
let other: MergeRequest;
beforeAll(async () => {
  world = await startWorld();
  const people = { alice: { gitlab: 42, keys: [makeKey(keys, 'alice').line] }, bob: { gitlab: 51, keys: [makeKey(keys, 'bob').line] } };
  makeKey(keys, 'mallory');
  scene = await world.scene({
    policy: policyFile({ people, sre: ['alice', 'bob'], owners: ['bob', 'carol'] }),
    group: groupFile({ signed: 1 }),
  });
  await scene.reconcile();
  mergeRequest = await scene.open(world.carol, { [grantPath('urbanecm')]: grantFile(scene.day(14)) });
  other = await open(grantPath('hoo'), grantFile(scene.day(14)));
});
afterAll(() => world.stop());

function approve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  const at = new Date(world.gitlab.clock.now());
  return runHere(['approve', ...args], { config: join(scene.folder, 'muster.yaml'), cwd: scene.folder, at, env: { HOME: keys, ...env } });
}

const open = (path: string, text: string) => scene.open(world.carol, { [path]: text });

describe('given a merge request that must be signed', () => {
  it('when alice prints the text and signs it on another machine, then that file in approvals/ brings the grant in', async () => {
    const printed = await approve([String(mergeRequest.iid), '--print', '--as', 'alice']);
    const file = join(keys, 'statement');
    writeFileSync(file, printed.stdout);
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'muster-approval@v1', '-f', join(keys, 'alice'), file], { stdio: 'ignore' });
    mkdirSync(join(scene.state, 'judged', 'approvals'), { recursive: true });
    writeFileSync(join(scene.state, 'judged', 'approvals', 'from-alice'), `${printed.stdout}${readFileSync(`${file}.sig`, 'utf8')}`);
    await scene.merge(mergeRequest);
    await scene.reconcile();

    expect(printed.stdout).toMatch(/^muster-approval v1\nproject \d+\n/);
    expect(printed.stderr).toContain('ssh-keygen -Y sign -n muster-approval@v1');
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('when it was merged already, then there is nothing to sign', async () => {
    expect(await approve([String(mergeRequest.iid), '--key', join(keys, 'alice')])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('There is nothing to sign'),
    });
  });

  it('when git signs with a key of alice, then that is the one', async () => {
    const { iid } = other;
    writeFileSync(join(keys, '.gitconfig'), `[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = ~/alice\n`);

    const said = await approve([`!${iid}`]);
    writeFileSync(join(keys, '.gitconfig'), '');

    expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining(`Write this as a comment on !${iid}`) });
    expect(said.stdout).toContain('\nsigner alice\n');
  });
});

describe('given a merge request that somebody cannot sign', () => {
  it.each([
    { key: 'mallory', what: grantFile('2026-12-05'), for: 'no', says: 'for nobody' },
    { key: 'alice', what: grantFile('2026-12-05'), for: 'alice', says: 'alice gains by it' },
    { key: 'alice', what: grantFile('2019-12-05'), for: 'null', says: 'It would be refused' },
  ])('when $key signs a grant for $for, then the answer is no: $says', async ({ key, what, for: uid, says }) => {
    const { iid } = await open(grantPath(uid), what);

    const said = await approve([String(iid), '--key', join(keys, key)]);

    expect(said).toMatchObject({ status: 1, stdout: expect.stringContaining(says) });
    expect(said.stdout).toMatch(/Nothing was signed\.\n$/);
  });

  it('when somebody says to be carol with a key of alice, then the answer is no', async () => {
    const said = await approve([String(other.iid), '--key', join(keys, 'alice'), '--as', 'carol']);
    expect(said).toMatchObject({ status: 1, stdout: expect.stringContaining('carol has no such key in the policy') });
  });

  it.each([
    { args: ['--key', 'none-there'], says: 'cannot be read: name another file with --key' },
    { args: [], says: 'there is no key to sign with' },
    { args: ['--as', 'Al ice', '--print'], says: 'is not the name of a person' },
  ])('when $args is typed, then that is misuse: $says', async ({ args, says }) => {
    expect(await approve([String(other.iid), ...args])).toMatchObject({ status: 2, stderr: expect.stringContaining(says) });
  });

  it.each([
    { what: '4711', says: 'the server has no !4711' },
    { what: 'alice', says: '"alice" is not the number of a merge request' },
  ])('when $what is no merge request, then that is misuse: $says', async ({ what, says }) => {
    expect(await approve([what])).toMatchObject({ status: 2, stderr: expect.stringContaining(says) });
  });

  it('when something is pushed between looking and signing, then nothing was signed', async () => {
    const { iid } = other;
    const bin = join(keys, 'bin');
    mkdirSync(bin);
    const push = `git -C '${scene.project.git.path}' update-ref refs/merge-requests/${iid}/head ${await scene.project.git.head('main')}`;
    writeFileSync(join(bin, 'ssh-keygen'), `#!/bin/sh\n${push}\nPATH=\${PATH#*:}\nexec ssh-keygen "$@"\n`);
    chmodSync(join(bin, 'ssh-keygen'), 0o755);

    const said = await approve([String(iid), '--key', join(keys, 'alice')], { PATH: `${bin}:${process.env['PATH']}` });

    expect(said).toMatchObject({ status: 1, stdout: expect.stringContaining('has changed meanwhile') });
  });
});

describe('given a laptop with the few lines of configuration that signing needs, and no token in them', () => {
  const typed = (iid: number, env: Readonly<Record<string, string>>, key = 'alice') => {
    const { url } = world.gitlab;
    const repository = { url: `${url}/${scene.project.path}.git`, branch: 'main', path: 'policy', start: scene.start };
    writeFileSync(join(scene.folder, 'laptop.yaml'), JSON.stringify({ repository, gitlab: { url, project: scene.project.id } }));
    const at = new Date(world.gitlab.clock.now());
    return runMuster(['approve', String(iid), '--key', join(keys, key), '--config', join(scene.folder, 'laptop.yaml')], {
      ...{ cwd: scene.folder, at },
      env: { HOME: keys, ...env },
    });
  };
  const known = () => {
    const token = world.gitlab.forge.createToken(world.alice, ['write_repository']).value;
    const helper = `!f() { echo username=alice; echo password=${token}; }; f`;
    return { token, env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'credential.helper', GIT_CONFIG_VALUE_0: helper } };
  };

  it('when the git of alice knows a password for the server, then that fetches, and carries the signature', async () => {
    const { iid } = await open(grantPath('007'), grantFile(scene.day(14)));
    const { token, env } = known();

    const said = await typed(iid, env);

    expect(said, said.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('It stands as a note of git on') });
    expect(said.stderr).toContain('007 gets into klaxon-users');
    expect(said.stdout + said.stderr).not.toContain(token);
  });

  it('when the key is nobody’s, then the answer is no', async () => {
    const { iid } = await open(grantPath('1e3'), grantFile(scene.day(14)));
    const said = await typed(iid, known().env, 'mallory');
    expect(said, said.stderr).toMatchObject({ status: 1, stdout: expect.stringMatching(/for nobody(.|\n)*Nothing was signed\.\n$/) });
  });

  it('when it knows none, then nobody is asked for one, and it is said what is missing', async () => {
    const said = await typed(other.iid, {});
    expect(said, said.stderr).toMatchObject({ status: 75, stdout: '', stderr: expect.stringContaining('if it asks for a token') });
  });
});

describe('given rules on the branch that nobody approved', () => {
  it('when something is signed on the host, then it is said that it will not count', async () => {
    const { iid } = await open(grantPath('h2o'), grantFile(scene.day(14)));
    const rules = await scene.open(world.carol, { 'policy/groups/klaxon-users.yaml': groupFile({ signed: 1, approvals: 2 }) });
    await scene.merge(rules);
    await scene.reconcile();

    const said = await approve([String(iid), '--key', join(keys, 'alice')]);

    expect(said.stderr).toContain('The rules on the branch are not those in force (policy/groups/klaxon-users.yaml)');
  });
});
