// What everybody types first: one screen from the state folder and the folder of judging, with git, roster and directory gone.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { holdIn } from './documents.ts';
import { later, stewards, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const asked = { at: new Date(later(0, 2)) };

describe('given a host whose last run held a set and refused a file', () => {
  it('when somebody asks with nothing else answering, then one screen tells it, with the command, and the status is 0', async () => {
    const host = await world.newHost();
    host.grant('martin', '2026-11-25');
    await host.reconcile();
    host.setRoster(stewards.slice(4));
    host.repository.commit('main', { 'policy/grants/klaxon-users/mallory.yaml': 'reason: [\n' });
    const run = await host.reconcile(later(0, 1));
    expect(run.document.status.all).toEqual(['held', 'refused']);
    rmSync(host.rosterFile);
    rmSync(join(host.folder, 'access.git'), { recursive: true });
    host.configure({ directory: { url: 'ldap://127.0.0.1:1' } });

    const narrow = { ...asked, env: { COLUMNS: '80' } };
    const { stdout, stderr, status } = await host.run(['status'], narrow);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^last run   2026-11-23 13:00 UTC \(1 hour ago\), status 3: held: changes wait for a\n {11}person; also refused$/m,
    );
    expect(stdout).toContain('group      klaxon-users: 1 member from grants, in sync; last change 2026-11-23');
    const { digest } = holdIn(run.document, 'stewards', 'too-many-removals');
    expect(stdout).toContain(`muster allow stewards \\\n    ${digest} \\\n    --reason "…"\n`);
    expect(stdout).toContain('REFUSED    klaxon-users/mallory.yaml, for whoever pushed');
    expect(stdout).toContain('ends       at the end of 2026-11-25: martin in klaxon-users\n');
    expect(stdout.split('\n').length).toBeLessThan(26);

    const json = await host.run(['status', '--json'], asked);
    expect([json.status, json.json()]).toMatchObject([
      0,
      {
        command: 'status',
        lastRun: { at: expect.stringMatching(/^2026-11-23T13:00/) as unknown, status: { all: ['held', 'refused'] } },
        groups: [
          { group: 'klaxon-users', members: 1, state: 'in-sync', lastChange: { add: ['martin'], remove: [] } },
          { group: 'stewards', members: 11, state: 'held', held: [{ code: 'too-many-removals', digest }] },
        ],
        refused: [{ path: 'policy/grants/klaxon-users/mallory.yaml', code: 'unreadable' }],
      },
    ]);
  });
});

describe('given files that are not what they should be', () => {
  it('when the record of judging or the ledger was changed, then the status is 5, as elsewhere; without a state folder too', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    writeFileSync(join(host.state, 'judged/now.json'), '{}\n');
    const changed = await host.run(['status'], asked);
    expect([changed.status, changed.stdout]).toEqual([5, expect.stringContaining('PROBLEM    now.json is not what judging writes')]);
    writeFileSync(join(host.state, 'ledger.jsonl'), 'x\n', { flag: 'a' });
    expect((await host.run(['status'], asked)).status).toBe(5);
    rmSync(host.state, { recursive: true });
    expect((await host.run(['status'], asked)).status).toBe(5);
  });

  it('when a run cannot leave how it ended, then it warns and the run is what it was; status does not tell the one before as if it were it', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    rmSync(join(host.state, 'run-end.json'));
    mkdirSync(join(host.state, 'run-end.json'));
    const run = await host.reconcile(later(0, 1));
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining('how this run ended could not be left for "muster status" (E')]);
    const { status, stdout } = await host.run(['status'], asked);
    expect([status, stdout]).toEqual([0, expect.stringContaining('how it ended is not known')]);
  });
});
