// From the configuration to what a run may ask.
import { readFetched } from '../roster/read-fetched.ts';
import { readRosterFile } from '../roster/roster-file.ts';
import { sha256 } from '../digest.ts';
import { generationFile, keepGeneration, readGeneration } from '../roster/generations.ts';
import { readRevocations } from '../revocation/revocations.ts';
import type { RosterName } from '../names.ts';
import { parseRosterName } from '../names.ts';
import { errnoOf, Unavailable } from '../errors.ts';
import type { KeptList, RosterSource } from '../roster/rosters.ts';
import type { Caller, HostConfiguration } from '../host.ts';
import type { Sources } from './survey.ts';
import type { SigningSource } from './signed-groups.ts';
import { readDistrusted } from '../record/by-hand.ts';
import { projectOf } from '../signing/statement.ts';
import { parseVerified, renderQuestion } from '../signing/verify-question.ts';
import type { State } from '../ledger/state.ts';

export function sourcesOf(
  configuration: HostConfiguration,
  state: State,
  judging: Sources['judging'],
  { now, boot, askVerifier }: Pick<Caller, 'now' | 'boot' | 'askVerifier'>,
): Sources {
  return {
    judging,
    signing: signingSource(configuration, state, askVerifier),
    rosters: rosterSources(configuration, state.folder),
    revocations: () => readRevocations(state.folder),
    memory: state.memory,
    now: now(),
    lastRun: state.lastRun,
    boot: boot(),
    lastBoot: state.lastBoot,
    hash: sha256,
  };
}

function signingSource(
  { repository, gitlab, signed, requireTouch }: HostConfiguration,
  state: State,
  askVerifier: Caller['askVerifier'],
): SigningSource | undefined {
  const { branch, start, folder, rules: pinned } = repository;
  if (pinned === undefined) return undefined;
  const found = state.memory.judged.project;
  return {
    terms: {
      place: { branch: `refs/heads/${branch}`, start },
      ceilings: signed,
      requireTouch,
      folder,
      pinned,
      distrusted: readDistrusted(state.folder),
    },
    project: gitlab ? (found === undefined ? undefined : String(found)) : projectOf(repository.url),
    records: () => state.records(),
    ask: async (terms, lines) => {
      const answer = parseVerified(await askVerifier(renderQuestion({ ...terms, lines })));
      if (!answer) throw new Unavailable('ssh-keygen', 'the program that verifies signatures gave no answer that can be understood');
      return answer;
    },
    hash: sha256,
  };
}

/** A list that lies behind rsync is the one that judging fetched last. */
export function rosterSources({ rosters, judged }: HostConfiguration, folder: string): ReadonlyMap<RosterName, RosterSource> {
  return new Map(
    [...rosters].map(([name, { from, olderThan, checksum }]) => [
      name,
      {
        olderThan,
        checksum,
        read: () => (from.startsWith('rsync://') ? readFetched(judged, name, from, checksum) : readRosterFile(from, { checksum })),
        kept: (digest: string) => keptList(folder, name, digest),
      },
    ]),
  );
}

async function keptList(folder: string, name: RosterName, digest: string): Promise<KeptList> {
  const lost = (what: string): KeptList => ({ kind: 'lost', message: `its file ${generationFile(folder, name, digest)} ${what}` });
  try {
    const generation = await readGeneration(folder, name, digest);
    if (generation.kind === 'kept') return generation;
    return lost(generation.kind === 'missing' ? 'is not there' : 'does not hold what was kept in it');
  } catch (error) {
    // One roster that cannot be read back holds up no other.
    if (error instanceof Unavailable) return lost(`cannot be read (${errnoOf(error.cause)})`);
    throw error;
  }
}

export async function keepIn(folder: string, roster: string, digest: string, bytes: Uint8Array): Promise<void> {
  const name = parseRosterName(roster);
  if (name !== undefined) await keepGeneration(folder, name, digest, bytes);
}
