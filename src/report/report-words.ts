// The sentences of a report, for its text, its spreadsheet and its page. What explain says too is said in explain's words.
import type { HoldCode } from '../membership/guard.ts';
import type { DistrustStory } from '../ledger/distrusted.ts';
import type { Attention } from './report-attention.ts';
import { isRatified } from '../revocation/ratification.ts';
import type { EndingGrant, GroupReport, MemberReason, NotInReason, Report, RevocationReport } from './report.ts';
import type { Heads } from '../ledger/state.ts';
import type { KnownHold } from '../ledger/group-memory.ts';
import { isFoundOnly, type Departure, type Stay } from '../ledger/stays.ts';
import type { OverrideStory } from '../ledger/replay.ts';
import { leastSigners, type GroupRules, type Rules } from '../policy/policy.ts';
import type { Instant } from '../names.ts';
import { count, renderDuration } from '../time.ts';
import { renderPending, renderRefusalBriefly } from '../review/refusals.ts';
import { plain, renderBecause, renderMoment, renderRemoval, renderWithheld, renderBy } from '../text.ts';

const holds: Readonly<Record<HoldCode, string>> = {
  'too-many-removals': 'more removals in 24 hours than the limit lets through',
  'too-many-additions': 'more additions in 24 hours than the limit lets through',
  'too-few-left': 'too few members would be left',
  'first-run':
    'the group had members before muster: "muster adopt" prints what they need to stay; what is right otherwise has to be allowed',
  'new-person': 'the entry was made after the person was named, and somebody has to make sure who is behind',
  'new-start': 'a new start, or a record that never saw it land, would add or lengthen this, and it has to be allowed',
  clock: 'the clock of the host was in doubt',
  ceiling: 'it is beyond what the host allows in this group',
};

export function renderHoldCode(code: HoldCode): string {
  return holds[code];
}

export function renderMemberReason(reason: MemberReason): string {
  switch (reason.kind) {
    case 'grant':
    case 'roster':
      return renderBecause(reason.because);
    case 'held':
      return `named by no grant or roster any more, and the removal is held since ${renderMoment(reason.since)}: ${holds[reason.code]}`;
    case 'over':
      return `${renderBecause(reason.because)}: this no longer holds, and the next run takes the member out`;
    case 'frozen':
      return `the rules do not know the group, and it is left as it is${reason.because ? `; brought by ${renderBecause(reason.because)}` : ''}`;
    case 'none':
      return 'no grant or roster explains this member';
  }
}

export function renderNotIn(reason: NotInReason): string {
  if (reason.code === 'held') return `the addition is held since ${renderMoment(reason.since)}: ${holds[reason.hold]}`;
  if (reason.code !== 'not-told') return renderWithheld(reason);
  return 'the record does not tell why; "muster explain UID" asks the directory';
}

export function renderHold({ code, since, add, remove }: KnownHold): string {
  const changes = [
    add.length > 0 ? `in: ${add.map(plain).join(', ')}` : '',
    remove.length > 0 ? `out: ${remove.map(plain).join(', ')}` : '',
  ].filter(Boolean);
  return `held since ${renderMoment(since)}: ${holds[code]}${changes.length > 0 ? ` (${changes.join('; ')})` : ''}`;
}

export function renderRevocation({ uid, from, at, reason, by, lifted, ...rest }: RevocationReport): string {
  const where = from === null ? 'every managed group' : from;
  const why = reason === '' ? '' : `: ${plain(reason)}`;
  // Most people end a reason with a full stop of their own.
  const begun = `${uid} was revoked from ${where} at ${renderMoment(at)}${renderBy(by)}${why}`.replace(/\.$/, '');
  if (lifted)
    return `${begun}. Lifted at ${renderMoment(lifted.at)}${renderBy(lifted.by)}${lifted.reason === '' ? '' : `: ${plain(lifted.reason)}`}`;
  if (isRatified(rest)) return `${begun}. Nothing names ${uid} there any more.`;
  if (rest.namedBy.length === 0) return `${begun}. Whether ${rest.unread.join(', ')} still names ${uid} is not on record.`;
  return `${begun}. Still named by ${rest.namedBy.map(plain).join(', ')}: until that is changed, only the revocation keeps ${uid} out.`;
}

