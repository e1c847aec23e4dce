// To the other host: its own configuration, the copied revocations, and nothing else.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toTell } from './first-week.ts';
import { newcomers, stewards, type Host, type Life } from './world.ts';

export function tellOfTheFailover(life: () => Life): void {
  let second: Host;

  describe('Friday: given a second host with its own configuration and the copied revocations', () => {
    it('when the first is made the standby, then it looks at nothing and writes nothing, and both print the same start', async () => {
      const { muster, first, newHost, entries, nextDay } = toTell(life());
      await muster(['revoke', 'vol3', '--reason', 'Left in anger.']);
      first.setActive(false);
      second = newHost('ldap-maint2001');
      writeFileSync(second.config, readFileSync(second.config, 'utf8').replace('mode: report', 'mode: enforce'));
      cpSync(join(first.state, 'revoked'), join(second.state, 'revoked'), { recursive: true });
      nextDay([...stewards, ...newcomers.slice(0, 15)]);
      const before = await entries();

      expect(await muster(['reconcile'])).toMatchObject({
        status: 0,
        stdout: `This host is the standby, for it has no file ${join(first.folder, 'active')}: it looks at nothing and changes nothing.\n`,
      });
      const refused = await muster(['revoke', 'hoo', '--reason', 'By mistake.']);
      expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('this host is the standby and writes nothing') });
      expect(await entries()).toEqual(before);
      const starts: (string | undefined)[] = [];
      for (const host of [first, second])
        starts.push(/ok +configuration +(start [0-9a-f]{40})/.exec((await muster(['doctor'], host)).stdout)?.[1]);
      expect(starts).toEqual([expect.stringContaining('start '), starts[0]]);
    });

    it('when the second takes over, then it builds its record anew, goes on with what is in order, and asks where a group differs', async () => {
      const { muster, members, allowPrinted } = toTell(life());
      const before = await members();
      const asked = await muster(['reconcile'], second);
      expect(asked.status).toBe(3);
      expect(asked.stdout).toContain('group      klaxon-users: in sync, 3 members\n');
      expect(asked.stdout).toMatch(/held, first-run: .*24 members\n {4}\+ vol14 +in: {2}roster steward/);
      expect(await members()).toEqual(before);

      const [allowed] = await allowPrinted(asked.stdout, second);
      expect(allowed?.status).toBe(0);
      expect((await muster(['reconcile'], second)).stdout).toContain('status 0: in order');
      const { stewards: pagers } = await members();
      expect(pagers).toEqual([...before.stewards, 'vol14'].sort());
      expect(pagers).not.toContain('vol3');
      expect((await muster(['explain', 'urbanecm'], second)).stdout).toMatch(/\(!3, approved by alice\), until the end\s+of\s+2026-12-20/);
      expect(readFileSync(second.metrics, 'utf8')).toContain('muster_unratified_revocations 1\n');
    });

    it('when both believe to be the active one, then both end in the same state, and neither undoes what the other did', async () => {
      const { muster, first, entries, members, nextDay } = toTell(life());
      first.setActive(true);
      const before = await members();
      for (const host of [first, second, first, second]) {
        life().wait(600_000);
        const { stdout } = await muster(['reconcile'], host);
        expect(stdout).toContain('status 0: in order');
        expect(await members()).toEqual(before);
      }
      nextDay([...stewards, ...newcomers.slice(0, 16)]);
      const [one, other] = [await muster(['reconcile'], second), await muster(['reconcile'], first)];
      const after = await entries();
      expect([one.stdout, other.stdout].map((text) => /stewards: (.*)\n/.exec(text)?.[1])).toEqual([
        'changed, 26 members',
        'in sync, 26 members',
      ]);
      for (const host of [second, first]) await muster(['reconcile'], host);
      expect(await entries()).toEqual(after);
    });
  });
}
