// Which generation of each roster counts: the one that is there now, if it can be accepted, or else the last one that was.
import type { People } from './domain/directory.ts';
import type { RosterGeneration } from './domain/desired.ts';
import type { Duration, Instant, RosterName } from './domain/names.ts';
import type { RosterRecord } from './domain/record.ts';
import { judgeRoster, parseRoster, tooManyUnknown, type FreshRoster, type RosterReading, type RosterState } from './domain/roster.ts';
import { count } from './domain/time.ts';
import type { Problem, RosterStanding } from './domain/run.ts';

export interface RosterSource {
  readonly olderThan: Duration | 'none';
  readonly checksum: 'none' | 'required';
  /** What lies at the configured place now. */
  read(): Promise<RosterReading>;
  /** The bytes of a generation that was accepted before; undefined when the store no longer has them intact. */
  kept(sha256: string): Promise<Uint8Array | undefined>;
}

export interface SettledRoster extends RosterStanding {
  /** A new generation, with its bytes, to be kept and recorded. */
  readonly fresh?: { readonly record: RosterRecord; readonly bytes: Uint8Array };
}

interface Candidate {
  readonly state: RosterState;
  readonly bytes: Uint8Array | undefined;
}

/** Read before the directory is asked: whose names a fresh roster has decides whom to ask about. */
export async function readRosters(
  sources: ReadonlyMap<RosterName, RosterSource>,
  now: Instant,
): Promise<ReadonlyMap<RosterName, Candidate>> {
  const candidates = new Map<RosterName, Candidate>();
  for (const [name, source] of sources) {
    const reading = await source.read();
    const state = judgeRoster(reading, { now, olderThan: source.olderThan, checksum: source.checksum });
    candidates.set(name, { state, bytes: reading.kind === 'file' ? reading.bytes : undefined });
  }
  return candidates;
}

/** The last accepted generation of a roster, from the store. */
async function lastAccepted(
  name: RosterName,
  source: RosterSource,
  accepted: RosterRecord | undefined,
): Promise<RosterGeneration | undefined> {
  if (!accepted) return undefined;
  const bytes = await source.kept(accepted.sha256);
  const parsed = bytes && parseRoster(bytes);
  return parsed?.kind === 'read' ? { roster: name, sha256: accepted.sha256, uids: parsed.uids } : undefined;
}

export async function settleRosters(
  candidates: ReadonlyMap<RosterName, Candidate>,
  sources: ReadonlyMap<RosterName, RosterSource>,
  accepted: ReadonlyMap<RosterName, RosterRecord>,
  people: People | undefined,
  now: Instant,
): Promise<readonly SettledRoster[]> {
  const standings: SettledRoster[] = [];
  for (const [roster, source] of sources) {
    const candidate = candidates.get(roster);
    if (!candidate) continue;
    const before = accepted.get(roster);
    const state =
      people && candidate.state.kind === 'fresh' && candidate.state.sha256 !== before?.sha256
        ? withPeople(candidate.state, people)
        : candidate.state;
    if (state.kind === 'fresh' && candidate.bytes && people) {
      standings.push({
        roster,
        state,
        generation: { roster, sha256: state.sha256, uids: state.uids },
        ...newGeneration(roster, state, candidate.bytes, before, now),
      });
    } else {
      const generation = await lastAccepted(roster, source, before);
      standings.push({ roster, state, generation, ...(before ? { acceptedAt: before.at } : {}) });
    }
  }
  return standings;
}

function newGeneration(
  roster: RosterName,
  { sha256, people, producedAt }: FreshRoster,
  bytes: Uint8Array,
  before: RosterRecord | undefined,
  now: Instant,
): Pick<SettledRoster, 'fresh'> {
  if (before?.sha256 === sha256) return {};
  return { fresh: { record: { type: 'roster', at: now, roster, sha256, people, producedAt }, bytes } };
}

function withPeople(state: FreshRoster, people: People): RosterState {
  const unknown = state.uids.filter((uid) => !people.has(uid)).length;
  if (!tooManyUnknown(state.uids, unknown)) return state;
  const { producedAt, sha256 } = state;
  const message = `The directory does not know ${unknown} of the ${count(state.uids.length, 'person', 'people')} on the list: it may be of other people, or cut. Whoever produces the list must look at it.`;
  return { kind: 'damaged', producedAt, sha256, message, act: 'producer' };
}

/** What to tell of a roster that cannot be used: status 5, as long as it lasts. */
export function rosterProblems(standings: readonly RosterStanding[]): readonly Problem[] {
  return standings.flatMap(({ roster, state, generation }) => {
    if (state.kind === 'fresh') return [];
    const keeps = generation
      ? 'The last accepted list stays in force.'
      : 'No list was ever accepted: the groups that need it are left as they are.';
    return [{ status: 'input' as const, code: `roster-${state.kind}`, message: `roster ${roster}: ${state.message} ${keeps}` }];
  });
}
