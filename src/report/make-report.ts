// `muster report`: everybody with access and why, at a moment, or what changed between two. Reads the ledger, or judges the branch without one.
import type { PolicyState } from '../record/policy-state.ts';
import type { Instant, RosterName } from '../names.ts';
import type { LedgerRecord, RosterRecord } from '../ledger/record.ts';
import type { Heads } from '../ledger/state.ts';
import { distrustStory } from '../ledger/distrusted.ts';
import { replayTo } from '../ledger/replay.ts';
import { publicReport } from './report-public.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { reportOf, type Report, type ReportSettings } from './report.ts';
import { Misuse } from '../errors.ts';
import { renderMoment } from '../text.ts';

export interface ReportPorts {
  readonly records: () => Iterable<LedgerRecord>;
  /** What is in force by that state, and what is refused or waits. */
  readonly policyOf: (state: PolicyState) => Promise<EffectivePolicy>;
  /** The people of a generation; undefined where the list is no longer kept. */
  readonly rosterPeople: (generation: RosterRecord) => Promise<ReadonlySet<string> | undefined>;
  /** Of the ledger and of what it took; left out without one. */
  readonly heads?: Heads;
}

/** Throws Misuse where the record does not reach back to the moment that is asked for. */
export async function makeReport(ports: ReportPorts, settings: ReportSettings, isPublic: boolean): Promise<Report> {
  const replayed = replayTo(ports.records(), settings);
  const { memory, begins } = replayed.replay;
  // What changed since a time before that is everything on record; the report says when the record begins.
  checkReach(settings.at, begins);
  const rosterPeople = new Map<RosterName, ReadonlySet<string>>();
  for (const generation of memory.rosters.values()) {
    const people = await ports.rosterPeople(generation);
    if (people) rosterPeople.set(generation.roster, people);
  }
  const policy = memory.policy && (await ports.policyOf(memory.policy));
  const distrusted = replayed.replay.distrusts.map((record) => distrustStory(record, ports.records(), memory.policy));
  const report = reportOf(replayed, { policy, rosterPeople, distrusted, ...(ports.heads && { heads: ports.heads }) }, settings);
  return isPublic ? publicReport(report) : report;
}

function checkReach(moment: Instant, begins: Instant | undefined): void {
  if (begins !== undefined && moment >= begins) return;
  throw new Misuse(
    begins === undefined
      ? 'the record of this host is empty: no run has come by yet'
      : `the record begins at ${renderMoment(begins)}; ${renderMoment(moment)} is before that`,
  );
}
