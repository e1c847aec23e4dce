// What a run tells the monitoring, read as Prometheus reads it: the real promtool checks the file, and an idle run asks GitLab nothing for it.

import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Token, User } from '../support/gitlab/world.ts';
import * as forged from './evidence/world.ts';
import { grantFile, grantPath } from './evidence/policy-files.ts';
import { later, openWorld, stewards, type Host, type World } from './world.ts';

const { day, minute } = forged;
const promtool = spawnSync(process.execPath, [fileURLToPath(new URL('../../scripts/promtool.mjs', import.meta.url))], { encoding: 'utf8' });

/** Samples of a metric, by their labels as they stand in the file; one without labels by an empty text. */
function samplesIn(file: string, metric: string): Readonly<Record<string, number>> {
  const lines = readFileSync(file, 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return name === metric ? [[labels, Number(value)]] : [];
    }),
  );
}

describe('given a host with tokens for GitLab', () => {
  let world: forged.World;
  let bot: User;
  let comment: Token;
  let scene: forged.Scene;
  beforeAll(async () => {
    world = await forged.startWorld();
    bot = world.gitlab.forge.createUser('muster-bot', { id: 91 });
  });
  afterAll(() => world.stop());
  afterEach(() => world.gitlab.faults.clear());

  async function newScene(): Promise<void> {
    scene = await world.scene();
    scene.project.members.set(bot.id, 30);
    comment = world.gitlab.forge.createToken(bot, ['api']);
    comment.expiresAt = scene.day(20);
    writeFileSync(join(scene.folder, 'comment-token'), `${comment.value}\n`, { mode: 0o600 });
    const config = join(scene.folder, 'muster.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace('gitlab:\n', 'gitlab:\n  comment-token-file: comment-token\n'));
    appendFileSync(config, 'metrics: muster.prom\n');
  }

  const metric = (name: string) => samplesIn(join(scene.folder, 'muster.prom'), name);
  const asked = () => world.gitlab.faults.count(/personal_access_tokens/);
  const end = (text: string | null) => Date.parse(text ?? '') / 1000;

  it('when a run has ended, then promtool finds nothing wrong with the file, and no secret and no name is in it', async () => {
    await newScene();
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) });
    await scene.run('reconcile');
    await scene.run('revoke', 'hoo', '--reason', 'Laptop stolen.');
    await scene.run('reconcile');
    const file = join(scene.folder, 'muster.prom');
    const text = readFileSync(file, 'utf8');

    expect(statSync(file).mode & 0o777).toBe(0o644);
    for (const secret of [world.token, comment.value, 'urbanecm', 'hoo', 'Laptop']) expect(text).not.toContain(secret);
    if (promtool.status !== 0) return;
    const { status, stderr, stdout } = spawnSync(promtool.stdout.trim(), ['check', 'metrics'], { encoding: 'utf8', input: text });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it('when nothing happens, then the ends of both tokens are told by every run, and GitLab is asked once a day', async () => {
    await newScene();
    world.gitlab.faults.forget();
    await scene.run('reconcile');
    expect(asked()).toBe(2);
    const ends = {
      'token="gitlab-token"': end('2027-11-01'),
      'token="gitlab-comment-token"': end(comment.expiresAt),
    };
    for (let hour = 1; hour < 24; hour += 7) {
      world.gitlab.faults.forget();
      scene.wait(7 * 60 * minute);
      rmSync(join(scene.folder, 'muster.prom'));
      await scene.run('reconcile');
      // The run after 24 hours and some minutes is the first of the next day.
      expect(asked()).toBe(hour < 20 ? 0 : 2);
      // Judging did not look for hours: GitLab is asked for its clock, once, and which merge requests are open.
      expect(world.gitlab.faults.count(/\/merge_requests\?/)).toBe(1);
      expect(world.gitlab.faults.count(/\/api\//) - asked()).toBe(2);
      expect(metric('muster_token_expiry_timestamp_seconds')).toEqual(ends);
      expect(metric('muster_token_usable')).toEqual({
        'token="gitlab-token",state="good"': 1,
        'token="gitlab-comment-token",state="good"': 1,
      });
    }
  });

  it('when a new token is put into the file, then the next run tells of that one', async () => {
    await newScene();
    await scene.run('reconcile');
    const next = world.gitlab.forge.createToken(bot, ['api']);
    next.expiresAt = scene.day(300);
    writeFileSync(join(scene.folder, 'comment-token'), `${next.value}\n`);
    world.gitlab.faults.forget();
    await scene.run('reconcile');
    expect(asked()).toBe(1);
    expect(metric('muster_token_expiry_timestamp_seconds')['token="gitlab-comment-token"']).toBe(end(next.expiresAt));
    expect(readFileSync(join(scene.state, 'judged/tokens.json'), 'utf8')).not.toContain(next.value);
  });

  it('when GitLab does not answer, then what it said last is told, and of a token it never spoke of nothing is claimed', async () => {
    await newScene();
    await scene.run('reconcile');
    scene.wait(2 * day);
    writeFileSync(join(scene.folder, 'comment-token'), `${world.gitlab.forge.createToken(bot, ['api']).value}\n`);
    world.gitlab.faults.add(/\/api\//, { kind: 'answer', status: 503 });
    expect((await scene.run('reconcile')).status).toBe(0);
    expect(metric('muster_token_expiry_timestamp_seconds')).toEqual({ 'token="gitlab-token"': end('2027-11-01') });
    expect(metric('muster_token_usable')).toEqual({
      'token="gitlab-token",state="good"': 1,
      'token="gitlab-comment-token",state="unknown"': 0,
    });
  });

  it.each([
    { given: 'revoked', spoil: () => void (comment.revoked = true), state: 'refused' },
    { given: 'at its end', spoil: () => scene.wait(21 * day), state: 'refused' },
    { given: 'too narrow', spoil: () => replace(['read_api']), state: 'narrow' },
    { given: 'in a file that everybody may read', spoil: () => openToAll(), state: 'unreadable' },
    {
      given: 'kept in a damaged file',
      spoil: () => writeFileSync(join(scene.state, 'judged/tokens.json'), '{"format":1,"known":7}'),
      state: 'good',
    },
  ])('when a token is $given, then that is told within a day', async ({ spoil, state }) => {
    await newScene();
    await scene.run('reconcile');
    spoil();
    scene.wait(day);
    await scene.run('reconcile');
    expect(metric('muster_token_usable')).toMatchObject({
      'token="gitlab-token",state="good"': 1,
      [`token="gitlab-comment-token",state="${state}"`]: state === 'good' ? 1 : 0,
    });
  });

  function replace(scopes: readonly string[]): void {
    writeFileSync(join(scene.folder, 'comment-token'), `${world.gitlab.forge.createToken(bot, scopes).value}\n`);
  }

  /** The file, and the way to it. */
  function openToAll(): void {
    chmodSync(scene.folder, 0o755);
    chmodSync(join(scene.folder, 'comment-token'), 0o644);
  }
});

describe('given a host with revocations', () => {
  let world: World;
  let host: Host;
  beforeAll(async () => {
    world = await openWorld();
    host = await world.newHost({ granted: ['martin'], configuration: { metrics: 'muster.prom' } });
  });
  afterAll(() => world.stop());

  const unratified = () => ({
    all: samplesIn(join(host.folder, 'muster.prom'), 'muster_revocations')[''],
    ...{ open: samplesIn(join(host.folder, 'muster.prom'), 'muster_unratified_revocations')[''] },
    ...{ age: samplesIn(join(host.folder, 'muster.prom'), 'muster_unratified_revocation_age_seconds')[''] },
  });

  it('when the policy and the roster follow one by one, then what is not ratified grows old, and the report says the same', async () => {
    await host.reconcile();
    expect(unratified()).toEqual({ all: 0, open: 0, age: 0 });

    await host.run(['revoke', 'martin', '--reason', 'Account taken over.'], { at: later(0, 1) });
    await host.run(['revoke', 'base', '--reason', 'Left.'], { at: later(0, 2) });
    await host.reconcile(later(2));
    expect(unratified()).toEqual({ all: 2, open: 2, age: expect.toSatisfy((age: number) => Math.abs(age - 47 * 3600) < 60) });

    host.revokeGrants(['martin']);
    await host.reconcile(later(2, 1));
    expect(unratified()).toMatchObject({ all: 2, open: 1, age: expect.toSatisfy((age: number) => Math.abs(age - 47 * 3600) < 60) });
    expect((await host.run(['report'], { at: later(2, 1) })).stdout).toMatch(/Left\.\s+Still\s+named\s+by\s+roster\s+steward:/);

    host.setRoster(stewards.filter((uid) => uid !== 'base'));
    await host.reconcile(later(2, 2));
    expect(unratified()).toEqual({ all: 2, open: 0, age: 0 });
    expect((await host.run(['report'], { at: later(2, 2) })).stdout).not.toMatch(/Still\s+named/);
  });

  it('when Git does not answer, then nothing is judged, whatever the mirror holds, and the time of that grows old', async () => {
    const judged = () => samplesIn(join(host.folder, 'muster.prom'), 'muster_last_judged_timestamp_seconds')[''];
    await host.reconcile(later(2, 3));
    const before = judged();
    await world.git.set('down');
    const run = await host.reconcile(later(2, 9));
    await world.git.set('up');
    expect([run.document.status.all, judged()]).toEqual([['unavailable'], before]);
    await host.reconcile(later(2, 10));
    expect(judged()).toBeGreaterThan(before ?? Infinity);
  });

  it('when a run could not begin, then nothing is claimed of ratification', async () => {
    rmSync(join(host.state, 'ledger.head'), { force: true });
    appendFileSync(join(host.state, 'ledger.jsonl'), '{"forged":1}\n');
    expect((await host.reconcile(later(3))).status).toBe(5);
    expect(unratified()).toEqual({ all: 2, open: undefined, age: undefined });
  });
});
