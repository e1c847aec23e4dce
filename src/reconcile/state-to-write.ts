// The state folder under its lock, and what a run that writes stands on.
import { directoryAccess, type DirectoryAccess } from '../directory/access.ts';
import { withLock } from '../flock.ts';
import { isActive, type Caller, type HostConfiguration } from '../host.ts';
import { openStateToWrite, type WritableState } from '../ledger/state.ts';
import { keepGeneration } from '../roster/generations.ts';
import type { RunPorts } from './ports.ts';
import { readJudging, sourcesOf } from './sources.ts';
import { settlementIn } from './settlement.ts';
import type { Sources } from './survey.ts';

/** The state alone, under its lock: for commands that ask neither Git nor GitLab. Whoever waits is told `soFar` first. */
export async function withStateToWrite<Result>(
  configuration: HostConfiguration,
  caller: Caller,
  work: (state: WritableState) => Promise<Result>,
  soFar = '',
  groups: 'now' | 'when-asked' = 'now',
): Promise<Result> {
  const before = soFar === '' ? '' : `${soFar}: `;
  const onWait = (holder: string) => caller.warn(`${before}another run holds the lock (${holder}); waiting up to 60 s`);
  return withLock(configuration.state, { pid: caller.pid, waitMs: 60_000, onWait }, async () => {
    const state = await openStateToWrite(configuration.state, groups);
    for (const note of state.notes) caller.warn(note);
    return work(state);
  });
}

/** Under the lock of the state folder: one run at a time. What the ledger tells of groups is understood when it is asked for. */
export async function withHostToWrite<Result>(
  configuration: HostConfiguration,
  caller: Caller,
  work: (ports: RunPorts, state: WritableState) => Promise<Result>,
): Promise<Result> {
  const withState = async (state: WritableState): Promise<Result> => {
    const judging = () => Promise.resolve(readJudging(configuration, state.memory));
    const sources = sourcesOf(configuration, state, judging, caller);
    const directory = directoryAccess(configuration.directory, caller.now());
    try {
      return await work(portsOf(configuration, state, sources, directory, caller), state);
    } finally {
      await directory.close();
    }
  };
  return withStateToWrite(configuration, caller, withState, '', 'when-asked');
}

function portsOf(
  configuration: HostConfiguration,
  state: WritableState,
  sources: Sources,
  directory: DirectoryAccess,
  caller: Caller,
): RunPorts {
  return {
    sources,
    memory: state.memory,
    journal: state.journal,
    openToRead: directory.openToRead,
    openToWrite: directory.openToWrite,
    settled: settlementIn(state.folder, configuration, state.head),
    readsElsewhere: directory.readsElsewhere,
    keepGeneration: (roster, sha256, bytes) => keepGeneration(state.folder, roster, sha256, bytes),
    isActive: () => isActive(configuration),
    progress: caller.progress,
  };
}
