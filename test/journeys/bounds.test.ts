// What strangers can push costs a bounded amount of memory, time and record, and never keeps a run from ending what is due.
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchMemory, type Watch } from '../support/frugal.ts';
import { nestTrees } from '../support/nested-trees.ts';
import type { RunDocument } from './documents.ts';
import { grantPath, later, openWorld, policy, type Host, type World } from './world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const world = ofThisFile(() => openWorld({ people: ['alice', 'bob', 'carol', 'base', ...many] }));
let watch: Watch;
const many = Array.from({ length: 60 }, (_, place) => `vol${place}`);

/** MB: what the issue allows whatever comes, and what git gets by with. */
const mostMegabytes = 256;
const gitMegabytes = 200;

/** Alice stays, bob's grant ends the day after, and both are in. */
async function hostWithTwo(more: Parameters<World['newHost']>[0] = {}): Promise<Host> {
  const host = await world.newHost({ roster: ['base'], granted: ['alice'], ...more });
  host.grant('bob', '2026-11-24');
  await host.reconcile();
  expect(await host.members('klaxon-users')).toEqual(['alice', 'bob', ...(more.granted ?? []).slice(1)].sort());
  watch = watchMemory(host.folder, gitMegabytes);
  return host;
}

async function reconcile(
  host: Host,
  at: string,
): Promise<{ readonly status: number | null; readonly policy: RunDocument['policy']; readonly stderr: string }> {
  const run = await host.built(['reconcile', '--json'], { at, env: watch.env, timeout: 240_000 });
  return { status: run.status, policy: run.json<RunDocument>().policy, stderr: run.stderr };
}

function sizeOfRecord(host: Host): number {
  return ['ledger.jsonl', 'judged/record.jsonl'].reduce((sum, file) => sum + statSync(join(host.state, file)).size, 0);
}

/** One commit with the tree of another on top of main. */
function squashed(host: Host, of: string, onto: string): string {
  const { repository } = host;
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.org'];
  const made = repository.git([...who, 'commit-tree', `${of}^{tree}`, '-p', onto, '-m', 'x']);
  repository.branch('main', made);
  return made;
}

const klaxon = 'purpose: Individuals.\nowner: sre\nmembers: grants\nlongest: 90 days\nrequires: [contact]\n';

describe('case 67: given a kilobyte of objects that names a million paths below the policy folder', () => {
  it(
    'when it lands, then it is refused unlisted, ends and what it takes away are carried out, and a revert ends it',
    { timeout: 600_000 },
    async () => {
      const host = await hostWithTwo({ granted: ['alice', 'carol'] });
      const { repository } = host;
      const before = repository.resolve('main');
      // The same landing takes carol's file away: that narrows, whatever else comes with it.
      const withoutCarol = repository.commitTree({ [grantPath('carol')]: null }, { parents: [before] });
      squashed(host, nestTrees(repository, withoutCarol, 'policy/zz'), before);
      const record = sizeOfRecord(host);

      const refused = await reconcile(host, later(3));
      expect([refused.status, await host.members('klaxon-users')]).toEqual([4, ['alice']]);
      expect(refused.policy.unlisted).toBe(11 ** 6);
      expect(refused.policy.judged).toBe(repository.resolve('main'));
      expect(sizeOfRecord(host) - record).toBeLessThan(80_000);
      expect(watch.megabytes()).toBeLessThan(mostMegabytes);

      // Beside the policy folder it is not muster's business, and inside nothing is endorsed on top of it.
      nestTrees(repository, repository.resolve('main'), 'zz');
      host.grant('carol', '2026-12-07');
      const onTop = await reconcile(host, later(3, 1));
      expect([onTop.status, await host.members('klaxon-users')]).toEqual([4, ['alice']]);
      expect(onTop.policy.refused).toContainEqual(expect.objectContaining({ path: grantPath('carol'), code: 'rules-dirty' }));
      expect((await host.built(['plan'], { at: later(3, 1), env: watch.env })).stdout).toContain('1771561 more files');

      repository.commit('main', { 'policy/zz': null, [grantPath('carol')]: null });
      const reverted = await reconcile(host, later(3, 2));
      expect([reverted.status, reverted.policy.refused, reverted.policy.unlisted]).toEqual([0, [], 0]);
      host.grant('carol', '2026-12-07');
      expect((await reconcile(host, later(3, 3))).status).toBe(0);
      expect(await host.members('klaxon-users')).toEqual(['alice', 'carol']);
      expect(watch.megabytes()).toBeLessThan(mostMegabytes);
    },
  );
});

