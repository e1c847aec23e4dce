// The record of judging, read by the other half: from where it was read last, a bounded piece at a time, each line checked against the chain and
// its schema. A last line without its newline is not there yet.
import { follow, parseJson, recordIn, start } from '../chain/chain.ts';
import type { JudgingRecord } from './judging-record.ts';
import { parseJudgingRecord } from './judging-shapes.ts';
import { withForeignFile, type Foreign, type OpenFile } from './other-half.ts';

export interface Piece {
  /** With the place after it. */
  readonly lines: readonly { readonly record: JudgingRecord; readonly place: Taken }[];
  /** The record that lies there is another one than `from` was taken of: `lines` are from its beginning. */
  readonly isAnother: boolean;
  /** The name of the record that lies there; undefined while it has no whole line yet. */
  readonly id: string | undefined;
  /** There are whole lines beyond. */
  readonly more: boolean;
}

/** Bytes of a run. */
export const largestPiece = 4 * 1024 * 1024;
/** Bytes of a line. */
export const longestRecordLine = 1024 * 1024;

/** Tampering is `strange`: a broken chain, a line that is no record, lines that were taken back. */
export function readRecordPiece(path: string, owner: number, from: Taken | undefined): Foreign<Piece> {
  return withForeignFile(path, owner, (file) => {
    const first = lineAt(file, 0);
    if (first === undefined && file.size >= longestFirstLine) return strange(path, 1);
    if (first === undefined)
      return from ? took(path) : { kind: 'read', content: { lines: [], isAnother: false, id: undefined, more: false } };
    const parsed = parseJudgingRecord(parseJson(recordIn(start, first)));
    if (parsed?.type !== 'record') return strange(path, 1);
    const isAnother = from !== undefined && from.id !== parsed.id;
    if (from && !isAnother && file.size < from.offset) return took(path);
    return linesFrom(path, file, from && !isAnother ? from : { id: parsed.id, head: start, offset: 0 }, isAnother);
  });
}

function linesFrom(path: string, file: OpenFile, from: Taken, isAnother: boolean): Foreign<Piece> {
  const bytes = file.read(from.offset, largestPiece);
  const lines: { record: JudgingRecord; place: Taken }[] = [];
  let place = from;
  let at = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, at)) {
    const line = bytes.subarray(at, end);
    const next = follow(place.head, line);
    const record =
      'kind' in next || line.length > longestRecordLine ? undefined : parseJudgingRecord(parseJson(recordIn(place.head, line)));
    if ('kind' in next || !record || (record.type === 'record') !== (next.count === 1)) return strange(path, place.head.count + 1);
    at = end + 1;
    place = { id: from.id, head: next, offset: from.offset + at };
    lines.push({ record, place });
  }
  const rest = bytes.length - at;
  if (rest > longestRecordLine) return strange(path, place.head.count + 1);
  const more = from.offset + bytes.length < file.size;
  return { kind: 'read', content: { lines, isAnother, id: from.id, more } };
}

const longestFirstLine = 4096;

/** The line that begins there, where it has its newline. */
function lineAt(file: OpenFile, offset: number): Buffer | undefined {
  const bytes = file.read(offset, longestFirstLine);
  const end = bytes.indexOf(0x0a);
  return end === -1 ? undefined : bytes.subarray(0, end);
}

function strange(path: string, line: number): { readonly kind: 'strange'; readonly message: string } {
  return { kind: 'strange', message: `line ${line} of ${path} is not what judging writes, or was changed` };
}

function took(path: string): { readonly kind: 'strange'; readonly message: string } {
  return { kind: 'strange', message: `lines of ${path} that were taken are not there any more` };
}

/** Which record, how far (its lines, and the SHA-256 of the last one), and the byte after the last line that was taken. */
export interface Taken {
  readonly id: string;
  readonly head: { readonly count: number; readonly hash: string };
  readonly offset: number;
}
