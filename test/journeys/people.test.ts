// Who is meant by a uid, and who is not: unknown, locked, doubled, renamed, registered anew, revoked.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn, holdIn } from './documents.ts';
import { grantPath, later, stewards, openWorld } from './world.ts';

const double = `dn: ou=old,ou=people,dc=wikimedia,dc=org
objectClass: organizationalUnit
ou: old

dn: uid=vol9,ou=old,ou=people,dc=wikimedia,dc=org
objectClass: inetOrgPerson
uid: vol9
cn: Another Vol9
sn: Vol9
`;

const world = ofThisFile(() => openWorld({ ldif: double }));

describe('case 50: given a roster with people the directory does not know, has locked, and names twice', () => {
  it('when it runs, then they are skipped or out and reported one by one, once each, and it is no error', async () => {
    await world.slapd.lock('mallory');
    const host = await world.newHost({
      members: { stewards: [...stewards, 'mallory'] },
      roster: [...stewards, ...stewards.slice(0, 3), 'ghost', 'mallory'],
    });
    host.grant('ghost');

    const first = await host.reconcile();
    await host.allow('stewards', holdIn(first.document, 'stewards', 'first-run').digest);
    const run = await host.reconcile(later(0, 1));

    expect([run.status, await host.members('stewards')]).toEqual([0, stewards]);
    expect(run.document.withheld.map(({ uid, group, code }) => [uid, group, code])).toEqual([
      ['ghost', 'klaxon-users', 'unknown-person'],
      ['ghost', 'stewards', 'unknown-person'],
      ['mallory', 'stewards', 'locked'],
    ]);
    await world.slapd.unlock('mallory');
    await host.reconcile(later(0, 2));
    expect(await host.members('stewards')).toContain('mallory');
  });

  it('when a member is deleted and the uid is registered anew, then the new person inherits nothing, by roster or by grant', async () => {
    await world.slapd.addPerson('zed');
    const host = await world.newHost({ roster: ['base', 'zed'] });
    host.grant('zed');
    await host.reconcile();
    expect([await host.members('stewards'), await host.members('klaxon-users')]).toEqual([['base', 'zed'], ['zed']]);

    await world.slapd.deletePerson('zed');
    await world.slapd.addPerson('zed');
    const run = await host.reconcile(later(0, 1));

    expect([await host.members('stewards'), await host.members('klaxon-users')]).toEqual([['base'], []]);
    expect(run.document.withheld.map(({ uid, code }) => [uid, code])).toEqual([
      ['zed', 'identity-changed'],
      ['zed', 'identity-changed'],
    ]);
    // A grant that landed after it is about the person who has the uid now.
    host.revokeGrants(['zed']);
    host.grant('zed', '2026-12-20');
    await host.reconcile(later(0, 2));
    expect(await host.members('klaxon-users')).toEqual(['zed']);
  });
});

describe('case 52: given a group with one member', () => {
  it('when that one goes, then the placeholder stands there, and the next run does nothing; when one comes, then it goes', async () => {
    const host = await world.newHost({ roster: ['base'] });
    host.grant('martin', '2026-11-23');
    await host.reconcile();

    const run = await host.reconcile(later(1));
    expect([run.status, groupIn(run.document, 'klaxon-users').members]).toEqual([0, 0]);
    expect(await world.slapd.members('klaxon-users')).toEqual(['']);
    expect(groupIn((await host.reconcile(later(1, 1))).document, 'klaxon-users').state).toBe('in-sync');

    host.grant('carol');
    await host.reconcile(later(1, 2));
    expect(await world.slapd.members('klaxon-users')).toEqual([world.slapd.personDn('carol')]);
  });

  it('when the class of the group wants a member and the host says it needs none, then the directory refuses, plainly, and nothing loops', async () => {
    const host = await world.newHost({
      roster: ['base'],
      members: { 'klaxon-users': ['martin'] },
      directory: { 'empty-group': 'no-member' },
    });
    const held = await host.reconcile();
    await host.allow('klaxon-users', holdIn(held.document, 'klaxon-users', 'first-run').digest);

    const run = await host.reconcile(later(0, 1));

    expect([run.status, groupIn(run.document, 'klaxon-users').state]).toEqual([6, 'failed']);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });
});

describe('case 55: given members that somebody spelled in a way of their own', () => {
  it('when it runs, then they are who they are, and nothing churns', async () => {
    const host = await world.newHost({
      roster: ['base', 'h2o', 'hoo'],
      members: {
        stewards: ['UID=Base, OU=People,DC=Wikimedia,dc=org', '0.9.2342.19200300.100.1.1=H2O,ou=people,dc=wikimedia,dc=org', 'hoo'],
      },
    });

    const run = await host.reconcile();

    expect([run.status, groupIn(run.document, 'stewards').state]).toEqual([0, 'in-sync']);
    expect(host.ledger().some(({ type }) => type === 'intent')).toBe(false);
    host.setRoster(['h2o', 'hoo']);
    expect(changesIn(groupIn((await host.reconcile(later(0, 1))).document, 'stewards'))).toEqual(['base out: left-roster']);
  });
});

