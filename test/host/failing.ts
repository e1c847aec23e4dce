// What goes wrong on a host: a status that is mailed, a state folder that is lost, a disk that is full, an upgrade in the middle of a run.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { grantFor } from './installing.ts';
import { eventually, metrics, stewards, type Play, type Stage } from './stage.ts';

const account = 'muster';

export const failing: readonly Play[] = [
  { account, title: 'a failed run is mailed once for each status, with exim4', play: (stage) => mail(stage, 'exim4') },
  { account, title: 'a failed run is mailed once for each status, with postfix', play: (stage) => mail(stage, 'postfix') },
  { account, title: 'a state folder that is lost stays lost: the unit, a boot, an upgrade', play: lostFolder },
  { account, title: 'a ledger that is lost, with other files left, is an error', play: lostLedger },
  { account, title: 'a full disk: ends and revocations go on', play: fullDisk },
  {
    account: 'muster-judge',
    title: 'a judge that hangs, and one that is killed in the middle of a line: what ends, ends on time',
    play: noJudge,
  },
  {
    account: 'muster-judge',
    title: 'the judge reads no credential of the directory, and nothing of converging but what is for it',
    play: apart,
  },
  { account, title: 'an upgrade in the middle of a run', play: upgrade },
];

/** The mails of root, wherever this mailer's delivery leaves them. */
const mails = async (stage: Stage) => (await stage.host.must('cat /var/mail/* 2>/dev/null || true')).split(/^From /m).slice(1);

async function mail(stage: Stage, mailer: 'exim4' | 'postfix'): Promise<void> {
  const { host } = stage;
  if (mailer === 'postfix') await host.must('apt-get install --yes --no-install-recommends postfix');
  await host.must(`rm -rf /var/mail/* /var/lib/muster-failure; systemctl restart ${mailer}`);
  host.write('/etc/systemd/system/muster.service.d/mail.conf', '[Unit]\nOnFailure=muster-failure@%n.service\n');
  await host.must('systemctl daemon-reload');

  const before = stage.roster;
  stage.deliverRoster([]);
  for (let run = 1; run <= 3; run += 1) await stage.converge();
  await eventually('the first mail', 20_000, async () => (await mails(stage)).length > 0);
  stage.deliverRoster(stewards.slice(0, 2));
  for (let run = 1; run <= 2; run += 1) await stage.converge();
  await eventually('the second mail', 20_000, async () => (await mails(stage)).length > 1);
  // What would come too often would come by now.
  await pause(2000);
  const [first = '', second = '', ...more] = await mails(stage);
  assert.deepEqual(more, []);
  stage.log(first.replace(/^(?=.)/gm, '    '));
  assert.match(first, /^Subject: muster\.service failed on ldap-maint1001: status 5/m);
  assert.match(first, /ROSTER +steward: EMPTY/);
  assert.match(second, /^Subject: muster\.service failed on ldap-maint1001: status 3/m);

  stage.deliverRoster(before);
  host.write('/etc/systemd/system/muster.service.d/mail.conf', '');
  await host.must('systemctl daemon-reload');
  assert.equal(await stage.run(), 0);
}

async function lostFolder(stage: Stage): Promise<void> {
  const { host } = stage;
  await host.type('muster revoke martin --reason "Account taken over"');
  await host.type('mv /var/lib/muster /var/lib/muster.lost');
  try {
    await staysLost(stage);
  } finally {
    await host.type('rm -rf /var/lib/muster; mv /var/lib/muster.lost /var/lib/muster');
  }
  await host.type('muster lift martin --reason "It was restored"');
  assert.equal(await stage.run(), 0);
  assert.deepEqual(await stage.members('klaxon-users'), ['martin', 'taavi']);
}

async function staysLost(stage: Stage): Promise<void> {
  const { host } = stage;
  const isStillLost = async (after: string) => {
    assert.equal(host.has('/var/lib/muster'), false, `the folder is there after ${after}`);
    assert.equal(await stage.run(), 5);
    assert.equal(host.has('/var/lib/muster'), false);
    assert.deepEqual(await stage.members('klaxon-users'), ['taavi']);
  };
  await isStillLost('a run');
  assert.match(host.read(metrics), /^muster_status\{status="input"\} 1$/m);
  assert.match(await host.must('journalctl --unit=muster.service --lines=20 --output=cat --no-pager'), /backup/);
  await host.reboot();
  await isStillLost('a boot');
  assert.equal((await host.type(`apt-get install --yes --reinstall ${stage.packageOf('first')}`)).status, 0);
  await isStillLost('an upgrade');
}

