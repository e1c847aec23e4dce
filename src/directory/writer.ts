// Changes the members of managed groups, and nothing else of them. What narrows goes first and alone; where the server refuses a modify
// of several values, they are tried in smaller ones, down to the one that cannot be made.
import {
  Attribute,
  Change,
  ResultCodeError,
  Control,
  FilterParser,
  SearchEntry,
  escapeFilter,
  type BerReader,
  type BerWriter,
} from 'ldapts';
import type { ChangeOutcome, GroupChange } from './directory.ts';
import { Unavailable } from '../errors.ts';
import type { DirectoryConnection } from './connection.ts';
import { textOf } from './groups.ts';
import { placeholderOf, type DirectoryLayout } from './layout.ts';
import { renderRefusal, resultCode } from './result-codes.ts';
import type { Dn } from '../names.ts';

/** Called after each modify of a change: how many values have been changed, of how many. What it answers says whether the next may be made. */
export type Progress = (done: number, total: number) => Promise<boolean>;

interface DirectoryWriter {
  /**
   * Makes the change, removals before additions; what came of it is the answer, and nothing that the directory does is thrown. A group with
   * a revision is changed only while it is the one that was read. `done` says that the server accepted it all: read back, for an overlay may
   * have left a value out.
   */
  apply(change: GroupChange, progress?: Progress): Promise<ChangeOutcome>;
}

export interface ModifyLimits {
  readonly additions: number;
  // Every deletion makes slapd index the members that are left anew: few large ones.
  readonly removals: number;
  /** Bytes of values in one modify; slapd takes messages of 4 MiB and more (sockbuf_max_incoming_auth). */
  readonly bytes: number;
  /** After so many refused modifies the rest is not tried value by value: whatever it is, it is not a few values. */
  readonly refusals: number;
}

const modifyLimits: ModifyLimits = { additions: 1000, removals: 20_000, bytes: 2 * 1024 * 1024, refusals: 64 };

export function directoryWriter(
  connection: Pick<DirectoryConnection, 'modify'>,
  layout: Pick<DirectoryLayout, 'emptyGroup'>,
  limits: ModifyLimits = modifyLimits,
): DirectoryWriter {
  return { apply: (change, progress) => new Application(connection, layout, limits, change, progress).run() };
}

type Operation = 'delete' | 'add';

class Application {
  readonly #connection: Pick<DirectoryConnection, 'modify'>;
  readonly #limits: ModifyLimits;
  readonly #change: GroupChange;
  readonly #progress: Progress | undefined;
  /** What is put into a group whose class wants a value; undefined where nothing may stand for nobody. */
  readonly #placeholder: string | undefined;
  #revision: string;
  #members: number;
  #hasPlaceholder: boolean;
  /** The last value, which the server keeps until another one comes. */
  #last: string | undefined;
  #lastRefusal = '';
  #done = 0;
  #refused = 0;
  /** Values by what the server said of them. */
  readonly #refusals = new Map<string, string[]>();

  constructor(
    connection: Pick<DirectoryConnection, 'modify'>,
    { emptyGroup }: Pick<DirectoryLayout, 'emptyGroup'>,
    limits: ModifyLimits,
    change: GroupChange,
    progress: Progress | undefined,
  ) {
    this.#connection = connection;
    this.#limits = limits;
    this.#change = change;
    this.#progress = progress;
    this.#placeholder = emptyGroup === 'no-member' || change.group.attribute === 'memberUid' ? undefined : placeholderOf(emptyGroup);
    this.#revision = change.group.revision;
    this.#members = change.group.members.length;
    this.#hasPlaceholder = change.group.placeholder;
  }

