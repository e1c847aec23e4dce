// Approvals that need not trust GitLab: what is signed comes in, and what is not stays out, whatever GitLab says. With real keys and ssh-keygen.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult } from '../../support/command.ts';
import { runHere } from '../../support/in-process.ts';
import type { MergeRequest } from '../../support/gitlab/world.ts';
import { makeKey, temporaryFolder, type KeyPair } from '../../signing/keys.ts';
import { grantFile, grantPath, groupFile, policyFile } from './policy-files.ts';
import { minute, startWorld, type Scene, type World } from './world.ts';

let world: World;
const keys = temporaryFolder();
const keyOf = new Map<string, KeyPair>();
beforeAll(async () => {
  world = await startWorld();
  for (const name of ['alice', 'bob', 'mallory']) keyOf.set(name, makeKey(keys, name));
});
afterAll(() => world.stop());

const people = () => ({
  alice: { gitlab: 42, keys: [keyOf.get('alice')?.line] },
  bob: { gitlab: 51, keys: [keyOf.get('bob')?.line] },
});

const signedScene = () => world.scene({ policy: policyFile({ people: people() }), group: groupFile({ signed: 1 }) });

async function open(scene: Scene): Promise<MergeRequest> {
  return scene.open(world.carol, { [grantPath('urbanecm')]: grantFile(scene.day(14)) });
}

interface Approving {
  readonly key?: string;
  /** By which the signature travels: without a token, nothing is posted as a comment. */
  readonly by?: 'comment' | 'git' | 'paste';
}

/** A token that the git of a person knows of, and muster does not. */
function gitKnows(token: string): Readonly<Record<string, string>> {
  const header = `Authorization: Basic ${Buffer.from(`oauth2:${token}`).toString('base64')}`;
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: header };
}

/** As a person types it on their own machine, without what judging keeps. */
async function approve(
  scene: Scene,
  { iid }: MergeRequest,
  { key = 'alice', by = 'comment' }: Approving = {},
  ...more: readonly string[]
): Promise<CommandResult> {
  const token = join(scene.folder, 'own-token');
  writeFileSync(token, `${world.gitlab.forge.createToken(world.alice, ['api', 'write_repository']).value}\n`, { mode: 0o600 });
  const keyArguments = key === '' ? [] : ['--key', join(keys, key)];
  const result = await runHere(['approve', String(iid), ...keyArguments, ...more], {
    config: join(scene.folder, 'muster.yaml'),
    at: new Date(world.gitlab.clock.now()),
    env: by === 'comment' ? { MUSTER_GITLAB_TOKEN_FILE: token } : by === 'git' ? gitKnows(readFileSync(token, 'utf8').trim()) : {},
  });
  scene.wait(minute);
  return result;
}

/** Judging has begun: what lands from now on is seen as it comes. */
async function begun(): Promise<Scene> {
  const scene = await signedScene();
  await scene.reconcile();
  return scene;
}

