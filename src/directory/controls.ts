// The two controls that make a change safe: assertion (RFC 4528) and post-read (RFC 4527).
import { Control, FilterParser, SearchEntry, escapeFilter, type BerReader, type BerWriter } from 'ldapts';
import type { Dn } from '../names.ts';

/**
 * The change happens only while the entry is the one that was read. The overlay memberof (ITS#10440, mended in 2.6.13)
 * hands the control on to its own changes of every member, and leaves memberOf as it was where the assertion is false
 * there: so it is true for every entry but the group.
 */
export class UnchangedSince extends Control {
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
export class RevisionAfter extends Control {
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
