// From the package to groups that are kept: install, doctor, adopt, a report week in minutes, enforce.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { metrics, stewards, type Play, type Stage } from './stage.ts';

const account = 'muster';

export const installing: readonly Play[] = [
  { account, title: 'the package is installed, and nothing is enabled', play: install },
  { account, title: 'the host is configured, and doctor has no error', play: configure },
  { account, title: 'the members of a group are adopted into the policy', play: adopt },
  { account, title: 'a week in report mode: nothing is written', play: reportWeek },
  { account, title: 'enforce: a first plan is allowed and made', play: enforce },
];

async function install(stage: Stage): Promise<void> {
  const { host, nodePackage } = stage;
  if (nodePackage !== undefined) await host.must(`apt-get install --yes ${nodePackage}`);
  const { status } = await host.type(`apt-get install --yes ${stage.packageOf('first')}`);
  assert.equal(status, 0);

  for (const unit of ['muster.timer', 'muster-judge.timer']) {
    assert.equal((await host.run(`systemctl is-enabled ${unit}`)).output, 'disabled\n');
    assert.equal((await host.run(`systemctl is-active ${unit}`)).output, 'inactive\n');
  }
  assert.equal(await host.must('stat --format "%U:%G %a" /var/lib/muster'), 'muster:muster 711');
  assert.equal(await host.must('stat --format "%U:%G %a" /var/lib/muster/judged'), 'muster-judge:muster-judge 750');
  assert.match(await host.must('muster --version'), /0\.1\.0/);
}

async function configure(stage: Stage): Promise<void> {
  const { host } = stage;
  const start = await stage.cast.project.git.head('main');
  stage.configure(host, { mode: 'report', start });
  await writeSecrets(stage);
  stage.deliverRoster(stewards);
  await host.must('install -d -o muster -g muster /var/www/muster /var/lib/prometheus/node.d && touch /etc/muster/active');

  const { status, output } = await host.type('muster doctor');
  assert.doesNotMatch(output, /^ +ERROR/m);
  for (const timer of [/muster\.timer/, /muster-judge\.timer/]) assert.match(output, timer);
  assert.equal(status, 0);
}

export async function writeSecrets(stage: Stage, machine = stage.host): Promise<void> {
  for (const [name, secret] of Object.entries(stage.secrets())) machine.write(`/etc/muster/${name}`, `${secret}\n`, 0o640);
  await machine.must('chown root:muster /etc/muster/ldap-password && chown root:muster-judge /etc/muster/gitlab-token');
}

const grant = (until: Date) =>
  `reason: Watches the abuse wave of November.\ncontact: irc, libera.chat\nuntil: ${until.toISOString().slice(0, 19)}Z\nunderstood: 2026-11-01\n`;

export const grantFor = (uid: string, seconds: number) => ({
  [`policy/grants/klaxon-users/${uid}.yaml`]: grant(new Date(Date.now() + seconds * 1000)),
});

async function adopt(stage: Stage): Promise<void> {
  const { host } = stage;
  await host.must('mkdir /root/access');
  assert.equal((await host.type('muster adopt klaxon-users --to /root/access')).status, 0);
  const written = readdirSync(host.path('/root/access/policy/grants/klaxon-users')).sort();
  assert.deepEqual(written, ['martin.yaml', 'taavi.yaml']);
  assert.equal(await host.must('stat --format %U /root/access/policy/grants/klaxon-users/martin.yaml'), 'root');
  assert.match(readFileSync(host.path('/root/access/policy/grants/klaxon-users/martin.yaml'), 'utf8'), /reason/);

  // What only the person can say is added, and the merge is the start.
  const start = await stage.merge({ ...grantFor('martin', 86_400), ...grantFor('taavi', 86_400) }, { by: 'carol', approvedBy: 'alice' });
  stage.configure(host, { start });
  const { output } = await host.type('muster plan');
  assert.match(output, /urbanecm/);
}

async function reportWeek(stage: Stage): Promise<void> {
  const { host } = stage;
  const before = [await stage.members('stewards'), await stage.members('klaxon-users')];
  for (const day of ['Monday', 'Tuesday']) {
    stage.log(`(${day}.)\n`);
    assert.equal(await stage.run(), 3, 'a held group must show');
  }
  assert.match((await host.type('systemctl status --no-pager --lines=0 muster.service')).output, /status=3/);
  const { output } = await host.type('muster plan');
  assert.match(output, /HELD/);
  assert.match(output, /first-run/);
  assert.deepEqual([await stage.members('stewards'), await stage.members('klaxon-users')], before);
  assert.match(host.read(metrics), /^muster_status\{status="held"\} 1$/m);
}

export async function heldDigest(stage: Stage): Promise<string> {
  const { output } = await stage.host.type('muster plan');
  return /muster allow \S+[\s\\]+(sha256:[0-9a-f]{64})/.exec(output)?.[1] ?? assert.fail('no digest of a held set');
}

async function enforce(stage: Stage): Promise<void> {
  const { host } = stage;
  stage.configure(host, { mode: 'enforce' });
  const digest = await heldDigest(stage);
  assert.equal((await host.type(`muster allow stewards ${digest} --reason "The first plan, read name by name"`)).status, 0);
  assert.equal(await stage.run(), 0);

  assert.deepEqual(await stage.members('stewards'), [...stewards].sort());
  assert.deepEqual(await stage.members('klaxon-users'), ['martin', 'taavi']);
  const owners = await host.must('find /var/lib/muster -printf "%u %P\\n"');
  for (const [, owner, file = ''] of owners.matchAll(/^(\S+) (.*)$/gm))
    assert.equal(owner, /^judged(?:\/|$)/.test(file) ? 'muster-judge' : 'muster', file);
  const { output } = await host.type('muster report');
  assert.match(output, /urbanecm/);
  assert.match(output, /by\s+account\s+root/, 'who typed it is root, whatever account goes on');
}
