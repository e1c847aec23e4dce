// The two halves meet in files: what the judge left, or somebody in its place, and what converging makes of it.
import { createServer, type Server } from 'node:net';
import { appendFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { groupIn, holdIn, type RunDocument } from './documents.ts';
import { later, noon, type Host, type Run, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());
const isRoot = process.geteuid?.() === 0;

const judgedIn = (host: Host, name = '') => join(host.state, 'judged', name);
const lines = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const problems = ({ document }: Run) => (document.problems ?? []).map(({ code }) => code);
/** As the timer of converging does it: nobody starts judging. */
async function converge(host: Host, at: string): Promise<Run> {
  const result = await host.run(['reconcile', '--json', '--judged'], { at });
  return { ...result, document: result.json<RunDocument>() };
}

/** Alice is in, bob is in until tomorrow, and carol's grant was judged and not taken yet. */
async function apart(): Promise<Host> {
  const host = await world.newHost({ granted: ['alice'], roster: ['base'] });
  host.grant('bob', '2026-11-23');
  await host.reconcile();
  expect(await host.members('klaxon-users')).toEqual(['alice', 'bob']);
  host.grant('carol');
  expect((await host.run(['judge'], { at: later(0, 1) })).status).toBe(0);
  return host;
}

describe('case 124: given bob’s end, a revocation of alice, and something else where the record lies', () => {
  const record = (host: Host) => judgedIn(host, 'record.jsonl');
  it.each<{ given: string; spoil: (host: Host) => void }>([
    { given: 'a line was taken out', spoil: (host) => writeFileSync(record(host), `${lines(record(host)).toSpliced(-2, 1).join('\n')}\n`) },
    { given: 'lines were taken back', spoil: (host) => writeFileSync(record(host), `${lines(record(host))[0]}\n`) },
    { given: 'a line of another kind was added', spoil: (host) => appendFileSync(record(host), '{"type":"freeze"}\n') },
    {
      given: 'a link stands there',
      spoil: (host) => {
        renameSync(record(host), judgedIn(host, 'other'));
        symlinkSync('other', record(host));
      },
    },
    {
      given: 'a FIFO stands there',
      spoil: (host) => {
        rmSync(record(host));
        execFileSync('mkfifo', [record(host)]);
      },
    },
    { given: '100 GB of nothing follow', spoil: (host) => truncateSync(record(host), 100e9) },
    {
      given: 'a link stands for now.json',
      spoil: (host) => (rmSync(judgedIn(host, 'now.json')), symlinkSync('record.jsonl', judgedIn(host, 'now.json'))),
    },
  ])('when $given, then nobody comes in, status 5, and who must go goes', async ({ spoil }) => {
    const host = await apart();
    spoil(host);
    host.revoke('alice');

    const run = await converge(host, later(0, 13));

    expect([run.document.status.all[0], problems(run)]).toEqual(['input', expect.arrayContaining(['record-unusable'])]);
    expect(await host.members('klaxon-users')).toEqual([]);
  });
});

describe('given that judging did not come to its end', () => {
  it('when it was killed in the middle of a line, then the whole lines are taken, and the next look goes on', async () => {
    const host = await apart();
    appendFileSync(judgedIn(host, 'record.jsonl'), '{"sequence":9,"previ');

    const run = await converge(host, later(0, 13));
    expect([run.document.status.all, await host.members('klaxon-users')]).toEqual([['unavailable'], ['alice', 'carol']]);
    host.grant('martin');
    await host.reconcile(later(0, 14));
    expect(await host.members('klaxon-users')).toEqual(['alice', 'carol', 'martin']);
  });

  it('when it is killed at any moment, then the next one goes on, and the end is the same', async () => {
    const host = await apart();
    for (const after of [120, 250, 400, 600]) {
      host.grant(`vol${after / 10}`.slice(0, 4), '2026-12-07');
      await host.built(['judge'], { at: later(0, 2), started: (kill) => setTimeout(() => kill('SIGKILL'), after) });
    }
    const run = await host.reconcile(later(0, 3));
    expect([run.status, problems(run)]).toEqual([0, []]);
    expect(await host.members('klaxon-users')).toContain('carol');
  });

  it('when it never ran, then that is told, and nothing is done', async () => {
    const host = await world.newHost({ members: { 'klaxon-users': ['mallory'] }, granted: ['alice'], roster: ['base'] });
    const run = await converge(host, noon);
    expect([run.status, problems(run), await host.members('klaxon-users')]).toEqual([75, ['judging-silent'], ['mallory']]);
  });

  it('when it has not looked for a quarter of an hour, then that is told, and ends go on', async () => {
    const host = await apart();
    const run = await converge(host, later(0, 13));
    expect([run.document.status.all, problems(run)]).toEqual([['unavailable'], ['judging-silent']]);
    expect(await host.members('klaxon-users')).not.toContain('bob');
  });

  it('when git hangs, then the run goes on without it after a minute, and ends what is due', { timeout: 200_000 }, async () => {
    const host = await apart();
    const silent = await new Promise<Server>((resolve) => {
      const server = createServer(() => undefined).listen(0, '127.0.0.1', () => resolve(server));
    });
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const configuration = JSON.parse(readFileSync(host.config, 'utf8'));
    host.configure({ repository: { ...configuration.repository, url: `http://127.0.0.1:${port}/access.git` } });
    const began = Date.now();
    // Its output is the judge's too, which goes on: the directory says when the run has ended what is due.
    const ended = host.built(['reconcile'], { at: later(0, 13), timeout: 170_000 });
    try {
      while (Date.now() - began < 110_000 && (await host.members('klaxon-users')).includes('bob'))
        await new Promise((resolve) => setTimeout(resolve, 2000));
      expect(await host.members('klaxon-users')).not.toContain('bob');
    } finally {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) endJudge(pid, host.config);
      silent.close();
      await ended;
    }
  });
});

