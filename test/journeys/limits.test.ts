// What nobody reviewed one by one stays within the limits of the group, and a person lets exactly one held set through.

import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn, holdIn } from './documents.ts';
import { later, stewards, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const twelve = 'alice bob carol martin vol0 vol1 vol2 vol3 vol4 vol5 vol6 vol7'.split(' ');

/** Twelve grants of which those of alice and bob end early, all deleted from the branch with nobody's review. */
async function hostWithTwelveDeleted(): Promise<Host> {
  const host = await world.newHost({ granted: twelve.slice(2), roster: ['base'] });
  for (const uid of ['alice', 'bob']) host.grant(uid, '2026-11-25');
  await host.reconcile();
  expect(await host.members('klaxon-users')).toEqual(twelve);
  host.revokeGrants(twelve);
  return host;
}

describe('case 46: given twelve grants, all deleted by a change that nobody reviewed', () => {
  it('when it runs, then all are held; the held ones still expire, a revocation still works, and allow releases the rest', async () => {
    const host = await hostWithTwelveDeleted();

    const held = await host.reconcile(later(0, 1));
    expect([held.status, await host.members('klaxon-users')]).toEqual([3, twelve]);
    expect(changesIn(holdIn(held.document, 'klaxon-users', 'too-many-removals'))).toEqual(twelve.map((uid) => `${uid} out: deleted`));

    host.revoke('vol7');
    const expired = await host.reconcile(later(3));
    expect(changesIn(groupIn(expired.document, 'klaxon-users'))).toEqual(['alice out: expired', 'bob out: expired', 'vol7 out: revoked']);
    const { digest } = holdIn(expired.document, 'klaxon-users', 'too-many-removals');

    expect((await host.allow('klaxon-users', digest, later(3))).status).toBe(0);
    const run = await host.reconcile(later(3, 1));
    expect([run.status, await host.members('klaxon-users')]).toEqual([0, []]);
  });
});

describe('case 48: given eleven stewards', () => {
  it('when the roster loses 40 %, then the removals are held; allow releases them once, and not a second time', async () => {
    const host = await world.newHost();
    await host.reconcile();
    host.setRoster(stewards.slice(4));
    const held = await host.reconcile(later(0, 1));
    expect([held.status, (await host.members('stewards')).length]).toEqual([3, 11]);
    const { digest, remove } = holdIn(held.document, 'stewards', 'too-many-removals');
    expect(remove.map(({ uid }) => uid)).toEqual(stewards.slice(0, 4));

    await host.allow('stewards', digest, later(0, 1));
    expect((await host.reconcile(later(0, 2))).status).toBe(0);
    expect(await host.members('stewards')).toEqual(stewards.slice(4));

    // The same four come back, and are lost again: that is another event.
    host.setRoster(stewards);
    const back = await host.reconcile(later(0, 3));
    await host.allow('stewards', holdIn(back.document, 'stewards', 'too-many-additions').digest, later(0, 3));
    await host.reconcile(later(0, 4));
    host.setRoster(stewards.slice(4));
    expect((await host.reconcile(later(0, 5))).status).toBe(3);
    expect(await host.members('stewards')).toEqual(stewards);
  });

  it('when the roster shrinks by two each hour, then two leave within 24 hours, and others after that', async () => {
    const host = await world.newHost();
    await host.reconcile();

    host.setRoster(stewards.slice(2));
    expect((await host.reconcile(later(0, 1))).status).toBe(0);
    host.setRoster(stewards.slice(4));
    expect((await host.reconcile(later(0, 2))).status).toBe(3);
    expect(await host.members('stewards')).toEqual(stewards.slice(2));

    expect((await host.reconcile(later(1, 2))).status).toBe(3);
    host.setRoster(stewards.slice(3));
    expect((await host.reconcile(later(1, 3))).status).toBe(0);
    expect(await host.members('stewards')).toEqual(stewards.slice(3));
  });

  it('when the roster grows by 300 %, then nobody is added, and one who left still goes', async () => {
    const host = await world.newHost({ roster: stewards.slice(0, 4) });
    await host.reconcile();
    host.setRoster([...stewards.slice(1), ...twelve]);

    const run = await host.reconcile(later(0, 1));

    expect(changesIn(groupIn(run.document, 'stewards'))).toEqual(['anticomposite out: left-roster']);
    expect(holdIn(run.document, 'stewards', 'too-many-additions').add).toHaveLength(19);
    expect(await host.members('stewards')).toEqual(stewards.slice(1, 4));
  });
});

describe('case 51: given a held set', () => {
  it('when something else is held by the next run, then the allowed digest lets nothing through', async () => {
    const host = await world.newHost();
    await host.reconcile();
    host.setRoster(stewards.slice(4));
    const { digest } = holdIn((await host.reconcile(later(0, 1))).document, 'stewards', 'too-many-removals');
    await host.allow('stewards', digest, later(0, 1));

    host.setRoster(stewards.slice(5));
    expect((await host.reconcile(later(0, 2))).status).toBe(3);
    expect(await host.members('stewards')).toEqual(stewards);
  });

  it('when 24 hours have passed since it was allowed, then it is held again', async () => {
    const host = await world.newHost();
    await host.reconcile();
    host.setRoster(stewards.slice(4));
    const { digest } = holdIn((await host.reconcile(later(0, 1))).document, 'stewards', 'too-many-removals');
    await host.allow('stewards', digest, later(0, 1));

    expect((await host.reconcile(later(1, 1.2))).status).toBe(3);
    expect(await host.members('stewards')).toEqual(stewards);
  });

  it('when it is not held any more, was never held, or is no digest of this host, then allow says no and changes nothing', async () => {
    const host = await world.newHost();
    await host.reconcile();
    host.setRoster(stewards.slice(4));
    const { digest } = holdIn((await host.reconcile(later(0, 1))).document, 'stewards', 'too-many-removals');
    host.setRoster(stewards);
    const before = host.ledger().length;

    expect((await host.allow('stewards', digest, later(0, 2))).status).toBe(1);
    expect((await host.allow('klaxon-users', digest, later(0, 2))).status).toBe(1);
    expect((await host.allow('stewards', 'sha256:12', later(0, 2))).status).toBe(2);
    expect((await host.allow('wikidev', digest, later(0, 2))).status).toBe(2);
    expect(host.ledger()).toHaveLength(before);
  });
});

describe('given limits of the host and of the group', () => {
  it('when fewer than the minimum would be left, then the removals wait; expiry and revocation do not', async () => {
    const host = await world.newHost({
      granted: ['alice', 'bob', 'carol'],
      grantsGroup: 'limits:\n  removals: 3\n  minimum: 3\n',
    });
    host.grant('martin', '2026-11-24');
    await host.reconcile();
    host.revokeGrants(['alice', 'bob']);

    const held = await host.reconcile(later(0, 1));
    expect(changesIn(holdIn(held.document, 'klaxon-users', 'too-few-left'))).toEqual(['alice out: deleted', 'bob out: deleted']);

    host.revoke('carol');
    await host.reconcile(later(3));
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob']);
  });

  it('when a number of 0 is the limit, then nobody leaves unreviewed', async () => {
    const host = await world.newHost({
      roster: ['base', 'hoo'],
      rosterGroup: 'limits:\n  removals: 0\n  additions: 0\n',
    });
    await host.reconcile();
    host.setRoster(['base', 'melos']);

    const run = await host.reconcile(later(0, 1));

    expect(groupIn(run.document, 'stewards').held.map(({ code }) => code)).toEqual(['too-many-removals', 'too-many-additions']);
    expect(await host.members('stewards')).toEqual(['base', 'hoo']);
  });

  it('when the host allows fewer members or shorter grants than the policy, then the host wins, and no allow gets past it', async () => {
    const ceilings = { 'klaxon-users': { members: 2, longest: '10 days' } };
    const host = await world.newHost({ directory: { ceilings }, roster: ['base'] });
    host.grant('alice', '2026-11-29');
    host.grant('bob', '2026-12-20');
    const first = await host.reconcile();
    expect(await host.members('klaxon-users')).toEqual(['alice']);
    expect(first.document.policy.refused).toMatchObject([{ path: 'policy/grants/klaxon-users/bob.yaml', code: 'too-long' }]);

    for (const uid of ['carol', 'martin']) host.grant(uid, '2026-11-29');
    const { digest } = holdIn((await host.reconcile(later(0, 1))).document, 'klaxon-users', 'ceiling');
    expect((await host.allow('klaxon-users', digest, later(0, 1))).status).toBe(1);
    await host.reconcile(later(0, 2));
    expect(await host.members('klaxon-users')).toEqual(['alice']);
  });

  it('when the host bounds what may come and go in a day, then what was approved is held past it, and ends go on', async () => {
    const ceilings = { 'klaxon-users': { source: 'grants', additions: 2, removals: 1 } };
    const host = await world.newHost({ directory: { ceilings }, roster: ['base'] });
    for (const uid of ['alice', 'bob']) host.grant(uid, uid === 'bob' ? '2026-11-24' : '2026-12-01');
    await host.reconcile();
    host.grant('carol', '2026-12-01');
    const one = await host.reconcile(later(0, 1));
    const { digest } = holdIn(one.document, 'klaxon-users', 'ceiling');
    expect((await host.allow('klaxon-users', digest, later(0, 1))).status).toBe(1);
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob']);

    host.configure({ directory: { ceilings: { 'klaxon-users': { source: 'grants', removals: 0 } } } });
    host.revokeGrants(['alice']);
    const run = await host.reconcile(later(1, 13));

    expect(changesIn(groupIn(run.document, 'klaxon-users'))).toEqual(['bob out: expired', 'carol in: grant']);
    expect(holdIn(run.document, 'klaxon-users', 'ceiling').message).toContain('0 removals in this group in 24 hours');
    expect(await host.members('klaxon-users')).toEqual(['alice', 'carol']);
  });

  it('when the policy takes the members from elsewhere than the host allows, then the group is frozen, status 5', async () => {
    const host = await world.newHost({
      directory: { ceilings: { stewards: { source: 'grants' }, 'klaxon-users': { source: 'grants' } } },
      members: { stewards: ['mallory'] },
      granted: ['alice'],
    });

    const run = await host.reconcile();

    expect(groupIn(run.document, 'stewards')).toMatchObject({
      state: 'frozen',
      message: expect.stringContaining('the host allows grants'),
    });
    expect(run.document.status.all).toEqual(['input']);
    expect([await host.members('stewards'), await host.members('klaxon-users')]).toEqual([['mallory'], ['alice']]);
  });

  it('when a ceiling is lowered below the length of grants in force, then they end then', async () => {
    const host = await world.newHost({ granted: ['alice'], roster: ['base'] });
    await host.reconcile();
    host.configure({ directory: { ceilings: { 'klaxon-users': { longest: '1 day' } } } });

    const run = await host.reconcile(later(0, 1));

    expect(changesIn(groupIn(run.document, 'klaxon-users'))).toEqual(['alice out: expired']);
  });
});

describe('given a ledger that knows nothing of a group with members', () => {
  it('when it runs, then all is held as first-run but expiry and revocation; what is allowed takes the group over', async () => {
    const host = await world.newHost({
      members: { stewards: stewards.slice(0, 5), 'klaxon-users': ['mallory', 'vol9', 'bob'] },
      granted: ['alice'],
      roster: stewards.slice(0, 5),
    });
    host.revoke('vol9');
    host.grant('bob', '2026-11-22');

    const held = await host.reconcile();
    expect(held.document.groups.map(({ group, state }) => [group, state])).toEqual([
      ['klaxon-users', 'changed'],
      ['stewards', 'in-sync'],
    ]);
    expect(await host.members('klaxon-users')).toEqual(['mallory']);
    const hold = holdIn(held.document, 'klaxon-users', 'first-run');
    expect(changesIn(hold)).toEqual(['mallory out: unexplained', 'alice in: grant']);

    const unallowed = await host.reconcile(later(0, 1));
    expect(groupIn(unallowed.document, 'klaxon-users').held.map(({ code }) => code)).toEqual(['first-run']);
    expect(await host.members('klaxon-users')).toEqual(['mallory']);

    await host.allow('klaxon-users', hold.digest, later(0, 1));
    await host.reconcile(later(0, 2));
    expect(await host.members('klaxon-users')).toEqual(['alice']);
    // Right behind the outcome: a run that is killed after it must not let the set through twice.
    const types = host.ledger().map(({ type }) => type);
    expect(types[types.lastIndexOf('outcome') + 1]).toBe('override-used');
  });
});
