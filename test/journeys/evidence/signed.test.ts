// Approvals that need not trust GitLab: what is signed comes in, and what is not stays out, whatever GitLab says. With real keys and ssh-keygen.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMuster } from '../../support/command.ts';
import { runHere } from '../../support/in-process.ts';
import { grantFile, grantPath, groupFile, policyFile } from './policy-files.ts';
import { approve, keyOf, open, people, pin } from './signing.ts';
import type { RunDocument } from '../documents.ts';
import { day, minute, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const signedScene = () => world.scene({ policy: policyFile({ people: people() }), group: groupFile({ signed: 1 }) });

/** Judging has begun: what lands from now on is seen as it comes. */
async function begun(): Promise<Scene> {
  const scene = await signedScene();
  await scene.reconcile();
  return scene;
}

const lines = (scene: Scene): readonly Record<string, unknown>[] =>
  readFileSync(join(scene.state, 'judged', 'record.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line) as never);

/** Codes and messages of what is refused. */
async function refused(scene: Scene): Promise<readonly string[]> {
  const { policy } = await scene.reconcile();
  return policy.refused.map(({ code, message }) => `${code}: ${message}`);
}

describe('given a group with signed: 1', () => {
  it('when alice signs with "muster approve", then urbanecm gets in, and the record holds what verifies it', async () => {
    const scene = await begun();
    const mergeRequest = await open(scene);

    const before = await scene.run('review', String(mergeRequest.iid));
    const said = await approve(scene, mergeRequest);
    const after = await scene.run('review', String(mergeRequest.iid));
    await scene.merge(mergeRequest);
    await scene.reconcile();

    expect(before.stdout).toMatch(/^muster-approval v1\n(.*\n)+effect klaxon-users urbanecm gains until .*\nsigner NAME\n/m);
    expect(after.stdout).toContain('Approved: it can be merged now.');
    expect(after.stdout).not.toContain('signer NAME');
    expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining(`comment on !${mergeRequest.iid}`) });
    expect(said.stderr).toContain('urbanecm gets into klaxon-users');
    expect(await scene.members()).toEqual(['urbanecm']);
    const fingerprint = keyOf.get('alice')?.key.fingerprint;
    expect((await scene.run('explain', 'urbanecm')).stdout.replaceAll(/\s+/g, ' ')).toContain(
      `approved by alice; signed by alice with ${fingerprint}`,
    );
    const kept = lines(scene);
    const [signed] = kept.filter(({ type }) => type === 'signed');
    expect(signed).toMatchObject({
      commit: mergeRequest.mergeCommit,
      firstSeen: expect.any(Number),
      changes: [{ path: grantPath('urbanecm') }],
      statements: [{ text: expect.stringContaining('signer alice\n'), fingerprint }],
    });
    const contents = kept.flatMap(({ type, base64 }) => (type === 'content' ? [Buffer.from(String(base64), 'base64').toString()] : []));
    expect(contents).toContain(grantFile(scene.day(14)));
    expect(kept.map(({ type }) => type).slice(-2)).toEqual(['signed', 'verdict']);
  });

  it('when GitLab shows the approvals of everybody and no signature, then nobody gets in, nobody becomes an approver, and it stays as it is', async () => {
    const scene = await begun();
    const grant = await open(scene);
    scene.approve(grant, world.alice, world.bob);
    await scene.merge(grant);
    const stolen = policyFile({
      people: { ...people(), mallory: { gitlab: 66, keys: [keyOf.get('mallory')?.line] } },
      sre: ['alice', 'bob', 'mallory'],
    });
    const unsigned = groupFile({ signed: 0 });
    const rules = await scene.open(world.carol, { 'policy/policy.yaml': stolen, 'policy/groups/klaxon-users.yaml': unsigned });
    scene.approve(rules, world.bob, world.alice);
    await scene.merge(rules);
    const next = await open(scene, 'hoo');
    scene.approve(next, world.alice, world.bob);
    await scene.merge(next);

    const all = await refused(scene);

    const notSigned = expect.stringMatching(/^not-signed: .*0 of 1 signature/);
    expect(all.toSorted()).toEqual([notSigned, notSigned, notSigned, expect.stringMatching(/^rules-dirty: /)]);
    expect(await scene.members()).toEqual([]);
  });

  it('when the signature comes as a note of git, then it counts; when the notes were written anew, then it does not', async () => {
    const scene = await begun();
    const mergeRequest = await open(scene);
    const said = await approve(scene, mergeRequest, { by: 'git' });
    await scene.merge(mergeRequest);
    const counted = await scene.plan();
    await scene.project.git.setRef('refs/notes/muster-approvals', await scene.project.git.head('main'));

    const all = await refused(scene);

    expect(said.stdout).toContain('refs/notes/muster-approvals');
    expect(counted.groups[0]?.add.map(({ uid }) => uid)).toEqual(['urbanecm']);
    expect(all).toEqual([expect.stringContaining('0 of 1 signature')]);
  });

  it('when the same lands again with a signature that was held back, then it is used up', async () => {
    const scene = await begun();
    const first = await open(scene);
    const held = await approve(scene, first, { key: 'bob', by: 'paste' });
    await approve(scene, first);
    await scene.merge(first);
    await scene.reconcile();
    const end = await scene.open(world.carol, { [grantPath('urbanecm')]: null });
    await approve(scene, end);
    await scene.merge(end);
    await scene.reconcile();
    const again = await open(scene);
    scene.approve(again, world.alice);
    put(scene, held.stdout);
    await scene.merge(again);

    const all = await refused(scene);

    expect(await scene.members()).toEqual([]);
    expect(all).toEqual([expect.stringContaining('is used up (by')]);
  });

  it('when a grant was shortened by nobody and is back as it was, then a signature makes it long again only where it says so', async () => {
    const scene = await begun();
    const grant = await open(scene);
    await approve(scene, grant);
    await scene.merge(grant);
    await scene.reconcile();
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(5)) });
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) });
    await scene.reconcile();
    const words = (reason: string) => scene.open(world.carol, { [grantPath('urbanecm')]: grantFile(scene.day(14), { reason }) });
    const first = await words('another');
    const note = (await scene.run('review', String(first.iid))).stdout;
    const elsewhere = await approve(scene, first, { record: false });
    await scene.merge(first);
    const all = await refused(scene);
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) });
    const second = await words('still another');
    const here = await approve(scene, second);
    await scene.merge(second);

    expect(elsewhere.stderr).toContain('Nobody gains or loses anything.');
    expect(all).toEqual([expect.stringMatching(/^no-approval: .*what the file said before is not in force: sign the text in the note/)]);
    expect(note).toMatch(/^effect klaxon-users urbanecm extends until /m);
    expect(here.stderr).toMatch(/this is what you sign:\n {2}klaxon-users urbanecm extends until /);
    expect(await refused(scene)).toEqual([]);
    scene.wait(6 * day);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('when the key of alice was stolen and the host is told, then what came in by it is named, no more comes in, and what it saw before counts', async () => {
    const scene = await signedScene();
    writeNotes(scene);
    await scene.reconcile();
    const seen = await scene.open(world.carol, { [grantPath('h2o')]: grantFile(scene.day(14)) });
    await approve(scene, seen);
    await scene.reconcile();
    const stolen = new Date(world.gitlab.clock.now()).toISOString();
    const first = await open(scene);
    await approve(scene, first);
    await scene.merge(first);
    await scene.reconcile();

    const told = await scene.run('distrust', 'alice', '--since', stolen, '--reason', 'Laptop stolen');
    const second = await open(scene, 'hoo');
    await approve(scene, second);
    await scene.merge(second);
    await scene.merge(seen);
    const all = await refused(scene);
    const explained = (await scene.run('explain', 'urbanecm')).stdout;
    const report = (await scene.run('report')).stdout.replaceAll(/\s+/g, ' ');

    expect(told.stdout).toContain(
      `In force by such a signature, until somebody takes it away ("muster revoke" does so at once):\n  ${grantPath('urbanecm')}\n`,
    );
    expect(all).toEqual([expect.stringContaining('the signature by alice is distrusted on the host')]);
    expect(await scene.members()).toEqual(['h2o', 'urbanecm']);
    expect(explained).toContain('distrust  signatures of alice count no more since');
    expect(report).toContain(`Not ratified: policy.yaml still names the key; in force by such a signature: ${grantPath('urbanecm')}`);
  });
});

