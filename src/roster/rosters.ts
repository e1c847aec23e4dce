// Which generation of each roster counts: the one that is there now, if it can be accepted, or else the last one that was.
import type { People } from '../directory/directory.ts';
import type { RosterGeneration } from '../membership/desired.ts';
import type { Duration, Instant, RosterName } from '../names.ts';
import type { RosterRecord } from '../ledger/record.ts';
import { judgeRoster, parseRoster, tooManyUnknown, type FreshRoster, type RosterReading, type RosterState } from './roster.ts';
import { count } from '../time.ts';
import type { RosterStanding } from '../reconcile/run.ts';
import type { Problem } from '../errors.ts';
import type { StatusName } from '../status.ts';

/** A list that was accepted before. `lost`: what became of it, and of which file. */
export type KeptList = { readonly kind: 'kept'; readonly bytes: Uint8Array } | { readonly kind: 'lost'; readonly message: string };

export interface RosterSource {
  readonly olderThan: Duration | 'none';
  readonly checksum: 'none' | 'required';
  /** What lies at the configured place now. */
  read(): Promise<RosterReading>;
  /** A generation that was accepted before, from the store. */
  kept(sha256: string): Promise<KeptList>;
}

export interface SettledRoster extends RosterStanding {
  /** A new generation, with its bytes, to be kept and recorded. */
  readonly fresh?: { readonly record: RosterRecord; readonly bytes: Uint8Array };
}

export interface RosterCandidate {
  readonly roster: RosterName;
  readonly state: RosterState;
  readonly bytes: Uint8Array | undefined;
  /** The generation that was accepted last, from the store; read with the first call. */
  before(): Promise<Before>;
}

/** Neither: no list was ever accepted. */
interface Before {
  readonly generation: RosterGeneration | undefined;
  readonly lost?: string;
}

/** Read before the directory is asked: whose names a roster has decides whom to ask about. */
export async function readRosters(
  sources: ReadonlyMap<RosterName, RosterSource>,
  accepted: ReadonlyMap<RosterName, RosterRecord>,
  now: Instant,
): Promise<readonly RosterCandidate[]> {
  const candidates: RosterCandidate[] = [];
  for (const [roster, source] of sources) {
    const reading = await source.read();
    const state = judgeRoster(reading, { now, olderThan: source.olderThan, checksum: source.checksum });
    const last = accepted.get(roster);
    let before: Promise<Before> | undefined;
    candidates.push({
      roster,
      state,
      bytes: reading.kind === 'file' ? reading.bytes : undefined,
      before: () => (before ??= lastAccepted(roster, source, last)),
    });
  }
  return candidates;
}

async function lastAccepted(roster: RosterName, source: RosterSource, last: RosterRecord | undefined): Promise<Before> {
  if (!last) return { generation: undefined };
  const { sha256 } = last;
  const kept = await source.kept(sha256);
  if (kept.kind === 'lost') return { generation: undefined, lost: kept.message };
  const parsed = parseRoster(kept.bytes);
  if (parsed.kind !== 'read') return { generation: undefined, lost: 'this version of muster does not take it for a list' };
  return { generation: { roster, sha256, uids: parsed.uids } };
}

/** Those that count unless the directory turns out not to know their people. */
export async function generationsThatMayCount(candidates: readonly RosterCandidate[]): Promise<readonly RosterGeneration[]> {
  const generations: RosterGeneration[] = [];
  for (const { roster, state, before } of candidates) {
    const generation = state.kind === 'fresh' ? generationOf(roster, state) : (await before()).generation;
    if (generation) generations.push(generation);
  }
  return generations;
}

function generationOf(roster: RosterName, { sha256, uids }: FreshRoster): RosterGeneration {
  return { roster, sha256, uids };
}

/** `people`: what the directory says of everybody on these lists; undefined when it did not answer, and then no new list is accepted. */
export function settleRosters(
  candidates: readonly RosterCandidate[],
  accepted: ReadonlyMap<RosterName, RosterRecord>,
  people: People | undefined,
  now: Instant,
): Promise<readonly SettledRoster[]> {
  const settled = candidates.map(async ({ roster, state, bytes, before }): Promise<SettledRoster> => {
    const last = accepted.get(roster);
    if (state.kind === 'fresh' && state.sha256 === last?.sha256) return { roster, state, generation: generationOf(roster, state) };
    const judged = state.kind === 'fresh' && people ? withPeople(state, people) : state;
    if (judged.kind === 'fresh' && bytes && people) {
      const { sha256, producedAt } = judged;
      const record: RosterRecord = { type: 'roster', at: now, roster, sha256, people: judged.people, producedAt };
      return { roster, state: judged, generation: generationOf(roster, judged), fresh: { record, bytes } };
    }
    return { roster, state: judged, ...(await before()), ...(last ? { acceptedAt: last.at } : {}) };
  });
  return Promise.all(settled);
}

function withPeople(state: FreshRoster, people: People): RosterState {
  const unknown = state.uids.filter((uid) => !people.has(uid)).length;
  if (!tooManyUnknown(state.uids, unknown)) return state;
  const { producedAt, sha256 } = state;
  const message = `The directory does not know ${unknown} of the ${count(state.uids.length, 'person', 'people')} on the list: it may be of other people, or cut. Whoever produces the list must look at it.`;
  return { kind: 'damaged', producedAt, sha256, message, act: 'producer' };
}

/** What to tell of a roster that cannot be used, as long as it lasts. */
export function rosterProblems(standings: readonly RosterStanding[]): readonly Problem[] {
  return standings.flatMap((standing) => {
    const { roster, state } = standing;
    const status = rosterStatus(standing);
    if (state.kind === 'fresh' || status === undefined) return [];
    return [{ status, code: `roster-${state.kind}`, message: `roster ${roster}: ${state.message} ${keeps(standing)}` }];
  });
}

/** What the roster adds to the status of a run; undefined when it can be used. */
export function rosterStatus({ state }: Pick<RosterStanding, 'state'>): StatusName | undefined {
  if (state.kind === 'fresh') return undefined;
  return 'mayPass' in state && state.mayPass ? 'unavailable' : 'input';
}

function keeps({ generation, lost }: RosterStanding): string {
  if (generation) return 'The last accepted list stays in force.';
  if (lost === undefined) return 'No list was ever accepted: the groups that need it are left as they are.';
  return `The list that was accepted last cannot be used either: ${lost}. The groups that need it are left as they are until the administrator of this host brings that file back from a backup, or a list comes that can be used.`;
}
