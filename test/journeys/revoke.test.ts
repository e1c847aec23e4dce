// `muster revoke` at three in the morning: what is shown first, what is done whatever is down, and what is asked of others afterwards.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { User } from '../support/gitlab/world.ts';
import { grantFile, grantPath } from './evidence/policy-files.ts';
import { day, group, minute, startWorld, type Scene, type World } from './evidence/world.ts';

let world: World;
let bot: User;
let scene: Scene;
beforeAll(async () => {
  world = await startWorld();
  bot = world.gitlab.forge.createUser('muster-bot', { id: 91 });
});
afterAll(() => world.stop());

/** Mallory is a member, by a grant that was approved; the bot has this role in the project. */
async function malloryIsIn(role: number): Promise<void> {
  scene = await world.scene();
  scene.project.members.set(bot.id, role);
  const token = world.gitlab.forge.createToken(bot, ['api']).value;
  writeFileSync(join(scene.folder, 'comment-token'), `${token}\n`, { mode: 0o600 });
  const config = join(scene.folder, 'muster.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('gitlab:\n', 'gitlab:\n  comment-token-file: comment-token\n'));
  await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14)), [grantPath('hoo')]: grantFile(scene.day(14)) });
  await scene.reconcile();
  expect(await scene.members()).toEqual(['hoo', 'mallory']);
}

const revoke = (uid = 'mallory') => scene.run('revoke', uid, '--reason', 'Account\n/approve\n@all <script> T400002');

describe('given a member, and a token that may make branches', () => {
  beforeEach(() => malloryIsIn(30));

  it('when the member is revoked, then who it is, what was done, what it cannot do and who else must act is told, in that order', async () => {
    const { status, stdout } = await revoke();
    expect(status).toBe(0);
    const told = [
      /^mallory {2}\S.* {2}\S+@\S+$/m,
      world.slapd.personDn('mallory'),
      'klaxon-users: out',
      'for up to 7 days',
      'muster lift mallory',
      'only the revocation keeps mallory out:',
      grantPath('mallory'),
      /^Merge request !2 asks for it: http:\S+\/merge_requests\/2$/m,
    ];
    let rest = stdout;
    for (const one of told) {
      const place = typeof one === 'string' ? rest.indexOf(one) : rest.search(one);
      expect({ one, isThere: place >= 0 }).toEqual({ one, isThere: true });
      rest = rest.slice(place);
    }
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when it is for one group, then it is that one alone, and a lift for all groups does not end it', async () => {
    const { stdout } = await scene.run('revoke', 'mallory', '--group', group, '--reason', 'Paged for nothing, twice.');
    expect(stdout).toContain(`/state/revoked/mallory@${group}.json\n`);
    expect(stdout).toContain('Merge request !2 asks for it');
    expect((await scene.run('revoke', '--list')).stdout).toMatch(/^mallory +klaxon-users +2026-/);
    expect((await scene.run('lift', 'mallory', '--reason', 'Wrong one.')).status).toBe(1);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo']);
    expect((await scene.run('revoke', 'mallory', '--group', 'wmf', '--reason', 'x')).status).toBe(2);
    expect((await scene.run('lift', 'mallory', '--group', group, '--reason', 'Knows better now.')).status).toBe(0);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo', 'mallory']);
  });

  it('when it is asked for twice, then there is one merge request, of one deletion, with nothing of the reason in it', async () => {
    await revoke();
    const again = await revoke();
    expect(again.stdout).toContain('was not a member');
    expect(again.stdout).toContain('Merge request !2 asks for it');
    const [, opened] = scene.project.mergeRequests;
    expect(scene.project.mergeRequests).toHaveLength(2);
    expect(`${opened?.title}\n\n${opened?.description}`).toBe(
      `End the access of mallory to klaxon-users

\`mallory\` was revoked on the host that runs muster. Until this is done, only that keeps \`mallory\` out.

This deletes:

- \`${grantPath('mallory')}\`
`,
    );
  });

  it('when that is approved and merged, then the revocation is ratified, and a lift gives nothing back', async () => {
    await revoke();
    const asked = scene.project.mergeRequests.at(-1);
    if (!asked) throw new Error('nothing was asked for');
    expect((await scene.run('revoke', '--list')).stdout).toContain(`still named by ${grantPath('mallory')}`);
    scene.wait(minute);
    scene.approve(asked, world.alice);
    await scene.merge(asked);
    await scene.reconcile();

    expect((await scene.run('revoke', '--list')).stdout).toMatch(/^mallory {2}.*\n$/m);
    expect((await scene.run('revoke', '--list')).stdout).not.toContain('still named');
    await scene.run('lift', 'mallory', '--reason', 'Account is theirs again.');
    expect((await scene.reconcile()).status.all).toEqual(['in order']);
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when somebody else holds a branch of that name, then an issue asks for it instead', async () => {
    await scene.push(world.mallory, { 'x.txt': 'x\n' }, 'muster-mallory-revoked');
    expect((await revoke()).stdout).toContain('Issue #1 asks for it');
    expect(scene.project.mergeRequests).toHaveLength(1);
  });

  it('when GitLab is down or hangs, then the member is out all the same, status 0, and the way by hand is told', async () => {
    for (const [index, harm] of ([{ kind: 'answer', status: 503 }, { kind: 'hang' }] as const).entries()) {
      world.gitlab.faults.add(/./, harm);
      const { status, stdout } = await revoke(['mallory', 'hoo'][index]);
      world.gitlab.faults.clear();
      expect(status).toBe(0);
      expect(stdout).toContain('klaxon-users: out');
      expect(stdout).toMatch(/Nothing was asked for on GitLab \(gitlab did not answer: .*\)\. By hand, later:/);
      expect(stdout).toContain(`  muster request klaxon-users ${['mallory', 'hoo'][index]} --revoke\n`);
    }
    expect(await scene.members()).toEqual([]);
  });

  it('when nobody of that name is known, then near ones are offered, nothing is done, and nothing is asked for', async () => {
    const { status, stdout } = await revoke('malory');
    expect(status).toBe(1);
    expect(stdout).toBe('The directory has no person malory; nothing was done. Did you mean mallory?\n');
    expect(await scene.members()).toEqual(['hoo', 'mallory']);
    expect(scene.project.mergeRequests).toHaveLength(1);
  });

  it('when the grant is over, then nothing names the member any more, and nothing is asked for', async () => {
    scene.wait(20 * day);
    const { status, stdout } = await revoke();
    expect(status).toBe(0);
    expect(stdout).toContain('No grant in force and no roster names mallory there.\n');
    expect(scene.project.mergeRequests).toHaveLength(1);
  });
});

