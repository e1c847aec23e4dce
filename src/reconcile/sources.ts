// From the configuration to what a run may ask, and what judging left for it, as it lies there now.
import { join } from 'node:path';
import { readFetched, readRosterFile } from '../roster/roster-file.ts';
import { sha256 } from '../digest.ts';
import { generationFile, readGeneration } from '../roster/generations.ts';
import { readRevocations } from '../revocation/revocations.ts';
import type { RosterName } from '../names.ts';
import { errnoOf, Unavailable } from '../errors.ts';
import type { KeptList, RosterSource } from '../roster/rosters.ts';
import type { Caller, HostConfiguration } from '../host.ts';
import type { Sources } from './survey.ts';
import type { SigningSource } from './signed-groups.ts';
import { readDistrusted } from '../record/by-hand.ts';
import { projectOf } from '../signing/statement.ts';
import { parseAnswer, renderQuestion } from '../signing/verify-question.ts';
import type { State } from '../ledger/state.ts';
import type { Memory } from '../ledger/memory.ts';
import type { Now } from '../record/now.ts';
import { largestNow, parseNow } from '../record/now-file.ts';
import { begunAnewIn, ownerOf, readForeignText, type Foreign } from '../record/other-half.ts';
import { readRecordPiece } from '../record/read-record.ts';
import type { JudgingSeen } from './take.ts';

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
    ask: async (question) => {
      const answer = parseAnswer(await askVerifier(renderQuestion(question)));
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

interface Places {
  readonly state: string;
  readonly judged: string;
}

export function readJudging({ state, judged }: Places, { taken }: Memory): JudgingSeen {
  const owner = ownerOf(judged);
  // What judging saw comes first: what it records meanwhile is then beyond that, and not the other way round.
  const now = owner === undefined ? absent : readNow(join(judged, 'now.json'), owner);
  const piece = owner === undefined ? absent : readRecordPiece(join(judged, 'record.jsonl'), owner, taken);
  return { now, piece, begunAnew: readBegunAnew(state) };
}

const absent = { kind: 'absent' } as const;

function readNow(path: string, owner: number): Foreign<Now | undefined> {
  const found = readForeignText(path, owner, largestNow);
  return found.kind === 'read' ? { kind: 'read', content: parseNow(found.content) } : found;
}

function readBegunAnew(state: string): string | undefined {
  const owner = ownerOf(state);
  const found = owner === undefined ? absent : readForeignText(begunAnewIn(state), owner, 100);
  return found.kind === 'read' ? /^([0-9a-f]{32})\n$/.exec(found.content)?.[1] : undefined;
}