  async run(): Promise<ChangeOutcome> {
    const { removals, additions, bytes } = this.#limits;
    const remove = chunksOf(this.#change, 'remove', removals, bytes).map((values) => ['delete', values] as const);
    const add = chunksOf(this.#change, 'add', additions, bytes / 2).map((values) => ['add', values] as const);
    for (const [operation, values] of [...remove, ...add]) {
      const end = await this.#make(operation, values);
      if (end) return this.#told(end);
    }
    if (this.#last !== undefined) this.#refusals.set(this.#lastRefusal, [...(this.#refusals.get(this.#lastRefusal) ?? []), this.#last]);
    if (this.#refusals.size === 0) return { kind: 'done' };
    const refusals = [...this.#refusals].map(([said, values]) => said.replace('%', () => renderValues(values)));
    return this.#told({ kind: 'refused', message: `the directory refused to ${refusals.join('; to ')}` });
  }

  /** Undefined: the change goes on, whatever was refused of it. */
  async #make(operation: Operation, values: readonly string[]): Promise<ChangeOutcome | undefined> {
    const extra = this.#extra(operation, values);
    const last = operation === 'add' ? this.#last : undefined;
    try {
      await this.#modify([...(operation === 'delete' ? [] : extra), [operation, values], ...(operation === 'delete' ? extra : [])]);
    } catch (error) {
      return this.#failed(error, operation, values);
    }
    this.#members += operation === 'delete' ? -values.length : values.length - (last === undefined ? 0 : 1);
    if (extra.length > 0 && last === undefined) this.#hasPlaceholder = operation === 'delete';
    if (last !== undefined) this.#last = undefined;
    this.#done += values.length;
    const total = this.#change.remove.length + this.#change.add.length;
    const mayGoOn = (await this.#progress?.(this.#done, total)) ?? true;
    return mayGoOn || this.#done === total ? undefined : { kind: 'stopped' };
  }

  /** What has to change in the same modify, so that a class that wants a value has one: the placeholder, or the last member. */
  #extra(operation: Operation, values: readonly string[]): readonly (readonly [Operation, readonly string[]])[] {
    const { needsValue } = this.#change.group;
    if (operation === 'add') {
      if (this.#last !== undefined) return [['delete', [this.#last]]];
      return this.#hasPlaceholder ? [['delete', [this.#placeholder ?? '']]] : [];
    }
    const isEmptied = needsValue && !this.#hasPlaceholder && values.length === this.#members;
    return isEmptied && this.#placeholder !== undefined ? [['add', [this.#placeholder]]] : [];
  }

  async #modify(parts: readonly (readonly [Operation, readonly string[]])[]): Promise<void> {
    const { dn } = this.#change.group;
    const changes = parts.map(
      ([operation, values]) =>
        new Change({ operation, modification: new Attribute({ type: this.#change.group.attribute, values: [...values] }) }),
    );
    const after = this.#revision === '' ? undefined : new RevisionAfter();
    await this.#connection.modify(dn, changes, after ? [new UnchangedSince(dn, this.#revision), after] : []);
    // Where entryCSN is hidden after a change, the next modify is told so by its assertion.
    if (after) this.#revision = after.revision ?? this.#revision;
  }

  async #failed(error: unknown, operation: Operation, values: readonly string[]): Promise<ChangeOutcome | undefined> {
    const { dn } = this.#change.group;
    if (error instanceof Unavailable)
      return { kind: 'unknown', message: `${error.message}; what became of the change of ${dn} is not known` };
    if (!(error instanceof ResultCodeError)) throw error;
    if (error.code === resultCode.assertionFailed) return { kind: 'lost-race' };
    const [value = ''] = values;
    if (values.length > 1 && this.#refused++ < this.#limits.refusals) {
      const half = Math.ceil(values.length / 2);
      return (await this.#make(operation, values.slice(0, half))) ?? (await this.#make(operation, values.slice(half)));
    }
    const isSo = error.code === (operation === 'delete' ? resultCode.noSuchAttribute : resultCode.attributeOrValueExists);
    // Somebody was quicker, or only the server knows two spellings for one: either way it is as it should be, which reading back shows.
    if (isSo && values.length === 1) return undefined;
    const said = `${operation === 'delete' ? 'take % out of' : 'put % into'} ${dn}: ${renderRefusal(error)}`;
    const isLast = values.length === 1 && this.#members === 1 && !this.#hasPlaceholder && error.code === resultCode.objectClassViolation;
    if (operation === 'delete' && isLast && this.#change.add.length > 0) {
      this.#last = value;
      this.#lastRefusal = said;
    } else this.#refusals.set(said, [...(this.#refusals.get(said) ?? []), ...values]);
    return undefined;
  }

  #told(outcome: ChangeOutcome): ChangeOutcome {
    if (this.#done === 0 || !('message' in outcome)) return outcome;
    const total = this.#change.remove.length + this.#change.add.length;
    return { ...outcome, message: `${outcome.message} (${this.#done} of ${total} values had been changed)` };
  }
}

function renderValues(values: readonly string[]): string {
  const named = values.slice(0, 5).map((value) => JSON.stringify(value));
  return `${named.join(', ')}${values.length > named.length ? ` and ${values.length - named.length} more` : ''}`;
}

function chunksOf(change: GroupChange, part: 'add' | 'remove', most: number, bytes: number): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  let size = 0;
  for (const member of change[part]) {
    const value = textOf(change.group.attribute, member);
    const length = Buffer.byteLength(value) + 6;
    const last = chunks.at(-1);
    if (last && last.length < most && size + length <= bytes) {
      last.push(value);
      size += length;
    } else {
      chunks.push([value]);
      size = length;
    }
  }
  return chunks;
}

/**
 * The change happens only while the entry is the one that was read. The overlay memberof (ITS#10440, mended in 2.6.13)
 * hands the control on to its own changes of every member, and leaves memberOf as it was where the assertion is false
 * there: so it is true for every entry but the group.
 */
class UnchangedSince extends Control {
  readonly #filter: string;

  constructor(group: Dn, revision: string) {
    super('1.3.6.1.1.12', { critical: true });
    this.#filter = escapeFilter`(|(entryCSN=${revision})(!(entryDN=${group})))`;
  }

  protected override writeControl(writer: BerWriter): void {
    writer.startSequence(0x04);
    FilterParser.parseString(this.#filter).write(writer);
    writer.endSequence();
  }
}

/** Asks for entryCSN as the change leaves it: the revision that the next piece of a large change is bound to. */
class RevisionAfter extends Control {
  #revision: string | undefined;

  constructor() {
    super('1.3.6.1.1.13.2', { critical: true });
  }

  /** Undefined until the change is done, and where the account may not read it. */
  get revision(): string | undefined {
    return this.#revision;
  }

  protected override writeControl(writer: BerWriter): void {
    writer.startSequence(0x04);
    writer.startSequence();
    writer.writeString('entryCSN');
    writer.endSequence();
    writer.endSequence();
  }

  protected override parseControl(reader: BerReader): void {
    const entry = new SearchEntry({ messageId: 0 });
    reader.readSequence(entry.protocolOperation);
    entry.parseMessage(reader);
    const values = entry.attributes.find(({ type }) => type.toLowerCase() === 'entrycsn')?.values ?? [];
    const [revision] = values;
    this.#revision = typeof revision === 'string' ? revision : undefined;
  }
}
