// From the package to a host that writes: what the one who installs it reads on each of these days, and what the directory holds.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newcomers, stewards, type Life } from './world.ts';

export const folder = 'policy/grants/klaxon-users';
const before = { 'klaxon-users': ['hoo', 'martin'], stewards: [...stewards.slice(0, 9), 'vol19'] };

export function grantFile(until: string): string {
  return `reason: Handling an abuse wave.\ncontact: irc on libera.chat\nuntil: ${until}\nunderstood: 2026-11-01\n`;
}

export function tellOfTheFirstWeek(life: () => Life): void {
  describe('Monday: given a host with the package, and groups that were kept by hand', () => {
    it('when the doctor looks, then what is not as the policy says is found, and whose it is to mend', async () => {
      const { cast, entries, muster, nextDay, land, first } = toTell(life());
      nextDay(stewards);
      const untouched = await entries();
      const { status, stdout } = await muster(['doctor']);
      expect(status).toBe(1);
      expect(stdout).toMatch(/ERROR {3}approver-account +carol: GitLab knows no account 99\n +-> the owners of the policy: /);
      expect(stdout.match(/^ {2}ERROR/gm)).toHaveLength(1);

      const rules = await cast.project.git.git('show', 'main:policy/policy.yaml');
      await land(cast.alice, { 'policy/policy.yaml': rules.replace('[57, 99]', '57') }, cast.bob);
      const again = await muster(['doctor']);
      expect(again.status).toBe(0);
      expect(again.stdout).toMatch(/ok {6}configuration +start [0-9a-f]{40}, file\s+sha256:\w+:\s+both hosts must print the same start\n/);
      expect(again.stdout).toContain('advice  mode                    report: runs say what they would do and change nothing');
      expect(readdirSync(first.state)).toEqual([]);
      expect(await entries()).toEqual(untouched);
    });

    it('when the members of a group are adopted, then they have files that say so, and these become where muster starts', async () => {
      const { cast, muster, land, startFrom, first } = toTell(life());
      const { status, stdout, stderr } = await muster(['adopt', 'klaxon-users', '--to', 'clone']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: `clone/${folder}/hoo.yaml\nclone/${folder}/martin.yaml\n` });
      expect(stderr).toContain('only the person can say what they have read');

      const files = readdirSync(join(first.folder, 'clone', folder)).map((name) => {
        const path = join(first.folder, 'clone', folder, name);
        return [`${folder}/${name}`, `${readFileSync(path, 'utf8')}understood: 2026-11-01\n`] as const;
      });
      await land(cast.carol, Object.fromEntries(files), cast.alice);
      await startFrom(await cast.project.git.head('main'));
      expect((await muster(['plan'])).stdout).toContain('group      klaxon-users: in sync, 2 members\n');
    });
  });

  describe('the week: given a host that only reports', () => {
    it('when the timer comes round on five days, then each run says what it would do, and the directory stays as it is', async () => {
      const { cast, muster, nextDay, land, members, metric, entries } = toTell(life());
      const { alice, carol, mallory } = cast;
      const untouched = await entries();
      const printed: string[] = [];
      const days: readonly (() => Promise<unknown>)[] = [
        () => Promise.resolve(),
        () => land(carol, { [`${folder}/urbanecm.yaml`]: grantFile('2026-12-20') }, alice),
        () => land(mallory, { [`${folder}/mallory.yaml`]: grantFile('2026-12-20') }),
        () => land(alice, { [`${folder}/mallory.yaml`]: null }),
        () => Promise.resolve(),
      ];
      for (const happens of days) {
        await happens();
        printed.push((await muster(['reconcile'])).stdout);
        expect(await entries()).toEqual(untouched);
        nextDay();
      }

      for (const text of printed) expect(text).toContain('report mode: nothing is written to the directory');
      expect(await members()).toEqual(before);
      const [first = '', second = '', third = '', fourth = '', last = ''] = printed;
      expect(first).toContain('group      klaxon-users: in sync, 2 members\n');
      expect(first).toContain('! held, first-run: muster has not taken this group over yet, and it has 10 members\n');
      expect(first).toMatch(/- vol19 +out: no grant or roster explains this member\n/);
      expect(first).toMatch(/\+ superpes +in: {2}roster steward/);
      expect(second).toMatch(/\+ urbanecm +in: {2}policy\/grants\/klaxon-users\/urbanecm.yaml \(!3, approved by alice\), until/);
      expect(third).toMatch(/^REFUSED +policy\/grants\/klaxon-users\/mallory.yaml \(!4, no-approval\)$/m);
      expect(third).toContain('status 3: held: changes wait for a person; also refused\n');
      expect(fourth).not.toContain('mallory');
      expect(last).toContain('status 3: held: changes wait for a person\n');
      expect(metric('muster_group_held_changes')).toEqual({ 'group="klaxon-users"': 1, 'group="stewards"': 3 });
      expect(metric('muster_refused_files')).toEqual({ '': 0 });
      expect(metric('muster_token_usable')).toEqual({
        'token="gitlab-token",state="good"': 1,
        'token="gitlab-comment-token",state="good"': 1,
      });
    });
  });

  describe('Monday again: given a host that is to write from now on', () => {
    it('when it is switched on, then it shows first what would change, asks before it takes groups over, and then they are as they should be', async () => {
      const { first, muster, members, allowPrinted } = toTell(life());
      writeFileSync(first.config, readFileSync(first.config, 'utf8').replace('mode: report', 'mode: enforce'));
      const plan = await muster(['plan']);
      expect(plan.stdout).toMatch(/- vol19 +out: no grant or roster explains this member\n/);
      const asked = await muster(['reconcile']);
      expect(asked.stdout).toContain('status 3: held: changes wait for a person\n');
      expect(asked.stdout).not.toContain('report mode');
      expect(await members()).toEqual(before);

      const allowed = await allowPrinted(asked.stdout);
      expect(allowed.map(({ status }) => status)).toEqual([0, 0]);
      const done = await muster(['reconcile']);
      expect(done.stdout).toContain('status 0: in order');
      expect(await members()).toEqual({ 'klaxon-users': ['hoo', 'martin', 'urbanecm'], stewards });
      expect((await muster(['reconcile'])).stdout).toContain('group      stewards: in sync, 11 members\n');
    });

    it('when the roster grows a little, then it is followed; when it grows at a stroke, then a person has to allow exactly that', async () => {
      const { muster, members, nextDay, allowPrinted, metric } = toTell(life());
      const thirteen = [...stewards, ...newcomers.slice(0, 2)];
      nextDay(thirteen);
      expect((await muster(['reconcile'])).stdout).toContain('group      stewards: changed, 13 members\n');

      nextDay([...stewards, ...newcomers.slice(0, 14)]);
      const held = await muster(['reconcile']);
      expect(held.stdout).toContain('held, too-many-additions: 12 additions that nobody reviewed, and the limit for 13 members is 6\n');
      expect((await members()).stewards).toEqual([...thirteen].sort());
      expect(metric('muster_group_held_changes')['group="stewards"']).toBe(12);
      const [allowed] = await allowPrinted(held.stdout);
      expect(allowed?.status).toBe(0);
      expect((await muster(['reconcile'])).stdout).toContain('group      stewards: changed, 25 members\n');
      expect((await members()).stewards).toEqual([...stewards, ...newcomers.slice(0, 14)].sort());

      const [group = '', digest = ''] = /allow (stewards) \\\s+(sha256:\S+)/.exec(held.stdout)?.slice(1) ?? [];
      const twice = await muster(['allow', group, digest, '--reason', 'Again.']);
      expect(twice.status).toBe(1);
    });
  });
}

/** A story reads better without saying whose it is in every line. */
export function toTell(life: Life) {
  const { cast, slapd, first, lines } = life;
  return {
    ...{ cast, slapd, first, lines },
    entries: life.entries.bind(life),
    muster: life.muster.bind(life),
    nextDay: life.nextDay.bind(life),
    land: life.land.bind(life),
    startFrom: life.startFrom.bind(life),
    members: life.members.bind(life),
    metric: life.metric.bind(life),
    allowPrinted: life.allowPrinted.bind(life),
    wait: life.wait.bind(life),
    newHost: life.newHost.bind(life),
  };
}
