// After a run: brings the notes on merge requests up to date, of those alone whose standing changed. A quiet run asks GitLab nothing.
import type { Refusal } from '../judge/effective.ts';
import type { GrantInForce } from '../judge/grants.ts';
import { joinedAt } from '../ledger/joined.ts';
import type { Memory } from '../ledger/memory.ts';
import type { CommitId, Instant } from '../names.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { withheldFrom, type RunReport } from '../reconcile/run.ts';
import { settledReview, standingInForce, type JudgedLanding, type Reach, type ReachOf } from './settled-review.ts';
import type { EffectivePolicy } from '../judge/waiting.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { renderNote } from './note.ts';
import { findLanded, numberOf, type Landed } from './landed.ts';
import { landingOf } from './review-merge-request.ts';

/** What a note last said, by merge request: a digest of the standing; null where it still has to be told. */
export type Said = ReadonlyMap<number, string | null>;

export interface NotesPorts {
  readonly memory: Memory;
  /** What this run recorded. */
  readonly news: readonly LedgerRecord[];
  /** The whole record; only read when there is something to tell. */
  readonly records: () => Iterable<LedgerRecord>;
  /** Undefined before the first time: then only what this run changed is told, and the rest taken as known. */
  readonly said: Said | undefined;
  readonly landed: Landed;
  /** The merge request that GitLab made this commit of, if it names one by now. */
  readonly mergeRequestOf: (commit: CommitId) => Promise<number | undefined>;
  readonly write: (mergeRequest: number, text: string) => Promise<void>;
  readonly digest: (text: string) => string;
  readonly warn: (text: string) => void;
}

/** A run tells at most so many; the others have their turn in the next. */
const mostAtOnce = 50;

export interface Remembered {
  readonly said: Said;
  readonly landed: Landed;
}

/** Gives what is to be remembered. Never throws for anything that GitLab does. */
export async function refreshNotes(report: RunReport, folder: string, ports: NotesPorts): Promise<Remembered> {
  const { policy, at } = report;
  if (!policy) return { said: ports.said ?? new Map(), landed: ports.landed };
  const reachOf = reachAfter(report, ports.memory, new Map());
  const landed = await landedBy(ports, at);
  const standings = standingsByMergeRequest(policy, landed, reachOf, at, ports.digest);
  const due = mergeRequestsToTell(standings, landed, ports);
  const said = new Map<number, string | null>([...standings].filter(([number]) => !due.includes(number)));
  if (due.length === 0) return { said, landed: stillOpen(landed, said) };
  const all = [...ports.records(), ...ports.news];
  const landings = landingsOf(all, landed, new Set(due));
  const telling = { policy, reachOf: reachAfter(report, ports.memory, joinedAt(all)), folder, at };
  let silent = false;
  for (const [index, number] of due.entries()) {
    const landing = landings.get(number);
    if (!landing) continue;
    const isTold = !silent && index < mostAtOnce && (await tell(number, landing, telling, ports, () => (silent = true)));
    if (!isTold) said.set(number, null);
    else if (standings.has(number)) said.set(number, standings.get(number) ?? null);
  }
  return { said, landed: stillOpen(landed, said) };
}

async function landedBy({ landed, news, mergeRequestOf, warn }: NotesPorts, now: Instant): Promise<Landed> {
  let silent = false;
  return findLanded(landed, news, now, async (commit) => {
    if (silent) return 'not-known';
    try {
      return (await mergeRequestOf(commit)) ?? 'none';
    } catch (error) {
      if (error instanceof Unusable) return 'none';
      if (!(error instanceof Unavailable)) throw error;
      silent = true;
      warn(`GitLab did not say which merge request commit ${commit.slice(0, 12)} is: ${error.message}. The next run asks again`);
      return 'not-known';
    }
  });
}

/** A merge request that needs no further note is forgotten. */
function stillOpen(landed: Landed, said: Said): Landed {
  return new Map([...landed].filter(([, found]) => typeof found !== 'number' || said.has(found)));
}

