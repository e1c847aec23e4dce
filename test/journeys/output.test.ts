// What is printed is what happened, in the shape that the contract fixes, and nothing in it that nobody may see.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGitServer } from '../support/git-http.ts';
import { changesIn, groupIn, holdIn } from './documents.ts';
import { grantPath, later, openWorld, stewards, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

/** Every file below a folder with its content: what `plan` must leave byte for byte. */
function contentsOf(folder: string): Readonly<Record<string, string>> {
  const paths = readdirSync(folder, {
    recursive: true,
    encoding: 'utf8',
  }).filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}

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
    const first = await host.run(['plan', '--json'], { at: later(2) });
    const second = await host.run(['--config', host.config, 'plan', '--json'], {
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

    for (const args of [['plan'], ['plan', '--json'], ['explain', 'carol'], ['explain', 'stewards', '--json']])
      await host.run(args, { at: later(2) });

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
    expect(groupIn(run.document, 'klaxon-users')).toMatchObject({
      state: 'changed',
      members: 1,
    });

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
      expect(run.document).toMatchObject({
        mode: 'report',
        status: { code: 3 },
      });
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
        history: { event: string }[];
      }[];
    }>();
    expect(groups.find(({ group }) => group === 'klaxon-users')).toMatchObject({
      member: false,
      desired: false,
    });
    expect(groups.find(({ group }) => group === 'klaxon-users')?.history.map(({ event }) => event)).toEqual([
      'endorsed',
      'added',
      'removed',
    ]);
    expect((await host.run(['explain', 'carol'], { at: later(2) })).stdout).toContain(grantPath('carol'));
  });
});

describe('given secrets in files', () => {
  it('when it runs, fails and explains, then no output, argument, record or file of state has them', async () => {
    const secrets = {
      token: 'glpat-very-secret-token',
      password: world.slapd.writerPassword,
    };
    const host = await world.newHost({ roster: ['base'], granted: ['alice'] });
    const guarded = await startGitServer({
      folder: host.folder,
      token: secrets.token,
    });
    writeFileSync(join(host.folder, 'token'), `${secrets.token}\n`, {
      mode: 0o600,
    });
    const configuration = JSON.parse(readFileSync(host.config, 'utf8'));
    host.configure({
      repository: {
        ...configuration.repository,
        url: guarded.url('access.git'),
        'token-file': 'token',
      },
    });
    const seen: string[] = [];
    const tools = toolsThatTell(host.folder);
    const env = { PATH: `${tools}:${process.env['PATH'] ?? ''}` };

    const good = await host.run(['reconcile', '--json'], { env });
    await guarded.set('error');
    const failing = await host.run(['reconcile'], { env, at: later(0, 1) });
    writeFileSync(join(host.folder, 'token'), 'wrong-token-altogether\n');
    await guarded.set('up');
    const refused = await host.run(['reconcile'], { env, at: later(0, 2) });
    await guarded.stop();

    expect([good.status, failing.status, refused.status]).toEqual([0, 75, expect.toBeOneOf([5, 75])]);
    for (const { stdout, stderr } of [good, failing, refused]) seen.push(stdout, stderr);
    const told = readFileSync(join(tools, 'told'), 'utf8');
    expect(told).toContain('git ');
    const texts = [...seen, told, ...Object.values(contentsOf(host.state))].join('\n');
    for (const secret of [
      secrets.token,
      secrets.password,
      'wrong-token-altogether',
      Buffer.from(`oauth2:${secrets.token}`).toString('base64'),
    ]) {
      expect(texts).not.toContain(secret);
    }
  });
});

/** A folder with a `git` that writes down its arguments before it does its work. */
function toolsThatTell(folder: string): string {
  const tools = mkdtempSync(join(folder, 'tools-'));
  const git = execFileSync('sh', ['-c', 'command -v git'], {
    encoding: 'utf8',
  }).trim();
  writeFileSync(join(tools, 'git'), `#!/bin/sh\necho "git $*" >> ${tools}/told\nexec ${git} "$@"\n`);
  chmodSync(join(tools, 'git'), 0o755);
  return tools;
}

describe('case 62: given somebody who planted things where the mirror lies, and a hostile environment', () => {
  it('when it runs, then nothing of theirs is executed, and the policy is that of the branch', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    const trap = mkdtempSync(join(tmpdir(), 'muster-trap-'));
    const script = join(trap, 'run');
    writeFileSync(script, `#!/bin/sh\ntouch ${trap}/sprung\n`, { mode: 0o755 });
    const mirror = join(host.state, 'mirror.git');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-auto-gc']) {
      mkdirSync(join(mirror, 'hooks'), { recursive: true });
      writeFileSync(join(mirror, 'hooks', hook), readFileSync(script), {
        mode: 0o755,
      });
    }
    const config = join(mirror, 'config');
    writeFileSync(
      config,
      `${readFileSync(config, 'utf8')}[core]\n\tfsmonitor = ${script}\n\tsshCommand = ${script}\n\tgitProxy = ${script}\n[credential]\n\thelper = !${script}\n[url "${trap}/"]\n\tinsteadOf = http://\n`,
    );
    mkdirSync(join(mirror, 'objects/info'), { recursive: true });
    writeFileSync(join(mirror, 'objects/info/alternates'), `${trap}\n`);
    host.grant('carol');

    const run = await host.run(['reconcile', '--json'], {
      at: later(0, 1),
      env: {
        GIT_DIR: trap,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'core.fsmonitor',
        GIT_CONFIG_VALUE_0: script,
        GIT_EXEC_PATH: trap,
        GIT_SSH_COMMAND: script,
        GIT_ASKPASS: script,
        GIT_TRACE: join(trap, 'sprung'),
        GIT_ALTERNATE_OBJECT_DIRECTORIES: trap,
        GIT_REPLACE_REF_BASE: 'refs/heads/',
        LD_BIND_NOW: '1',
        PAGER: script,
        TZ: 'Pacific/Kiritimati',
        LC_ALL: 'tr_TR.UTF-8',
      },
    });

    expect([run.status, await host.members('klaxon-users')]).toEqual([0, ['carol']]);
    expect(readdirSync(trap)).toEqual(['run']);
  });
});