/** The judge that went on by itself, of this test's own configuration. */
function endJudge(pid: string, config: string): void {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (words.includes('judge') && words.includes(config)) process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

describe('given another record in the place of the one that was taken', () => {
  it('when it was lost, then it is judged again from the start, compared, and goes on', async () => {
    const host = await apart();
    await host.reconcile(later(0, 2));
    rmSync(judgedIn(host), { recursive: true });
    host.grant('martin');

    const run = await host.reconcile(later(0, 3));

    expect([run.status, await host.members('klaxon-users')]).toEqual([0, ['alice', 'bob', 'carol', 'martin']]);
  });

  it('when it is another host’s, then it goes on; when a standby takes over with it, then so does that', async () => {
    const host = await apart();
    await host.reconcile(later(0, 2));
    const twin = host.twin();
    await twin.run(['judge'], { at: later(0, 2) });
    rmSync(judgedIn(host), { recursive: true });
    cpSync(judgedIn(twin), judgedIn(host), { recursive: true });
    expect((await host.reconcile(later(0, 3))).status).toBe(0);

    const standby = await converge(twin, later(0, 2));
    expect(groupIn(standby.document, 'klaxon-users').state).toBe('in-sync');
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob', 'carol']);
  });

  it('when anybody but root begins it anew, then that is refused, and all stays as it is', async () => {
    const host = await apart();
    appendFileSync(judgedIn(host, 'record.jsonl'), 'rubbish\n');
    const before = readFileSync(judgedIn(host, 'record.jsonl'), 'utf8');
    const files = readdirSync(host.state, { recursive: true });

    const { status, stdout, stderr } = await host.run(['judge', '--begin-anew'], { account: 65_534 });

    expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining('"muster judge --begin-anew" is for root')]);
    expect(readFileSync(judgedIn(host, 'record.jsonl'), 'utf8')).toBe(before);
    expect(readdirSync(host.state, { recursive: true })).toEqual(files);
    expect((await converge(host, later(0, 2))).status).toBe(5);
  });

  it.skipIf(!isRoot)('when root begins it anew, then what it would add is held as new-start, and an allow lets it in', async () => {
    const host = await apart();
    appendFileSync(judgedIn(host, 'record.jsonl'), 'rubbish\n');
    expect((await converge(host, later(0, 2))).status).toBe(5);

    expect((await host.run(['judge', '--begin-anew'], { at: later(0, 3) })).status).toBe(0);
    const run = await converge(host, later(0, 3));

    const { digest, add } = holdIn(run.document, 'klaxon-users', 'new-start');
    expect([run.status, add.map(({ uid }) => uid), await host.members('klaxon-users')]).toEqual([3, ['carol'], ['alice', 'bob']]);
    await host.allow('klaxon-users', digest, later(0, 3));
    await host.reconcile(later(0, 4));
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob', 'carol']);
  });
});

describe('case 114: given a new ledger, members whose grants were renewed since, and a branch that cannot be fetched', () => {
  it('when it runs, then nobody is ended until judging has come to where the branch stands', async () => {
    const people = ['alice', 'bob', 'carol'];
    const ended = 'reason: An abuse wave.\ncontact: irc\nuntil: 2026-11-22\n';
    const files = Object.fromEntries(people.map((uid) => [`policy/grants/klaxon-users/${uid}.yaml`, ended]));
    const host = await world.newHost({ files, members: { 'klaxon-users': people }, roster: ['base'] });
    expect((await host.run(['judge'], { at: '2026-11-21T12:00:00Z' })).status).toBe(0);
    for (const uid of people) host.grant(uid);
    const { repository } = JSON.parse(readFileSync(host.config, 'utf8'));
    host.configure({ repository: { ...repository, url: 'http://127.0.0.1:1/access.git' } });

    for (const at of [noon, later(0, 1)]) {
      const run = await host.reconcile(at);
      expect(holdIn(run.document, 'klaxon-users', 'first-run').remove.length).toBe(3);
      expect(await host.members('klaxon-users')).toEqual(people);
    }

    host.configure({ repository });
    const run = await host.reconcile(later(0, 2));
    expect([run.status, groupIn(run.document, 'klaxon-users').state]).toEqual([0, 'in-sync']);
    expect(await host.members('klaxon-users')).toEqual(people);
  });
});
