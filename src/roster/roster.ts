// A roster: who is in a group because somebody outside says so, one uid a line. A generation is accepted whole or not
// at all, and each way of not having one is a state of its own: none of them means "nobody".
import { duration, inOrder, parsePlainUids, parseUid, type Duration, type Instant, type Uid } from '../names.ts';
import { count, minute, renderDuration } from '../time.ts';
import { renderMoment } from '../text.ts';

export type ParsedRoster =
  | { readonly kind: 'read'; readonly uids: readonly Uid[]; readonly notes: readonly string[] }
  | { readonly kind: 'damaged'; readonly line?: number; readonly column?: number; readonly message: string; readonly act: Actor }
  | { readonly kind: 'empty' };

/** Who must act: who makes the list, who carries it here (rsync, usually), or the administrator of this host. */
export type Actor = 'producer' | 'carrier' | 'administrator';

const newline = 0x0a;
const byteOrderMark = [0xef, 0xbb, 0xbf];

/**
 * ASCII, one uid a line, ended by a newline: a line that was cut short may be somebody else's uid. Upper case, CR before
 * the newline, blanks at the end of a line, a byte order mark and repeated uids are taken off, each with a note.
 */
export function parseRoster(bytes: Uint8Array): ParsedRoster {
  const marked = byteOrderMark.every((byte, at) => bytes[at] === byte);
  const content = marked ? bytes.subarray(byteOrderMark.length) : bytes;
  if (content.length === 0) return { kind: 'empty' };
  const text = new TextDecoder().decode(content);
  // Lists come sorted and in order as a rule, and may have a hundred thousand lines.
  const plain = marked ? undefined : parsePlainUids(text);
  if (plain?.every((uid, at) => at === 0 || inOrder(plain[at - 1] ?? '', uid) < 0)) return { kind: 'read', uids: plain, notes: [] };
  const foreign = firstForeign(content);
  if (foreign !== -1) return { kind: 'damaged', ...placeOf(content, foreign), message: 'has a byte that is not ASCII', act: 'producer' };
  if (content.at(-1) !== newline) {
    return {
      kind: 'damaged',
      line: placeOf(content, content.length).line,
      message: 'does not end in a newline: it may have been cut short',
      act: 'carrier',
    };
  }
  return parseLines(text.split('\n'), marked ? ['A byte order mark at the start was taken off.'] : []);
}

// Written as loops, like the one over the lines: a list may have a hundred thousand of them.
function firstForeign(content: Uint8Array): number {
  for (let at = 0; at < content.length; at++) if ((content[at] ?? 0) >= 0x80) return at;
  return -1;
}

function placeOf(content: Uint8Array, offset: number): { readonly line: number; readonly column: number } {
  const before = content.subarray(0, offset);
  const line = before.reduce((lines, byte) => (byte === newline ? lines + 1 : lines), 1);
  return { line, column: offset - before.lastIndexOf(newline) };
}

function parseLines(lines: readonly string[], notes: readonly string[]): ParsedRoster {
  const found: Uid[] = [];
  const folded = { ends: 0, blanks: 0, upper: 0 };
  let number = 0;
  for (const line of lines) {
    number++;
    const ended = line.endsWith('\r') ? line.slice(0, -1) : line;
    const text = withoutBlanks(ended);
    if (ended !== line) folded.ends++;
    if (text !== ended) folded.blanks++;
    if (text === '' || text.startsWith('#')) continue;
    const uid = parseUid(text);
    // parseUid forgives blanks on both sides; before a uid they are not the end of a line.
    if (uid === undefined || uid.length !== text.length) return malformed(text, number);
    if (uid !== text) folded.upper++;
    found.push(uid);
  }
  if (found.length === 0) return { kind: 'empty' };
  // Lists come sorted as a rule: to sort them again and compare neighbours costs less than a set.
  const uids = found.sort(inOrder).filter((uid, at) => uid !== found[at - 1]);
  return { kind: 'read', uids, notes: [...notes, ...renderFolded({ ...folded, repeated: found.length - uids.length })] };
}

function withoutBlanks(line: string): string {
  return line.endsWith(' ') || line.endsWith('\t') ? line.replace(/[ \t]+$/, '') : line;
}

// The line itself is not quoted: whoever wrote it does not choose what stands in a log.
function malformed(text: string, line: number): ParsedRoster {
  const at = text.search(/[^A-Za-z0-9._-]/);
  return { kind: 'damaged', line, column: at === -1 ? 1 : at + 1, message: 'is not a well-formed uid', act: 'producer' };
}

function renderFolded({
  ends,
  blanks,
  upper,
  repeated,
}: Readonly<Record<'ends' | 'blanks' | 'upper' | 'repeated', number>>): readonly string[] {
  return [
    ...(ends > 0 ? [`${count(ends, 'line')} ended in CR LF; the CR was taken off.`] : []),
    ...(blanks > 0 ? [`${count(blanks, 'line')} had blanks at the end; they were taken off.`] : []),
    ...(upper > 0 ? [`${count(upper, 'uid')} had upper case; it was folded.`] : []),
    ...(repeated > 0 ? [`${count(repeated, 'line')} named somebody who is listed already.`] : []),
  ];
}

