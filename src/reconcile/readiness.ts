// What of the memory need not be rendered at the end of a run: groups that nothing was recorded of, and those that turned out as foreseen.
import { isGroupRecord, type GroupRecord, type KnownGroup } from '../ledger/memory.ts';
import type { GroupName } from '../names.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { renderGroup, type RenderedGroup } from '../ledger/kept-memory.ts';

interface Expected {
  readonly rendered: RenderedGroup;
  /** The very records that have not been appended yet, in their order. */
  readonly records: LedgerRecord[];
}

export class Readiness {
  readonly #asKept: (group: GroupName) => RenderedGroup | undefined;
  readonly #expected = new Map<GroupName, Expected>();
  readonly #changed = new Set<GroupName>();

  /** `asKept`: a group as the last run kept it. */
  constructor(asKept: (group: GroupName) => RenderedGroup | undefined = () => undefined) {
    this.#asKept = asKept;
  }

  /** `known`: the group as it is remembered once exactly these records of it, and no others, have been appended. */
  expect(group: GroupName, known: KnownGroup, records: readonly GroupRecord[]): void {
    this.#expected.set(group, { rendered: renderGroup(known), records: [...records] });
  }

  /** Told of everything that was appended. */
  take(records: readonly LedgerRecord[]): void {
    for (const record of records) {
      if (!isGroupRecord(record)) continue;
      this.#changed.add(record.group);
      const expected = this.#expected.get(record.group);
      if (expected && expected.records.shift() !== record) this.#expected.delete(record.group);
    }
  }

  of(group: GroupName): RenderedGroup | undefined {
    const expected = this.#expected.get(group);
    if (expected?.records.length === 0) return expected.rendered;
    return this.#changed.has(group) ? undefined : this.#asKept(group);
  }
}
