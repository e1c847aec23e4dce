// `muster revoke` at three in the morning: what is shown first, what is done whatever is down, and what is left for others to do.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { grantFile, grantPath } from './evidence/policy-files.ts';
import { day, group, minute, startWorld, type Scene } from './evidence/world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());
let scene: Scene;

/** Mallory is a member, by a grant that was approved. */
async function malloryIsIn(): Promise<void> {
  scene = await world.scene();
  await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14)), [grantPath('hoo')]: grantFile(scene.day(14)) });
  await scene.reconcile();
  expect(await scene.members()).toEqual(['hoo', 'mallory']);
}

const revoke = (uid = 'mallory') => scene.run('revoke', uid, '--reason', 'Account\n/approve\n@all <script> T400002');

describe('given a member', () => {
  beforeEach(malloryIsIn);

  it('when the member is revoked, then who it is, what was done, what it cannot do and who else must act is told, in that order', async () => {
    const { status, stdout } = await revoke();
    expect(status).toBe(0);
    const told = [
      /^mallory {2}\S.* {2}\S+@\S+$/m,
      world.slapd.personDn('mallory'),
      'klaxon-users: out',
      'live on until they end',
      'muster lift mallory',
      'only the revocation keeps mallory out:',
      grantPath('mallory'),
      `  muster request ${group} mallory --revoke\n`,
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
    expect(stdout).toContain(`muster request ${group} mallory --revoke`);
    expect((await scene.run('revoke', '--list')).stdout).toMatch(/^mallory +klaxon-users +2026-/);
    expect((await scene.run('lift', 'mallory', '--reason', 'Wrong one.')).status).toBe(1);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo']);
    expect((await scene.run('revoke', 'mallory', '--group', 'wmf', '--reason', 'x')).status).toBe(2);
    expect((await scene.run('lift', 'mallory', '--group', group, '--reason', 'Knows better now.')).status).toBe(0);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo', 'mallory']);
  });

  it('when it is typed twice, then nothing was asked of GitLab, and the member is out', async () => {
    const before = world.gitlab.faults.log.length;
    expect((await revoke()).status).toBe(0);
    const again = await revoke();
    expect(again.stdout).toContain('was not a member');
    expect(again.stdout).toContain(`muster request ${group} mallory --revoke`);
    expect(world.gitlab.faults.log).toHaveLength(before);
  });

  it('when a merge request that deletes the grant is approved and merged, then the revocation is ratified, and a lift gives nothing back', async () => {
    await revoke();
    expect((await scene.run('revoke', '--list')).stdout).toContain(`still named by ${grantPath('mallory')}`);
    scene.wait(minute);
    await scene.land({ [grantPath('mallory')]: null });
    await scene.reconcile();

    expect((await scene.run('revoke', '--list')).stdout).toMatch(/^mallory {2}.*\n$/m);
    expect((await scene.run('revoke', '--list')).stdout).not.toContain('still named');
    await scene.run('lift', 'mallory', '--reason', 'Account is theirs again.');
    expect((await scene.reconcile()).status.all).toEqual(['in order']);
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when GitLab is down or hangs, then the member is out all the same, status 0', async () => {
    for (const [index, harm] of ([{ kind: 'answer', status: 503 }, { kind: 'hang' }] as const).entries()) {
      world.gitlab.faults.add(/./, harm);
      const { status, stdout } = await revoke(['mallory', 'hoo'][index]);
      world.gitlab.faults.clear();
      expect(status).toBe(0);
      expect(stdout).toContain('klaxon-users: out');
      expect(stdout).toContain(`  muster request klaxon-users ${['mallory', 'hoo'][index]} --revoke\n`);
    }
    expect(await scene.members()).toEqual([]);
  });

  it('when nobody of that name is known, then near ones are offered, and nothing is done', async () => {
    const { status, stdout } = await revoke('malory');
    expect(status).toBe(1);
    expect(stdout).toBe('The directory has no person malory; nothing was done. Did you mean mallory?\n');
    expect(await scene.members()).toEqual(['hoo', 'mallory']);
  });

  it('when the grant is over, then nothing names the member any more', async () => {
    scene.wait(20 * day);
    const { status, stdout } = await revoke();
    expect(status).toBe(0);
    expect(stdout).toContain('No grant in force and no roster names mallory there.\n');
  });
});

describe('given a broken ledger', () => {
  it('when a member is revoked, then the member is out, and who still names them is not known', async () => {
    await malloryIsIn();
    writeFileSync(join(scene.state, 'ledger.jsonl'), '{"not":"ours"}\n');
    const { status, stdout } = await revoke('hoo');
    expect(status).toBe(5);
    expect(stdout).toContain('klaxon-users: out');
    expect(stdout).toContain('the ledger has no record of this yet');
    expect(stdout).toContain('Who still names hoo is not known');
    expect(await scene.members()).toEqual(['mallory']);
  });
});
