// The ledger played back: at any moment it must show what the directory held then. The runs are written down by the code that writes real ones.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Because } from '../../src/membership/desired.ts';
import { knownGroup } from '../../src/ledger/group-memory.ts';
import { emptyMemory, remember } from '../../src/ledger/memory.ts';
import { instant, type Instant } from '../../src/names.ts';
import type { Addition, Removal } from '../../src/membership/plan.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { intentOf, membershipRecord, settleIntent } from '../../src/reconcile/recording.ts';
import { replayTo } from '../../src/ledger/replay.ts';
import { minute } from '../../src/time.ts';
import { removalOf } from '../support/arbitraries.ts';
import { uid } from '../evidence/evidence-samples.ts';
import { becauseOf, grantOf, klaxon, now, observedOf, person } from '../membership/membership-samples.ts';
import { reportSettings } from '../report/report-from.ts';
import { days, sampleRecords } from '../report/report-samples.ts';

const names = ['alice', 'base', 'bob', 'carol', 'hoo', 'mallory'];

interface Run {
  /** Whom somebody else puts in or takes out before it. */
  readonly drift: readonly string[];
  readonly wanted: readonly string[];
  /** Changes that the directory does not take. */
  readonly lost: readonly string[];
  /** After the writing and before it is on record. */
  readonly killed: boolean;
  readonly revokes: boolean;
  readonly minutes: number;
}

const runs: fc.Arbitrary<readonly Run[]> = fc.array(
  fc.record({
    drift: fc.subarray(names, { maxLength: 2 }),
    wanted: fc.subarray(names),
    lost: fc.subarray(names, { maxLength: 2 }),
    killed: fc.boolean(),
    revokes: fc.boolean(),
    minutes: fc.integer({ min: 1, max: 60 }),
  }),
  { minLength: 1, maxLength: 8 },
);

interface Known {
  readonly from: Instant;
  readonly to: Instant;
  readonly members: readonly string[];
}

const because: Because = becauseOf(grantOf('hoo'));

function addition(name: string): Addition {
  const { uid: of, dn, key, uuid } = person(name);
  return { uid: of, member: { dn, key }, uuid, because, limited: false, newStart: false };
}

function removal(name: string): Removal {
  return removalOf(name, { kind: 'unexplained' }, false);
}

/** A directory, the runs over it, and what they write; with the times in which what it held is known. */
class Host {
  readonly records: LedgerRecord[] = [];
  readonly known: Known[] = [];
  readonly #memory = emptyMemory();
  readonly #directory = new Set<string>();
  #now = now;

  append(...records: readonly LedgerRecord[]): void {
    for (const record of records) remember(this.#memory, record);
    this.records.push(...records);
  }

  run({ drift, wanted, lost, killed, revokes, minutes }: Run): void {
    for (const name of drift) if (!this.#directory.delete(name)) this.#directory.add(name);
    const at = this.#now;
    const add = wanted.filter((name) => !this.#directory.has(name)).map(addition);
    const remove = [...this.#directory].filter((name) => !wanted.includes(name)).map(removal);
    const { openIntent } = knownGroup(this.#memory, klaxon);
    if (openIntent) this.append(settleIntent(openIntent, this.#directory, this.#directory.size, at, 'recovered'));
    const intent = intentOf(klaxon, observedOf([]), { add, remove, held: [], used: [], accepted: [] }, at);
    this.append(intent);
    for (const { uid: name } of add) if (!lost.includes(name)) this.#directory.add(name);
    for (const { uid: name } of remove) if (!lost.includes(name)) this.#directory.delete(name);
    if (!killed) this.#finish(intent, revokes, at);
    this.#now = instant(at + minutes * minute);
    if (!killed) this.known.push({ from: at, to: instant(this.#now - 1), members: [...this.#directory].sort() });
  }

  #finish(intent: Parameters<typeof settleIntent>[0], revokes: boolean, at: Instant): void {
    this.append(settleIntent(intent, this.#directory, this.#directory.size, at, 'done'));
    const [first] = this.#directory;
    if (revokes && first !== undefined) {
      this.#directory.delete(first);
      const removed = {
        ...intent,
        add: [],
        remove: [{ because: { kind: 'revoked' } as const, limited: false, members: [{ uid: first, dn: person(first).dn }] }],
      };
      this.append(
        { type: 'revocation', at, uid: uid(first), from: null, reason: 'x' },
        settleIntent(removed, this.#directory, this.#directory.size, at, 'revoked'),
      );
    }
    const shown = new Map([...this.#directory].map((name) => [name, undefined]));
    const news = membershipRecord(klaxon, shown, this.#directory, knownGroup(this.#memory, klaxon), at);
    if (news) this.append(news);
  }
}

function membersAt(records: readonly LedgerRecord[], at: Instant): readonly string[] {
  const { replay } = replayTo(records, { ...reportSettings, at });
  return [...knownGroup(replay.memory, klaxon).members.keys()].sort();
}

describe('the ledger played back', () => {
  it('at any moment at which the record was complete, it shows whom the directory held', () => {
    fc.assert(
      fc.property(runs, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const host = new Host();
        for (const run of all) host.run(run);
        for (const { from, to, members } of host.known) {
          expect(membersAt(host.records, from)).toEqual(members);
          expect(membersAt(host.records, instant(from + Math.floor((to - from) * part)))).toEqual(members);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('what came later changes nothing about a moment', () => {
    const records = sampleRecords();
    for (const { at } of records) {
      const settings = { ...reportSettings, at, since: days(-300) };
      const known = records.filter((one) => one.at <= at);
      expect(replayTo(records, settings).replay.memory.groups).toEqual(replayTo(known, settings).replay.memory.groups);
      expect(replayTo(records, settings).replay.chronicle).toEqual(replayTo(known, settings).replay.chronicle);
    }
  });

  it('what was over more than a year ago is no longer kept', () => {
    const later = { ...reportSettings, at: days(700) };
    const { chronicle, revocations } = replayTo(sampleRecords(), later).replay;
    expect([...chronicle.spans.values()].flat().every(({ until }) => until === 'open' || until >= days(700 - 365))).toBe(true);
    // One that is in force is never forgotten, however old.
    expect(revocations).toHaveLength(1);
  });

  it('given hundreds of runs that change the same few people, then what is kept of them is bounded', () => {
    const kept = (times: number) => {
      const host = new Host();
      for (let time = 0; time < times; time += 1)
        host.run({ drift: ['hoo'], wanted: ['alice', 'bob'], lost: [], killed: false, revokes: false, minutes: 1 });
      const { stays, replay } = replayTo(host.records, { ...reportSettings, at: instant(now + times * minute) });
      return stays.length + knownGroup(replay.memory, klaxon).members.size;
    };
    expect(kept(400)).toBeLessThan(100);
  });
});
