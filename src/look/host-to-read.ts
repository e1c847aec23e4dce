// What the commands that write nothing stand on: the ledger as it is, judging in memory, and the directory by its reader.
import { directoryAccess, type DirectoryAccess } from '../directory/access.ts';
import type { Branch } from '../judge/judge-branch.ts';
import { openStateToRead, type State } from '../ledger/state.ts';
import { requireState, type Caller, type HostConfiguration } from '../host.ts';
import { sourcesOf } from '../reconcile/sources.ts';
import type { Sources } from '../reconcile/survey.ts';
import { seenInMemory, withJudgingInMemory } from './in-memory.ts';

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
