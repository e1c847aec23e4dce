// `evidence: signed`: no GitLab, a bare repository over HTTP, and notes of git that people sign with ssh-keygen.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderWayBack } from '../../src/review/refusals.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { holdIn, type RunDocument } from './documents.ts';
import {
  approve,
  audit,
  grant,
  keyOf,
  keys,
  newSignedHost,
  notesRef,
  policyOf,
  propose,
  readmeJourney,
  repositoryOf,
  type,
  urbanecm,
  type SignedOptions,
} from './signed-alone-world.ts';
import { grantPath, later, noon, openWorld, type Host } from './world.ts';

describe('given a repository without a forge', () => {
  const world = ofThisFile(() => openWorld());

  const newHost = (options?: SignedOptions) => newSignedHost(world, options);

  /** Judging has begun, so that what lands is seen as it comes. */
  async function begun(options?: SignedOptions): Promise<Host> {
    const host = await newHost(options);
    await host.reconcile();
    return host;
  }

  const members = (host: Host) => host.members('klaxon-users');
  const refused = async (host: Host, at: string) =>
    (await host.reconcile(at)).document.policy.refused.map(({ code, message }) => `${code}: ${message}`);

  it('when somebody does what README says, then urbanecm gets in by two signatures, and out on the last day', async () => {
    const host = await begun();
    const lines = readmeJourney();
    expect(lines).toHaveLength(8);

    const said: string[] = [];
    for (const line of lines) said.push(await type(world, host, line));
    const { document } = await host.reconcile(later(0, 0.1));

    expect(said.filter((text) => text.includes('Signed by'))).toEqual([expect.stringContaining('alice'), expect.stringContaining('bob')]);
    expect(said[2]).toContain('2 signatures by sre');
    expect(document.status.all).toEqual(['in order']);
    expect(document.policy).toMatchObject({ evidence: 'signed', refused: [], pending: [] });
    expect(await members(host)).toEqual(['urbanecm']);
    expect((await host.run(['explain', 'urbanecm'], { at: later(0, 1) })).stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /approved by alice, bob; signed by alice with SHA256:\S+ and bob with SHA256:.* first seen on the branch at /,
    );
    expect((await host.run(['verify'], { at: later(0, 2) })).stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /All of it holds\..*2 signatures verified again.*urbanecm\.yaml, .*: signatures of alice with SHA256:\S+ and bob with SHA256:/,
    );
    host.configure({ repository: { ...repositoryOf(host), start: host.repository.resolve('main') } });
    expect((await host.reconcile(later(0, 3))).document.status.all).toEqual(['in order']);
    expect([await members(host), await audit(host, later(0, 4))]).toEqual([['urbanecm'], expect.stringContaining('All of it holds.')]);
    await host.reconcile(later(15));
    expect(await members(host)).toEqual([]);
  });

  it('when the policy asks for one approval, then check, judging and doctor say that two people must sign', async () => {
    const host = await world.newHost();
    host.configure({ evidence: 'signed', repository: { ...repositoryOf(host), rules: (await host.plan()).document.policy.rules } });

    const { stdout } = await host.run(['reconcile']);
    const doctor = await host.run(['doctor']);
    const folder = join(host.folder, 'policy');
    mkdirSync(join(folder, 'groups'), { recursive: true });
    writeFileSync(join(folder, 'policy.yaml'), policyOf(1));
    const check = await host.run(['check', folder]);

    for (const said of [stdout, doctor.stdout, check.stdout]) expect(said.replaceAll(/\s+/g, ' ')).toContain('2 people must sign it');
    expect(doctor.stdout).toMatch(/^ *advice +ceilings .*: no ceiling on source, removals:/m);
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