async function lostLedger(stage: Stage): Promise<void> {
  const { host } = stage;
  const before = await stage.members('klaxon-users');
  await host.must('mkdir /root/ledger && mv /var/lib/muster/ledger* /root/ledger/');
  try {
    assert.equal(await stage.run(), 5);
    assert.equal(await host.must('ls /var/lib/muster | grep -c ledger || true'), '0');
    assert.deepEqual(await stage.members('klaxon-users'), before);
  } finally {
    await host.must('rm -f /var/lib/muster/ledger* && mv /root/ledger/* /var/lib/muster/ && rmdir /root/ledger');
  }
  assert.equal(await stage.run(), 0);
}

async function fullDisk(stage: Stage): Promise<void> {
  const { host } = stage;
  const ends = Date.now() + (stage.soon + 5) * 1000;
  await stage.merge(grantFor('mallory', (ends - Date.now()) / 1000), { by: 'carol', approvedBy: 'alice' });
  await host.must(
    'mv /var/lib/muster /var/lib/muster.disk && install -d -o muster -g muster -m 0711 /var/lib/muster && mount -t tmpfs -o size=8m,uid=muster,gid=muster,mode=0711 tmpfs /var/lib/muster && cp -a /var/lib/muster.disk/. /var/lib/muster/',
  );
  try {
    await runsWithFullDisk(stage, ends);
  } finally {
    await host.must(
      'cp -a /var/lib/muster/. /var/lib/muster.disk/; umount /var/lib/muster && rmdir /var/lib/muster && mv /var/lib/muster.disk /var/lib/muster',
    );
  }
  assert.equal((await host.type('muster lift taavi --reason "Account is back with taavi"')).status, 0);
  assert.equal(await stage.run(), 0);
  assert.deepEqual(await stage.members('klaxon-users'), ['martin', 'taavi']);
}

async function runsWithFullDisk(stage: Stage, ends: number): Promise<void> {
  const { host } = stage;
  assert.equal(await stage.run(), 0);
  assert.ok((await stage.members('klaxon-users')).includes('mallory'));
  await host.type('dd if=/dev/zero of=/var/lib/muster/filling bs=4k 2>&1 | tail -n 1; df -h /var/lib/muster');
  try {
    await pause(Math.max(0, ends + 1000 - Date.now()));
    assert.equal(await stage.run(), 5);
    assert.match(host.read(metrics), /^muster_status\{status="input"\} 1$/m);
    assert.deepEqual(await stage.members('klaxon-users'), ['martin', 'taavi'], 'what ended is out');
    assert.equal((await host.type('muster revoke taavi --reason "Account taken over"')).status, 5);
    assert.deepEqual(await stage.members('klaxon-users'), ['martin'], 'who is revoked is out');
  } finally {
    await host.type('rm /var/lib/muster/filling');
  }
  assert.equal(await stage.run(), 0);
  assert.deepEqual(await stage.members('klaxon-users'), ['martin']);
  assert.match((await host.type('muster explain mallory')).output, /ended/);
}