const lines = (scene: Scene): readonly Record<string, unknown>[] =>
  readFileSync(join(scene.state, 'judged', 'record.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line) as never);

/** Codes and messages of what is refused. */
async function refused(scene: Scene): Promise<readonly string[]> {
  const { policy } = await scene.reconcile();
  return policy.refused.map(({ code, message }) => `${code}: ${message}`);
}

describe('given a group with signed: 1', () => {
  it('when alice signs with "muster approve", then urbanecm gets in, and the record holds what verifies it', async () => {
    const scene = await begun();
    const mergeRequest = await open(scene);

    const before = await scene.run('review', String(mergeRequest.iid));
    const said = await approve(scene, mergeRequest);
    const after = await scene.run('review', String(mergeRequest.iid));
    await scene.merge(mergeRequest);
    await scene.reconcile();

    expect(before.stdout).toMatch(/^muster-approval v1\n(.*\n)+effect klaxon-users urbanecm gains until .*\nsigner NAME\n/m);
    expect(after.stdout).toContain('Approved: it can be merged now.');
    expect(after.stdout).not.toContain('signer NAME');
    expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining(`comment on !${mergeRequest.iid}`) });
    expect(said.stderr).toContain('urbanecm gets into klaxon-users');
    expect(await scene.members()).toEqual(['urbanecm']);
    const fingerprint = keyOf.get('alice')?.key.fingerprint;
    expect((await scene.run('explain', 'urbanecm')).stdout.replaceAll(/\s+/g, ' ')).toContain(
      `approved by alice; signed by alice with ${fingerprint}`,
    );
    const kept = lines(scene);
    const [signed] = kept.filter(({ type }) => type === 'signed');
    expect(signed).toMatchObject({
      commit: mergeRequest.mergeCommit,
      firstSeen: expect.any(Number),
      changes: [{ path: grantPath('urbanecm') }],
      statements: [{ text: expect.stringContaining('signer alice\n'), fingerprint }],
    });
    const contents = kept.flatMap(({ type, base64 }) => (type === 'content' ? [Buffer.from(String(base64), 'base64').toString()] : []));
    expect(contents).toContain(grantFile(scene.day(14)));
    expect(kept.map(({ type }) => type).slice(-2)).toEqual(['signed', 'verdict']);
  });

  it('when GitLab shows the approvals of everybody and no signature, then nobody gets in, and nobody becomes an approver', async () => {
    const scene = await begun();
    const grant = await open(scene);
    scene.approve(grant, world.alice, world.bob);
    await scene.merge(grant);
    const stolen = policyFile({
      people: { ...people(), mallory: { gitlab: 66, keys: [keyOf.get('mallory')?.line] } },
      sre: ['alice', 'bob', 'mallory'],
    });
    const rules = await scene.open(world.carol, { 'policy/policy.yaml': stolen });
    scene.approve(rules, world.bob, world.alice);
    await scene.merge(rules);

    const all = await refused(scene);

    expect(all).toEqual([expect.stringContaining('0 of 1 signature'), expect.stringContaining('0 of 1 signature')]);
    expect(await scene.members()).toEqual([]);
  });

  it('when the signature comes as a note of git, then it counts; when the notes were written anew, then it does not', async () => {
    const scene = await begun();
    const mergeRequest = await open(scene);
    const said = await approve(scene, mergeRequest, { by: 'git' });
    await scene.merge(mergeRequest);
    const counted = await scene.plan();
    await scene.project.git.setRef('refs/notes/muster-approvals', await scene.project.git.head('main'));

    const all = await refused(scene);

    expect(said.stdout).toContain('refs/notes/muster-approvals');
    expect(counted.groups[0]?.add.map(({ uid }) => uid)).toEqual(['urbanecm']);
    expect(all).toEqual([expect.stringContaining('0 of 1 signature')]);
  });

  it('when the same lands again with a signature that was held back, then it is used up', async () => {
    const scene = await begun();
    const first = await open(scene);
    const held = await approve(scene, first, { key: 'bob', by: 'paste' });
    await approve(scene, first);
    await scene.merge(first);
    await scene.reconcile();
    const end = await scene.open(world.carol, { [grantPath('urbanecm')]: null });
    await approve(scene, end);
    await scene.merge(end);
    await scene.reconcile();
    const again = await open(scene);
    scene.approve(again, world.alice);
    put(scene, held.stdout);
    await scene.merge(again);

    const all = await refused(scene);

    expect(await scene.members()).toEqual([]);
    expect(all).toEqual([expect.stringContaining('is used up (by')]);
  });

  it('when the key of alice was stolen and the host was told, then what it signs afterwards does not count', async () => {
    const scene = await begun();
    scene.wait(minute);
    await scene.run('distrust', 'alice', '--since', new Date(world.gitlab.clock.now()).toISOString(), '--reason', 'Laptop stolen');
    scene.wait(minute);
    const mergeRequest = await open(scene);
    await approve(scene, mergeRequest);
    await scene.merge(mergeRequest);

    const all = await refused(scene);

    expect(all).toEqual([expect.stringContaining('the signature by alice is distrusted on the host')]);
    expect(await scene.members()).toEqual([]);
  });
});

/** As an administrator puts there what came to them some other way. */
function put(scene: Scene, said: string): void {
  const folder = join(scene.state, 'judged', 'approvals');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'held-back'), said);
}