describe('given a member, and a token that may write notes only', () => {
  beforeEach(() => malloryIsIn(20));

  it('when the member is revoked, then one issue asks for it, which members of the project alone can read', async () => {
    scene.project.issues.push({
      ...{ iid: 1, title: 'Take mallory out of klaxon-users', description: 'Done!', confidential: false },
      ...{ author: world.mallory, state: 'opened' },
    });
    expect((await revoke()).stdout).toMatch(/^Issue #2 asks for it: http:\S+\/-\/issues\/2$/m);
    expect((await revoke()).stdout).toContain('Issue #2 asks for it');
    expect(scene.project.issues.slice(1)).toMatchObject([
      {
        title: 'Take mallory out of klaxon-users',
        confidential: true,
        description: expect.stringContaining(`- Delete \`${grantPath('mallory')}\`, in a merge request`),
      },
    ]);
  });

  it('when the project has no issues either, then the way by hand is told', async () => {
    scene.project.hasIssues = false;
    const { status, stdout } = await revoke();
    expect(status).toBe(0);
    expect(stdout).toContain('By hand, later:\n  muster request klaxon-users mallory --revoke\n');
  });
});

describe('given a host that is not to be trusted with much', () => {
  it('when it has no token to write with, then the way by hand is told; with a broken ledger, that nothing is known', async () => {
    await malloryIsIn(20);
    scene.configure();
    expect((await revoke()).stdout).toContain(
      'No token may write on GitLab, so by hand:\n  muster request klaxon-users mallory --revoke\n',
    );

    writeFileSync(join(scene.state, 'ledger.jsonl'), '{"not":"ours"}\n');
    const { status, stdout } = await revoke('hoo');
    expect(status).toBe(75);
    expect(stdout).toContain('klaxon-users: out');
    expect(stdout).toContain('the ledger has no record of this yet');
    expect(stdout).toContain('Who still names hoo is not known');
    expect(await scene.members()).toEqual([]);
  });
});
