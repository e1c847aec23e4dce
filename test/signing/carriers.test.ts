// What carries signed statements to a host may be written by anybody: it is bounded, and what cannot be had is a signature that is missing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApprovalNotes } from '../../src/history/approval-notes.ts';
import { duration } from '../../src/names.ts';
import { renderSigned } from '../../src/signing/carried.ts';
import { readApprovalFiles } from '../../src/evidence/open-evidence.ts';
import { ofPeopleFirst, statementsIn } from '../../src/signing/collect.ts';
import { after, change, commit, grant, seen, sign } from './signing-world.ts';

const landed = change([grant('urbanecm')]);
const signed = (of = landed, until = 7) => {
  const { text, signature } = sign('alice', of, { says: { until: after(until * 3600_000) } });
  return renderSigned(text, signature.armour);
};
const found = (carried: { readonly files?: readonly string[]; readonly others?: readonly string[] }) =>
  statementsIn(landed, { files: [], others: [], ...carried }, () => seen);

describe('given statements from everywhere', () => {
  it('when one comes in three ways, then it is one', () => {
    const one = signed();
    expect(found({ files: [one], others: [one, `As a comment:\n\n${one}`] }).size).toBe(1);
  });

  it('when they are for another change, then a file is for another landing, and a comment is told', () => {
    const other = signed(change([grant('hoo')]));
    expect([found({ files: [other] }).size, found({ others: [other] }).size]).toEqual([0, 1]);
  });

  it('when one cannot be read, then that is told where it was written, and of a file it is not', () => {
    const told: object[] = [];
    const broken = signed().replace('\nsigner ', '\nsigner  ');
    const read = statementsIn(
      landed,
      { files: [broken], others: [broken] },
      () => seen,
      (what) => told.push(what),
    );
    expect([read.size, told.length]).toEqual([0, 1]);
  });

  it('when it stands among bytes that are no text, then it is found, and they are nothing', () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, place) => (place * 131) % 256)).toString('latin1');
    const broken = signed().replace('\nsigner ', `\n${bytes}\nsigner `);
    expect(found({ others: [`${bytes}\n${signed()}${bytes}`, broken, bytes] }).size).toBe(1);
  });

  it('when there are very many, then files come first and a hundred are looked at', () => {
    const flood = Array.from({ length: 110 }, (_, place) => signed(landed, 1 + place));
    const mine = signed(landed, 150);
    const all = [...found({ files: [mine], others: flood }).values()];
    expect(all).toHaveLength(100);
    expect(renderSigned(all[0]?.text ?? '', all[0]?.signature.armour ?? '')).toBe(mine);
  });
});

describe('given comments', () => {
  it('when strangers write very many, then those of people in the policy come first, each in their order', () => {
    const comment = (body: string, by?: number) => ({ body, by });
    const all = [comment('s1', 99), comment('b', 43), comment('s2'), comment('a', 42)];
    expect(ofPeopleFirst(all, landed.rules)).toEqual(['b', 'a', 's1', 's2']);
  });
});

describe('given the folder approvals', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-approvals-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('when it holds more than small plain files, then only those are read; when there is none, then nothing', () => {
    writeFileSync(join(folder, 'b'), 'second');
    writeFileSync(join(folder, 'a'), 'first');
    writeFileSync(join(folder, 'large'), 'x'.repeat(64 * 1024 + 1));
    mkdirSync(join(folder, 'folder'));
    symlinkSync('/dev/zero', join(folder, 'link'));
    expect(readApprovalFiles(folder)).toEqual(['first', 'second']);
    expect(readApprovalFiles(join(folder, 'none'))).toEqual([]);
  });
});

describe('given a repository with notes', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'muster-notes-'));
  const url = join(scratch, 'server.git');
  const git = (input: string, ...args: readonly string[]) => execFileSync('git', ['-C', url, ...args], { input, encoding: 'utf8' }).trim();
  const notes = (name = 'mirror.git') =>
    openApprovalNotes({ folder: join(scratch, name), url, path: process.env['PATH'] ?? '', home: scratch, timeout: duration(60_000) });
  beforeAll(() => void execFileSync('git', ['init', '--quiet', '--bare', url]));
  afterAll(() => rmSync(scratch, { recursive: true }));

  it('when there are none, then none are read', async () => {
    const none = notes('none.git');
    expect([await none.read([commit('a')]), none.failure()]).toEqual([[], undefined]);
  });

  it('when git put them into folders, one is too long and one is a folder, then the others are read', async () => {
    const tree = (...lines: readonly string[]) => git(`${lines.join('\n')}\n`, 'mktree');
    const file = (text: string, name: string) => `100644 blob ${git(text, 'hash-object', '-w', '--stdin')}\t${name}`;
    const deep = tree(`040000 tree ${tree(file('deep', 'b'.repeat(36)))}\tbb`);
    const root = tree(
      file('flat', commit('a')),
      `040000 tree ${deep}\tbb`,
      file('x'.repeat(512 * 1024 + 1), commit('c')),
      `040000 tree ${tree(file('inside', 'x'))}\t${commit('d')}`,
    );
    const as = ['-c', 'user.name=x', '-c', 'user.email=x@y'];
    git('', 'update-ref', 'refs/notes/muster-approvals', git('', ...as, 'commit-tree', root, '-m', 'notes'));
    const read = await notes().read(['a', 'b', 'c', 'd', 'e'].map((digit) => commit(digit)));
    expect(read.toSorted()).toEqual(['deep', 'flat']);
  });

  it('when the server is not there, then none are read', async () => {
    const gone = openApprovalNotes({
      folder: join(scratch, 'x.git'),
      url: join(scratch, 'gone'),
      path: process.env['PATH'] ?? '',
      home: scratch,
      timeout: duration(60_000),
    });
    expect([await gone.read([commit('a')]), gone.failure()]).toEqual([[], expect.stringContaining('gone')]);
  });
});
