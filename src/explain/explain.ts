// `muster explain UID|GROUP`: why somebody is a member, or is not, and how that came to be. Everything it says was decided elsewhere.
import { place } from '../policy/policy.ts';
import type { DirectoryPerson } from '../directory/directory.ts';
import { inOrder, type Dn, type GroupName, type Uid, type CommitId, type Instant, type RosterName } from '../names.ts';
import type { Reading } from '../judge/form.ts';
import { isOver } from '../record/grants.ts';
import { distance } from '../near.ts';
import type { DistrustStory } from '../ledger/distrusted.ts';
import { personHistories } from '../ledger/person-history.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { PlannedGroup, RunReport } from '../reconcile/run.ts';
import type { Because, WithheldReason } from '../membership/desired.ts';
import type { Refusal } from '../record/policy-state.ts';
import type { Hold } from '../membership/guard.ts';
import type { Removal } from '../membership/plan.ts';
import type { Pending } from '../record/effective-policy.ts';
import type { OpenEffect } from '../record/now.ts';

export interface HistoryEntry {
  readonly at: Instant;
  readonly event: 'added' | 'removed' | 'appeared' | 'vanished' | 'endorsed' | 'refused' | 'deleted' | 'revoked' | 'lifted';
  readonly because: Because | Removal['because'] | null;
  readonly commit?: string;
  readonly mergeRequest?: number | null;
  /** The merge request's page. */
  readonly link?: string;
  readonly detail?: string;
  /** Who typed it, where somebody did. */
  readonly by?: string;
}

/** A merge request that is open and would do something to the person. */
export interface OpenRequest {
  readonly mergeRequest: number;
  readonly effect: OpenEffect['effect'];
  readonly link: string | undefined;
}

/** A grant file at the tip of the branch that gives nothing, though it neither waits nor is refused now. */
export interface IdleFile {
  readonly path: string;
  readonly why:
    | { readonly kind: 'ended'; readonly at: Instant }
    | { readonly kind: 'roster'; readonly roster: RosterName }
    /** Judging got as far as this commit, and nothing is judged after it now. */
    | { readonly kind: 'not-judged'; readonly judged: CommitId }
    /** It must be signed, and what judging says of it no signature gives. */
    | { readonly kind: 'not-signed' }
    | { readonly kind: 'other' };
  /** The change that last touched it was refused: the code. */
  readonly refusedAs: string | undefined;
}

export interface GroupStanding {
  readonly group: GroupName;
  readonly member: boolean | null;
  readonly desired: boolean;
  readonly because: Because | null;
  readonly withheld: { readonly reason: WithheldReason; readonly because: Because } | null;
  readonly refused: readonly Refusal[];
  readonly pending: readonly Pending[];
  /** Changes of this person that are planned or wait for a person. */
  readonly planned: 'add' | 'remove' | 'held' | null;
  readonly leaves: Removal['because'] | null;
  /** The held sets that the person is part of. */
  readonly holds: readonly Hold[];
  readonly idle: IdleFile | null;
  readonly open: readonly OpenRequest[];
  readonly history: readonly HistoryEntry[];
}

export interface PersonExplained extends Pick<RunReport, 'evidence' | 'mode'> {
  readonly uid: Uid;
  readonly dn: Dn | null;
  /** Whether the directory has such a person; `not-told` where it did not answer. */
  readonly inDirectory: 'yes' | 'no' | 'ambiguous' | 'not-told';
  /** The files on the branch could be read. */
  readonly isTipKnown: boolean;
  readonly groups: readonly GroupStanding[];
  /** What came in by signatures that count no more, of anybody. */
  readonly distrusted?: readonly DistrustStory[];
  /** Where nothing at all is known of the uid: people and groups with names so like it that it may be a slip of the hand. */
  readonly near: readonly string[];
}

/** What others have of the person, whether or not it counts. */
export interface Around {
  /** The person in the directory; `unanswered` when it did not say. */
  readonly found: DirectoryPerson | 'ambiguous' | 'unanswered' | undefined;
  /** The person's grant files at the tip of the branch, by path; undefined when it could not be read. */
  readonly files: ReadonlyMap<string, Reading> | undefined;
  /** What came in by signatures that count no more. */
  readonly distrusted: readonly DistrustStory[];
  /** The page of a merge request, where its address is known. */
  readonly pageOf: (mergeRequest: number) => string | undefined;
}

export function explainPerson(
  uid: Uid,
  report: RunReport,
  folder: string,
  records: Iterable<LedgerRecord>,
  { found, files, distrusted, pageOf }: Around,
): PersonExplained {
  const histories = personHistories(
    uid,
    report.groups.map(({ proposal }) => proposal.group),
    folder,
    records,
  );
  const planned = report.groups.flatMap(({ proposal }) => (proposal.kind === 'planned' ? [proposal] : []));
  const groups = report.groups.map(({ proposal }) => {
    const history = histories.get(proposal.group) ?? [];
    const ofPath = <One extends { readonly path: string }>(list: readonly One[] = []) =>
      list.filter(({ path }) => isAbout(path, folder, uid, proposal.group));
    const refused = ofPath(report.policy?.refused);
    const pending = ofPath(report.policy?.pending);
    const open = report.open
      .filter((one) => one.uid === uid && one.group === proposal.group)
      .map(({ mergeRequest, effect }) => ({ mergeRequest, effect, link: pageOf(mergeRequest) }));
    if (proposal.kind !== 'planned') return { ...unknownStanding(proposal.group), refused, pending, open, history };
    const known = { ...standing(uid, proposal), refused, pending };
    return {
      ...known,
      idle: idleFile(known, ofPath([...(files ?? [])].map(([path, reading]) => ({ path, reading }))), proposal, report, history),
      open,
      history,
    };
  });
  const shown = planned.map((one) => dnIn(uid, one)).find((dn) => dn !== null) ?? null;
  const isKnown = found !== undefined || shown !== null || groups.some(isToldOf);
  const near = isKnown ? [] : namesNear(uid, report);
  const inDirectory = found === undefined ? 'no' : found === 'ambiguous' ? found : found === 'unanswered' ? 'not-told' : 'yes';
  const dn = typeof found === 'object' ? found.dn : shown;
  return {
    evidence: report.evidence,
    mode: report.mode,
    uid,
    dn,
    inDirectory,
    isTipKnown: files !== undefined,
    groups,
    distrusted,
    near,
  };
}

