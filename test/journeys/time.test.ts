// Grants begin and end by the clock, and a clock that cannot be right ends nothing and begins nothing.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn, holdIn } from './documents.ts';
import { later, noon, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

/** martin has a grant until the end of 2026-12-07. */
async function hostWithMartin() {
  const host = await world.newHost({ roster: ['base'] });
  host.grant('martin');
  await host.reconcile();
  expect(await host.members('klaxon-users')).toEqual(['martin']);
  return host;
}

describe('given a grant until 2026-12-07, and a run every few days', () => {
  it('case 43: when it is a moment before the end, then the member stays; when now is the end, then the member is out, git up or down', async () => {
    const host = await hostWithMartin();
    await host.reconcile('2026-11-30T11:00:00Z');
    const before = await host.reconcile('2026-12-07T10:59:00Z');
    const almost = await host.reconcile('2026-12-07T23:59:30Z');
    expect([before.status, almost.status, await host.members('klaxon-users')]).toEqual([0, 0, ['martin']]);

    await world.git.set('down');
    const run = await host.reconcile('2026-12-08T00:00:00Z');
    await world.git.set('up');

    expect(run.status).toBe(75);
    expect(changesIn(groupIn(run.document, 'klaxon-users'))).toEqual(['martin out: expired']);
    expect(groupIn(run.document, 'klaxon-users').remove[0]?.because).toMatchObject({ at: '2026-12-08T00:00:00Z' });
    expect(await host.members('klaxon-users')).toEqual([]);
  });

  it('when a grant has not begun, then nobody is in; when it begins, then they are', async () => {
    const host = await world.newHost({ roster: ['base'] });
    host.grant('martin', '2026-12-07', 'from: 2026-11-25\n');

    const early = await host.reconcile('2026-11-24T23:59:00Z');
    expect([early.status, await host.members('klaxon-users')]).toEqual([0, []]);
    expect(early.document.withheld).toMatchObject([{ group: 'klaxon-users', uid: 'martin', code: 'not-yet' }]);

    await host.reconcile('2026-11-25T00:00:00Z');
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });
});

describe('case 44: given a clock that went back', () => {
  it('when a grant had expired, then it stays out and nobody is added; a right clock later goes on by itself', async () => {
    const host = await hostWithMartin();
    await host.reconcile('2026-11-30T11:00:00Z');
    await host.reconcile('2026-12-06T12:00:00Z');
    await host.reconcile('2026-12-08T12:00:00Z');
    host.grant('carol', '2026-12-20');

    const run = await host.reconcile('2026-12-07T12:00:00Z');

    expect(run.document.status).toMatchObject({ code: 5, all: ['input', 'held'] });
    expect(await host.members('klaxon-users')).toEqual([]);
    expect(changesIn(holdIn(run.document, 'klaxon-users', 'clock'))).toEqual(['carol in: grant']);

    const after = await host.reconcile('2026-12-08T13:00:00Z');
    expect([after.status, await host.members('klaxon-users')]).toEqual([0, ['carol']]);
  });

  it('when a person acknowledges a clock that is days behind, then it is believed from the next run on', async () => {
    const host = await hostWithMartin();
    const behind = later(-2);
    const held = await host.reconcile(behind);
    const { digest } = holdIn(held.document, 'klaxon-users', 'clock');

    expect((await host.allow('klaxon-users', digest, behind)).status).toBe(0);
    await host.reconcile(behind);
    host.grant('carol', '2026-12-20');
    const run = await host.reconcile(later(-2, 1));

    expect([run.status, await host.members('klaxon-users')]).toEqual([0, ['carol', 'martin']]);
  });
});

describe('case 45: given a clock that went forward ten years, and nothing to confirm it', () => {
  const future = '2036-11-23T12:00:00Z';
  /** By the kernel, half an hour has passed since noon. */
  const boot = { boot: { at: '2026-11-23T12:30:00Z' } };

  it('when it runs, then expiry is held and nobody is added, each time; when the clock is right again, then all is as before', async () => {
    const host = await hostWithMartin();
    host.setRoster(['base', 'hoo']);

    for (const at of [future, '2036-11-23T13:00:00Z']) {
      const run = await host.reconcile(at, boot);
      expect(run.document.status).toMatchObject({ code: 5, all: ['input', 'held'] });
      expect(changesIn(holdIn(run.document, 'klaxon-users', 'clock'))).toEqual(['martin out: expired']);
      expect(changesIn(holdIn(run.document, 'stewards', 'clock'))).toEqual(['hoo in: roster']);
    }

    const run = await host.reconcile(later(0, 1));
    expect([run.status, await host.members('klaxon-users'), await host.members('stewards')]).toEqual([0, ['martin'], ['base', 'hoo']]);
  });

  it('when the clock file is gone too, then the record itself remembers the last run', async () => {
    const host = await hostWithMartin();
    rmSync(join(host.state, 'last-run'));

    expect((await host.reconcile(future)).document.status.code).toBe(5);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });

  it('when a person allows it, then the expiry is done and the next run is in order', async () => {
    const host = await hostWithMartin();
    const held = await host.reconcile(future, boot);
    for (const group of ['klaxon-users', 'stewards']) {
      expect((await host.allow(group, holdIn(held.document, group, 'clock').digest, future, boot)).status).toBe(0);
    }

    await host.reconcile('2036-11-23T12:20:00Z', boot);
    expect(await host.members('klaxon-users')).toEqual([]);
    expect((await host.reconcile('2036-11-23T12:30:00Z', { boot: { at: '2026-11-23T12:40:00Z' } })).status).toBe(0);
  });

  it('when a limited removal was done under the wrong clock, then it does not use up the limits of the right one for ten years', async () => {
    const host = await world.newHost({ roster: ['base', 'hoo', 'melos'] });
    await host.reconcile();
    host.setRoster(['base', 'hoo']);
    await host.reconcile(future, boot);
    expect(await host.members('stewards')).toEqual(['base', 'hoo']);

    host.setRoster(['base']);
    const run = await host.reconcile(later(3));

    expect([run.document.status.all, await host.members('stewards')]).toEqual([['in order'], ['base']]);
  });
});

describe('case 112: given a clock that says eight days more, while minutes passed by the kernel', () => {
  it.each([
    { given: 'of the same boot', boot: { at: '2026-11-30T11:10:00Z' }, status: 5, members: ['martin'] },
    { given: 'of another boot', boot: { at: later(0), id: '22222222-2222-4222-8222-222222222222' }, status: 5, members: ['martin'] },
    { given: 'that says eight days more too', boot: {}, status: 0, members: [] },
  ])('when it is a kernel $given, then ends are done only where it agrees', async ({ boot, status, members }) => {
    const host = await hostWithMartin();
    await host.reconcile('2026-11-30T11:00:00Z');
    const run = await host.reconcile('2026-12-08T11:00:00Z', { boot });
    expect([run.status, await host.members('klaxon-users')]).toEqual([status, members]);
  });

  it('when the host was started anew after three days, then ends are done', async () => {
    const host = await hostWithMartin();
    await host.reconcile('2026-12-05T11:00:00Z');
    const run = await host.reconcile('2026-12-08T11:00:00Z', { boot: { at: noon, id: '22222222-2222-4222-8222-222222222222' } });
    expect([run.status, await host.members('klaxon-users')]).toEqual([0, []]);
  });
});

describe('given a host that was off for a week and a bit', () => {
  it('when revocations wait, then they are done at once, whatever the clock', async () => {
    const host = await hostWithMartin();
    host.revoke('martin');

    await host.reconcile(later(9));

    expect(await host.members('klaxon-users')).toEqual([]);
    expect(noon < later(9)).toBe(true);
  });
});