async function upgrade(stage: Stage): Promise<void> {
  const { host, cast } = stage;
  await stage.merge(grantFor('bob', 3600), { by: 'carol', approvedBy: 'alice' });
  stage.setGitLab('slow');
  cast.gitlab.faults.forget();
  await host.type('systemctl start --no-block muster-judge.service');
  await eventually('GitLab is asked', 20_000, () => Promise.resolve(cast.gitlab.faults.count(/^\/api\//) > 0));
  assert.equal((await host.type(`apt-get install --yes ${stage.packageOf('second')}`)).status, 0);
  assert.equal(
    await host.must('systemctl is-active muster-judge.service || true'),
    'activating',
    'the upgrade was over before judging was',
  );
  stage.setGitLab('up');
  const isOver = async () => (await host.run('systemctl is-active muster-judge.service')).output !== 'activating\n';
  await eventually('judging ends', 120_000, isOver);
  assert.equal(await host.must('systemctl show --property=ExecMainStatus --value muster-judge.service'), '0');
  assert.equal(await stage.converge(), 0);
  assert.ok((await stage.members('klaxon-users')).includes('bob'));
  assert.equal(await stage.run(), 0);
}

async function noJudge(stage: Stage): Promise<void> {
  const { host } = stage;
  // The first end comes while the judge hangs, the second one when nobody judges any more.
  const ends = Date.now() + stage.soon * 1000;
  const seconds = (at: number) => (at - Date.now()) / 1000;
  const late = ends + 15_000;
  await stage.merge({ ...grantFor('mallory', seconds(ends)), ...grantFor('hoo', seconds(late)) }, { by: 'carol', approvedBy: 'alice' });
  assert.equal(await stage.run(), 0);
  const before = await stage.members('klaxon-users');
  assert.ok(before.includes('mallory') && before.includes('hoo'));

  stage.setGitLab('hanging');
  // The timer, and less to wait for.
  host.write('/etc/systemd/system/muster.timer.d/often.conf', '[Timer]\nOnCalendar=*:*:0/5\n');
  await host.must('systemctl daemon-reload');
  await host.type('systemctl start muster-judge.timer muster.timer && systemctl start --no-block muster-judge.service');
  const isIn = async (uid: string) => (await stage.members('klaxon-users')).includes(uid);
  await eventually('what ends is out', seconds(ends) * 1000 + 30_000, async () => !(await isIn('mallory')));
  stage.log(`(mallory is out ${Math.round(-seconds(ends))} seconds after the end.)\n`);
  assert.equal(await host.must('systemctl is-active muster-judge.service || true'), 'activating', 'the judge does not hang');

  await host.type('systemctl stop muster-judge.timer muster.timer; systemctl kill --signal=KILL muster-judge.service');
  host.write('/etc/systemd/system/muster.timer.d/often.conf', '');
  await host.must('systemctl daemon-reload');
  const record = '/var/lib/muster/judged/record.jsonl';
  await host.must(`setpriv --reuid=muster-judge --regid=muster-judge --init-groups sh -c 'printf "{\\"type\\":\\"verd" >>${record}'`);
  await pause(Math.max(0, late + 1000 - Date.now()));
  assert.equal(await stage.converge(), 0);
  assert.equal(await isIn('hoo'), false, 'what ended is out');

  stage.setGitLab('up');
  await stage.merge(grantFor('hoo', 3600), { by: 'carol', approvedBy: 'alice' });
  // Without a timer: what is judged, after the line that was cut, starts the other half.
  assert.equal((await host.type('systemctl start muster.path && systemctl start muster-judge.service')).status, 0);
  await eventually('what was judged is in force', 20_000, () => isIn('hoo'));
  await host.must('systemctl stop muster.path');
  assert.equal(await stage.run(), 0);
}

async function apart({ host }: Stage): Promise<void> {
  const reads = async (account: string, file: string) =>
    (await host.run(`setpriv --reuid=${account} --regid=${account} --init-groups cat ${file}`)).status === 0;
  const may = {
    'muster-judge': ['/etc/muster/gitlab-token', '/var/lib/muster/standing.json'],
    muster: ['/etc/muster/ldap-password', '/var/lib/muster/judged/record.jsonl'],
  };
  for (const [account, files] of Object.entries(may))
    for (const file of files) assert.ok(await reads(account, file), `${account} cannot read ${file}`);
  for (const file of ['/etc/muster/ldap-password', '/var/lib/muster/ledger.jsonl', '/var/lib/muster/last-good'])
    assert.equal(await reads('muster-judge', file), false, `muster-judge can read ${file}`);
  for (const command of ['ls /var/lib/muster', 'touch /var/lib/muster/refused'])
    assert.notEqual((await host.run(`setpriv --reuid=muster-judge --regid=muster-judge --init-groups ${command}`)).status, 0, command);
  // Typed by hand: the account muster takes what is there, and root has the judge begin as the owner of its folder.
  const looked = () => host.must('stat --format "%U %Y" /var/lib/muster/judged/now.json');
  const before = await looked();
  await pause(1100);
  assert.equal((await host.type('setpriv --reuid=muster --regid=muster --init-groups muster reconcile')).status, 0);
  assert.equal(await looked(), before);
  assert.equal((await host.type('muster reconcile')).status, 0);
  assert.match(await looked(), /^muster-judge /);
  assert.notEqual(await looked(), before);
  assert.match(
    (
      await host.type(
        'systemd-analyze security --no-pager muster.service muster-judge.service | grep -i overall; systemctl show --property=MemoryMax,TasksMax muster-judge.service',
      )
    ).output,
    /TasksMax=64/,
  );
}
