// With `evidence: none` there is no merge request to revert and nobody to approve: what a refused file needs is two commits. What is
// printed says so, and here it is done.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderWayBack } from '../../src/review/refusals.ts';
import type { FileChange } from '../support/fast-import.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { grantPath, policy, openWorld } from './world.ts';

type Files = Readonly<Record<string, FileChange>>;

interface Way {
  readonly codes: readonly string[];
  /** Commits after `start`: what ends up refused. */
  readonly refused: readonly Files[];
  /** The commits of the way back, oldest first; all of them go in one push. */
  readonly back: readonly Files[];
}

const martin = grantPath('martin');
const group = 'policy/groups/klaxon-users.yaml';
const askew = 'policy/grants/klaxon-users/Martin.yml';
const rules = (longest = '90 days') => `purpose: Individuals.\nowner: sre\nmembers: grants\nlongest: ${longest}\nrequires: [contact]\n`;
const broken = rules().replace('owner: sre', 'owner: nobody');
const grant = (until = '2026-12-07') => `reason: Handling an abuse wave.\ncontact: irc on libera.chat\nuntil: ${until}\n`;
const twoApprovals = policy.replace('approvals: 1', 'approvals: 2');
const moreApprovers = twoApprovals.replace('access-owners: [bob, carol]', 'access-owners: [alice, bob, carol]');
const again = [{ [martin]: null }, { [martin]: grant() }];

const ways: readonly Way[] = [
  {
    codes: ['mixed'],
    refused: [{ [group]: rules('80 days'), [martin]: grant() }],
    back: [{ [group]: rules(), [martin]: null }, { [group]: rules('80 days') }, { [martin]: grant() }],
  },
  { codes: ['impure'], refused: [{ 'README.md': 'Access.\n', [martin]: grant() }], back: again },
  { codes: ['file-mode'], refused: [{ [martin]: { mode: '100755', content: grant() } }], back: again },
  { codes: ['unexpected-path'], refused: [{ [askew]: grant() }], back: [{ [askew]: null }, { [martin]: grant() }] },
  { codes: ['unreadable'], refused: [{ [martin]: 'reason: [\n' }], back: again },
  { codes: ['too-long'], refused: [{ [martin]: grant('2027-12-07') }], back: again },
  { codes: ['dirty'], refused: [{ [martin]: 'reason: [\n' }, { [martin]: grant() }], back: again },
  {
    codes: ['rules-invalid'],
    refused: [{ [group]: broken }],
    back: [{ [group]: rules() }, { [group]: rules('80 days') }, { [martin]: grant() }],
  },
  {
    codes: ['rules-dirty', 'rules-invalid'],
    refused: [{ [group]: broken }, { [martin]: grant() }],
    back: [{ [group]: rules() }, ...again],
  },
  {
    codes: ['too-few-approvers'],
    refused: [{ 'policy/policy.yaml': twoApprovals }],
    back: [{ 'policy/policy.yaml': policy }, { 'policy/policy.yaml': moreApprovers }, { [martin]: grant() }],
  },
];

