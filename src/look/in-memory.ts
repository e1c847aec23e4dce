// Judging for those who only look: on a copy of the mirror, from what the host's record holds, and nothing is kept.
import { withPrivateMirror } from '../history/branch.ts';
import type { Caller } from '../host.ts';
import type { JudgingSeen } from '../reconcile/take.ts';
import type { Taken } from '../record/taken.ts';
import { look, type JudgeConfiguration, type Looked } from '../judge/judge-once.ts';
import { keptRecords, ownRecordInMemory } from '../judge/own-record.ts';

/** `work` gets what judging would say now, with the branch that it was read from. */
export async function withJudgingInMemory<Result>(
  configuration: JudgeConfiguration,
  caller: Caller,
  work: (looked: Looked) => Promise<Result>,
): Promise<Result> {
  const kept = keptRecords(configuration.judged);
  return withPrivateMirror(caller, configuration.judged, async (mirror) => {
    return work(await look(configuration, ownRecordInMemory(kept, caller.now()), caller, { mirrorFolder: mirror }));
  });
}

/** As converging would find it, from where it took last. */
export function seenInMemory({ now, records: all }: Looked, taken: Taken | undefined): JudgingSeen {
  const records = all();
  const [first] = records;
  const id = first?.type === 'record' ? first.id : undefined;
  const isAnother = taken !== undefined && id !== undefined && id !== taken.id;
  const from = taken && !isAnother ? taken.head.count : 0;
  const lines = records.slice(from).map((record, at) => ({
    record,
    place: { id: id ?? '', head: { count: from + at + 1, hash: '' }, offset: 0 },
  }));
  return {
    piece: { kind: 'read', content: { lines, isAnother, id, more: false } },
    now: { kind: 'read', content: now },
    begunAnew: undefined,
  };
}