describe('case 68: given files of nothing but commas', () => {
  const commas = (letter: string) => `${letter}: [${','.repeat(16_370)}`;

  it(
    'when they come in sixty landings and a hundred of them stay, then the run takes its time for reading and not for parsing',
    { timeout: 120_000 },
    async () => {
      const host = await hostWithTwo();
      for (let landing = 0; landing < 60; landing++)
        host.repository.commit(
          'main',
          Object.fromEntries(many.slice(landing % 58, (landing % 58) + 2).map((uid) => [grantPath(uid), commas(`k${landing}`)])),
        );
      const run = await reconcile(host, later(3));
      expect([run.status, await host.members('klaxon-users')]).toEqual([4, ['alice']]);
      expect(run.policy.judged).toBe(host.repository.resolve('main'));
    },
  );
});

describe('case 69: given six hundred commits in one push, each of which brings or takes a thousand long names', () => {
  it('when they land, then the record grows by what a person could read, and ends are carried out', { timeout: 600_000 }, async () => {
    const host = await hostWithTwo();
    const { repository } = host;
    const blob = repository.git(['hash-object', '-w', '--stdin'], 'x\n');
    const names = Array.from({ length: 1000 }, (_, place) => `100644 blob ${blob}\tn${String(place).padStart(4, '0')}${'n'.repeat(230)}\n`);
    const tree = repository.git(['mktree'], names.join(''));
    const from = repository.resolve('main');
    const commits = Array.from({ length: 600 }, (_, place) => {
      const change = place % 2 === 0 ? `M 040000 ${tree} policy/zz` : 'D policy/zz';
      return `commit refs/heads/main\ncommitter A <a@example.org> ${1_795_423_121 + place} +0000\ndata 0\n${place === 0 ? `from ${from}\n` : ''}${change}\n\n`;
    });
    repository.git(['fast-import', '--quiet'], commits.join(''));
    const record = sizeOfRecord(host);

    // What is due ends in the first run, however much of the record is left to be taken by the next ones.
    let run = await reconcile(host, later(3));
    expect(await host.members('klaxon-users')).toEqual(['alice']);
    for (let hour = 1; hour < 8 && run.policy.judged !== repository.resolve('main'); hour++) run = await reconcile(host, later(3, hour));
    expect([run.status, run.policy.unlisted, run.policy.judged]).toEqual([0, 0, repository.resolve('main')]);
    expect(sizeOfRecord(host) - record).toBeLessThan(16_000_000);
    expect(watch.megabytes()).toBeLessThan(mostMegabytes);
  });
});

describe('case 75: given more in the policy folder than is listed one by one', () => {
  it.each([
    {
      given: 'a path longer than 1 024 characters',
      files: {
        [`policy/${'d/'.repeat(10)}${'n'.repeat(200)}/${'m'.repeat(200)}/${'o'.repeat(200)}/${'p'.repeat(200)}/${'q'.repeat(250)}`]: 'x\n',
      },
    },
    {
      given: 'fifteen hundred files',
      files: Object.fromEntries(Array.from({ length: 1500 }, (_, place) => [`policy/notes/n${place}`, 'x\n'])),
    },
    {
      given: 'a thousand rules files',
      files: Object.fromEntries(Array.from({ length: 1000 }, (_, place) => [`policy/groups/g${place}.yaml`, klaxon])),
    },
  ])(
    'when it is $given, then it is still there: refused, "and more", and the rules are not clean until it has gone',
    { timeout: 600_000 },
    async ({ files }) => {
      const host = await hostWithTwo();
      host.repository.commit('main', files);
      const run = await reconcile(host, later(0, 1));
      expect(run.status).toBe(4);
      expect(run.policy.refused.length + run.policy.unlisted).toBe(Object.keys(files).length);
      expect(run.policy.unlisted).toBeGreaterThan(0);

      host.repository.commit('main', { 'policy/policy.yaml': `${policy}# A word more.\n` });
      const rules = await reconcile(host, later(0, 2));
      expect(rules.policy.refused).toContainEqual(expect.objectContaining({ path: 'policy/policy.yaml', code: 'rules-dirty' }));

      host.repository.commit('main', {
        'policy/policy.yaml': policy,
        ...Object.fromEntries(Object.keys(files).map((path) => [path, null])),
      });
      const reverted = await reconcile(host, later(0, 3));
      expect([reverted.status, reverted.policy.unlisted, reverted.policy.refused]).toEqual([0, 0, []]);
      host.grant('carol', '2026-12-07');
      expect((await reconcile(host, later(0, 4))).status).toBe(0);
      expect(await host.members('klaxon-users')).toContain('carol');
    },
  );
});

