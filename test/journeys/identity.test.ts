// A person is the entry that is named so: claims, aliases, entries that were made afterwards, accounts that are locked in other ways.

import { Attribute, Change, type Client } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn, holdIn, type RunDocument } from './documents.ts';
import { later, openWorld } from './world.ts';

const oneLine = (text: string) => text.replace(/\s+/g, ' ');
const suffix = 'dc=wikimedia,dc=org';
const alias = `dn: cn=shortcut,ou=people,${suffix}
objectClass: alias
objectClass: extensibleObject
cn: shortcut
uid: vol8
aliasedObjectName: uid=vol7,ou=people,${suffix}
`;
const world = ofThisFile(() => openWorld({ ldif: alias }));

function change(uid: string, operation: 'add' | 'delete' | 'replace', type: string, ...values: string[]) {
  return world.slapd.withClient((client: Client) =>
    client.modify(world.slapd.personDn(uid), new Change({ operation, modification: new Attribute({ type, values }) })),
  );
}

describe('case 89: given somebody who writes another’s uid into their own entry', () => {
  it('when it runs, then it is told and nobody’s access changes', async () => {
    const host = await world.newHost({ roster: ['base', 'hoo'] });
    host.grant('alice');
    await change('mallory', 'add', 'uid', 'alice');
    try {
      const run = await host.run(['reconcile']);
      expect([run.status, await host.members('klaxon-users')]).toEqual([0, ['alice']]);
      expect(oneLine(run.stdout)).toMatch(
        /NOTE uid=mallory,ou=people,\S+ \(changed \S+ by cn=admin,\S+\) carries the uid alice of somebody else\./,
      );
      const again = await host.reconcile(later(0, 1));
      expect(await host.members('klaxon-users')).toEqual(['alice']);
      const mallory = { uid: 'alice', dn: world.slapd.personDn('mallory'), changedBy: world.slapd.adminDn };
      const explained = await host.run(['explain', 'alice', '--json'], { at: later(0, 1) });
      for (const { claims } of [again.document, explained.json<RunDocument>()]) expect(claims).toMatchObject([mallory]);
      for (const args of [['explain', 'alice'], ['doctor']]) {
        expect(oneLine((await host.run(args, { at: later(0, 1) })).stdout)).toContain('carries the uid alice of somebody else');
      }
    } finally {
      await change('mallory', 'delete', 'uid', 'alice');
    }
  });
});

describe('case 94: given accounts that are locked in another way than by one value', () => {
  it.each([
    { way: 'the presence of an attribute', disabled: { attribute: 'description' }, locked: 'whatever', free: undefined },
    { way: 'any of several values', disabled: { attribute: 'description', value: ['gone', 'banned'] }, locked: 'Banned', free: 'here' },
    {
      way: 'a time that has come',
      disabled: { attribute: 'description', value: 'past' },
      locked: '20261101000000Z',
      free: '20270101000000Z',
    },
    {
      way: 'a time still to come',
      disabled: { attribute: 'description', value: 'future' },
      locked: '20270101000000Z',
      free: '20261101000000Z',
    },
  ])('when it is $way, then who has it is out, who has not is in, and doctor counts', async ({ disabled, locked, free }) => {
    const host = await world.newHost({ roster: ['base', 'hoo', 'melos'], directory: { disabled } });
    await change('hoo', 'replace', 'description', locked);
    if (free !== undefined) await change('melos', 'replace', 'description', free);
    try {
      const run = await host.reconcile();
      expect([run.status, await host.members('stewards')]).toEqual([0, ['base', 'melos']]);
      expect(run.document.withheld.map(({ uid, code }) => [uid, code])).toEqual([['hoo', 'locked']]);
      const doctor = oneLine((await host.run(['doctor'])).stdout);
      // Text has no order that a filter could ask for.
      if (typeof disabled.value !== 'string') expect(doctor).toContain('this account can see who is locked: 1 person');
    } finally {
      for (const uid of ['hoo', 'melos']) await change(uid, 'replace', 'description');
    }
  });
});

