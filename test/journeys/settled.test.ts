// A run that finds all it was judged by unchanged does not judge again (membership/settled.ts). What it says is the same, and whatever changes is seen.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn } from './documents.ts';
import { later, noon, openWorld, type Host } from './world.ts';

const world = ofThisFile(() => openWorld());

const settledFile = (host: Host) => join(host.state, 'settled.json');

/** Everything is in order, and that was kept. `ghost` is on the roster and nobody knows them. */
async function settledHost(): Promise<Host> {
  const host = await world.newHost({ roster: ['base', 'ghost', 'melos'], granted: ['martin'] });
  await host.reconcile();
  await host.reconcile();
  await host.reconcile();
  expect(existsSync(settledFile(host))).toBe(true);
  return host;
}

describe('given a host whose last run found every group in order', () => {
  it('when it runs again, then it says the same as a run that judges everything, and looks at no person', async () => {
    const host = await settledHost();
    const kept = readFileSync(settledFile(host), 'utf8');
    writeFileSync(settledFile(host), 'torn');
    const full = await host.reconcile();
    writeFileSync(settledFile(host), kept);
    const before = world.slapd.logs().length;

    // Later than what the runs before it kept: a process that starts at the same moment may be ahead of a slow one, and then looks again.
    const short = await host.reconcile(later(0, 0.5));

    expect({ ...short.document, at: noon }).toEqual({ ...full.document, at: noon });
    expect(short.document.withheld).toMatchObject([{ uid: 'ghost', code: 'unknown-person' }]);
    expect(world.slapd.logs().slice(before)).not.toMatch(/SRCH base="(?:ou=people|cn=)/);
  });

  it('when somebody else puts a person in, then the next run takes the person out', async () => {
    const host = await settledHost();
    await world.slapd.addMember('klaxon-users', 'mallory');

    const run = await host.reconcile();

    expect(changesIn(groupIn(run.document, 'klaxon-users'))).toEqual(['mallory out: unexplained']);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });

  it('when a member is locked, then the member is taken out', async () => {
    const host = await settledHost();
    await world.slapd.lock('melos');

    const run = await host.reconcile();
    await world.slapd.unlock('melos');

    expect(changesIn(groupIn(run.document, 'stewards'))).toEqual(['melos out: locked']);
  });

  it('when the roster changes, then the next run follows it', async () => {
    const host = await settledHost();
    host.setRoster(['base', 'ghost', 'melos', 'hoo']);

    await host.reconcile();

    expect(await host.members('stewards')).toEqual(['base', 'hoo', 'melos']);
  });

  it('when a person is revoked, then the person is out', async () => {
    const host = await settledHost();
    host.revoke('martin');

    await host.reconcile();

    expect(await host.members('klaxon-users')).toEqual([]);
  });

  it('when a grant lands on the branch, then it is in force', async () => {
    const host = await settledHost();
    host.grant('carol');

    await host.reconcile();

    expect(await host.members('klaxon-users')).toEqual(['carol', 'martin']);
  });

  it('when the host lowers a ceiling, then the tighter of the two counts', async () => {
    const host = await settledHost();
    host.configure({ directory: { ceilings: { 'klaxon-users': { longest: '1 day' } } } });

    await host.reconcile();

    expect(await host.members('klaxon-users')).toEqual([]);
  });

  it('when a grant ends a minute after that run, then it ends on time', async () => {
    const host = await settledHost();
    host.grant('vol0', '2026-11-23T12:01:00Z');
    for (let run = 0; run < 3; run++) await host.reconcile(noon);
    expect(await host.members('klaxon-users')).toEqual(['martin', 'vol0']);

    const run = await host.reconcile('2026-11-23T12:01:00Z');

    expect(changesIn(groupIn(run.document, 'klaxon-users'))).toEqual(['vol0 out: expired']);
  });

  it('when a day has passed, then the groups are judged again whether or not anything changed', async () => {
    const host = await settledHost();
    const before = world.slapd.logs().length;

    await host.reconcile(later(1));

    expect(world.slapd.logs().slice(before)).toMatch(/SRCH base="ou=people/);
  });
});

describe('given groups that were in order as one account was shown them', () => {
  it('when the profile names another account, then everybody is read again: it may be shown something else', async () => {
    const { slapd } = world;
    const profile = (dn: string, password: string) => `profile default\nuser: ${dn}\npassword: ${password}\n`;
    const host = await world.newHost({ roster: ['base', 'melos'] });
    const ldapvi = join(host.folder, 'ldapvi.conf');
    writeFileSync(ldapvi, profile(slapd.writerDn, slapd.writerPassword), { mode: 0o600 });
    host.configure({ directory: { 'bind-dn': undefined, 'password-file': undefined, credentials: 'ldapvi.conf' } });
    // Each run at a later moment: one that starts at the same may be ahead of a slow one, and then looks again.
    let runs = 0;
    const reconcile = () => host.reconcile(later(0, (runs += 1) / 10));
    const readsPeople = async () => {
      const before = slapd.logs().length;
      await reconcile();
      return slapd.logs().slice(before).includes('SRCH base="ou=people');
    };
    for (let run = 0; run < 3; run++) await reconcile();

    expect(await readsPeople()).toBe(false);
    writeFileSync(ldapvi, profile(slapd.adminDn, slapd.adminPassword), { mode: 0o600 });
    expect(await readsPeople()).toBe(true);
    expect(await readsPeople()).toBe(false);
  });
});

describe('case 77: given a database whose contextCSN stands still beside one that has the control', () => {
  it('when a person is deleted, then the run after an own write does not take anything for unchanged', async () => {
    const still = await openWorld({
      overlays: ['memberof', 'ppolicy', 'unique', 'deref'],
      globalLines: ['moduleload syncprov.so'],
      // The root DSE lists the control that any database has.
      databaseLines: ['database ldif', 'directory .', 'suffix "dc=other"', 'overlay syncprov'],
    });
    try {
      const host = await still.newHost({ roster: ['base', 'hoo', 'melos'] });
      for (let hour = 0; hour < 4; hour++) await host.reconcile(later(0, hour));
      expect(existsSync(settledFile(host))).toBe(false);
      await still.slapd.lock('hoo');
      await host.reconcile(later(0, 5));
      expect(await host.members('stewards')).toEqual(['base', 'melos']);
    } finally {
      await still.stop();
    }
  });
});
