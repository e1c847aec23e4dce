// `evidence: signed`: no GitLab, a bare repository over HTTP, and notes of git that people sign with ssh-keygen.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderWayBack } from '../../src/review/refusals.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { holdIn, type RunDocument } from './documents.ts';
import { makeKey, temporaryFolder } from '../signing/keys.ts';
import { grantPath, later, noon, openWorld, type Host, type HostOptions } from './world.ts';

const run = promisify(execFile);
const keys = temporaryFolder();
const names = ['alice', 'bob', 'carol', 'mallory'] as const;
const homeOf = (name: string) => join(keys, name);
const keyOf = (name: string) => join(homeOf(name), '.ssh', 'muster');
const lineOf = new Map(
  names.map((name) => {
    mkdirSync(join(homeOf(name), '.ssh'), { recursive: true });
    return [name, makeKey(join(homeOf(name), '.ssh'), 'muster').line];
  }),
);

const policyOf = (approvals: number) => `version: 1
people:
${names
  .slice(0, 3)
  .map((name) => `  ${name}: { keys: ["${lineOf.get(name)}"] }\n`)
  .join('')}teams:
  sre: [alice, bob, carol]
rules:
  approvers: [sre]
  approvals: ${approvals}
`;

const groupOf = (approvals: number) =>
  `purpose: Individuals.\nowner: sre\nmembers: grants\napprovals: ${approvals}\nlongest: 90 days\nrequires: [contact]\n`;

const grant = (until = '2026-12-07') => `reason: Handling an abuse wave.\ncontact: irc on libera.chat\nuntil: ${until}\n`;
const urbanecm = grantPath('urbanecm');
const notesRef = 'refs/notes/muster-approvals';

/** The commands of its section, one a line. */
function readmeJourney(): readonly string[] {
  const section = /^## Without GitLab\n[^]*?```sh\n([^]*?)```/m.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
  return section.split('\n').filter((line) => line !== '');
}

mkdirSync(join(keys, 'bin'));
writeFileSync(
  join(keys, 'bin', 'muster'),
  `#!/bin/sh\nexec ${process.execPath} --require ${resolve('test/support/clock.cjs')} ${resolve('dist/main.js')} "$@"\n`,
  { mode: 0o755 },
);
writeFileSync(join(keys, 'editor'), `#!/bin/sh\nmkdir -p "$(dirname "$1")"\ncat >"$1" <<'.'\n${grant()}.\n`, { mode: 0o755 });

