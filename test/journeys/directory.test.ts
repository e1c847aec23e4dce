// The directory as it is: what it refuses, what it breaks off, and whom it knows by another name.

import { Control } from 'ldapts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startSlapd } from '../support/slapd.ts';
import { changesIn, groupIn, holdIn } from './documents.ts';
import { later, noon, openWorld, stewards, type World } from './world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const oneLine = (text: string) => text.replace(/\s+/g, ' ');
const suffix = 'dc=wikimedia,dc=org';
let world: World;
let proxy: TcpProxy;
beforeAll(async () => {
  world = await openWorld();
  proxy = await startTcpProxy(world.slapd.port);
});
afterEach(() => proxy.set('pass'));
afterAll(async () => {
  await proxy.stop();
  await world.stop();
});

/** RFC 2251 says nothing of it; OpenLDAP lets its administrator write what it is itself (Relax Rules, ManageDsaIT). */
const manageDsaIt = () => new Control('2.16.840.1.113730.3.4.2', { critical: true });

describe('case 88: given a server that refuses one addition for ever', () => {
  let other: World;
  beforeAll(async () => {
    other = await openWorld({
      globalLines: ['moduleload constraint.so'],
      databaseLines: ['overlay constraint', 'constraint_attribute member regex ^$|^uid=([^m]|m[^a]|ma[^r]).*'],
    });
  });
  afterAll(() => other.stop());
  const refused = expect.stringMatching(/put "uid=martin,.*The server says: "modify breaks constraint on member"/);

  it('when it runs, then the end and the other additions are made, and the one is named with the words of the server', async () => {
    const host = await other.newHost({ roster: ['base'] });
    host.grant('alice', '2026-11-24');
    await host.reconcile();
    host.grant('bob');
    host.grant('martin');
    host.grant('carol');

    const run = await host.reconcile(later(2));

    expect(await host.members('klaxon-users')).toEqual(['bob', 'carol']);
    expect([run.status, groupIn(run.document, 'klaxon-users').message]).toEqual([6, refused]);
    // The next run finds the one, and tells it again.
    expect(changesIn(groupIn((await host.plan(later(2, 1))).document, 'klaxon-users'))).toEqual(['martin in: grant']);
  });

  it('when it is in the set that a person allowed, then the group is taken over all the same, and later grants wait for nobody', async () => {
    const host = await other.newHost({ roster: ['base'], members: { 'klaxon-users': ['alice', 'vol1'] }, granted: ['alice', 'martin'] });
    const held = await host.reconcile();
    await host.allow('klaxon-users', holdIn(held.document, 'klaxon-users', 'first-run').digest);
    await host.reconcile(later(0, 1));
    expect(await host.members('klaxon-users')).toEqual(['alice']);
    host.grant('bob');

    const run = await host.reconcile(later(0, 2));

    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob']);
    expect([run.status, groupIn(run.document, 'klaxon-users').message, groupIn(run.document, 'klaxon-users').held]).toEqual([
      6,
      refused,
      [],
    ]);
  });
});

describe('case 92: given a member whose entry was renamed', () => {
  it('when the former name is revoked, then the entry that the record knows is found and taken out', async () => {
    await world.slapd.addPerson('vera');
    const host = await world.newHost({ roster: ['base', 'vera'] });
    await host.reconcile();
    await world.slapd.withClient((client) => client.modifyDN(world.slapd.personDn('vera'), `uid=veronica,ou=people,${suffix}`));
    // As the overlay refint does it.
    await world.slapd.removeMember('stewards', 'vera');
    await world.slapd.addMember('stewards', 'veronica');

    const { status, stdout } = await host.run(['revoke', 'vera', '--reason', 'Account taken over.']);

    expect(stdout).toContain('  stewards: out\n');
    expect([status, await host.members('stewards')]).toEqual([0, ['base']]);
    await world.slapd.deletePerson('veronica');
  });
});

describe('case 93: given a referral under the people base', () => {
  it('when somebody is revoked, then it is kept, the person is out, and what could not be looked for is said', async () => {
    const host = await world.newHost({ roster: ['base', 'hoo'] });
    await host.reconcile();
    const dn = `ou=elsewhere,ou=people,${suffix}`;
    await world.slapd.withClient((client) =>
      client.add(dn, { objectClass: ['referral', 'extensibleObject'], ou: 'elsewhere', ref: `ldap://127.0.0.1:1/${dn}` }, manageDsaIt()),
    );
    try {
      const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
      expect(await host.members('stewards')).toEqual(['base']);
      expect(status).toBe(6);
      expect(oneLine(stdout)).toContain('whatever carries the uid goes: the directory refers to other servers');
      expect(oneLine(stdout)).toContain('stewards: out; whether under another name too cannot be told: for the same reason');
      expect((await host.run(['revoke', '--list'])).stdout).toContain('hoo ');
    } finally {
      await world.slapd.withClient((client) => client.del(dn, manageDsaIt()));
    }
  });
});

describe('case 107: given a server that is read and does not answer', () => {
  const replica = ofThisFile(() =>
    startSlapd({ people: [...stewards, 'alice', 'bob', 'carol'], groups: { stewards: [], 'klaxon-users': [] } }),
  );

  it('when grants end, are deleted or revoked, then they do by the server that is written, and nobody comes in', async () => {
    const host = await world.newHost({ directory: { 'read-url': replica.url } });
    host.grant('alice', '2026-11-24');
    host.grant('bob');
    host.grant('carol');
    await replica.setMembers('klaxon-users', []);
    await host.reconcile();
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob', 'carol']);
    await replica.halt();
    host.revokeGrants(['bob']);
    host.grant('martin');
    host.revoke('carol');

    const run = await host.reconcile(later(2));

    expect([run.status, await host.members('klaxon-users')]).toEqual([75, []]);
    await replica.restart();
  });

  it.each([
    { given: 'its first change is held', isAllowed: false, later: ['bob', 'martin'] },
    { given: 'its first change is held and was allowed', isAllowed: true, later: ['carol'] },
  ])(
    'when a group is not taken over and $given, then whoever has to go is out, the rest waits, and what was allowed stays allowed',
    async ({ isAllowed, later: gives }) => {
      const members = { 'klaxon-users': ['alice', 'bob', 'martin'] };
      const host = await world.newHost({ directory: { 'read-url': replica.url }, members });
      await replica.setMembers('klaxon-users', ['alice', 'bob', 'martin']);
      host.grant('alice', '2026-11-23T16:00Z');
      host.grant('carol');
      const held = await host.reconcile();
      if (isAllowed) await host.allow('klaxon-users', holdIn(held.document, 'klaxon-users', 'first-run').digest);
      await replica.halt();

      const run = await host.reconcile(later(0, 6));

      await replica.restart();
      expect([run.document.status.all.includes('unavailable'), await host.members('klaxon-users')]).toEqual([true, ['bob', 'martin']]);
      await replica.setMembers('klaxon-users', ['bob', 'martin']);
      await host.reconcile(later(0, 7));
      expect(await host.members('klaxon-users')).toEqual(gives);
    },
  );
});

describe('case 108: given a connection that is reset', () => {
  it('when that happens at any message of a revocation, then the person is out, and it says so', async () => {
    const host = await world.newHost({ directory: { url: proxy.url('ldap') }, members: { stewards } });
    for (const [message, uid] of stewards.slice(0, 7).entries()) {
      proxy.beforeMessage(message + 2, () => proxy.dropConnections());
      const { status, stdout } = await host.run(['revoke', uid, '--reason', 'Account taken over.']);
      expect({ message, status, out: stdout.includes('  stewards: out\n') }).toEqual({ message, status: 0, out: true });
      expect(await host.members('stewards')).toEqual(stewards.slice(message + 1));
    }
  });

  it('when that happens at any message of a run, then both groups are done in that run', async () => {
    const rosterGroup = 'limits:\n  additions: 1000\n';
    const host = await world.newHost({ directory: { url: proxy.url('ldap') }, granted: ['alice'], roster: ['base', 'hoo'], rosterGroup });
    const before = proxy.messages();
    await host.reconcile();
    const messages = proxy.messages() - before;
    expect(messages).toBeGreaterThan(8);
    for (let message = 1; message < messages; message++) {
      // Somebody emptied both.
      for (const group of ['klaxon-users', 'stewards']) await world.slapd.setMembers(group, []);
      proxy.beforeMessage(message, () => proxy.dropConnections());
      const run = await host.run(['reconcile', '--judged'], { at: later(0, message / 120) });
      const done = [await host.members('klaxon-users'), await host.members('stewards')];
      expect({ message, status: run.status, done }).toEqual({ message, status: 0, done: [['alice'], ['base', 'hoo']] });
    }
  });
});

describe('case 111: given a change in pieces that is cut off after its first part', () => {
  const many = Array.from({ length: 1100 }, (_, index) => `p${index}`);
  let crowd: World;
  let cut: TcpProxy;
  beforeAll(async () => {
    crowd = await openWorld({ people: [...many, 'alice', 'bob', 'carol'] });
    cut = await startTcpProxy(crowd.slapd.port);
  });
  afterAll(async () => {
    await cut.stop();
    await crowd.stop();
  });

  /** Before the message that follows the first modify of the next run. */
  function onceWritten(work: () => Promise<void>): void {
    const logged = crowd.slapd.logs().length;
    let isOver = false;
    const look = async () => {
      if (isOver || !crowd.slapd.logs().slice(logged).includes(' MOD dn=')) return;
      isOver = true;
      await work();
    };
    for (let message = 1; message < 300; message++) cut.beforeMessage(message, look);
  }

  it.each(['killed', 'cut'] as const)('when a first fill is %s, then the next run goes on with the same set', async (how) => {
    const host = await crowd.newHost({ roster: many, directory: { url: cut.url('ldap') } });
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    onceWritten(async () => {
      if (how === 'killed') kill('SIGKILL');
      await cut.set('refuse');
    });
    await host.built(['reconcile'], { at: noon, started: (end) => (kill = end) });
    await cut.set('pass');
    expect((await host.members('stewards')).length).toBe(1000);

    const run = await host.reconcile(later(0, 1));

    expect([run.status, (await host.members('stewards')).length]).toEqual([0, 1100]);
    expect((await host.plan(later(0, 2))).document.status.name).toBe('in order');
  });

  it('when a set that was allowed is killed, then what was allowed stays allowed until it is done', async () => {
    const host = await crowd.newHost({ roster: many.slice(0, 10), directory: { url: cut.url('ldap') } });
    await host.reconcile();
    host.setRoster(many);
    const held = await host.reconcile(later(0, 1));
    await host.allow('stewards', holdIn(held.document, 'stewards', 'too-many-additions').digest, later(0, 1));
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    onceWritten(async () => {
      kill('SIGKILL');
      await cut.set('refuse');
    });
    await host.built(['reconcile'], { at: later(0, 2), started: (end) => (kill = end) });
    await cut.set('pass');
    const after = (await host.members('stewards')).length;

    const run = await host.reconcile(later(0, 3));

    expect(after).toBe(1010);
    expect([run.status, (await host.members('stewards')).length]).toEqual([0, 1100]);
  });
});

describe('case 125: given a group in which nothing may stand for nobody', () => {
  it('when its only member goes and another comes, then that is one modify with both', async () => {
    const host = await world.newHost({ roster: ['base'], directory: { 'empty-group': 'no-member' } });
    await world.slapd.setMembers('stewards', ['base']);
    const first = await host.reconcile();
    expect(first.status).toBe(0);
    host.setRoster(['hoo'], '2026-11-23T12:30:00Z');
    const logged = world.slapd.logs().length;

    const run = await host.reconcile(later(0, 1));

    expect([run.status, await host.members('stewards')]).toEqual([0, ['hoo']]);
    expect(world.slapd.logs().slice(logged)).toMatch(/MOD attr=member member\n/);
  });
});
