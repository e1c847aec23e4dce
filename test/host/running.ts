// What happens on a host that is in order: the timer, a hold, a revocation.
import assert from 'node:assert/strict';
import { installation } from './directory.ts';
import { grantFor, heldDigest } from './installing.ts';
import { eventually, sources, stewards, type Play, type Stage } from './stage.ts';

const account = 'muster';

export const running: readonly Play[] = [
  { account, title: 'the timer runs by itself: what is merged, and what ends, is in force within 90 seconds', play: timer },
  { account, title: 'a hold, and an allow through sudo: who typed it is on record', play: hold },
  { account, title: 'revoke and lift as root with everything remote down', play: revoke },
  { account, title: 'the tests of the directory pass with this Debian’s node and slapd', play: directoryTests },
];

async function timer(stage: Stage): Promise<void> {
  const { host } = stage;
  assert.equal((await host.type('systemctl enable --now muster-judge.timer muster.timer')).status, 0);
  // It ends half a minute after the run that brings it in, so that the run after that takes it out.
  const left = 60 - new Date().getSeconds();
  await stage.merge(grantFor('mallory', 25 + (left < 10 ? 60 + left : left)), { by: 'carol', approvedBy: 'bob' });
  const isIn = async () => (await stage.members('klaxon-users')).includes('mallory');
  const seconds = await eventually('a grant that was merged is in force', 90_000, isIn);
  stage.log(`(mallory is in after ${seconds} seconds.)\n`);
  await host.type('systemctl list-timers --no-pager "muster*"');

  const ended = await eventually('a grant that ended is out of force', 120_000, async () => !(await isIn()));
  stage.log(`(mallory is out after another ${ended} seconds.)\n`);
  await host.type('muster explain mallory');
  await host.must('systemctl disable --now muster-judge.timer muster.timer');
  assert.equal(await host.must('systemctl is-active muster.path || true'), 'inactive', 'the path goes with the timer');
  await stage.run();
  const run = await host.must('systemctl show --property=InvocationID --value muster.service');
  const idle = await host.type(`journalctl _SYSTEMD_INVOCATION_ID=${run} --output=cat --no-pager`);
  assert.ok(idle.output.trim().split('\n').length <= 1, 'a run that has nothing to do writes one line at most');
}

async function hold(stage: Stage): Promise<void> {
  const { host } = stage;
  const left = stewards.slice(0, 6);
  stage.deliverRoster(left);
  await stage.run();
  const digest = await heldDigest(stage);
  assert.deepEqual(await stage.members('stewards'), [...stewards].sort());

  assert.equal((await host.type(`muster allow stewards ${digest} --reason "Stewards election"`, { as: 'alice' })).status, 0);
  assert.equal(await stage.run(), 0);
  assert.deepEqual(await stage.members('stewards'), [...left].sort());
  assert.match((await host.type('muster report --since 2026-01-01')).output, /by\s+sudo\s+alice,\s+account\s+root/);
}

async function revoke(stage: Stage): Promise<void> {
  const { host } = stage;
  stage.setGitLab('down');
  const began = Date.now();
  const { status } = await host.type('muster revoke martin --reason "Account taken over"');
  assert.equal(status, 0);
  assert.ok(Date.now() - began < 10_000, 'a revocation is done within seconds');
  assert.deepEqual(await stage.members('klaxon-users'), ['taavi']);
  assert.equal(await host.must('stat --format "%U %a" /var/lib/muster/revoked/martin.json'), 'muster 600');

  await stage.run();
  assert.deepEqual(await stage.members('klaxon-users'), ['taavi']);
  assert.match((await host.type('muster revoke --list')).output, /martin/);
  assert.equal((await host.type('muster lift martin --reason "Account is martin’s again"', { as: 'alice' })).status, 0);
  stage.setGitLab('up');
  assert.equal(await stage.run(), 0);
  assert.deepEqual(await stage.members('klaxon-users'), ['martin', 'taavi']);
  assert.match((await host.type('muster explain martin')).output, /alice/);
}

async function directoryTests({ host }: Stage): Promise<void> {
  // What this machine fetched for its own tests is not there: .cache may lead anywhere.
  const note = JSON.stringify(installation);
  await host.must(`cd ${sources} && rm -rf .cache && mkdir -p .cache/openldap && echo '${note}' >.cache/openldap/installation.json`);
  await host.type('slapd -VV 2>&1 | head -n 1; node --version');
  const tests = await host.run(`cd ${sources} && node node_modules/vitest/vitest.mjs run test/directory --testTimeout=120000`);
  const closing = tests.output.trim().split('\n').at(-1) ?? '';
  assert.match(closing, /^[1-9][0-9]* passed, 0 failed/, tests.output.slice(-4000));
}