/** What was found at the roster's place, before anybody looks inside. */
export type RosterReading =
  | {
      readonly kind: 'file';
      readonly bytes: Uint8Array;
      readonly sha256: string;
      readonly producedAt: Instant;
      readonly stated: StatedChecksum;
    }
  /** `mayPass`: whoever carries it did not answer; the next run may find it. */
  | { readonly kind: 'damaged' | 'missing' | 'unreadable'; readonly message: string; readonly act: Actor; readonly mayPass?: boolean };

/** What the checksum file says: nothing was asked of it, it is not there or not in sha256sum's format, or 64 hex digits. */
export type StatedChecksum =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'stated'; readonly sha256: string };

interface Generation {
  /** When the file was last written, by its own time. */
  readonly producedAt: Instant;
  /** Of the file's bytes, in lower-case hex. */
  readonly sha256: string;
}

export interface FreshRoster extends Generation {
  readonly kind: 'fresh';
  readonly uids: readonly Uid[];
  readonly people: number;
  readonly notes: readonly string[];
}

/** Only a fresh roster carries uids: nothing can be made of the others by mistake. `message` says what to do. */
export type RosterState =
  | FreshRoster
  | ({
      readonly kind: 'stale';
      readonly people: number;
      readonly age: Duration;
      readonly message: string;
      readonly act: Actor;
    } & Generation)
  | ({ readonly kind: 'damaged'; readonly message: string; readonly act: Actor } & Partial<Generation>)
  | ({ readonly kind: 'empty'; readonly people: 0; readonly message: string; readonly act: Actor } & Generation)
  | { readonly kind: 'missing' | 'unreadable'; readonly message: string; readonly act: Actor; readonly mayPass?: boolean };

export interface RosterTerms {
  readonly now: Instant;
  /** `none`: the file's time means nothing, and neither its age nor a time in the future is looked at. */
  readonly olderThan: Duration | 'none';
  readonly checksum: 'none' | 'required';
}

const whoActs: Readonly<Record<Actor, string>> = {
  producer: 'Whoever produces the list must mend it.',
  carrier: 'Whoever runs the transfer that brings it here must look at it.',
  administrator: 'The administrator of this host must look at it.',
};

function withActor(what: string, act: Actor): { readonly message: string; readonly act: Actor } {
  return { message: `${what} ${whoActs[act]}`, act };
}

/** A reading, judged. The share of unknown people is judged later, by tooManyUnknown, when the directory has been asked. */
export function judgeRoster(reading: RosterReading, terms: RosterTerms): RosterState {
  if (reading.kind !== 'file')
    return { kind: reading.kind, ...withActor(reading.message, reading.act), ...(reading.mayPass ? { mayPass: true } : {}) };
  const generation: Generation = { producedAt: reading.producedAt, sha256: reading.sha256 };
  const mismatch = terms.checksum === 'required' ? checksumProblem(reading.stated, reading.sha256) : undefined;
  if (mismatch !== undefined) return { kind: 'damaged', ...generation, ...withActor(mismatch, 'carrier') };
  const parsed = parseRoster(reading.bytes);
  if (parsed.kind === 'damaged') return { kind: 'damaged', ...generation, ...withActor(renderDamage(parsed), parsed.act) };
  if (parsed.kind === 'empty')
    return {
      kind: 'empty',
      people: 0,
      ...generation,
      ...withActor('The list names nobody, and an empty list is not taken for "nobody".', 'producer'),
    };
  return judgeAge({ kind: 'fresh', ...generation, uids: parsed.uids, people: parsed.uids.length, notes: parsed.notes }, terms);
}

function checksumProblem(stated: StatedChecksum, sha256: string): string | undefined {
  switch (stated.kind) {
    case 'not-asked':
      return 'A checksum is required and was not read.';
    case 'unusable':
      return stated.message;
    case 'stated':
      return stated.sha256 === sha256 ? undefined : 'The list is not the one its checksum file was made for.';
  }
}

function renderDamage(damage: Extract<ParsedRoster, { kind: 'damaged' }>): string {
  if (damage.line === undefined) return `The list ${damage.message}.`;
  return `Line ${damage.line}${damage.column === undefined ? '' : `, column ${damage.column},`} of the list ${damage.message}.`;
}

function judgeAge(roster: FreshRoster, terms: RosterTerms): RosterState {
  if (terms.olderThan === 'none') return roster;
  const { producedAt, sha256, people } = roster;
  const age = terms.now - producedAt;
  const written = renderMoment(producedAt);
  if (age < -5 * minute)
    return {
      kind: 'damaged',
      producedAt,
      sha256,
      ...withActor(`The list says it was written at ${written}, which is in the future.`, 'producer'),
    };
  if (age <= terms.olderThan) return roster;
  // A transfer that keeps file times (rsync -a) shows the same whichever of the two stopped.
  const what = `The list was written at ${written}, ${renderDuration(age)} ago, and may be ${renderDuration(terms.olderThan)} old: it is no longer produced, or no longer carried.`;
  return { kind: 'stale', producedAt, sha256, people, age: duration(age), ...withActor(what, 'carrier') };
}

/** More than 20 % of the people, and more than two, are unknown to the directory: the list is of some other people. */
export function tooManyUnknown(uids: readonly Uid[], unknown: number): boolean {
  return unknown > 2 && unknown * 5 > uids.length;
}
