// After judging: brings the notes on merge requests up to date, of those alone whose standing changed. A quiet look asks GitLab nothing.
import type { Refusal } from '../record/policy-state.ts';
import type { GrantInForce } from '../record/grants.ts';
import type { CommitId, Instant } from '../names.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import type { ReachOf } from '../record/standing.ts';
import { settledReview, standingInForce, type JudgedLanding } from './settled-review.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { renderNote } from './note.ts';
import { findLanded, judgedLandings, numberOf, type Landed } from './landed.ts';

/** What a note last said, by merge request: a digest of the standing; null where it still has to be told. */
export type Said = ReadonlyMap<number, string | null>;

export interface NotesPorts {
  /** How far grants have come in the directory, as converging left it. */
  readonly reachOf: ReachOf;
  /** What this look recorded. */
  readonly news: readonly JudgingRecord[];
  /** The whole record, with the news. */
  readonly records: () => Iterable<JudgingRecord>;
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
export async function refreshNotes(policy: EffectivePolicy, at: Instant, folder: string, ports: NotesPorts): Promise<Remembered> {
  const { reachOf } = ports;
  const landed = await landedBy(ports, at);
  const standings = standingsByMergeRequest(policy, landed, withoutSince(reachOf), at, ports.digest);
  const due = mergeRequestsToTell(standings, landed, ports);
  const said = new Map<number, string | null>([...standings].filter(([number]) => !due.includes(number)));
  if (due.length === 0) return { said, landed: stillOpen(landed, said) };
  const landings = landingsOf(ports.records(), landed, new Set(due));
  const telling = { policy, reachOf, folder, at };
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

/** Since when somebody is a member is told, and is no reason to tell it again. */
function withoutSince(reachOf: ReachOf): ReachOf {
  return (grant) => {
    const reach = reachOf(grant);
    return reach.kind === 'member' ? { ...reach, since: undefined } : reach;
  };
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
  }
  for (const number of new Set([...standings.keys(), ...(said?.keys() ?? [])])) {
    if (said && standings.get(number) !== said.get(number)) changed.add(number);
  }
  return [...changed].sort((left, right) => left - right);
}

/** The last landing of each merge request: one merge request endorses one landing. */
function landingsOf(records: Iterable<JudgingRecord>, landed: Landed, wanted: ReadonlySet<number>): ReadonlyMap<number, JudgedLanding> {
  const numberFor = ({ verdict, commit }: { readonly verdict: { readonly mergeRequest: number | null }; readonly commit: CommitId }) =>
    verdict.mergeRequest ?? numberOf(landed, commit);
  const found = judgedLandings(records, (record) => wanted.has(numberFor(record) ?? -1));
  return new Map(found.map((landing) => [numberFor(landing) ?? -1, landing]));
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
