// `muster approve` as people type it: what it shows, what it signs, and who must act where it does not.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult } from '../support/command.ts';
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
