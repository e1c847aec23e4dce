// Secrets stay where they are, and what others planted is not executed (CASE 62).

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startGitServer } from '../support/git-http.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { contentsOf, later, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

describe('given secrets in files', () => {
  it('when it runs, fails and explains, then no output, argument, record or file of state has them', async () => {
    const secrets = { token: 'glpat-very-secret-token', password: world.slapd.writerPassword };
    const host = await world.newHost({ roster: ['base'], granted: ['alice'] });
    const guarded = await startGitServer({ folder: host.folder, token: secrets.token });
    writeFileSync(join(host.folder, 'token'), `${secrets.token}\n`, { mode: 0o600 });
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

    const good = await host.built(['reconcile', '--json'], { env });
    await guarded.set('error');
    const failing = await host.built(['reconcile'], { env, at: later(0, 1) });
    writeFileSync(join(host.folder, 'token'), 'wrong-token-altogether\n');
    await guarded.set('up');
    const refused = await host.built(['reconcile'], { env, at: later(0, 2) });
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
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
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
    const mirror = join(host.state, 'judged/mirror.git');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-auto-gc']) {
      mkdirSync(join(mirror, 'hooks'), { recursive: true });
      writeFileSync(join(mirror, 'hooks', hook), readFileSync(script), { mode: 0o755 });
    }
    const config = join(mirror, 'config');
    writeFileSync(
      config,
      `${readFileSync(config, 'utf8')}[core]\n\tfsmonitor = ${script}\n\tsshCommand = ${script}\n\tgitProxy = ${script}\n[credential]\n\thelper = !${script}\n[url "${trap}/"]\n\tinsteadOf = http://\n`,
    );
    mkdirSync(join(mirror, 'objects/info'), { recursive: true });
    writeFileSync(join(mirror, 'objects/info/alternates'), `${trap}\n`);
    host.grant('carol');

    const run = await host.built(['reconcile', '--json'], {
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

describe('given a push of files whose names are as long as git takes them', () => {
  it('when it runs, then the record stays small, an end still comes, and a good grant of the same day counts', async () => {
    const host = await world.newHost({ roster: ['base'], granted: ['bob'] });
    host.grant('alice', '2026-11-24');
    await host.reconcile();
    host.grant('carol');
    const { git } = host.repository;
    const blob = git(['hash-object', '-w', '--stdin'], 'x').trim();
    const names = ['note', ...Array.from({ length: 25 }, (_, index) => `${'x'.repeat(1_000_000)}${index}`)];
    const entries = names.map((name) => `100644 blob ${blob}\t${name}\0`);
    const policy = git(['mktree', '-z'], `${git(['ls-tree', '-z', 'main:policy'])}${entries.join('')}`).trim();
    const root = git(['mktree'], `040000 tree ${policy}\tpolicy\n`).trim();
    const identity = ['-c', 'user.name=Mallory', '-c', 'user.email=mallory@example.org'];
    git(['update-ref', 'refs/heads/main', git([...identity, 'commit-tree', '-p', 'main', '-m', 'Change', root]).trim()]);

    const run = await host.reconcile(later(2));
    expect(run.document.policy.refused).toEqual([expect.objectContaining({ path: 'policy/note', code: 'unexpected-path' })]);
    expect([run.status, await host.members('klaxon-users')]).toEqual([4, ['bob', 'carol']]);
    expect(statSync(join(host.state, 'ledger.jsonl')).size).toBeLessThan(100_000);
  });
});