/** Everything of a merge request that a note tells, as a digest. Merge requests with nothing on the branch any more are left out. */
function standingsByMergeRequest(
  { grants, refused }: EffectivePolicy,
  landed: Landed,
  reachOf: ReachOf,
  now: Instant,
  digest: NotesPorts['digest'],
): ReadonlyMap<number, string> {
  const lines = new Map<number, string[]>();
  const add = ({ mergeRequest: named, commit }: GrantInForce | Refusal, line: unknown) => {
    const mergeRequest = named ?? numberOf(landed, commit);
    if (mergeRequest !== null) lines.set(mergeRequest, [...(lines.get(mergeRequest) ?? []), JSON.stringify(line)]);
  };
  for (const grant of grants) add(grant, [grant.path, grant.commit, standingInForce(grant, reachOf, now)]);
  for (const refusal of refused) add(refusal, [refusal.path, refusal.commit, refusal.code]);
  return new Map([...lines].map(([number, all]) => [number, digest(all.join('\n'))]));
}

function mergeRequestsToTell(standings: ReadonlyMap<number, string>, landed: Landed, { said, news }: NotesPorts): readonly number[] {
  const changed = new Set<number>();
  for (const record of news) {
    const number = record.type === 'verdict' ? (record.verdict.mergeRequest ?? numberOf(landed, record.commit)) : null;
    if (number !== null) changed.add(number);
    if (record.type !== 'outcome') continue;
    for (const { because } of record.add) if (because.kind === 'grant' && because.mergeRequest !== null) changed.add(because.mergeRequest);
  }
  for (const number of new Set([...standings.keys(), ...(said?.keys() ?? [])])) {
    if (said && standings.get(number) !== said.get(number)) changed.add(number);
  }
  return [...changed].sort((left, right) => left - right);
}

/** The last landing of each merge request: one merge request endorses one landing. */
function landingsOf(records: Iterable<LedgerRecord>, landed: Landed, wanted: ReadonlySet<number>): ReadonlyMap<number, JudgedLanding> {
  const landings = new Map<number, JudgedLanding>();
  for (const record of records) {
    if (record.type !== 'verdict') continue;
    const mergeRequest = record.verdict.mergeRequest ?? numberOf(landed, record.commit);
    if (mergeRequest !== null && wanted.has(mergeRequest)) landings.set(mergeRequest, landingOf(record));
  }
  return landings;
}

interface Telling {
  readonly policy: EffectivePolicy;
  readonly reachOf: ReachOf;
  readonly folder: string;
  readonly at: Instant;
}

async function tell(
  number: number,
  landing: JudgedLanding,
  { policy, reachOf, folder, at }: Telling,
  { write, warn }: NotesPorts,
  onSilence: () => void,
): Promise<boolean> {
  const text = renderNote(settledReview(landing.commit, landing, policy, reachOf, folder, at));
  try {
    await write(number, text);
    return true;
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    warn(`the note on !${number} was not written: ${error.message}. The next run tries again`);
    // One bad merge request holds up no other; a GitLab that does not answer is not asked again in this run.
    if (error instanceof Unavailable) onSilence();
    return false;
  }
}

/** What the run left behind, person by person. `since` is known only where the record was read. */
function reachAfter({ groups }: RunReport, memory: Memory, since: ReturnType<typeof joinedAt>): ReachOf {
  const proposals = new Map(groups.map(({ proposal }) => [proposal.group, proposal]));
  return ({ group, uid }): Reach => {
    const proposal = proposals.get(group);
    if (memory.groups.get(group)?.members.has(uid)) return { kind: 'member', since: since.get(group)?.get(uid) };
    const reason = proposal && withheldFrom(proposal).find((one) => one.uid === uid)?.reason;
    if (reason) return { kind: 'withheld', code: reason.code };
    if (proposal?.kind !== 'planned') return { kind: 'not-yet' };
    return proposal.guarded.held.some(({ add }) => add.some((one) => one.uid === uid)) ? { kind: 'held' } : { kind: 'not-yet' };
  };
}
