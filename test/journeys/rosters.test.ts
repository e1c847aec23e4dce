// Whatever lies where the roster should be, nobody is lost by it and nobody gets in by it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { groupIn } from './documents.ts';
import { later, stewards, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const bad: readonly { given: string; place: (host: Host) => void; gives: string }[] = [
  { given: 'an empty file', place: (host) => host.setRoster(''), gives: 'empty' },
  { given: 'nothing', place: () => undefined, gives: 'missing' },
  {
    given: 'a FIFO',
    place: ({ rosterFile }) => void execFileSync('mkfifo', [rosterFile]),
    gives: 'unreadable',
  },
  {
    given: 'a link',
    place: ({ rosterFile }) => symlinkSync('/etc/passwd', rosterFile),
    gives: 'unreadable',
  },
  {
    given: 'a folder',
    place: ({ rosterFile }) => mkdirSync(rosterFile),
    gives: 'unreadable',
  },
  {
    given: '10 MB',
    place: (host) => host.setRoster('base\n'.repeat(2_000_000)),
    gives: 'damaged',
  },
  {
    given: 'bytes of a program',
    place: ({ rosterFile }) => writeFileSync(rosterFile, Buffer.from([0x7f, 0x45, 0, 0xff, 10])),
    gives: 'damaged',
  },
  {
    given: 'a list cut in a line',
    place: (host) => host.setRoster(`${stewards.join('\n')}\n`.slice(0, -4)),
    gives: 'damaged',
  },
  {
    given: 'a list of people unknown here',
    place: (host) => host.setRoster(['base', 'ghost1', 'ghost2', 'ghost3']),
    gives: 'damaged',
  },
];

describe('case 47: given a roster that was accepted once', () => {
  it('when something that is no roster takes its place, then each has its own state, the membership stays, and grants go on', async () => {
    const host = await world.newHost();
    await host.reconcile();

    for (const [hour, { given, place, gives }] of bad.entries()) {
      rmSync(host.rosterFile, { recursive: true, force: true });
      place(host);
      const uid = `vol${hour}`;
      host.grant(uid);
      const run = await host.reconcile(later(0, hour + 1));
      expect({
        given,
        status: run.status,
        state: run.document.rosters[0]?.state,
        people: run.document.rosters[0]?.people,
      }).toEqual({
        given,
        status: 5,
        state: gives,
        people: 11,
      });
      // Who is on the list that stays in force is known as before: nothing is planned for anybody, and nobody is held back.
      expect(groupIn(run.document, 'stewards')).toMatchObject({ add: [], remove: [], held: [] });
      expect(run.document.withheld).toEqual([]);
      expect(await host.members('stewards')).toEqual(stewards);
      expect(await host.members('klaxon-users')).toContain(uid);
      rmSync(host.rosterFile, { recursive: true, force: true });
    }

    host.setRoster(stewards.slice(1));
    const run = await host.reconcile(later(0, 20));
    expect([run.status, await host.members('stewards')]).toEqual([0, stewards.slice(1)]);
  });

  it('when the list names the same people in upper case, twice, with CR and comments, then nothing changes', async () => {
    const host = await world.newHost();
    await host.reconcile();
    host.setRoster(`# stewards\r\n${stewards.map((uid) => `${uid.toUpperCase()} \r\n`).join('')}${stewards.join('\n')}\n`);

    const run = await host.reconcile(later(0, 1));

    expect([run.status, groupIn(run.document, 'stewards').state]).toEqual([0, 'in-sync']);
  });

  it('when a checksum is required and wrong, missing or of another list, then the list is not taken', async () => {
    const host = await world.newHost({
      configuration: {
        rosters: {
          steward: {
            from: 'steward.txt',
            'older-than': 'none',
            checksum: 'required',
          },
        },
      },
    });
    const sums = () =>
      execFileSync('sha256sum', ['steward.txt'], {
        cwd: host.folder,
        encoding: 'utf8',
      });
    writeFileSync(join(host.folder, 'steward.txt.sha256'), sums());
    expect((await host.reconcile()).status).toBe(0);

    host.setRoster(stewards.slice(1));
    expect((await host.reconcile(later(0, 1))).status).toBe(5);
    expect(await host.members('stewards')).toEqual(stewards);
    writeFileSync(join(host.folder, 'steward.txt.sha256'), sums());
    expect((await host.reconcile(later(0, 2))).status).toBe(0);
    expect(await host.members('stewards')).toEqual(stewards.slice(1));
  });
});

describe('given a roster that never was good', () => {
  it('when it is missing from the first run on, then the group is left as it is, a revoked person is out, and grants go on', async () => {
    const host = await world.newHost({
      members: { stewards: ['base', 'hoo'] },
      granted: ['alice'],
    });
    rmSync(host.rosterFile);
    host.revoke('hoo');

    const run = await host.reconcile();

    expect([run.status, await host.members('klaxon-users')]).toEqual([5, ['alice']]);
    expect(await host.members('stewards')).toEqual(['base']);
  });
});

describe('case 49: given a roster that may be 26 hours old', () => {
  it('when it is 3 and 30 days old, then the membership stays, and what is said grows', async () => {
    const host = await world.newHost({
      configuration: {
        rosters: { steward: { from: 'steward.txt', 'older-than': '26 hours' } },
      },
    });
    await host.reconcile();

    const words: (string | undefined)[] = [];
    for (const days of [3, 9, 15, 21, 27, 30]) {
      const run = await host.reconcile(later(days));
      expect([run.status, run.document.rosters[0]?.state]).toEqual([5, 'stale']);
      words.push(run.document.problems?.find(({ code }) => code === 'roster-stale')?.message);
    }
    expect(words[0]).toContain('3 days');
    expect(words[5]).toContain('30 days');
    expect(await host.members('stewards')).toEqual(stewards);
  });

  it('when it is from the future, then it is not taken', async () => {
    const host = await world.newHost({
      configuration: {
        rosters: { steward: { from: 'steward.txt', 'older-than': '26 hours' } },
      },
    });
    await host.reconcile();
    host.setRoster(stewards.slice(1), later(2));

    expect((await host.reconcile(later(0, 1))).document.rosters[0]?.state).toBe('damaged');
    expect(await host.members('stewards')).toEqual(stewards);
  });
});

describe('given an empty list, and the one accepted before not as it was kept', () => {
  const spoilings: readonly { readonly given: string; readonly spoil: (file: string) => void; readonly says: string }[] = [
    { given: 'gone', spoil: (file) => rmSync(file), says: 'is not there' },
    { given: 'another one', spoil: (file) => writeFileSync(file, 'mallory\n'), says: 'does not hold what was kept in it' },
    { given: 'not to be read', spoil: (file) => (rmSync(file), mkdirSync(file)), says: 'cannot be read (EISDIR)' },
  ];

  it.each(spoilings)('when it is $given, then its group is left as it is, the file is named, and the other group goes on', async (one) => {
    const host = await world.newHost({ granted: ['alice'] });
    await host.reconcile();
    const folder = join(host.state, 'rosters/steward');
    const [name = ''] = readdirSync(folder);
    one.spoil(join(folder, name));
    host.setRoster('');
    host.grant('bob');

    const run = await host.reconcile(later(0, 1));
    expect([run.status, await host.members('stewards'), await host.members('klaxon-users')]).toEqual([5, stewards, ['alice', 'bob']]);
    expect(run.document.problems?.map(({ message }) => message)).toEqual([expect.stringContaining(`${join(folder, name)} ${one.says}`)]);
    expect(groupIn(run.document, 'stewards').state).toBe('frozen');
  });
});
