// A report out of a ledger, as a host with two groups would make it at noon on 23 November 2026.
import type { Reading } from '../../src/judge/form.ts';
import { effectivePolicy } from '../../src/judge/waiting.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { replayTo } from '../../src/ledger/replay.ts';
import { reportOf, type Report, type ReportSettings, type ReportSources } from '../../src/report/report.ts';
import { klaxon, now, steward } from '../membership/membership-samples.ts';
import { second, stewards } from './report-samples.ts';

export const reportSettings: ReportSettings = {
  at: now,
  since: undefined,
  folder: 'policy',
  side: 'record',
  evidence: 'gitlab',
  mode: 'enforce',
  groups: [klaxon, stewards],
  longest: new Map(),
};

const heads = { ledger: { count: 42, hash: '1f'.repeat(32) }, record: { count: 17, hash: 'c0'.repeat(32) } };

interface SampleSources extends Pick<ReportSources, 'rosterPeople'> {
  /** Grant files at the tip that differ from what was endorsed, by path. */
  readonly readings: ReadonlyMap<string, Reading>;
}

export const reportSources: SampleSources = { readings: new Map(), rosterPeople: new Map([[steward, new Set(second.uids)]]) };

export function reportFrom(records: Iterable<LedgerRecord>, settings: Partial<ReportSettings> = {}, sources = reportSources): Report {
  const all = { ...reportSettings, ...settings };
  const replayed = replayTo(records, all);
  const { policy: state } = replayed.replay.memory;
  const policy = state && effectivePolicy(state, [], sources.readings, all.at, all.folder);
  return reportOf(replayed, { policy, rosterPeople: sources.rosterPeople, heads }, all);
}
