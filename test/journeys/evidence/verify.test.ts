// An auditor, with copies and nothing else: what a host says holds, and what somebody wrote anew is found, with the line.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { always, changed, Copies, endorsed, lineOf, swapped, withSignature, type Line } from './audit-copies.ts';
import { grantFile, grantPath, policyFile } from './policy-files.ts';
import { approve, keyOf, open, people, pin } from './signing.ts';
import { startWorld, type Scene, type World } from './world.ts';

let world: World;
let scene: Scene;
let signed: string;
let refused: string;

/** Hoo is in by GitLab’s answer and urbanecm by a signature of alice, and mallory by nothing. */
beforeAll(async () => {
  world = await startWorld();
  scene = await world.scene({ policy: policyFile({ people: people() }), files: { [grantPath('bob')]: grantFile('2027-01-01') } });
  await scene.reconcile();
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
  await scene.reconcile();
});
afterAll(() => world.stop());

describe('given copies of what a host keeps, and of the repository', () => {
  it('when all is as it was, then it holds, and each grant says whose word it rests on', async () => {
    const copy = new Copies(scene);

    const text = await copy.verify();
    const json = (await copy.verify('--json')).json<Record<string, unknown>>();

    expect(text, text.stdout + text.stderr).toMatchObject({ status: 0 });
    const said = text.stdout.replaceAll(/\s+/g, ' ');
    expect(said).toContain('2 endorsed, 1 refused');
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
  });
});

/** What somebody did, and what is told: of which file, which line, what. */
interface Attack {
  readonly given: string;
  /** Gives the line that must be named. */
  readonly change: (copy: Copies) => number | null;
  readonly file: 'record.jsonl' | 'ledger.jsonl';
  readonly says: string;
}

describe('given whoever scraped the metrics or kept a report', () => {
  it('when somebody writes both chains anew later, then the heads that left the host are not among theirs', async () => {
    const copy = new Copies(scene);
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
  it.each<Attack>([
    {
      given: 'a byte of the ledger',
      file: 'ledger.jsonl',
      change: (copy) => {
        copy.change('ledger', (text) => text.replace('"type":"all-taken"', '"type":"all-tokem"'));
        return copy.lines('ledger').findIndex((line) => line['type'] === 'all-tokem') + 1;
      },
      says: 'was changed after it was written',
    },
    {
      given: 'a line of the record taken out',
      file: 'record.jsonl',
      change: (copy) => {
        copy.change('record', (text) => text.split('\n').toSpliced(3, 1).join('\n'));
        return 4;
      },
      says: 'lines were removed, added or moved',
    },
    {
      given: 'the last line of the record taken out, and its head written anew',
      file: 'record.jsonl',
      change: (copy) => {
        copy.rewrite('record', copy.lines('record').slice(0, -1));
        return null;
      },
      says: 'which is not there',
    },
    {
      given: 'a verdict turned from refused to endorsed, with the chain written anew',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', refused);
        copy.rewrite('record', changed(lines, line, endorsed));
        return line;
      },
      says: 'the record was written anew',
    },
    {
      given: 'a judge that endorsed it from the beginning',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', refused);
        always(copy, changed(lines, line, endorsed));
        return line;
      },
      says: 'the record says endorsed (!3, by alice), and the evidence that it keeps gives refused (no-approval)',
    },
    {
      given: 'a judge that endorsed it without naming any evidence',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', refused);
        always(
          copy,
          changed(lines, line, (one) => ({ ...endorsed(one), evidence: null })),
        );
        return line;
      },
      says: 'it names no evidence',
    },
    {
      given: 'a judge that refused what was approved',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', signed);
        const verdict = { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: 2 };
        always(
          copy,
          changed(lines, line, (one) => ({ ...one, verdict })),
        );
        return line;
      },
      says: 'the record says refused (no-approval), and the evidence that it keeps gives endorsed (!2, by alice)',
    },
    {
      given: 'a judge that keeps a grant longer than its file says',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', signed);
        const longer = (one: Line): Line =>
          JSON.parse(JSON.stringify(one).replaceAll(/"(until|endorsedUntil)":\d+/g, '"$1":1900000000000')) as Line;
        always(copy, changed(lines, line, longer));
        return line;
      },
      says: 'is not what the commit has in the repository',
    },
    {
      given: 'a judge that passed over a landing',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', signed);
        always(copy, lines.toSpliced(line - 1, 1));
        return lineOf(copy.lines('record'), 'verdict', refused);
      },
      says: 'and the next change of the policy on the branch is',
    },
    {
      given: 'a policy at start that is not the one in the repository',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lines.findIndex((one) => one['type'] === 'start') + 1;
        const looser = (one: Line): Line => JSON.parse(JSON.stringify(one).replace('"approvals":1', '"approvals":0')) as Line;
        always(copy, changed(lines, line, looser));
        return line;
      },
      says: 'is not what the commit has in the repository',
    },
    {
      given: 'a signature swapped in the record, from the beginning',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'signed', signed);
        always(
          copy,
          changed(lines, line, (one) => withSignature(one, swapped)),
        );
        return line;
      },
      says: '1 signature is kept, and 0 count',
    },
    {
      given: 'a signature swapped in the ledger',
      file: 'ledger.jsonl',
      change: (copy) => {
        const lines = copy.lines('ledger');
        const line = lineOf(lines, 'signed', signed);
        copy.rewrite(
          'ledger',
          changed(lines, line, (one) => withSignature(one, swapped)),
        );
        return line;
      },
      says: 'it is not what line',
    },
    {
      given: 'a content that is not what its digest says',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lines.findIndex((one) => one['type'] === 'content') + 1;
        always(
          copy,
          changed(lines, line, (one) => ({ ...one, base64: 'AAAA' })),
        );
        return line;
      },
      says: 'what it holds has the digest',
    },
    {
      given: 'a ledger that says more than signatures give',
      file: 'ledger.jsonl',
      change: (copy) => {
        const lines = copy.lines('ledger');
        const line = lines.findLastIndex((one) => one['type'] === 'verified') + 1;
        const more = { path: grantPath('mallory'), until: 'open' };
        copy.rewrite(
          'ledger',
          changed(lines, line, (one) => ({ ...one, windows: [...(one['windows'] as object[]), more] })),
        );
        return line;
      },
      says: 'signatures give',
    },
    {
      given: 'a branch that does not have the last landing',
      file: 'record.jsonl',
      change: (copy) => {
        writeFileSync(join(copy.folder, 'copy.git/refs/heads/main'), `${signed}\n`);
        return copy.lines('record').findIndex((one) => one['commit'] === refused && one['type'] !== 'seen' && one['type'] !== 'signed') + 1;
      },
      says: 'is not on the first-parent chain of the branch',
    },
    {
      given: 'a verdict on a commit that nobody made',
      file: 'record.jsonl',
      change: (copy) => {
        const lines = copy.lines('record');
        const line = lineOf(lines, 'verdict', signed);
        const nowhere = 'ab'.repeat(20);
        always(
          copy,
          lines.map((one) => JSON.parse(JSON.stringify(one).replaceAll(signed, nowhere)) as Line),
        );
        return line;
      },
      says: 'ab'.repeat(20),
    },
  ])('given $given, then it is found', async ({ change, file, says }) => {
    const copy = new Copies(scene);

    const line = change(copy);

    expect(await copy.fault()).toEqual({ status: 1, file, line, message: expect.stringContaining(says) });
  });
});