describe('given a host that has pinned the rules and asks for signatures', () => {
  const unsigned = () => world.scene({ policy: policyFile({ people: people() }) });

  it('when alice signs, then urbanecm gets in, an idle run verifies nothing anew, and a later run keeps them', async () => {
    const scene = await unsigned();
    await pin(scene);
    await scene.reconcile();
    const mergeRequest = await open(scene);
    await approve(scene, mergeRequest);
    await scene.merge(mergeRequest);

    // The program that verifies is another process.
    const at = new Date(world.gitlab.clock.now());
    const run = await runMuster(['reconcile', '--json'], { config: join(scene.folder, 'muster.yaml'), at });
    scene.wait(minute);
    const again = [await scene.reconcile(), await scene.reconcile()];

    expect(run.json<RunDocument>().status.all).toEqual(['in order']);
    expect(again.map(({ status }) => status.name)).toEqual(['in order', 'in order']);
    expect(await scene.members()).toEqual(['urbanecm']);
    const told = scene
      .ledger()
      .split('\n')
      .filter((line) => line.includes('"type":"verified"'));
    expect(told.at(-1)).toContain(grantPath('urbanecm'));
    expect(told.length).toBeLessThan(4);
  });

  it('when judging was taken over and endorses what nobody signed, then nobody gets in or stays longer, and whoever was in stays', async () => {
    const scene = await unsigned();
    const inFive = scene.day(5);
    await scene.land({ [grantPath('hoo')]: grantFile(inFive) });
    await scene.reconcile();
    await pin(scene);
    expect((await scene.reconcile()).status.name).toBe('in order');
    // The judge goes by a configuration of its own, which asks for no signature.
    const lie = async () => {
      await runHere(['judge', '--config', join(scene.folder, 'judge.yaml')], { at: new Date(world.gitlab.clock.now()) });
      scene.wait(minute);
      return (await scene.run('reconcile', '--judged', '--json')).json<RunDocument>();
    };
    await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14)) });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(40)) });

    const run = await lie();

    expect([run.status.code, run.problems?.map(({ code }) => code)]).toEqual([5, ['record-not-signed']]);
    expect(await scene.members()).toEqual(['hoo']);
    const said = async (...args: readonly string[]) => (await scene.run(...args)).stdout.replaceAll(/\s+/g, ' ');
    expect(await said('explain', 'mallory')).toContain('judging says that it is in force, and no signature that counts gives it');
    for (const report of [await said('report'), await said('status')])
      expect(report).not.toMatch(/should be in|ends .*mallory|: mallory in/);
    expect(await said('report')).toContain(
      `judging gives access that no signature gives, and it does not count: ${grantPath('hoo')}, ${grantPath('mallory')}`,
    );
    expect(await said('report')).toContain(`Ends within two weeks * at the end of ${inFive}: hoo in klaxon-users`);
    scene.wait(6 * day);
    await lie();
    expect(await scene.members()).toEqual([]);
  });

  it('when ssh-keygen cannot be run, then nobody new gets in, the run says so, and ends go on', async () => {
    const scene = await unsigned();
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(5)) });
    await scene.reconcile();
    await pin(scene);
    await scene.reconcile();
    const mergeRequest = await open(scene);
    await approve(scene, mergeRequest);
    await scene.merge(mergeRequest);
    await scene.run('judge');
    const without = async () => {
      const at = new Date(world.gitlab.clock.now());
      const ran = await runHere(['reconcile', '--judged', '--json'], {
        config: join(scene.folder, 'muster.yaml'),
        at,
        env: { PATH: '/nowhere' },
      });
      scene.wait(minute);
      return ran.json<RunDocument>();
    };

    const run = await without();

    expect(run.status.all).toContain('unavailable');
    expect(await scene.members()).toEqual(['hoo']);
    scene.wait(6 * day);
    await without();
    expect(await scene.members()).toEqual([]);
  });
});

/** As an administrator puts there what came to them some other way. */
function put(scene: Scene, said: string): void {
  const folder = join(scene.state, 'judged', 'approvals');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'held-back'), said);
}

/** The host looks at open merge requests then. */
function writeNotes(scene: Scene): void {
  const token = world.gitlab.forge.createToken(world.bob, ['api']).value;
  writeFileSync(join(scene.folder, 'comment-token'), `${token}\n`, { mode: 0o600 });
  const config = join(scene.folder, 'muster.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('gitlab:\n', 'gitlab:\n  comment-token-file: comment-token\n'));
}
