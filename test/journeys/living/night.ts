// Three in the morning: an account is taken over, and everything but the one server that is written is down. Then the morning after.
import { describe, expect, it } from 'vitest';
import { folder, toTell } from './first-week.ts';
import { newcomers, stewards, type Life } from './world.ts';

const hour = 3_600_000;

export function tellOfTheNight(life: () => Life): void {
  async function setAll(mode: 'pass' | 'refuse'): Promise<void> {
    const { cast, lines } = life();
    for (const line of Object.values(lines)) await line.set(mode);
    if (mode === 'pass') cast.gitlab.faults.clear();
    else cast.gitlab.faults.add(/./, { kind: 'drop' });
  }

  describe('Wednesday, three in the morning: given that GitLab, git, rsync and the replica are all down', () => {
    it('when somebody is revoked, then they are out of every group, and it is told who that was, what it cannot do, and what is left to do', async () => {
      const { muster, members, slapd, wait } = toTell(life());
      wait(18 * hour);
      await setAll('refuse');
      const { status, stdout, stderr } = await muster(['revoke', 'urbanecm', '--reason', 'Account taken over, T400002']);

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^urbanecm {2}\S.* {2}\S+@\S+\n/);
      expect(stdout).toContain(`${slapd.personDn('urbanecm')}\n  klaxon-users: out\n  stewards: out\n`);
      expect(stdout).toContain('Sessions that are open now live on until they end');
      expect(stdout).toContain(`only the revocation keeps urbanecm out:\n  ${folder}/urbanecm.yaml\n  roster steward\n`);
      expect(stdout).toMatch(
        /Change them:\n {2}muster request klaxon-users urbanecm --revoke\n {2}have urbanecm taken off the roster steward, .*\n$/,
      );
      const { 'klaxon-users': users, stewards: pagers } = await members();
      expect(users).toEqual(['hoo', 'martin']);
      expect(pagers).toEqual([...stewards, ...newcomers.slice(0, 14)].filter((uid) => uid !== 'urbanecm').sort());
    });

    it('when a name is mistyped, then nothing is done, and near ones are offered', async () => {
      const { muster, entries } = toTell(life());
      const before = await entries();
      const { status, stdout } = await muster(['revoke', 'hooo', '--reason', 'Account taken over, T400002']);
      expect(status).toBe(1);
      expect(stdout).toBe('The directory has no person hooo; nothing was done. Did you mean h2o, hoo?\n');
      expect(await entries()).toEqual(before);
    });

    it('when the timer comes round, then nobody loses anything for it, the person stays out, and the run says what does not answer', async () => {
      const { muster, entries } = toTell(life());
      const before = await entries();
      for (const wait of [10, 20]) {
        life().wait((wait * hour) / 60);
        const { status, stdout } = await muster(['reconcile']);
        expect(status).toBe(75);
        expect(stdout).toContain('status 75: unavailable');
        expect(await entries()).toEqual(before);
      }
    });
  });

  describe('the morning after: given that everything answers again', () => {
    it('when the timer comes round, then the person stays out although roster and grant name them, and it is told', async () => {
      const { muster, members, metric, nextDay, wait } = toTell(life());
      await setAll('pass');
      wait(4 * hour);
      const { status, stdout } = await muster(['reconcile']);
      expect(status).toBe(0);
      expect(stdout).toMatch(/urbanecm .*revoked/);
      for (const uids of Object.values(await members())) expect(uids).not.toContain('urbanecm');
      expect(metric('muster_unratified_revocations')).toEqual({ '': 1 });
      expect((await muster(['revoke', '--list'])).stdout).toMatch(
        /^urbanecm +every group +2026-11-2\d \d\d:\d\d:\d\d UTC {2}Account taken over, T400002 \(by [^)]+\)\n {2}still named by policy\/grants\/klaxon-users\/urbanecm.yaml, roster steward\n$/,
      );
      expect((await muster(['explain', 'urbanecm'])).stdout).toContain('Account taken over, T400002');
      nextDay();
    });

    it('when it was a false alarm and is lifted, then grant and roster count again from the next run on', async () => {
      const { muster, members, metric } = toTell(life());
      const lifted = await muster(['lift', 'urbanecm', '--reason', 'The account is theirs again, T400002']);
      expect(lifted.stdout).toContain('Whatever grants and rosters say of urbanecm counts again, from the next run on.');
      expect((await members()).stewards).not.toContain('urbanecm');

      expect((await muster(['reconcile'])).stdout).toContain('status 0: in order');
      for (const uids of Object.values(await members())) expect(uids).toContain('urbanecm');
      expect((await muster(['revoke', '--list'])).stdout).toBe('Nobody is revoked on this host.\n');
      expect(metric('muster_revocations')).toEqual({ '': 0 });
    });
  });
}