describe('case 56: given names that are made to be more than names', () => {
  it.each(['a,ou=x', '*', ')(uid=*', 'base\u0000', 'base*', 'uid=base', '../base', ' base'])(
    'when the roster has the line %j, then the list is damaged, and the directory is never asked',
    async (name) => {
      const host = await world.newHost({ roster: ['base'] });
      await host.reconcile();
      host.setRoster(`base\nhoo\n${name}\n`);
      const before = world.slapd.logs().length;

      const run = await host.reconcile(later(0, 1));

      expect([run.status, run.document.rosters[0]?.state, await host.members('stewards')]).toEqual([5, 'damaged', ['base']]);
      expect(world.slapd.logs().slice(before)).not.toContain('uid=hoo');
    },
  );

  it('when a grant file is named like that, then it is refused, and the well-named one beside it in a change of its own is not', async () => {
    const host = await world.newHost({ roster: ['base'] });
    const text = 'reason: x\ncontact: x\nuntil: 2026-12-07\n';
    for (const name of ['*', 'a,ou=x', ')(uid=*'])
      host.repository.commit('main', { [grantPath(name)]: text }, { date: '2026-11-21T00:00:00Z' });
    host.grant('no');
    host.grant('1e3');
    host.grant('null');
    const before = world.slapd.logs().length;

    const run = await host.reconcile();

    expect([run.status, run.document.policy.refused.length]).toEqual([4, 3]);
    expect(await host.members('klaxon-users')).toEqual(['1e3', 'no', 'null']);
    expect(world.slapd.logs().slice(before)).not.toMatch(/uid=\*|ou=x|\(uid=a\)/);
  });

  it.each(['*', 'a,ou=x', 'base)(uid=*'])('when somebody asks to explain %j, then it is misuse', async (name) => {
    const host = await world.newHost({ roster: ['base'] });
    expect((await host.run(['explain', name])).status).toBe(2);
  });
});

describe('case 57: given two entries with the same uid', () => {
  it('when it is granted, then it is skipped with an error; when one of them is a member already, then that one stays', async () => {
    const host = await world.newHost({ roster: ['base', 'vol9'] });
    host.grant('vol9');
    host.grant('martin');

    const run = await host.reconcile();

    expect(run.document.status.all).toEqual(['input']);
    expect([await host.members('stewards'), await host.members('klaxon-users')]).toEqual([['base'], ['martin']]);
    expect(run.document.withheld.map(({ uid, code }) => [uid, code])).toEqual([
      ['vol9', 'ambiguous-person'],
      ['vol9', 'ambiguous-person'],
    ]);

    const other = await world.newHost({
      roster: ['base', 'vol9'],
      members: { stewards: ['base', 'vol9'] },
    });
    await other.reconcile();
    expect(await other.members('stewards')).toEqual(['base', 'vol9']);
  });
});

describe('case 64: given a revoked person whom a grant, the roster and a hold name', () => {
  it('when it runs, then that person is out of every group, and of the one group where only that is revoked', async () => {
    const host = await world.newHost({ roster: stewards, granted: ['base', 'hoo'] });
    await host.reconcile();
    host.setRoster(stewards.slice(6));
    await host.reconcile(later(0, 1));
    expect(await host.members('stewards')).toEqual(stewards);

    host.revoke('base');
    host.revoke('hoo', 'klaxon-users');
    const run = await host.reconcile(later(0, 2));

    expect(changesIn(groupIn(run.document, 'stewards'))).toEqual(['base out: revoked']);
    expect(await host.members('klaxon-users')).toEqual([]);
    expect(await host.members('stewards')).toContain('hoo');
    // The hold goes on without them, and brings nobody back.
    expect(holdIn(run.document, 'stewards', 'too-many-removals').remove.map(({ uid }) => uid)).not.toContain('base');
    expect((await host.reconcile(later(0, 3))).document.groups.flatMap(changesIn)).toEqual([]);
  });

  it('when somebody puts the revoked person back by hand, or the file is damaged, or the group only reports, then the person is out', async () => {
    const host = await world.newHost({ roster: ['base'], grantsGroup: 'unexplained: report\n' });
    await host.reconcile();
    await world.slapd.addMember('klaxon-users', 'mallory');
    await world.slapd.addMember('klaxon-users', 'vol1');
    host.revoke('mallory');
    await host.reconcile(later(0, 1));
    expect(await host.members('klaxon-users')).toEqual(['vol1']);

    await world.slapd.addMember('klaxon-users', 'uid=Mallory,ou=People,dc=wikimedia,dc=org');
    writeFileSync(join(host.state, 'revoked/mallory.json'), '{');
    expect((await host.reconcile(later(0, 2))).document.status.all).toEqual(['input']);
    expect(await host.members('klaxon-users')).toEqual(['vol1']);
    expect(readFileSync(join(host.state, 'ledger.jsonl'), 'utf8')).toContain('"kind":"revoked"');
  });
});
