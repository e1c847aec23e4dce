// A reader that remembers: as long as nothing was written to the directory, what was read of it before is read from a
// file. For planning only: what stands there after a change is read from the server.
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { DirectoryPerson, MemberEntry, MemberValue, People, WriteMark } from './directory.ts';
import type { Dn, DnKey, GroupName, Instant, Uid } from '../names.ts';
import { hour } from '../time.ts';
import { uidOf } from './distinguished-names.ts';
import { configuredKey } from './layout.ts';
import type { DirectoryReader } from './reader.ts';
import { Snapshot } from './snapshot.ts';

export interface Memory {
  /** Absolute path of the file; beside it a temporary one while it is written. */
  readonly file: string;
  /** Whatever else the answers depend on: the URL of the server, the layout. A snapshot of another key is not used. */
  readonly key: string;
  readonly people: Dn;
  readonly now: Instant;
}

export interface RememberedReader extends DirectoryReader {
  /**
   * Keeps what was read for the next run. `unneeded`: nothing is new, or the server keeps no mark, or a read failed.
   * `failed`: the file could not be written, which costs the next run some time and nothing else.
   */
  save(): Promise<'saved' | 'unneeded' | 'failed'>;
}

// What moves no mark, such as new access rules on the server, is seen after this time at the latest.
const oldest = 6 * hour;

export function rememberedReader(source: DirectoryReader, memory: Memory): RememberedReader {
  return new Remembering(source, memory);
}

class Remembering implements RememberedReader {
  readonly #source: DirectoryReader;
  readonly #memory: Memory;
  readonly #peopleBase: DnKey;
  /** Undefined inside: the server keeps no mark, and nothing is remembered. */
  #snapshot: Promise<Snapshot | undefined> | undefined;
  #isNew = false;
  #hasFailed = false;

  constructor(source: DirectoryReader, memory: Memory) {
    this.#source = source;
    this.#memory = memory;
    this.#peopleBase = configuredKey(memory.people);
  }

  /** Asks the server each time; what was remembered under another mark is forgotten. */
  async mark(): Promise<WriteMark> {
    const mark = await this.#watched(this.#source.mark());
    const known = await this.#snapshot;
    if (this.#snapshot === undefined || known?.validity.mark !== mark) this.#snapshot = Promise.resolve(this.#recall(mark));
    return mark;
  }

  async people(uids: readonly Uid[]): Promise<People> {
    const snapshot = await this.#current();
    if (!snapshot) return this.#source.people(uids);
    const people = new Map<Uid, DirectoryPerson | 'ambiguous'>();
    const unknown: Uid[] = [];
    for (const uid of uids) {
      const known = snapshot.person(uid);
      if (known === undefined) unknown.push(uid);
      else if (known !== 'absent') people.set(uid, known);
    }
    if (unknown.length === 0) return people;
    const found = await this.#watched(this.#source.people(unknown));
    for (const uid of unknown) {
      const person = found.get(uid);
      snapshot.rememberPerson(uid, person ?? 'absent');
      if (person) people.set(uid, person);
    }
    this.#isNew = true;
    return people;
  }

  async group(name: GroupName, like?: readonly MemberValue[]): ReturnType<DirectoryReader['group']> {
    const snapshot = await this.#current();
    const known = snapshot?.group(name);
    if (known) return known;
    const read = await this.#watched(this.#source.group(name, like));
    // A group that somebody has to mend is looked at each time.
    if (read.kind === 'group' && snapshot) {
      snapshot.rememberGroup(read);
      this.#isNew = true;
    }
    return read;
  }

  async membersBehind(values: readonly MemberValue[]): Promise<ReadonlyMap<DnKey, MemberEntry>> {
    const named = values.flatMap(({ key }) => uidOf(key, this.#peopleBase) ?? []);
    const people = await this.people([...new Set(named)]);
    const behind = new Map<DnKey, MemberEntry>();
    const others: MemberValue[] = [];
    for (const value of values) {
      const uid = uidOf(value.key, this.#peopleBase);
      const person = uid === undefined ? undefined : people.get(uid);
      if (person !== undefined && person !== 'ambiguous' && person.key === value.key) behind.set(value.key, { kind: 'person', person });
      else others.push(value);
    }
    if (others.length === 0) return behind;
    return new Map([...behind, ...(await this.#watched(this.#source.membersBehind(others)))]);
  }

  async save(): Promise<'saved' | 'unneeded' | 'failed'> {
    const snapshot = await this.#snapshot;
    if (!snapshot || !this.#isNew || this.#hasFailed) return 'unneeded';
    const { file } = this.#memory;
    const draft = `${file}.${randomUUID()}`;
    try {
      writePieces(draft, snapshot.render());
      renameSync(draft, file);
      this.#isNew = false;
      return 'saved';
    } catch {
      removeIfPossible(draft);
      return 'failed';
    }
  }

  /** The mark is read before everything that is remembered under it: a write in between makes it old, never wrong. */
  #current(): Promise<Snapshot | undefined> {
    this.#snapshot ??= this.#watched(this.#source.mark()).then((mark) => this.#recall(mark));
    return this.#snapshot;
  }

  #recall(mark: WriteMark): Snapshot | undefined {
    if (mark === undefined) return undefined;
    const { file, key, now } = this.#memory;
    const kept = Snapshot.parse(readIfPossible(file));
    const { validity } = kept ?? Snapshot.empty({ key, mark, at: now });
    const isValid = validity.key === key && validity.mark === mark && validity.at <= now && now - validity.at < oldest;
    return kept && isValid ? kept : Snapshot.empty({ key, mark, at: now });
  }

  async #watched<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }
}

/** Whatever keeps it from being read, the server can be asked. */
function readIfPossible(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

function writePieces(path: string, pieces: readonly Buffer[]): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    for (const piece of pieces) writeFileSync(file, piece);
  } finally {
    closeSync(file);
  }
}

function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It is in the way of nothing: the next one has a name of its own.
  }
}