describe('given a host with evidence: none, and a file that is refused', () => {
  const world = ofThisFile(() => openWorld());

  it.each(ways)('when it is $codes and the way back is gone, in one push, then the file counts', async ({ codes, refused, back }) => {
    const host = await world.newHost();
    for (const files of refused) host.repository.commit('main', files);
    const before = await host.reconcile();
    expect([...new Set(before.document.policy.refused.map(({ code }) => code))].sort()).toEqual(codes);

    for (const files of back) host.repository.commit('main', files);
    const { document } = await host.reconcile();

    expect(document.policy.refused).toEqual([]);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });

  it('when it is mended in one commit, then it is refused still: what it stands on was not in force', async () => {
    const host = await world.newHost();
    host.repository.commit('main', { [martin]: 'reason: [\n' });
    await host.reconcile();

    host.repository.commit('main', { [martin]: grant() });
    const { document } = await host.reconcile();

    expect(document.policy.refused.map(({ code }) => code)).toEqual(['dirty']);
    expect(await host.members('klaxon-users')).toEqual([]);
  });

  it('when both commits come in one merge, then they are one change, and it is refused still', async () => {
    const host = await world.newHost();
    host.repository.commit('main', { [martin]: 'reason: [\n' });
    await host.reconcile();

    host.repository.branch('mend', 'main');
    for (const files of again) host.repository.commit('mend', files);
    host.repository.merge('main', 'mend');
    const { document } = await host.reconcile();

    expect(document.policy.refused.map(({ code }) => code)).toEqual(['dirty']);
  });

  it('when a grant in force was lengthened too far, then it is put back first, and nobody is out meanwhile', async () => {
    const host = await world.newHost({ granted: ['bob'] });
    host.repository.commit('main', { [grantPath('bob')]: grant('2027-12-07') });
    const before = await host.reconcile();
    expect(before.document.policy.refused.map(({ code }) => code)).toEqual(['too-long']);

    host.repository.commit('main', { [grantPath('bob')]: grant('2027-01-31') });
    expect((await host.reconcile()).document.policy.refused).toEqual([]);
    expect(await host.members('klaxon-users')).toEqual(['bob']);
    host.repository.commit('main', { [grantPath('bob')]: grant('2027-02-03') });
    await host.reconcile();

    expect((await host.run(['explain', 'bob'])).stdout).toContain('until the end of 2027-02-03');
    // An auditor is told whose word it rests on.
    expect((await host.run(['verify'])).stdout.replaceAll(/\s+/g, ' ')).toMatch(/All of it holds\..*bob\.yaml, .*: nobody’s word/);
  });

  it.each(['plan', 'reconcile', 'explain martin', 'report'])(
    'when "%s" tells of it, then in words that need no GitLab',
    async (command) => {
      const host = await world.newHost();
      host.repository.commit('main', { [martin]: 'reason: [\n' });
      host.repository.commit('main', { [martin]: grant() });
      await host.reconcile();

      const { stdout } = await host.run(command.split(' '));

      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(renderWayBack('none'));
      expect(stdout).not.toMatch(/GitLab|merge request|revert/i);
    },
  );

  it('when it is over as well, then explain says that it is there, and why it gives nothing', async () => {
    const host = await world.newHost();
    host.repository.commit('main', { [group]: rules('80 days'), [martin]: grant('2026-11-22') });
    host.repository.commit('main', { [group]: rules() });
    await host.reconcile();

    const { stdout } = await host.run(['explain', 'martin']);

    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain(`${martin} is on the branch and gives nothing: what it grants ended at the end of 2026-11-22`);
    expect(text).toContain('The change that last touched it was refused (mixed)');
    expect(text).not.toContain('no grant file and no roster names martin for this group stewards');
  });

  it('when nothing is judged because the branch was rewritten, then explain says of a file what is in the way', async () => {
    const host = await world.newHost();
    const start = host.repository.resolve('main');
    host.repository.commit('main', { 'README.md': 'Access.\n' });
    await host.reconcile();
    host.repository.branch('main', start);
    host.repository.commit('main', { [martin]: grant() });

    const { stdout } = await host.run(['explain', 'martin']);

    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`${martin} is on the branch and gives nothing: nothing is judged after`);
  });

  it('when the branch cannot be read, then explain does not say that no file names somebody', async () => {
    const host = await world.newHost();
    await host.reconcile();
    rmSync(join(host.state, 'judged/mirror.git'), { recursive: true });
    await world.git.set('down');

    const { stdout } = await host.run(['explain', 'martin']);
    await world.git.set('up');

    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain('names martin for this group; the files on the branch could not be read');
    expect(text).not.toContain('no grant file');
  });

  it('when the directory has no such person, then explain says so', async () => {
    const host = await world.newHost();
    await host.reconcile();

    const { stdout } = await host.run(['explain', 'nobody-at-all']);

    expect(stdout).toContain('the directory has no person with this uid');
  });

  it('when the change of somebody is held, then explain says how to let it through, as plan does', async () => {
    const host = await world.newHost({ members: { 'klaxon-users': ['bob'] } });
    const { document } = await host.reconcile();
    const [hold] = document.groups.find((one) => one.group === 'klaxon-users')?.held ?? [];

    const { stdout } = await host.run(['explain', 'bob']);

    expect(hold?.digest).toMatch(/^sha256:/);
    expect(stdout).toContain(`muster allow klaxon-users \\\n        ${hold?.digest} --reason`);
  });

  it('when a revocation is lifted, then nobody is sent to GitLab', async () => {
    const host = await world.newHost();
    host.revoke('martin');

    const { status, stdout } = await host.run(['lift', 'martin', '--reason', 'Back again.']);

    expect(status).toBe(0);
    expect(stdout).toContain('A standby with muster-standby@.timer forgets it within two minutes.');
  });

  it.each(['review 1', 'request klaxon-users martin'])('when somebody asks for "%s", then it says why there is none', async (command) => {
    const host = await world.newHost();

    const { status, stderr } = await host.run(command.split(' '));

    expect(status).toBe(2);
    expect(stderr).toContain('a host with "evidence: none" has no merge requests to speak of');
  });

  it('when doctor looks at it, then it says that there is no GitLab, and not that one kept silent', async () => {
    const host = await world.newHost();

    const { stdout } = await host.run(['doctor']);

    expect(stdout).toContain('no GitLab is configured: nobody is asked to approve');
    expect(stdout).toContain('no GitLab is configured, whose time');
    expect(stdout).not.toContain('GitLab gave no time');
  });

  it('when a report is made of it, then approvals are not asked for, and who is left out is not called unseen', async () => {
    const host = await world.newHost({ granted: ['bob', 'ghost'] });
    await host.reconcile();

    const { stdout } = await host.run(['report']);

    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain('with 1 approval by sre (not asked for on this host)');
    expect(text).toContain('the rules themselves: 1 approval by access-owners (not asked for on this host)');
    expect(text).toContain(
      'ghost should be in klaxon-users and is not: the record does not tell why; "muster explain UID" asks the directory',
    );
  });

  it('when its mode is report, then the report says so, and of nobody who is not in that their access ends', async () => {
    const host = await world.newHost({ configuration: { mode: 'report' } });
    host.grant('martin', '2026-11-30');
    await host.reconcile();

    const { stdout } = await host.run(['report']);

    expect(stdout).toContain('The mode of this host is report: nothing is written to the directory.');
    expect(stdout).toContain('the grant of martin for klaxon-users; who is in is not on record');
  });
});
