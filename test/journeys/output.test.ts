// What is printed is what happened, in the shape that the contract fixes, and nothing in it that nobody may see.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn, holdIn } from './documents.ts';
import { contentsOf, grantPath, later, noon, stewards, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

describe('given a host with something to add, to remove, to hold and to withhold', () => {
  async function busyHost() {
    const host = await world.newHost();
    host.grant('martin', '2026-11-24');
    await host.reconcile();
    host.setRoster(stewards.slice(5));
    host.grant('carol');
    host.grant('ghost');
    return host;
  }

  it('when it plans, then the document has the keys of the contract, sorted, on stdout only, and the same bytes twice but for the time', async () => {
    const host = await busyHost();
    const first = await host.built(['plan', '--json'], { at: later(2) });
    const second = await host.built(['--config', host.config, 'plan', '--json'], {
      at: later(2, 1),
    });
    const withoutTime = (text: string) => text.replace(/^ {2}"at": .*$/m, '');
    expect(withoutTime(first.stdout)).toBe(withoutTime(second.stdout));
    expect(first.stderr).toBe('');

    const document = first.json<Record<string, unknown>>();
    expect(Object.keys(document)).toEqual([
      'muster',
      'command',
      'at',
      'mode',
      'state',
      'status',
      'policy',
      'rosters',
      'groups',
      'withheld',
    ]);
    const { start } = JSON.parse(readFileSync(host.config, 'utf8')).repository;
    const head = host.repository.resolve('main');
    const dn = (uid: string) => world.slapd.personDn(uid);
    expect(document).toEqual({
      muster: 1,
      command: 'plan',
      at: expect.stringMatching(/^2026-11-25T12:00:\d\dZ$/),
      mode: 'enforce',
      state: 'active',
      status: { code: 3, name: 'held', all: ['held'] },
      policy: {
        head,
        start,
        evidence: 'none',
        judged: head,
        refused: [],
        unlisted: 0,
        rules: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        pending: [],
      },
      rosters: [
        {
          name: 'steward',
          state: 'fresh',
          people: 6,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          producedAt: '2026-11-23T11:00:00Z',
        },
      ],
      groups: [
        {
          group: 'klaxon-users',
          dn: world.slapd.groupDn('klaxon-users'),
          state: 'changes',
          members: 1,
          add: [
            {
              uid: 'carol',
              dn: dn('carol'),
              because: {
                kind: 'grant',
                path: grantPath('carol'),
                commit: expect.stringMatching(/^[0-9a-f]{40}$/),
                mergeRequest: null,
                approvedBy: [],
                until: '2026-12-08T00:00:00Z',
              },
            },
          ],
          remove: [
            {
              uid: 'martin',
              dn: dn('martin'),
              because: {
                kind: 'expired',
                path: grantPath('martin'),
                at: '2026-11-25T00:00:00Z',
              },
            },
          ],
          held: [],
        },
        {
          group: 'stewards',
          dn: world.slapd.groupDn('stewards'),
          state: 'held',
          members: 11,
          add: [],
          remove: [],
          held: [
            {
              code: 'too-many-removals',
              message: expect.any(String),
              digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
              add: [],
              remove: stewards.slice(0, 5).map((uid) => ({
                uid,
                dn: dn(uid),
                because: {
                  kind: 'left-roster',
                  roster: 'steward',
                  sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
                },
              })),
            },
          ],
        },
      ],
      withheld: [
        {
          group: 'klaxon-users',
          uid: 'ghost',
          code: 'unknown-person',
          message: expect.any(String),
        },
        {
          group: 'klaxon-users',
          uid: 'martin',
          code: 'expired',
          message: expect.any(String),
        },
      ],
    });
  });

  it('when it plans or explains, then the state folder stays byte for byte, and the directory is not written', async () => {
    const host = await busyHost();
    const before = contentsOf(host.state);
    const logged = world.slapd.logs().length;

    const ended: unknown[] = [];
    for (const args of [['plan'], ['plan', '--json'], ['explain', 'carol'], ['explain', 'stewards', '--json']]) {
      const { status, stdout } = await host.run(args, { at: later(2) });
      ended.push([args[0], status, stdout !== '']);
    }

    expect(ended).toEqual([
      ['plan', 3, true],
      ['plan', 3, true],
      ['explain', 0, true],
      ['explain', 0, true],
    ]);
    expect(contentsOf(host.state)).toEqual(before);
    expect(world.slapd.logs().slice(logged)).not.toContain(' MOD ');
  });

  it('when what was planned is then done, then it is the same changes, and a second run does and records nothing', async () => {
    const host = await busyHost();
    const plan = await host.plan(later(2));
    const run = await host.reconcile(later(2));
    expect(run.document.groups.map(changesIn)).toEqual(plan.document.groups.map(changesIn));
    expect(holdIn(run.document, 'stewards', 'too-many-removals').digest).toBe(
      holdIn(plan.document, 'stewards', 'too-many-removals').digest,
    );
    expect(groupIn(run.document, 'klaxon-users')).toMatchObject({ state: 'changed', members: 1 });

    const records = host.ledger().length;
    const logged = world.slapd.logs().length;
    const again = await host.reconcile(later(2, 1));
    expect(again.document.groups.map(({ state }) => state)).toEqual(['in-sync', 'held']);
    expect(host.ledger()).toHaveLength(records);
    expect(world.slapd.logs().slice(logged)).not.toContain(' MOD ');
  });

  it('when asked for the exit status of what waits, then it is 10 for changes, 3 for held ones, 0 when there are none', async () => {
    const host = await world.newHost({ roster: ['base'] });
    expect((await host.run(['plan', '--exit-code'])).status).toBe(10);
    expect((await host.run(['plan'])).status).toBe(0);
    await host.reconcile();
    expect((await host.run(['plan', '--exit-code'])).status).toBe(0);
    const busy = await busyHost();
    const held = await busy.run(['plan', '--exit-code', '--json'], {
      at: later(2),
    });
    expect(held.json<{ status: unknown }>().status).toEqual({
      code: 3,
      name: 'held',
      all: ['held', 'pending'],
    });
  });

  it('when it only reports, then nothing is written to the directory however often, and enforcing then does it all', async () => {
    const host = await busyHost();
    host.configure({ mode: 'report' });
    const logged = world.slapd.logs().length;
    for (const hour of [0, 1]) {
      const run = await host.reconcile(later(2, hour));
      expect(run.document).toMatchObject({ mode: 'report', status: { code: 3 } });
      expect(changesIn(groupIn(run.document, 'klaxon-users'))).toEqual(['martin out: expired', 'carol in: grant']);
    }
    expect(world.slapd.logs().slice(logged)).not.toContain(' MOD ');
    host.configure({ mode: 'enforce' });
    await host.reconcile(later(2, 2));
    expect(await host.members('klaxon-users')).toEqual(['carol']);
  });

  it('when somebody asks why, then explain tells what happened, when, and by which file, for the present and the past', async () => {
    const host = await busyHost();
    await host.reconcile(later(2));
    const { groups } = (await host.run(['explain', 'martin', '--json'], { at: later(2) })).json<{
      groups: {
        group: string;
        member: boolean;
        desired: boolean;
        history: { event: string; at: string }[];
      }[];
    }>();
    expect(groups.find(({ group }) => group === 'klaxon-users')).toMatchObject({
      member: false,
      desired: false,
    });
    const history = groups.find(({ group }) => group === 'klaxon-users')?.history ?? [];
    expect(history.map(({ event, at }) => [event, at.slice(0, 10)])).toEqual([
      ['endorsed', noon.slice(0, 10)],
      ['added', noon.slice(0, 10)],
      ['removed', later(2).slice(0, 10)],
    ]);
    for (const change of history.slice(1)) expect(change).toMatchObject({ because: { path: grantPath('martin') } });
    expect((await host.run(['explain', 'carol'], { at: later(2) })).stdout).toContain(grantPath('carol'));
  });

  it.each([
    { given: 'whose grant is over', uid: 'martin' },
    { given: 'whom nothing names', uid: 'mallory' },
  ])('when somebody asks about a person $given, then explain says which entry of the directory it is', async ({ uid }) => {
    const host = await busyHost();
    const { status, json } = await host.run(['explain', uid, '--json'], { at: later(2) });
    expect([status, json<{ dn: string | null }>().dn]).toEqual([0, world.slapd.personDn(uid)]);
  });

  it.each([
    { typed: 'caorl', offers: 'carol' },
    { typed: 'steward', offers: 'stewards' },
  ])('when somebody mistypes a name as $typed, then explain offers $offers', async ({ typed, offers }) => {
    const host = await busyHost();
    const { status, stdout } = await host.run(['explain', typed], { at: later(2) });
    expect([status, stdout]).toEqual([0, expect.stringContaining(`Did you mean ${offers}?`)]);
  });

  it('when the directory does not answer, then explain does not say that nothing is known of a name', async () => {
    const host = await busyHost();
    const directory = { url: 'ldap://127.0.0.1:1' };
    host.configure({ directory });
    const { stdout } = await host.run(['explain', 'steward'], { at: later(2) });
    expect(stdout).toContain('not known now');
    expect(stdout).not.toContain('Did you mean');
  });

  it('when somebody asks about a person the directory knows, or about a name like no other, then explain offers nothing', async () => {
    const host = await busyHost();
    for (const name of ['mallory', 'quite-unlike']) {
      expect((await host.run(['explain', name], { at: later(2) })).stdout).not.toContain('Did you mean');
    }
  });
});
