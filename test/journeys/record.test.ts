// A record that somebody changed is believed no more, and then everything stays as it is (CASE 59).

import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLedger } from '../../src/chain/open.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

function edit(host: Host, change: (text: string) => string): void {
  const path = join(host.state, 'ledger.jsonl');
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

const tampering: readonly { given: string; spoil: (host: Host) => void }[] = [
  {
    given: 'one letter of a line was edited',
    spoil: (host) => edit(host, (text) => text.replace('"hoo"', '"h00"')),
  },
  {
    given: 'the last line was taken out',
    spoil: (host) => edit(host, (text) => text.replace(/[^\n]*\n$/, '')),
  },
  {
    given: 'a line in the middle was taken out',
    spoil: (host) => edit(host, (text) => text.replace(/\n[^\n]*\n/, '\n')),
  },
  {
    given: 'a line was put at the end',
    spoil: (host) => edit(host, (text) => text + text.slice(text.lastIndexOf('\n', text.length - 2) + 1)),
  },
  { given: 'it is gone', spoil: ({ state }) => rmSync(join(state, 'ledger.jsonl')) },
  { given: 'the second file is gone', spoil: ({ state }) => rmSync(join(state, 'ledger.head')) },
  {
    given: 'it was rolled back with its chain intact',
    spoil: ({ state }) => copyFileSync(join(state, '../earlier.jsonl'), join(state, 'ledger.jsonl')),
  },
];

describe('case 59: given a ledger of two runs', () => {
  it('when it was tampered with in any way, then everything is frozen, status 5, nothing is written, and the repaired one goes on', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    copyFileSync(join(host.state, 'ledger.jsonl'), join(host.folder, 'earlier.jsonl'));
    host.setRoster(['base', 'hoo']);
    await host.reconcile(later(0, 1));
    cpSync(host.state, join(host.folder, 'good'), { recursive: true });
    host.setRoster(['base', 'hoo', 'melos']);

    for (const { given, spoil } of tampering) {
      spoil(host);
      const spoilt = host.ledger().length;
      const logged = world.slapd.logs().length;
      const [run, plan] = [await host.reconcile(later(0, 2)), await host.run(['plan'], { at: later(0, 2) })];
      expect({
        given,
        status: run.status,
        plan: plan.status,
        wrote: world.slapd.logs().slice(logged).includes(' MOD '),
        records: host.ledger().length,
      }).toEqual({ given, status: 5, plan: 5, wrote: false, records: spoilt });
      rmSync(host.state, { recursive: true });
      cpSync(join(host.folder, 'good'), host.state, { recursive: true });
    }
    expect((await host.reconcile(later(0, 3))).status).toBe(0);
    expect(await host.members('stewards')).toEqual(['base', 'hoo', 'melos']);
  });

  it('when the last line was cut off by a crash, then it is left out with a note, and the run goes on', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    const path = join(host.state, 'ledger.jsonl');
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"sequence":`);
    host.setRoster(['base', 'hoo']);

    const run = await host.reconcile(later(0, 1));

    expect([run.status, await host.members('stewards')]).toEqual([0, ['base', 'hoo']]);
    expect(run.stderr).toContain('cut off');
  });
});

/** Lines as muster itself appends them: the chain is whole, and the second file names its end. */
async function append(host: Host, record: object): Promise<void> {
  const ledger = openLedger(host.state);
  if (ledger.kind === 'broken') throw new Error(ledger.message);
  await ledger.appender().append([record]);
}

describe('given a ledger whose chain is whole, and in it a record that muster does not write', () => {
  const at = Date.parse('2026-11-23T12:00:00Z');
  const override = { type: 'override', at, group: 'stewards', code: 'clock', digest: `sha256:${'1'.repeat(64)}`, reason: 'x' };
  it.each([
    { given: 'a type that nobody knows', record: { type: 'freeze-everybody', at, group: 'phantom' } },
    { given: 'a key that nobody knows', record: { ...override, phantom: true } },
    { given: 'a key that is missing', record: { ...override, code: undefined } },
    { given: 'a group that cannot be one', record: { ...override, group: '../phantom' } },
    { given: 'a time in words', record: { ...override, at: '2026-11-23T12:00:00Z' } },
  ])(
    'when it is $given, then every command that reads it ends with 5 and names the line, and no run writes anything',
    async ({ record }) => {
      const host = await world.newHost({ roster: ['base'] });
      await host.reconcile();
      await append(host, record);
      const [records, logged] = [host.ledger().length, world.slapd.logs().length];
      host.setRoster(['base', 'hoo']);

      for (const command of [['reconcile'], ['plan'], ['report'], ['explain', 'base']]) {
        const { status, stdout, stderr } = await host.run(command, { at: later(0, 1) });
        const words = (stdout + stderr).replaceAll(/\s+/g, ' ');
        expect({ command, status, said: words.includes(`line ${records} of the ledger is no record`) }).toEqual({
          command,
          status: 5,
          said: true,
        });
        expect(words).not.toMatch(/phantom|freeze-everybody/);
      }
      expect([host.ledger().length, world.slapd.logs().slice(logged).includes(' MOD ')]).toEqual([records, false]);
    },
  );
});

describe('given files beside the ledger that hold something else than muster writes', () => {
  it('when a run reads them, then it goes on as if they were not there', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    for (const file of ['settled.json', 'notes.json', 'tokens.json'])
      writeFileSync(join(host.state, file), '{"groups":[{"kind":"settled","group":"phantom"}],"phantom":1}');
    writeFileSync(join(host.state, 'last-run'), 'yesterday\n');
    host.setRoster(['base', 'hoo']);

    const run = await host.reconcile(later(0, 1));

    expect([run.status, await host.members('stewards')]).toEqual([0, ['base', 'hoo']]);
    expect(run.stderr).toContain('last-run holds no time');
    expect(readFileSync(join(host.state, 'last-run'), 'utf8')).toMatch(/^2026-/);
  });
});

describe('given a revocation that was copied from another host', () => {
  it('when it runs, and runs again, then the record tells once of it and why, and lift ends it whatever its file is called', async () => {
    const host = await world.newHost({ roster: ['base'], granted: ['alice', 'bob'] });
    await host.reconcile();
    mkdirSync(join(host.state, 'revoked'));
    const content = { format: 1, uid: 'alice', reason: 'Left in anger.', at: '2026-11-23T12:30:00Z' };
    writeFileSync(join(host.state, 'revoked/Alice.json'), JSON.stringify(content));

    for (const hour of [1, 2]) await host.reconcile(later(0, hour));
    const told = () => host.ledger().filter(({ type }) => type === 'revocation');
    expect(told()).toEqual([expect.objectContaining({ uid: 'alice', from: null, at: Date.parse(content.at), reason: content.reason })]);
    expect(await host.members('klaxon-users')).toEqual(['bob']);

    expect((await host.run(['lift', 'alice', '--reason', 'Came back.'], { at: later(0, 3) })).status).toBe(0);
    await host.reconcile(later(0, 4));
    expect([await host.members('klaxon-users'), told().length]).toEqual([['alice', 'bob'], 1]);
  });
});

describe('given a member whom somebody took out by hand', () => {
  it('when muster puts them back, then the record has that they were gone in between', async () => {
    const host = await world.newHost({ roster: ['base'], granted: ['alice', 'bob'] });
    await host.reconcile();
    await world.slapd.removeMember('klaxon-users', 'alice');
    await host.reconcile(later(0, 1));

    const { stdout } = await host.run(['explain', 'alice', '--json'], { at: later(0, 2) });
    const { groups } = JSON.parse(stdout) as { groups: readonly { group: string; history: readonly { event: string }[] }[] };
    const history = groups.find(({ group }) => group === 'klaxon-users')?.history.map(({ event }) => event);
    expect(history).toEqual(['added', 'vanished', 'added']);
  });
});
