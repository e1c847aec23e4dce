// How people sign in the journeys, with keys of their own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKey, type KeyPair } from '../../signing/keys.ts';
import type { CommandResult } from '../../support/command.ts';
import type { MergeRequest } from '../../support/gitlab/world.ts';
import { runHere } from '../../support/in-process.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { minute, type Scene } from './world.ts';

// Test files of one process share this module, so the keys stay as long as the process.
const keys = mkdtempSync(join(tmpdir(), 'muster-keys-'));
process.once('exit', () => rmSync(keys, { recursive: true, force: true }));
export const keyOf = new Map<string, KeyPair>(['alice', 'bob', 'mallory'].map((name) => [name, makeKey(keys, name)]));

export const people = () => ({
  alice: { gitlab: 42, keys: [keyOf.get('alice')?.line] },
  bob: { gitlab: 51, keys: [keyOf.get('bob')?.line] },
});

export async function open(scene: Scene, uid = 'urbanecm'): Promise<MergeRequest> {
  return scene.open(scene.world.carol, { [grantPath(uid)]: grantFile(scene.day(14)) });
}

interface Approving {
  readonly key?: string;
  /** By which the signature travels: without a token, nothing is posted as a comment. */
  readonly by?: 'comment' | 'git' | 'paste';
  /** Whether the record of the host lies there. */
  readonly record?: boolean;
}

/** A token that the git of a person knows of, and muster does not. */
function gitKnows(token: string): Readonly<Record<string, string>> {
  const header = `Authorization: Basic ${Buffer.from(`oauth2:${token}`).toString('base64')}`;
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: header };
}

/** As a person types it. */
export async function approve(
  scene: Scene,
  { iid }: MergeRequest,
  { key = 'alice', by = 'comment', record = true }: Approving = {},
  ...more: readonly string[]
): Promise<CommandResult> {
  const token = join(scene.folder, 'own-token');
  writeFileSync(token, `${scene.world.gitlab.forge.createToken(scene.world.alice, ['api', 'write_repository']).value}\n`, { mode: 0o600 });
  const keyArguments = key === '' ? [] : ['--key', join(keys, key)];
  const result = await runHere(['approve', String(iid), ...keyArguments, ...more], {
    config: record ? join(scene.folder, 'muster.yaml') : elsewhere(scene),
    at: new Date(scene.world.gitlab.clock.now()),
    env: by === 'comment' ? { MUSTER_GITLAB_TOKEN_FILE: token } : by === 'git' ? gitKnows(readFileSync(token, 'utf8').trim()) : {},
  });
  scene.wait(minute);
  return result;
}

/** The configuration as a person has it on their own machine, who has nothing of what judging keeps. */
function elsewhere(scene: Scene): string {
  const file = join(scene.folder, 'elsewhere.yaml');
  const text = readFileSync(join(scene.folder, 'muster.yaml'), 'utf8');
  writeFileSync(file, text.replace(/^state: .*$/m, `state: ${join(scene.folder, 'elsewhere')}`));
  return file;
}

/** The host's administrator pins the rules as plan prints them, and asks for signatures, whatever the policy says. */
export async function pin(scene: Scene): Promise<void> {
  const { policy } = await scene.plan();
  const file = join(scene.folder, 'muster.yaml');
  const ceilings = '  ceilings: { klaxon-users: { signed: 1 }, rules: { signed: 1 } }';
  const text = readFileSync(file, 'utf8');
  writeFileSync(join(scene.folder, 'judge.yaml'), text);
  writeFileSync(file, text.replace(/^ {2}start: .*$/m, `$&\n  rules: ${policy.rules}`).replace(/^ {2}groups: .*$/m, `$&\n${ceilings}`));
}
