// What may stand in place of a file of the other half, and whoever took that over can put anything there (CASE 124).
import { execFileSync } from 'node:child_process';
import { chownSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { renderBatch, start as noLine } from '../../src/chain/chain.ts';
import { emptyMemory } from '../../src/ledger/memory.ts';
import { readJudging } from '../../src/reconcile/sources.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { renderJudgingRecord } from '../../src/record/judging-shapes.ts';
import { largestNow, renderNow } from '../../src/record/now-file.ts';
import { largestPiece, longestRecordLine, readRecordPiece } from '../../src/record/read-record.ts';
import { fetchedFile, renderFetching, standingFile } from '../../src/record/fetched.ts';
import { readFetched } from '../../src/roster/roster-file.ts';
import { commit } from '../evidence/evidence-samples.ts';
import { now, steward } from '../membership/membership-samples.ts';
import { id, judgedTo, nowAt, otherId, begun, whole } from '../reconcile/judging-samples.ts';

const root = mkdtempSync(join(tmpdir(), 'muster-other-half-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
const account = process.getuid?.() ?? 0;
const isRoot = account === 0;
const elsewhere = join(root, 'elsewhere');

const inPlace: readonly { readonly stands: string; readonly put: (path: string) => void; readonly asRoot?: true }[] = [
  { stands: 'a link', put: (path) => symlinkSync(elsewhere, path) },
  { stands: 'a link that leads nowhere', put: (path) => symlinkSync('/nowhere', path) },
  { stands: 'a FIFO', put: (path) => execFileSync('mkfifo', [path]) },
  { stands: 'a folder', put: (path) => mkdirSync(path) },
  { stands: 'a file with a second name', put: (path) => linkSync(elsewhere, path) },
  { stands: 'a device', put: (path) => execFileSync('mknod', [path, 'c', '1', '5']), asRoot: true },
  {
    stands: 'a file of another account',
    put: (path) => {
      writeFileSync(path, '');
      chownSync(path, 65_534, 65_534);
    },
    asRoot: true,
  },
  { stands: '100 GB of nothing', put: (path) => (writeFileSync(path, ''), truncateSync(path, 100e9)) },
  { stands: '100 MB of letters', put: (path) => writeFileSync(path, Buffer.alloc(100e6, 'x')) },
  { stands: '100 MB of lines', put: (path) => writeFileSync(path, Buffer.alloc(100e6, '{}\n')) },
];

let folder: string;
let places: { readonly state: string; readonly judged: string };
let count = 0;
beforeEach(() => {
  folder = join(root, String((count += 1)));
  places = { state: join(folder, 'state'), judged: join(folder, 'judged') };
  for (const path of [folder, places.state, places.judged, join(places.judged, 'fetched')]) mkdirSync(path);
  writeFileSync(elsewhere, 'alice\n');
});

const bytesOf = (records: readonly object[]) => renderBatch(noLine, records).bytes;
const written = (records: readonly JudgingRecord[]) => bytesOf(records.map(renderJudgingRecord));
const recordFile = () => join(places.judged, 'record.jsonl');

describe.each(inPlace.filter(({ asRoot }) => isRoot || asRoot === undefined))('given $stands', ({ put, stands }) => {
  it('when it stands in place of the record or of now.json, then that is told, and nothing of it is quoted', () => {
    for (const name of ['record.jsonl', 'now.json']) put(join(places.judged, name));

    const { piece, now: seen } = readJudging(places, emptyMemory());

    expect(piece.kind).toBe('strange');
    expect(piece.kind === 'strange' && piece.message.length).toBeLessThan(300);
    // Letters that are no JSON are no file of judging either.
    expect(seen.kind === 'strange' || (seen.kind === 'read' && seen.content === undefined)).toBe(true);
  });

  it('when it stands in place of a fetched roster or of what is told of it, then that roster is not used', async () => {
    const standing = standingFile(places.judged, steward);
    put(standing);
    writeFileSync(fetchedFile(places.judged, steward), 'alice\n');
    const { kind } = await readFetched(places.judged, steward, 'rsync://x/y/z', 'none');
    rmSync(standing, { recursive: true });
    rmSync(fetchedFile(places.judged, steward));
    writeFileSync(standing, renderFetching({ at: now, absent: null }));
    put(fetchedFile(places.judged, steward));
    const list = await readFetched(places.judged, steward, 'rsync://x/y/z', 'none');

    expect([kind, list.kind]).not.toContain('file');
    expect([kind, list.kind]).not.toContain('missing');
    expect(stands).not.toBe('');
  });
});

it('given a folder of judging that is a link, then nothing in it is read', () => {
  rmSync(places.judged, { recursive: true });
  mkdirSync(join(folder, 'other'));
  writeFileSync(join(folder, 'other', 'record.jsonl'), written(whole));
  symlinkSync(join(folder, 'other'), places.judged);
  expect(readJudging(places, emptyMemory()).piece.kind).toBe('absent');
});

describe('given a record on disk', () => {
  const read = (bytes: Buffer, from?: Parameters<typeof readRecordPiece>[2]) => {
    writeFileSync(recordFile(), bytes);
    return readRecordPiece(recordFile(), account, from);
  };
  const linesOf = (found: ReturnType<typeof read>) =>
    found.kind === 'read' ? found.content.lines.map(({ record }) => record.type) : found.kind;

  it('when it is whole, then every line is taken, and from a place on only those beyond it', () => {
    const found = read(written(whole));
    expect(linesOf(found)).toEqual(whole.map(({ type }) => type));
    const place = found.kind === 'read' ? found.content.lines[2]?.place : undefined;
    expect(linesOf(read(written(whole), place))).toEqual(whole.slice(3).map(({ type }) => type));
  });

  it('when it is cut anywhere, then the whole lines are taken, and the last one is not there yet', () => {
    const bytes = written(whole);
    for (let length = 0; length < bytes.length; length += 37) {
      const cut = bytes.subarray(0, length);
      expect(linesOf(read(cut))).toEqual(whole.slice(0, cut.filter((byte) => byte === 0x0a).length).map(({ type }) => type));
    }
  });

  const rest = whole.slice(1).map(renderJudgingRecord);
  const first = renderJudgingRecord(begun());
  const longText = 'x'.repeat(longestRecordLine);
  it.each([
    { given: 'a type that nobody knows', bytes: bytesOf([first, { type: 'freeze', at: now }]) },
    { given: 'a key that nobody knows', bytes: bytesOf([first, { ...judgedTo(commit('2')), also: 1 }]) },
    {
      given: 'the key of a prototype',
      bytes: bytesOf([first, JSON.parse(`{"type":"judged","at":1,"commit":"${commit('2')}","__proto__":{}}`)]),
    },
    { given: 'no first line of a record', bytes: bytesOf(rest) },
    { given: 'two of them', bytes: bytesOf([first, first]) },
    { given: 'a line that is too long', bytes: bytesOf([first, { type: 'judged', at: 1, commit: longText }]) },
    {
      given: 'a line that is too long and has no end yet',
      bytes: Buffer.concat([bytesOf([first]), Buffer.alloc(longestRecordLine + 1, 'x')]),
    },
    { given: 'lists in lists', bytes: Buffer.concat([bytesOf([first]), Buffer.from(`${'['.repeat(500_000)}\n`)]) },
    {
      given: 'a line that was taken out',
      bytes: Buffer.concat([
        written(whole).subarray(0, bytesOf([first]).length),
        written(whole).subarray(bytesOf([first, ...rest.slice(0, 1)]).length),
      ]),
    },
    { given: 'an empty line', bytes: Buffer.from('\n') },
  ])('when it has $given, then it is strange', ({ bytes }) => {
    const found = read(bytes);
    expect(found.kind).toBe('strange');
    expect(found.kind === 'strange' && found.message).toMatch(/^line \d+ of \S+ is not what judging writes, or was changed$/);
  });

  it('when lines that were taken are not there any more, then it is strange; another record is read from its beginning', () => {
    const found = read(written(whole));
    const place = found.kind === 'read' ? found.content.lines.at(-1)?.place : undefined;
    expect(read(written(whole.slice(0, 3)), place).kind).toBe('strange');
    expect(read(Buffer.alloc(0), place).kind).toBe('strange');
    const other = read(written([begun(otherId), ...whole.slice(1)]), place);
    expect(other).toMatchObject({ kind: 'read', content: { isAnother: true, id: otherId, lines: { length: whole.length } } });
    expect(read(written(whole), place)).toMatchObject({ content: { isAnother: false, id, lines: [] } });
  });

  it('when it is longer than what a run takes, then it comes in pieces, and none is larger', () => {
    const many = Array.from({ length: 60_000 }, () => judgedTo(commit('2')));
    const bytes = written([begun(), ...many]);
    expect(bytes.length).toBeGreaterThan(2 * largestPiece);
    const sizes: number[] = [];
    for (let from: Parameters<typeof readRecordPiece>[2], more = true; more;) {
      const found = read(bytes, from);
      if (found.kind !== 'read') throw new Error(found.kind);
      sizes.push((found.content.lines.at(-1)?.place.offset ?? 0) - (from?.offset ?? 0));
      from = found.content.lines.at(-1)?.place;
      ({ more } = found.content);
    }
    expect([sizes.reduce((sum, size) => sum + size, 0), Math.max(...sizes) <= largestPiece]).toEqual([bytes.length, true]);
  });
});

it('given a now.json that is longer than it may be, or not as judging writes it, then it is none', () => {
  const text = renderNow(nowAt(6));
  const path = join(places.judged, 'now.json');
  const read = (content: string) => {
    writeFileSync(path, content);
    const { now: seen } = readJudging(places, emptyMemory());
    return seen.kind === 'read' ? seen.content !== undefined : seen.kind;
  };
  expect(read(text)).toBe(true);
  expect(read(text.padEnd(largestNow + 1))).toBe('strange');
  for (const wrong of [
    '',
    '{',
    '[]',
    text.replace('{', '{"also":1,'),
    text.replace('{', '{"__proto__":{},'),
    text.replace('"format":1', '"format":2'),
  ])
    expect(read(wrong)).toBe(false);
});
