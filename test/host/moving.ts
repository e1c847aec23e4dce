// From one host to another, and away: the standby, failover, purge.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSecrets } from './installing.ts';
import type { Machine } from './machine.ts';
import { repository } from './packages.ts';
import { metrics, type Play, type Stage } from './stage.ts';

const account = 'muster';
const page = '/var/www/muster/index.html';

export const moving: readonly Play[] = [
  { account, title: 'a standby: it looks at nothing, and says so', play: standby },
  { account, title: 'what a standby copies: revocations, refusals and the record, and nothing in place of what is lost', play: copy },
  { account, title: 'failover: the host that acted leaves nothing that looks alive', play: failover },
  { account, title: 'purge: the record stays, and what a standby tells of itself goes', play: purge },
];

const other = (stage: Stage) => stage.machines[1] ?? assert.fail('there is no other host');

async function standby(stage: Stage): Promise<void> {
  const second = await stage.addMachine('ldap-maint2001');
  if (stage.nodePackage !== undefined) await second.must(`apt-get install --yes ${stage.nodePackage}`);
  assert.equal((await second.type(`apt-get install --yes ${stage.packageOf('first')}`)).status, 0);
  stage.configure(second);
  stage.deliverRoster(stage.roster, second);
  await writeSecrets(stage, second);
  await second.must('install -d -o muster -g muster /var/www/muster /var/lib/prometheus/node.d');
  assert.equal(await stage.run(second), 0);
  isSilent(stage);
  assert.match((await second.type('muster doctor')).output, /standby/);
}

/** As docs/operating.md has it, but for the name of the host that may read it. */
function rsyncModule(): string {
  const [, block] = /```\n(\[muster\]\n[^`]*)```/.exec(readFileSync(join(repository, 'docs/operating.md'), 'utf8')) ?? [];
  assert.ok(block !== undefined && block.includes('hosts allow'));
  return block.replace(/(hosts allow = ).*/, '$1127.0.0.1');
}

/** What a standby has of the other host, with owners and modes. */
const copied = (machine: Machine) =>
  machine.must(
    'cd /var/lib/muster && find revoked refused distrusted judged/record.* -printf "%M %u %p\\n" | sort; find revoked refused distrusted judged/record.* -type f -exec sha256sum {} + | sort',
  );

async function copy(stage: Stage): Promise<void> {
  const { host } = stage;
  const second = other(stage);
  host.write('/etc/rsyncd.conf', rsyncModule());
  await host.must('rsync --daemon');
  second.write('/etc/hosts', `${second.read('/etc/hosts')}127.0.0.1 ldap-maint1001\n`);
  for (const uid of ['martin', 'mallory']) assert.equal((await host.type(`muster revoke ${uid} --reason "Account taken over"`)).status, 0);
  await host.must(
    'cd /var/lib/muster && install -d -o muster -g muster refused distrusted && echo {} >refused/by-hand.json && echo {} >distrusted/alice.json && chown -R muster: refused distrusted',
  );
  const bring = 'systemctl start muster-standby@ldap-maint1001.service';
  assert.equal((await second.type(bring)).status, 0);
  assert.equal(await copied(second), await copied(host));
  assert.match(await copied(second), /^-rw------- muster revoked\/martin\.json$/m);
  assert.match(await copied(second), /^-rw-r----- muster-judge judged\/record\.jsonl$/m);
  assert.equal(second.has('/var/lib/muster/ledger.jsonl'), false);
  assert.notEqual((await second.run('rsync ldap-maint1001::muster/ledger.jsonl /tmp/')).status, 0, 'the ledger is offered');

  assert.equal((await host.type('muster lift mallory --reason "It was a mistake"')).status, 0);
  assert.equal((await second.type(bring)).status, 0);
  assert.equal(await copied(second), await copied(host));
  // What is lost there, whole or in part, is not copied as "nobody is revoked".
  const here = await copied(second);
  await host.must('mv /var/lib/muster /var/lib/muster.lost');
  assert.notEqual((await second.type(bring)).status, 0);
  await host.must('install -d -o muster -g muster -m 0711 /var/lib/muster');
  assert.equal((await second.type(bring)).status, 0);
  await host.must(
    'rmdir /var/lib/muster && mv /var/lib/muster.lost /var/lib/muster && rm -r /var/lib/muster/refused /var/lib/muster/distrusted',
  );
  assert.equal(await copied(second), here);
}

/** A standby leaves one gauge, and when it said so. */
function isSilent(stage: Stage, machine = other(stage)): void {
  const told = machine
    .read(metrics)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(told.length, 2, told.join('\n'));
  assert.ok(told.includes('muster_active 0'));
  const at = Number(told.find((line) => line.startsWith('muster_standby_timestamp_seconds '))?.split(' ')[1]);
  assert.ok(Math.abs(Date.now() / 1000 - at) < 120, `the standby told of itself at ${at}`);
  assert.equal(machine.has(page), false);
}

async function failover(stage: Stage): Promise<void> {
  const { host } = stage;
  const second = other(stage);
  assert.equal(await stage.run(), 0);
  assert.ok(host.has(page));
  assert.match(host.read(metrics), /^muster_active 1$/m);
  await host.type('rm /etc/muster/active');
  assert.equal(await stage.run(), 0);
  isSilent(stage, host);

  const record = '/var/lib/muster/judged/record.jsonl';
  const before = second.read(record);
  await second.type('touch /etc/muster/active');
  await second.type('muster plan');
  assert.ok([0, 3].includes(await stage.run(second)));
  assert.match(second.read(metrics), /^muster_active 1$/m);
  assert.ok(second.read(record).startsWith(before), 'judging goes on with the record that was copied');
  assert.ok(!(await stage.members('klaxon-users')).includes('martin'), 'who was revoked there stays out here');
  const { status, output } = await host.type('muster revoke taavi --reason "Account taken over"');
  assert.notEqual(status, 0);
  assert.match(output, /standby/);
}

async function purge(stage: Stage): Promise<void> {
  const { host } = stage;
  const { status, output } = await host.type('apt-get purge --yes muster');
  assert.equal(status, 0);
  for (const stays of ['the record stays', 'what you wrote into /etc/muster stays']) assert.match(output, new RegExp(stays));
  assert.ok(host.has('/var/lib/muster/ledger.jsonl') && host.has('/etc/muster/gitlab-token'));
  assert.equal(host.has(metrics), false, 'the gauge of a standby is gone');
  assert.deepEqual((await host.run('ls /etc/systemd/system/timers.target.wants | grep muster')).output, '');

  const acting = await other(stage).type('apt-get purge --yes muster');
  assert.match(acting.output, /its last metrics stay/);
  assert.ok(other(stage).has(metrics));
}