/** Nobody can say where the person stands in a group that is left as it is. */
function unknownStanding(group: GroupName) {
  return { group, member: null, desired: false, because: null, withheld: null, planned: null, leaves: null, holds: [], idle: null };
}

/** A file that is there and gives nothing, where nothing else says so. */
function idleFile(
  { because, withheld, refused, pending, planned, leaves }: Omit<GroupStanding, 'idle' | 'open' | 'history'>,
  files: readonly { readonly path: string; readonly reading: Reading }[],
  proposal: PlannedGroup,
  report: RunReport,
  history: readonly HistoryEntry[],
): IdleFile | null {
  const [file] = files;
  const awaitsAPerson = planned === 'held' && !leaves;
  if (!file || because || withheld || awaitsAPerson || refused.length + pending.length > 0) return null;
  const last = history.findLast(({ event }) => event === 'endorsed' || event === 'refused' || event === 'deleted');
  const refusedAs = last?.event === 'refused' ? last.detail : undefined;
  return { path: file.path, why: whyIdle(file, proposal, report), refusedAs };
}

function whyIdle(
  { path, reading }: { readonly path: string; readonly reading: Reading },
  { rules: { members } }: PlannedGroup,
  { at, head, policy }: RunReport,
): IdleFile['why'] {
  if (policy && policy.judged !== head && policy.pending.length === 0) return { kind: 'not-judged', judged: policy.judged };
  if (members.kind === 'roster') return { kind: 'roster', roster: members.roster };
  if (policy?.unsigned?.includes(path)) return { kind: 'not-signed' };
  const until = reading.kind === 'grant' ? reading.grant.until : 'open';
  return until !== 'open' && isOver(until, at) ? { kind: 'ended', at: until } : { kind: 'other' };
}

function isToldOf({ because, withheld, refused, pending, idle, open, history }: GroupStanding): boolean {
  return because !== null || withheld !== null || idle !== null || refused.length + pending.length + open.length + history.length > 0;
}

const mostNear = 3;

/** Names of groups and of people who are in one or are named for one, the most alike first. */
function namesNear(uid: Uid, { groups }: RunReport): readonly string[] {
  const names = new Set<string>();
  for (const { proposal } of groups) {
    names.add(proposal.group);
    if (proposal.kind !== 'planned') continue;
    for (const { person } of proposal.desired.members.values()) names.add(person.uid);
    for (const one of [...proposal.desired.withheld, ...proposal.plan.remove]) names.add(one.uid);
  }
  // Two letters that changed places are two steps; in a short name so much makes another one of it.
  const most = Math.max(uid.length < 5 ? 1 : 2, Math.floor(uid.length / 4));
  const alike = [...names].filter(({ length }) => Math.abs(length - uid.length) <= most);
  const near = alike.map((name) => ({ name, away: distance(uid, name) })).filter(({ away }) => away <= most);
  near.sort((left, right) => left.away - right.away || inOrder(left.name, right.name));
  return near.slice(0, mostNear).map(({ name }) => name);
}

function standing(uid: Uid, proposal: PlannedGroup): Omit<GroupStanding, 'refused' | 'pending' | 'history' | 'idle' | 'open'> {
  const { desired, plan, guarded, observed, group } = proposal;
  const entitled = [...desired.members.values()].find(({ person, newStart }) => person.uid === uid && !newStart);
  const withheld = desired.withheld.find((one) => one.uid === uid);
  const leaving = plan.remove.find((one) => one.uid === uid);
  const other = [...plan.reported, ...plan.kept].some((one) => one.uid === uid);
  const member =
    leaving !== undefined || other || (entitled !== undefined && observed.members.some(({ key }) => key === entitled.person.key));
  const holds = guarded.held.filter(({ add, remove }) => [...add, ...remove].some((one) => one.uid === uid));
  const coming = guarded.add.some((one) => one.uid === uid);
  const planned = holds.length > 0 ? 'held' : coming ? 'add' : leaving ? 'remove' : null;
  return {
    group,
    member,
    desired: entitled !== undefined,
    because: entitled?.because ?? null,
    planned,
    leaves: leaving?.because ?? null,
    holds,
    withheld: withheld ? { reason: withheld.reason, because: withheld.because } : null,
  };
}

function dnIn(uid: Uid, { desired, plan }: PlannedGroup): Dn | null {
  const entitled = [...desired.members.values()].find(({ person }) => person.uid === uid);
  return entitled?.person.dn ?? [...plan.remove, ...plan.reported, ...plan.kept].find((one) => one.uid === uid)?.member.dn ?? null;
}

function isAbout(path: string, folder: string, uid: Uid, group: GroupName): boolean {
  const where = place(path, folder);
  return where.kind === 'grant' && where.uid === uid && where.group === group;
}
