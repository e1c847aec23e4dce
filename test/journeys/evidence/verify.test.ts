// An auditor, with copies and nothing else: what a host says holds, and what somebody wrote anew is found, with the line.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attacks } from './audit-attacks.ts';
import { always, Copies } from './audit-copies.ts';
import { grantFile, grantPath, policyFile } from './policy-files.ts';
import { approve, keyOf, open, people, pin } from './signing.ts';
import { startWorld, type Scene, type World } from './world.ts';

let world: World;
let scene: Scene;
let signed: string;
let refused: string;
let byHand: string;
const copyOf = () => new Copies(scene, { signed, refused, byHand });

/** Hoo is in by GitLab’s answer and urbanecm by a signature of alice, mallory is not, and h2o was refused by hand. */
beforeAll(async () => {
  world = await startWorld();
  scene = await world.scene({ policy: policyFile({ people: people() }), files: { [grantPath('bob')]: grantFile('2027-01-01') } });
  await scene.land({ [grantPath('hoo')]: grantFile(scene.day(5)) });
  await scene.reconcile();
  await pin(scene);
  appendFileSync(join(scene.folder, 'muster.yaml'), 'metrics: muster.prom\nreport: page.html\n');
  await scene.reconcile();
  const mergeRequest = await open(scene);
  await approve(scene, mergeRequest);
  signed = await scene.merge(mergeRequest);
  await scene.reconcile();
  const alone = await scene.open(world.mallory, { [grantPath('mallory')]: grantFile(scene.day(14)) });
  refused = await scene.merge(alone);
  byHand = await scene.push(world.mallory, { [grantPath('h2o')]: grantFile(scene.day(14)) });
  await scene.reconcile();
  await scene.run('refuse', byHand, '--reason', 'Nobody asked for it.');
  await scene.reconcile();
  world.gitlab.faults.forget();
});
afterAll(() => world.stop());

describe('given copies of what a host keeps, and of the repository', () => {
  it('when all is as it was, then it holds, and each grant says whose word it rests on', async () => {
    const copy = copyOf();

    const text = await copy.verifyBuilt();
    const json = (await copy.verify('--json')).json<Record<string, unknown>>();

    expect(text, text.stdout + text.stderr).toMatchObject({ status: 0 });
    const said = text.stdout.replaceAll(/\s+/g, ' ');
    expect(said).toContain(
      '2 endorsed, 2 refused, each judged again; 1 on the host’s word alone; 1 endorsed with fewer signatures than the host asks for now',
    );
    expect(said).toMatch(new RegExp(`${grantPath('hoo')}, [^:]*: GitLab’s answer, as kept: !1, approved by alice`));
    expect(said).toContain(`signatures of alice with ${keyOf.get('alice')?.key.fingerprint}`);
    expect(json).toMatchObject({
      status: { code: 0 },
      fault: null,
      signatures: 1,
      heads: { record: { count: copy.lines('record').length }, ledger: { count: copy.lines('ledger').length } },
      restsOn: [
        { uid: 'bob', word: 'start' },
        { uid: 'hoo', word: 'gitlab', mergeRequest: 1, approvedBy: ['alice'] },
        { uid: 'urbanecm', word: 'signature', signedBy: [{ person: 'alice' }] },
      ],
    });
    expect(world.gitlab.faults.log).toEqual([]);
  });
});

describe('given a host that asks for a touch now, and no more for signatures', () => {
  it('then what was signed holds all the same, and that it was without a touch is told', async () => {
    const copy = copyOf();
    const config = join(copy.folder, 'muster.yaml');
    const text = readFileSync(config, 'utf8').replaceAll(/^ {2}(rules|ceilings): .*\n/gm, '');
    writeFileSync(config, `${text}require-touch: true\n`);

    const { status, stdout } = await copy.verify();

    expect(status, stdout).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('1 signature verified again; 1 made without the touch that the host asks for now');
  });
});

describe('given whoever scraped the metrics or kept a report', () => {
  it('when somebody writes both chains anew later, then the heads that left the host are not among theirs', async () => {
    const copy = copyOf();
    const { heads } = (await copy.verify('--json')).json<{ heads: Record<'record' | 'ledger', { count: number; hash: string }> }>();

    const metrics = readFileSync(join(scene.folder, 'muster.prom'), 'utf8');
    const report = (await scene.run('report', '--json')).json<{ heads: unknown }>();
    const page = readFileSync(join(scene.folder, 'page.html'), 'utf8');
    always(copy, copy.lines('record').slice(0, -1));
    const anew = (await copy.verify('--json')).json<{ heads: typeof heads }>();

    for (const chain of ['record', 'ledger'] as const) {
      const { count, hash } = heads[chain];
      expect(metrics).toContain(`muster_chain_lines{chain="${chain}",sha256="${hash}"} ${count}\n`);
      expect(page).toContain(`line ${count} sha256:${hash}`);
      expect(anew.heads[chain].hash).not.toBe(hash);
    }
    expect(metrics.match(/^muster_chain_lines\{/gm)).toHaveLength(2);
    expect(report.heads).toEqual(heads);
  });
});

describe('given copies that somebody changed', () => {
  it('when it is typed, then what is wrong is said, with the file and the line', async () => {
    const copy = copyOf();
    copy.change('ledger', (text) => text.replace('"type":"all-taken"', '"type":"all-tokem"'));

    const { status, stdout, stderr } = await copy.verifyBuilt();

    expect([status, stderr]).toEqual([1, '']);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/^DOES NOT HOLD line \d+ of \S+\/ledger\.jsonl: it was changed after it was written/);
  });

  it.each(attacks)('given $given, then it is found', async ({ change, file, says }) => {
    const copy = copyOf();

    const line = change(copy);

    expect(await copy.fault()).toEqual({ status: 1, file, line, message: expect.stringContaining(says) });
  });
});

describe('given a host whose repository.start was changed', () => {
  it('then what was judged before is checked for its form, and that is said', async () => {
    scene.configure(await scene.project.git.head('main'));
    await scene.reconcile();
    const copy = copyOf();
    const started = copy.lines('record').findLastIndex(({ type }) => type === 'start');

    const { status, stdout } = await copy.verify();

    expect(status, stdout).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `before ${started} lines of the record are from before repository.start was changed: checked for form, and no verdict in them judged again`,
    );
  });
});
