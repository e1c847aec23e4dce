// Who had access when: told from the ledger of real runs against a real directory, and left as a page by the run that changed something.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, noon, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

interface AccessDocument {
  readonly changes: { readonly access: readonly { readonly uid: string; readonly left: string | null }[] };
}

interface ReportDocument {
  readonly side: string;
  readonly groups: readonly { readonly group: string; readonly members: readonly { readonly uid: string; readonly kind: string }[] }[];
}

async function membersTold(host: Host, at: string, group: string): Promise<readonly string[]> {
  const { stdout, status, stderr } = await host.run(['report', '--at', at, '--json'], { at: new Date(later(9)) });
  expect(status, stderr).toBe(0);
  const document = JSON.parse(stdout) as ReportDocument;
  return document.groups.find((one) => one.group === group)?.members.map(({ uid }) => uid) ?? [];
}

describe('given three runs on three days, with joiners, leavers and an end', () => {
  let host: Host;
  const held = new Map<string, Readonly<Record<string, readonly string[]>>>();
  beforeAll(async () => {
    host = await world.newHost({ roster: ['base', 'hoo'], configuration: { report: 'report.html' } });
    const run = async (at: string) => {
      await host.reconcile(at);
      held.set(at, { stewards: await host.members('stewards'), 'klaxon-users': await host.members('klaxon-users') });
    };
    host.grant('martin', '2026-11-25');
    await run(noon);
    host.setRoster(['base', 'hoo', 'melos'], later(1));
    host.grant('carol', '2026-12-20');
    await run(later(1));
    host.setRoster(['base', 'melos'], later(3));
    await run(later(3));
  });

  it('when somebody asks for each of the days, then the report says whom the directory held', async () => {
    expect([...held.values()]).toEqual([
      { stewards: ['base', 'hoo'], 'klaxon-users': ['martin'] },
      { stewards: ['base', 'hoo', 'melos'], 'klaxon-users': ['carol', 'martin'] },
      { stewards: ['base', 'melos'], 'klaxon-users': ['carol'] },
    ]);
    for (const [at, groups] of held) {
      // A run begins at the moment it is given, and takes its time.
      const after = new Date(Date.parse(at) + 60_000).toISOString();
      for (const [group, members] of Object.entries(groups)) expect(await membersTold(host, after, group)).toEqual(members);
    }
  });

  it('when somebody asks what changed, then it is told in text and spreadsheet', async () => {
    const text = await host.run(['report', '--since', later(0, 1)], { at: new Date(later(4)) });
    const told = text.stdout.replaceAll(/\s+/g, ' ');
    expect(told).toContain('in melos, stewards: on the roster steward');
    expect(told).toContain('out martin, klaxon-users: the grant ended');
    const csv = await host.run(['report', '--format', 'csv', '--since', later(0, 1)], { at: new Date(later(4)) });
    expect(csv.stdout).toMatch(/\r\naccess,stewards,hoo,roster,.*,2026-11-26T12:00:00Z,/);
  });

  it('when somebody asks who had access on the day on which people left, then those are told too, with file, times and cause', async () => {
    const asked = { at: new Date(later(4)) };
    const text = (await host.run(['report', '--on', '2026-11-26'], asked)).stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain('Had access at any time from 2026-11-26 00:00 UTC to 2026-11-26 23:59:59 UTC');
    expect(text).toMatch(
      /martin in klaxon-users from 2026-11-23 12:00 UTC to 2026-11-26 12:00 UTC: policy\/grants\/.* Out: the grant ended at/,
    );
    const json = (await host.run(['report', '--on', '2026-11-26', '--json'], asked)).json<AccessDocument>();
    expect(json.changes.access.map(({ uid, left }) => [uid, left?.slice(0, 10) ?? null])).toEqual([
      ['carol', null],
      ['martin', '2026-11-26'],
      ['base', null],
      ['hoo', '2026-11-26'],
      ['melos', null],
    ]);
    const after = (await host.run(['report', '--on', '2026-11-27', '--json'], asked)).json<AccessDocument>();
    expect(after.changes.access.map(({ uid }) => uid)).toEqual(['carol', 'base', 'melos']);
  });

  it('when somebody asks what changed since a time before the record, then everything on it has, and it says when it begins', async () => {
    const { status, stdout } = await host.run(['report', '--since', '2026-11-20'], { at: new Date(later(4)) });
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/2026-11-23\n(?: .*\n)* +in +base, hoo, stewards: on the roster steward\n/),
    ]);
    expect(stdout).toContain('which begins at 2026-11-23 12:00 UTC');
  });

  it.each([
    { args: ['--at', '2026-11-01'], says: 'the record begins at 2026-11-23 12:00 UTC' },
    { args: ['--at', '2030-01-01'], says: 'in the future' },
    { args: ['--at', 'yesterday'], says: 'is no moment' },
    { args: ['--on', '2026-11-26T12:00Z'], says: 'is no day; write 2026-12-07' },
    { args: ['--on', '2026-11-29'], says: 'in the future' },
    { args: ['--on', '2026-11-22'], says: 'the record begins at' },
    { args: ['--on', '2026-11-26', '--since', '2026-11-25'], says: 'a whole day' },
    { args: ['--since', '2026-11-25', '--at', '2026-11-24'], says: 'after the moment of the report' },
  ])('when somebody asks for $args, then it is a misuse that says why', async ({ args, says }) => {
    const { status, stderr } = await host.run(['report', ...args], { at: new Date(later(4)) });
    expect([status, stderr]).toEqual([2, expect.stringContaining(says)]);
  });

  it('when a run changed something, then the page was replaced whole, for a web server to read; a quiet run leaves it alone', async () => {
    const path = join(host.folder, 'report.html');
    expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>[^]*>melos<\/li>[^]*<\/html>\s*$/);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    const before = statSync(path).mtimeMs;
    await host.reconcile(later(3, 1));
    expect(statSync(path).mtimeMs).toBe(before);
    expect(readdirSync(host.folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('when the page cannot be written, then the run is as good as ever, and says so', async () => {
    host.configure({ report: 'nowhere/report.html' });
    // An hour past the day after the last removal: exactly a day would be a race between two starting processes.
    host.setRoster(['base', 'hoo'], later(4, 1));
    const { status, stderr } = await host.run(['reconcile'], { at: new Date(later(4, 1)) });
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/the page .*nowhere\/report\.html could not be written \(ENOENT\)\. The administrator of this host/),
    ]);
  });

  it('when it is public, then reasons and contacts are not in it', async () => {
    for (const format of ['text', 'json', 'csv', 'html']) {
      const open = await host.run(['report', '--format', format], { at: new Date(later(4)) });
      const { stdout, status } = await host.run(['report', '--public', '--format', format], { at: new Date(later(4)) });
      expect([status, open.stdout.includes('abuse wave'), stdout.includes('abuse wave'), stdout.includes('libera.chat')]).toEqual([
        0,
        true,
        false,
        false,
      ]);
    }
  });

  it('when nothing but the repository is configured, then the policy’s side is told without directory and ledger', async () => {
    const elsewhere = host.twin();
    rmSync(elsewhere.state, { recursive: true, force: true });
    const { repository, evidence } = JSON.parse(readFileSync(elsewhere.config, 'utf8'));
    const config = join(elsewhere.folder, 'repository-only.yaml');
    writeFileSync(config, JSON.stringify({ repository, evidence }));
    const { stdout, status, stderr } = await elsewhere.run(['report', '--json'], { at: new Date(later(4)), config });
    expect(status, stderr).toBe(0);
    const document = JSON.parse(stdout) as ReportDocument;
    expect(document.side).toBe('policy');
    expect(document.groups.find(({ group }) => group === 'klaxon-users')?.members).toEqual([
      expect.objectContaining({ uid: 'carol', kind: 'grant' }),
    ]);
    expect(existsSync(elsewhere.state)).toBe(false);
    // git has answered: what it says cannot be used.
    writeFileSync(config, JSON.stringify({ repository: { ...repository, start: 'f'.repeat(40) }, evidence }));
    const elsewhen = await elsewhere.run(['report'], { at: new Date(later(4)), config });
    expect([elsewhen.status, elsewhen.stderr]).toEqual([5, expect.stringMatching(/^muster: start f+ is not in the history of the branch/)]);
    mkdirSync(elsewhere.state);
    chmodSync(elsewhere.state, 0o700);
  });
});

describe('given a page that a run could not write', () => {
  it('when the next run changes nothing, then it makes up for it, once, and again for what was done by hand meanwhile', async () => {
    const host = await world.newHost({ roster: ['base', 'hoo'], configuration: { report: 'www/report.html' } });
    const page = join(host.folder, 'www/report.html');
    expect((await host.run(['reconcile'])).stderr).toContain('report.html could not be written (ENOENT). The administrator of this host');
    mkdirSync(join(host.folder, 'www'));

    expect((await host.run(['reconcile'])).stderr).toBe('');
    expect(readFileSync(page, 'utf8')).toContain('hoo');
    const { mtimeMs } = statSync(page);
    await host.run(['reconcile']);
    expect(statSync(page).mtimeMs).toBe(mtimeMs);

    await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
    await host.run(['reconcile']);
    expect(statSync(page).mtimeMs).toBeGreaterThan(mtimeMs);
  });
});
