// Somebody who may read the project and nothing more asks for access from a terminal of their own: by a branch in their fork.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runMuster, type CommandResult } from '../support/command.ts';
import type { MergeRequest, Project, User } from '../support/gitlab/world.ts';
import { noteOn, opened, sceneWithNotes } from './evidence/notes.ts';
import { day, group, minute, startWorld, type Scene, type World } from './evidence/world.ts';

let world: World;
let newcomer: User;
let scene: Scene;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  scene = await sceneWithNotes(world);
  // Not a member: the scene makes members of those that are there before it.
  newcomer = world.gitlab.forge.createUser(`newcomer-${scene.project.id}`);
  scene.project.visibility = 'public';
  const lines = readFileSync(join(scene.folder, 'muster.yaml'), 'utf8').split('\n');
  const [from, to] = [lines.indexOf('repository:'), lines.indexOf('directory:')];
  const own = lines.slice(from, to).filter((line) => !line.includes('token'));
  writeFileSync(join(scene.folder, 'own.yaml'), `${own.join('\n')}\n`);
  writeFileSync(join(scene.folder, 'own-token'), `${world.gitlab.forge.createToken(newcomer, ['api']).value}\n`, { mode: 0o600 });
});

/** On the newcomer's own machine: no state, no directory, nothing but the two sections and a token. */
async function type(...args: readonly string[]): Promise<CommandResult> {
  const result = await runMuster(['request', ...args], {
    config: join(scene.folder, 'own.yaml'),
    at: new Date(world.gitlab.clock.now()),
    env: { MUSTER_GITLAB_TOKEN_FILE: join(scene.folder, 'own-token') },
  });
  scene.wait(minute);
  return result;
}

const wish = () => [group, 'urbanecm', '--until', scene.day(20), '--reason', 'An abuse wave, "now"', '--contact', 'irc'];

async function forked(path?: string): Promise<Project> {
  const fork = await world.gitlab.forge.fork(scene.project, newcomer, path);
  scene.wait(minute);
  return fork;
}

async function approveAndMerge(mergeRequest: MergeRequest): Promise<void> {
  scene.wait(minute);
  scene.approve(mergeRequest, world.alice);
  await scene.merge(mergeRequest);
}

describe('given somebody without a role in the project', () => {
  it('when they have no fork, then they are told how to make one, and what they are told to type works afterwards', async () => {
    const first = await type(...wish());
    expect([first.status, first.stdout]).toEqual([2, '']);
    expect(first.stderr).toContain(`open ${world.gitlab.url}/${scene.project.path}/-/forks/new and press "Fork project"`);
    expect(scene.project.mergeRequests).toEqual([]);
    const [, again = ''] = /^ +muster request (.*)$/m.exec(first.stderr) ?? [];

    await forked();
    const words = [...again.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const second = await type(...words);

    expect(second.stderr).toBe('');
    expect(second.stdout).toContain(`!1, from the fork newcomer-${scene.project.id}/`);
    expect(opened(scene, 1)).toMatchObject({ author: newcomer, targetBranch: 'main' });
  });

  it('when their fork lies behind and the request is approved and merged, then they are in, and the one note says so', async () => {
    const fork = await forked();
    await scene.land({ [`policy/grants/${group}/hoo.yaml`]: `reason: x\ncontact: irc\nuntil: ${scene.day(9)}\n` });
    expect((await type(...wish())).status).toBe(0);
    const asked = opened(scene, 2);
    expect(asked.source.id).toBe(fork.id);
    expect((await scene.run('review', '2')).stdout).toContain(`\`urbanecm\` gets into \`${group}\``);

    await approveAndMerge(asked);
    await scene.run('reconcile');

    expect(await scene.members()).toEqual(['hoo', 'urbanecm']);
    expect(noteOn(asked)).toContain('**In force.**');
  });

  it('when they renew and then end it, then both work from the fork', async () => {
    await forked();
    await type(...wish());
    await approveAndMerge(opened(scene, 1));
    await scene.run('reconcile');

    await type(group, 'urbanecm', '--until', scene.day(40));
    await approveAndMerge(opened(scene, 2));
    await scene.run('reconcile');
    scene.wait(30 * day);
    await scene.run('reconcile');
    expect(await scene.members()).toEqual(['urbanecm']);

    await type(group, 'urbanecm', '--revoke');
    await approveAndMerge(opened(scene, 3));
    await scene.run('reconcile');
    expect(await scene.members()).toEqual([]);
    expect(noteOn(opened(scene, 3))).toContain('**Done: access was taken away.**');
  });

  it('when nobody approved it, then the pair of reverts comes from the fork too, and mends it', async () => {
    await forked();
    await type(...wish());
    await scene.merge(opened(scene, 1));
    await scene.run('reconcile');

    expect((await type('--mend', '1')).stderr).toBe('');
    await scene.merge(opened(scene, 2));
    await approveAndMerge(opened(scene, 3));
    await scene.run('reconcile');

    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('when the fork is a group’s, then it has to be named', async () => {
    await forked('stewards/access');
    await forked('other/access');
    const told = await type(...wish());
    expect(told.status).toBe(2);
    expect(told.stderr).toContain('--fork stewards/access\n');

    expect((await type(...wish(), '--fork', 'stewards/access')).status).toBe(0);
    expect(opened(scene, 1).source.path).toBe('stewards/access');
    expect((await type(...wish(), '--fork', '../access')).stderr).toContain('is not the path of a project');
  });

  it('when the token may only read, then it is the token that is spoken of, not a fork', async () => {
    writeFileSync(join(scene.folder, 'own-token'), `${world.gitlab.forge.createToken(newcomer, ['read_api']).value}\n`);
    const { status, stderr } = await type(...wish());
    expect(status).toBe(2);
    expect(stderr).toContain('needs the scope api');
    expect(stderr).not.toContain('fork');
  });
});