describe('case 95: given an alias, and an entry with two uids', () => {
  it('when they are named, then the alias is nobody, and the entry is the one that it is named', async () => {
    await change('vol7', 'add', 'uid', 'vol77');
    const host = await world.newHost({ roster: ['vol7', 'vol8', 'vol77'] });
    const run = await host.reconcile();
    expect([run.status, await host.members('stewards')]).toEqual([0, ['vol7', 'vol8']]);
    expect(run.document.withheld.map(({ uid, code }) => [uid, code])).toEqual([['vol77', 'unknown-person']]);
    await change('vol7', 'delete', 'uid', 'vol77');
  });

  it('when people are named by another attribute, then whoever alone has the uid is the person', async () => {
    const named = `cn=Vera V,ou=people,${suffix}`;
    await world.slapd.withClient((client) => client.add(named, { objectClass: 'inetOrgPerson', cn: 'Vera V', sn: 'V', uid: 'vera' }));
    const host = await world.newHost({ roster: ['base', 'vera'], directory: { 'named-by': 'cn' } });
    await host.reconcile();
    expect(await world.slapd.members('stewards')).toContain(named);
    await world.slapd.withClient((client) => client.del(named));
  });
});

describe('case 115: given a search that misses somebody whom the member’s own name shows', () => {
  it('when it runs, then the member is not taken for gone', async () => {
    const other = await openWorld({
      access: [
        'access to attrs=userPassword by anonymous auth by * none',
        // What may be read and not searched is in no answer to a search, and in the answer to its own name.
        `access to dn.exact="uid=hoo,ou=people,${suffix}" attrs=uid by * =rdx`,
        `access to dn.one="ou=groups,${suffix}" attrs=member by dn.exact="cn=scriptuser,ou=profile,${suffix}" write by * read`,
        'access to * by * read',
      ],
    });
    try {
      const twin = await other.newHost({ roster: ['base', 'melos', 'hoo'], members: { stewards: ['base', 'hoo', 'melos'] } });
      const plan = await twin.plan();
      expect(changesIn(groupIn(plan.document, 'stewards'))).toEqual([]);
      expect(groupIn(plan.document, 'stewards').held).toEqual([]);
    } finally {
      await other.stop();
    }
  });
});

describe('case 121: given a uid that is named and belongs to nobody', () => {
  it('when somebody registers it afterwards, by roster or by grant, then that waits until a person allows it', async () => {
    const host = await world.newHost({ roster: ['base', 'latecomer'] });
    host.grant('ghost', '2026-12-07');
    await host.reconcile();
    await world.slapd.addPerson('latecomer');
    await world.slapd.addPerson('ghost');

    const run = await host.reconcile(later(0, 1));

    expect([run.status, await host.members('stewards'), await host.members('klaxon-users')]).toEqual([3, ['base'], []]);
    expect(holdIn(run.document, 'stewards', 'new-person').add.map(({ uid }) => uid)).toEqual(['latecomer']);
    const hold = holdIn((await host.reconcile(later(0, 2))).document, 'klaxon-users', 'new-person');
    await host.allow('klaxon-users', hold.digest, later(0, 2));
    await host.reconcile(later(0, 3));
    expect(await host.members('klaxon-users')).toEqual(['ghost']);
    for (const uid of ['latecomer', 'ghost']) await world.slapd.deletePerson(uid);
  });

  it('when the entry was made after the grant landed, then it waits even at the first look', async () => {
    const host = await world.newHost();
    host.grant('ghost', '2026-12-07');
    await world.slapd.addPerson({ uid: 'ghost', madeAt: '20261122000000Z' });
    const run = await host.reconcile();
    expect([run.status, holdIn(run.document, 'klaxon-users', 'new-person').add.map(({ uid }) => uid)]).toEqual([3, ['ghost']]);
    await world.slapd.deletePerson('ghost');
  });
});