export function renderOverride({ record: { at, group, code, reason, by }, usedAt }: OverrideStory): string {
  const used = usedAt === undefined ? 'never used' : `used at ${renderMoment(usedAt)}`;
  return `${renderMoment(at)}, ${group}: a held set was allowed${renderBy(by)}: ${holds[code]}; ${used}${reason === '' ? '' : `. ${plain(reason)}`}`;
}

export function renderWaiting({ commit, since, pending }: Report['waiting'][number]): string {
  const when = since === undefined ? '' : ` since ${renderMoment(since)}`;
  const why = pending ? `: ${renderPending(pending)}` : '; until it is judged nobody gains by it';
  return `${commit.slice(0, 12)} waits for a verdict${when}${why}`;
}

export function renderAttention(one: Attention, evidence: Report['evidence']): string {
  switch (one.kind) {
    case 'unexplained':
      return `${one.group}: no grant or roster explains ${one.names.map(plain).join(', ')}`;
    case 'held':
      return `${one.group}: ${renderHold(one.hold)}`;
    case 'refused':
      return `${plain(one.refusal.path)} is not in force: ${renderRefusalBriefly(one.refusal, evidence)}`;
    case 'waiting':
      return renderWaiting(one.waiting);
    case 'frozen':
      return `${one.group}: the rules do not know this group, and it is left as it is`;
    case 'unrecorded':
      return `${one.group}: who is in it is not on record, because no run that may write has taken it over yet`;
    case 'revocation':
      return renderRevocation(one.revocation);
    case 'not-signed':
      return `judging gives access that no signature gives, and it does not count: ${one.paths.map(plain).join(', ')}`;
    case 'distrusted':
      return renderDistrusted(one.story);
    case 'not-in':
      return `${one.notIn.uid} should be in ${one.group} and is not: ${renderNotIn(one.notIn.reason)}`;
  }
}

function renderDistrusted({ record: { person, fingerprint, since, by, reason }, named, grants }: DistrustStory): string {
  const whose = `${person}: signatures with ${fingerprint ?? 'any key'} count no more since ${renderMoment(since)}${renderBy(by)}`;
  const still = [
    ...(named ? ['policy.yaml still names the key'] : []),
    ...(grants.length > 0 ? [`in force by such a signature: ${grants.map(({ path }) => plain(path)).join(', ')}`] : []),
  ];
  return `${whose}${reason === '' ? '' : `: ${plain(reason).replace(/\.$/, '')}`}. Not ratified: ${still.join('; ')}`;
}

/** What a person does about it: said, and where there is one the command that follows. */
export interface Remedy {
  readonly words: string;
  readonly command?: string;
}

/** Undefined where nobody has to do anything, or where what to do is told once for all (the way back of what was refused). */
export function remedyFor(one: Attention): Remedy | undefined {
  switch (one.kind) {
    case 'unexplained':
      return { words: 'Print grant files for those who are to stay, and take the others out:', command: `muster adopt ${one.group}` };
    case 'held':
      return one.hold.code === 'ceiling'
        ? { words: 'If it is right, an administrator of this host raises directory.ceilings in the configuration.' }
        : {
            words: 'If it is wrong, correct what it comes from. If it is right:',
            command: `muster allow ${one.group} ${plain(one.hold.digest)} --reason "…"`,
          };
    case 'not-signed':
      return {
        words: 'An administrator of this host finds out why judging says so, and begins anew, as root:',
        command: 'muster judge --begin-anew',
      };
    case 'distrusted':
      return {
        words:
          'Have the key taken out of policy.yaml, and what came in by it taken away ("muster revoke" at once, then "muster request GROUP UID --revoke").',
      };
    case 'frozen':
      return { words: `Write groups/${one.group}.yaml in the policy, or take the group out of directory.groups on this host.` };
    case 'unrecorded':
      return { words: 'See what the first run would change, and what holds it:', command: 'muster plan' };
    default:
      return undefined;
  }
}

/** What is only good to know: it passes by itself, or others have been told. */
export function needsAct({ kind }: Attention): boolean {
  return kind !== 'waiting' && kind !== 'revocation' && kind !== 'not-in';
}

/** Above those who had access in it. */
export function renderPeriod(since: Instant, at: Instant): string {
  return `Had access at any time from ${renderMoment(since)} to ${renderMoment(at)}`;
}