describe('given a repository without a forge', () => {
  const world = ofThisFile(() => openWorld());

  /** Its rules are pinned as "muster plan" prints them; judging has begun, so that what lands is seen as it comes. */
  async function newHost({ approvals = 2, ...options }: HostOptions & { readonly approvals?: number } = {}): Promise<Host> {
    const host = await world.newHost({
      ...options,
      files: {
        'policy/policy.yaml': policyOf(approvals),
        'policy/groups/klaxon-users.yaml': groupOf(approvals),
        'policy/groups/stewards.yaml': 'purpose: Stewards may page SRE.\nowner: sre\nmembers:\n  roster: steward\n',
        ...options.files,
      },
    });
    const { policy } = (await host.plan()).document;
    const start = host.repository.resolve('main');
    const url = world.git.url(`${basename(host.folder)}/access.git`);
    host.configure({ evidence: 'signed', repository: { url, start, rules: policy.rules } });
    return host;
  }

  async function begun(options?: Parameters<typeof newHost>[0]): Promise<Host> {
    const host = await newHost(options);
    await host.reconcile();
    return host;
  }

  const propose = (host: Host, branch: string, files: Readonly<Record<string, string | null>>) => {
    host.repository.branch(branch, 'main');
    return host.repository.commit(branch, files);
  };

  /** On the machine of a person: their key, and git as it is. */
  const approve = (host: Host, branch: string, name: string, at = noon, ...more: readonly string[]) =>
    host.run(['approve', branch, '--key', keyOf(name), ...more], { at, env: { HOME: homeOf(name) } });

  /** A line of README, in a clone, with the built command: by whom its comment names. The git server runs in this process. */
  async function type(host: Host, line: string): Promise<string> {
    const clone = join(host.folder, 'clone');
    const name = names.find((one) => line.includes(`# ${one}`)) ?? 'carol';
    if (!existsSync(clone)) await run('git', ['clone', '--quiet', world.git.url(`${basename(host.folder)}/access.git`), clone]);
    const as = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: name, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: name };
    const known = { MUSTER_CONFIG: host.config, MUSTER_TEST_NOW: noon, EDITOR: join(keys, 'editor') };
    const env = { ...as, ...known, HOME: homeOf(name), PATH: `${join(keys, 'bin')}:${process.env['PATH']}` };
    return (await run('sh', ['-c', line], { cwd: clone, env, timeout: 100_000 })).stdout;
  }

  /** By somebody who has copies, and no network. */
  async function audit(host: Host, at: string): Promise<string> {
    const config = join(host.folder, 'audit.yaml');
    const { repository, ...rest } = JSON.parse(readFileSync(host.config, 'utf8'));
    writeFileSync(config, JSON.stringify({ ...rest, repository: { ...repository, url: host.repository.path } }));
    return (await host.run(['verify', '--config', config], { at })).stdout;
  }

  const members = (host: Host) => host.members('klaxon-users');
  const refused = async (host: Host, at: string) =>
    (await host.reconcile(at)).document.policy.refused.map(({ code, message }) => `${code}: ${message}`);

  it('when somebody does what README says, then urbanecm gets in by two signatures, and out on the last day', async () => {
    const host = await begun();
    const lines = readmeJourney();
    expect(lines).toHaveLength(8);

    const said: string[] = [];
    for (const line of lines) said.push(await type(host, line));
    const { document } = await host.reconcile(later(0, 0.1));

    expect(said.filter((text) => text.includes('Signed by'))).toEqual([expect.stringContaining('alice'), expect.stringContaining('bob')]);
    expect(said[2]).toContain('2 signatures by sre');
    expect(document.status.all).toEqual(['in order']);
    expect(document.policy).toMatchObject({ evidence: 'signed', refused: [], pending: [] });
    expect(await members(host)).toEqual(['urbanecm']);
    expect((await host.run(['explain', 'urbanecm'], { at: later(0, 1) })).stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /approved by alice, bob; signed by alice with SHA256:\S+ and bob with SHA256:/,
    );
    expect((await host.run(['verify'], { at: later(0, 2) })).stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /All of it holds\..*2 signatures verified again.*urbanecm\.yaml, .*: signatures of alice with SHA256:\S+ and bob with SHA256:/,
    );
    await host.reconcile(later(15));
    expect(await members(host)).toEqual([]);
  });

  it('when it was merged before judging had ever looked, then it is held until a person allows it', async () => {
    const host = await newHost();
    propose(host, 'urbanecm', { [urbanecm]: grant() });
    for (const name of ['alice', 'bob']) await approve(host, 'urbanecm', name);
    host.repository.merge('main', 'urbanecm');

    const { document } = await host.reconcile(later(0, 1));
    const { digest, message } = holdIn(document, 'klaxon-users', 'new-start');
    const before = await members(host);
    await host.allow('klaxon-users', digest, later(0, 1));
    await host.reconcile(later(0, 2));

    expect(message).toContain('a record that never saw them land');
    expect([before, await members(host)]).toEqual([[], ['urbanecm']]);
  });

  it('when one person signs, then it waits a quarter of an hour for another one, and is refused', async () => {
    const host = await begun();
    propose(host, 'urbanecm', { [urbanecm]: grant() });
    await approve(host, 'urbanecm', 'alice');
    host.repository.merge('main', 'urbanecm');

    const first = (await host.reconcile(noon)).document.policy.pending;
    const second = await refused(host, later(0, 1));

    expect(first).toMatchObject([{ code: 'not-signed-yet', message: expect.stringContaining('1 of 2 signatures by sre') }]);
    expect(second).toEqual([expect.stringMatching(/^not-signed: .*1 of 2 signatures by sre/)]);
    expect(await members(host)).toEqual([]);
  });

  it('when the way back is gone that is printed, then urbanecm gets in', async () => {
    const host = await begun();
    host.repository.commit('main', { [urbanecm]: grant() });
    await host.reconcile();
    const told = await host.run(['reconcile'], { at: later(0, 1) });

    host.repository.commit('main', { [urbanecm]: null });
    propose(host, 'again', { [urbanecm]: grant() });
    for (const name of ['alice', 'bob']) await approve(host, 'again', name, later(0, 1));
    host.repository.merge('main', 'again');
    await host.reconcile(later(0, 2));
    await host.reconcile(later(0, 3));

    expect(told.stdout.replaceAll(/\s+/g, ' ')).toContain(renderWayBack('signed'));
    expect(told.stdout).not.toMatch(/GitLab|merge request/);
    expect(await members(host)).toEqual(['urbanecm']);
    const audited = (await audit(host, later(0, 4))).replaceAll(/\s+/g, ' ');
    expect(audited).toContain('1 endorsed, 2 refused, each judged again');
    expect(audited).toContain(`signed for ${world.git.url(`${basename(host.folder)}/access.git`)}: compare it`);
  });

  it('when judging was taken over and endorses what nobody signed, then nobody gets in, and who was in at the start stays', async () => {
    const host = await begun({ granted: ['bob'], members: { 'klaxon-users': ['bob'] } });
    const lie = host.twin();
    host.grant('mallory');
    lie.configure({ evidence: 'none', state: 'lies', judged: 'state/judged' });
    await lie.run(['judge'], { at: later(0, 1) });

    const document = (await host.run(['reconcile', '--judged', '--json'], { at: later(0, 1) })).json<RunDocument>();

    expect(document.problems?.map(({ code }) => code)).toContain('record-not-signed');
    expect(await members(host)).toEqual(['bob']);
  });

  it('when a branch of several commits is fast-forwarded, then it is one landing', async () => {
    const host = await begun();
    propose(host, 'two', { [urbanecm]: grant('2026-12-01') });
    host.repository.commit('two', { [urbanecm]: grant() });

    for (const name of ['alice', 'bob']) await approve(host, 'two', name);
    host.repository.merge('main', 'two', 'fast-forward');
    const { document } = await host.reconcile();

    expect([document.policy.refused, document.policy.pending]).toEqual([[], []]);
    expect(await members(host)).toEqual(['urbanecm']);
    expect((await host.run(['verify'], { at: later(0, 1) })).stdout).toContain('1 endorsed, 0 refused, each judged again');
  });

  it('when the second person signs elsewhere, and an administrator brings the file some minutes after the merge, then it counts', async () => {
    const host = await begun();
    propose(host, 'urbanecm', { [urbanecm]: grant() });
    await approve(host, 'urbanecm', 'alice');
    const second = await approve(host, 'urbanecm', 'bob', noon, '--print');
    host.repository.merge('main', 'urbanecm');
    await host.reconcile(noon);
    writeFileSync(join(keys, 'statement'), second.stdout);
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'muster-approval@v1', '-f', keyOf('bob'), join(keys, 'statement')], {
      stdio: 'ignore',
    });
    const folder = join(host.state, 'judged', 'approvals');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'bob'), `${second.stdout}${readFileSync(join(keys, 'statement.sig'), 'utf8')}`);
    await host.reconcile(later(0, 0.1));

    expect(second.stdout).toMatch(/^muster-approval v1\nproject http:\/\/127\.0\.0\.1:/);
    expect(await members(host)).toEqual(['urbanecm']);
  });

  it('when the same change is made again, then what was signed for the first is used up', async () => {
    const host = await begun();
    propose(host, 'urbanecm', { [urbanecm]: grant() });
    for (const name of ['alice', 'bob']) await approve(host, 'urbanecm', name);
    host.repository.merge('main', 'urbanecm');
    await host.reconcile(later(0, 1));
    const note = host.repository.git(['notes', `--ref=${notesRef}`, 'show', 'urbanecm']);
    host.repository.commit('main', { [urbanecm]: null });
    await host.reconcile(later(0, 2));
    await host.reconcile(later(0, 3));
    expect(await members(host)).toEqual([]);

    const again = host.repository.commit('main', { [urbanecm]: grant() });
    host.repository.git(['-c', 'user.name=m', '-c', 'user.email=m@m', 'notes', `--ref=${notesRef}`, 'add', '-F', '-', again], note);
    await host.reconcile(later(0, 4));

    expect(await refused(host, later(0, 5))).toEqual([expect.stringMatching(/^not-signed: .*is used up \(by/)]);
    expect(await members(host)).toEqual([]);
  });

  it('when the notes are rewritten before judging sees them, then nobody gets in; afterwards it changes nothing', async () => {
    const host = await begun();
    for (const uid of ['urbanecm', 'hoo']) propose(host, uid, { [grantPath(uid)]: grant() });
    for (const name of ['alice', 'bob']) await approve(host, 'hoo', name);
    host.repository.merge('main', 'hoo');
    await host.reconcile(later(0, 1));
    for (const name of ['alice', 'bob']) await approve(host, 'urbanecm', name, later(0, 1));
    host.repository.git(['update-ref', notesRef, host.repository.resolve('main')]);
    host.repository.merge('main', 'urbanecm');
    await host.reconcile(later(0, 2));

    expect(await refused(host, later(0, 3))).toEqual([expect.stringContaining('0 of 2 signatures')]);
    expect(await members(host)).toEqual(['hoo']);
  });
});
