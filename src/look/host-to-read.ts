// What the commands that write nothing stand on: the ledger as it is, judging in memory, and the directory by its reader.
import { directoryAccess, type DirectoryAccess } from '../directory/access.ts';
import type { Branch } from '../history/branch.ts';
import { openStateToRead, type State } from '../ledger/state.ts';
import { requireState, type Caller, type HostConfiguration } from '../host.ts';
import { sourcesOf } from '../reconcile/sources.ts';
import type { Sources } from '../reconcile/survey.ts';
import { withPrivateMirror } from '../history/branch.ts';
import type { JudgingSeen } from '../reconcile/take.ts';
import type { Taken } from '../record/read-record.ts';
import { look, type JudgeConfiguration, type Looked } from '../judge/judge-once.ts';
import { keptRecords, ownRecordInMemory } from '../judge/own-record.ts';

interface Opened {
  readonly sources: Sources;
  readonly directory: DirectoryAccess;
}

/** For commands that write nothing: no lock, and judging in memory. */
export async function withHostToRead<Result>(
  configuration: HostConfiguration,
  caller: Caller,
  work: (opened: Opened, state: State, branch: Branch) => Promise<Result>,
): Promise<Result> {
  requireState(configuration);
  const state = await openStateToRead(configuration.state);
  return withJudgingInMemory(configuration, caller, async (looked) => {
    const judging = () => Promise.resolve(seenInMemory(looked, state.memory.taken));
    const directory = directoryAccess(configuration.directory, caller.now());
    try {
      return await work({ sources: sourcesOf(configuration, state, judging, caller), directory }, state, looked.branch);
    } finally {
      await directory.close();
    }
  });
}

/** `work` gets what judging would say now, with the branch that it was read from. */
async function withJudgingInMemory<Result>(
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
function seenInMemory({ now, records: all }: Looked, taken: Taken | undefined): JudgingSeen {
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