/** Who was in, from when until when, and by whose word. */
export function renderAccess(stay: Stay): string {
  const { group, name, from, departure, reasons } = stay;
  const why = reasons.map(({ because }) => (because ? renderBecause(because) : 'no grant or roster explained it')).join('; then ');
  const who = `${plain(name)} in ${group}`;
  if (!departure) return `${who} since ${renderMoment(from)}: ${plain(why)}`;
  if (isFoundOnly(stay))
    return `${who}: put in by others, found at ${renderMoment(departure.at)} and taken out at once: ${renderDeparture(departure)}`;
  return `${who} from ${renderMoment(from)} to ${renderMoment(departure.at)}: ${plain(why)}. Out: ${renderDeparture(departure)}`;
}

/** Why somebody left. */
export function renderDeparture({ because }: Departure): string {
  if (because === null) return 'taken out by others';
  return because.kind === 'untold' ? 'taken out by muster' : renderRemoval(because);
}

/** Below a group's name: how its members come about. */
export function renderGroupRules(rules: GroupRules, evidence: Report['evidence']): string {
  const { owner, members, longest, requires, unexplained } = rules;
  if (members.kind === 'roster') return `owned by ${owner}; its members are the roster ${members.roster}`;
  const fields = requires.length > 0 ? `; a grant needs ${requires.join(', ')}` : '';
  const limit = longest === 'none' ? 'grants may have no end' : `a grant lasts at most ${renderDuration(longest)}`;
  const unknown = unexplained === 'report' ? '; members that no grant explains are only reported' : '';
  return `owned by ${owner}; its members come from grants, with ${renderQuorum(rules, evidence)}; ${limit}${fields}${unknown}`;
}

function renderQuorum({ approvals, signed, approvers }: Rules['rules'], evidence: Report['evidence']): string {
  if (evidence === 'signed') return `${count(Math.max(approvals, signed, leastSigners), 'signature')} by ${approvers.join(' or ')}`;
  return `${count(approvals, 'approval')} by ${approvers.join(' or ')}${evidence === 'none' ? ' (not asked for on this host)' : ''}`;
}

/** An end is the grant's: whether the person is in, the record tells, where it does. */
export function renderEnding({ group, uid }: EndingGrant, { groups, side }: Report): string {
  const of = groups.find((one) => one.group === group);
  if (side === 'policy' || of?.members.some(({ name }) => name === uid)) return `${uid} in ${group}`;
  return `the grant of ${uid} for ${group}; ${of?.recorded ? `${uid} is not in` : 'who is in is not on record'}`;
}

export function renderTeams({ teams, rules }: Rules, evidence: Report['evidence']): readonly string[] {
  const own = [...teams].map(([team, uids]) => `${team}: ${uids.length > 0 ? uids.join(', ') : 'names are left out of this report'}`);
  return [...own, `the rules themselves: ${renderQuorum(rules, evidence)}`];
}

export function renderSize({ recorded, members, group }: GroupReport, side: Report['side']): string {
  if (side === 'policy') return `${group}: ${count(members.length, 'person', 'people')} by grants in force`;
  return recorded ? `${group}: ${count(members.length, 'member')}` : `${group}: its members are not on record yet`;
}

/** What a reader has to know of the report as a whole. */
export function renderNotes({ side, isPublic, evidence, mode, begins, written, judged, heads }: Report): readonly string[] {
  return [
    side === 'record'
      ? `From the record of this host${begins === undefined ? ', which is empty' : `, which begins at ${renderMoment(begins)} and was last written at ${renderMoment(written)}`}.`
      : 'From the policy alone: nobody looked at the directory, and rosters are not read here.',
    judged === undefined ? 'No policy was in force.' : `Policy judged up to ${judged.slice(0, 12)}.`,
    ...(evidence === 'signed'
      ? ['Evidence: signed. What counts was signed with SSH keys by two people at least; no forge was asked.']
      : []),
    ...(evidence === 'none' ? ['Evidence: none. Whatever stood on the branch counted; nobody was asked for an approval.'] : []),
    ...(mode === 'report' && side === 'record' ? ['The mode of this host is report: nothing is written to the directory.'] : []),
    ...(isPublic ? ['Public: reasons, contacts, tickets, the names of approvers and who is revoked are left out.'] : []),
    ...(heads ? [renderHeads(heads)] : []),
  ];
}

/** Whoever has this page can show later whether anything before was written anew. */
function renderHeads({ ledger, record }: Heads): string {
  const told = ({ count: lines, hash }: Heads['ledger']) => `line ${lines} sha256:${hash}`;
  return `The last line of each record, for "muster verify": ledger, ${told(ledger)}${record ? `; record of judging, ${told(record)}` : ''}.`;
}