describe('case 118: given more grants in one push than a landing may change', () => {
  const limits = { grantsGroup: 'limits:\n  removals: 60\n' };

  it('when 51 of them are deleted, then it is refused, and all of them are out', { timeout: 300_000 }, async () => {
    const host = await hostWithTwo({ granted: ['alice', ...many], ...limits });
    host.revokeGrants(many.slice(0, 51));
    const run = await reconcile(host, later(0, 1));
    expect([run.status, run.policy.refused]).toEqual([0, []]);
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob', ...many.slice(51)].sort());
    expect(
      host
        .ledger()
        .filter(({ type }) => type === 'verdict')
        .at(-1),
    ).toMatchObject({ verdict: { code: 'too-many-files' } });
  });

  it('when 51 files are moved, then it is refused, nobody gains by it, and all of them are out', { timeout: 300_000 }, async () => {
    const host = await hostWithTwo({ granted: ['alice', ...many], ...limits });
    const moved = many.slice(0, 51).flatMap((uid): [string, string | null][] => [
      [grantPath(uid), null],
      [`policy/grants/stewards/${uid}.yaml`, host.repository.read('main', grantPath(uid)) ?? ''],
    ]);
    host.repository.commit('main', Object.fromEntries(moved));
    const run = await reconcile(host, later(0, 1));
    expect(run.status).toBe(4);
    expect(await host.members('klaxon-users')).toEqual(['alice', 'bob', ...many.slice(51)].sort());
    expect(await host.members('stewards')).toEqual(['base']);
  });
});

describe('case 109: given a mirror that is damaged', () => {
  const flip = (file: string) => {
    const bytes = readFileSync(file);
    const place = bytes.length >> 1;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    chmodSync(file, 0o600);
    writeFileSync(file, bytes);
  };
  const packs = (mirror: string, kind: string) =>
    readdirSync(join(mirror, 'objects/pack'))
      .filter((name) => name.endsWith(kind))
      .map((name) => join(mirror, 'objects/pack', name));

  it.each([
    { given: 'one bit of its packs is another', damage: (mirror: string) => packs(mirror, '.pack').forEach(flip) },
    { given: 'one bit of their indices is another', damage: (mirror: string) => packs(mirror, '.idx').forEach(flip) },
    { given: 'its packs are gone', damage: (mirror: string) => rmSync(join(mirror, 'objects/pack'), { recursive: true }) },
    { given: 'its tip is all zeros', damage: (mirror: string) => writeFileSync(join(mirror, 'refs/muster/branch'), `${'0'.repeat(40)}\n`) },
    { given: 'a file stands in its place', damage: (mirror: string) => (rmSync(mirror, { recursive: true }), writeFileSync(mirror, '')) },
  ])('when $given, then it is made anew in the same run, which judges and ends', async ({ damage }) => {
    const host = await hostWithTwo();
    damage(join(host.state, 'judged', 'mirror.git'));
    // What is read in the run comes from before the damage as well: bob's file was there, and goes.
    host.grant('carol', '2026-12-07');
    host.repository.commit('main', { 'policy/zz': 'x\n', [grantPath('alice')]: null });
    const run = await reconcile(host, later(3));
    expect([run.status, run.policy.judged]).toEqual([4, host.repository.resolve('main')]);
    expect(await host.members('klaxon-users')).toEqual(['carol']);
    expect(run.stderr).toMatch(/made anew|fetched anew/);
    expect((await reconcile(host, later(3, 1))).stderr).not.toContain('anew');
  });
});
