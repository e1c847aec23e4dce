// Groups that must be signed: whatever judging says, nobody has more there than signatures give, and that a program of its own works out of the
// lines that were taken. What was in force when a group first had to be signed stays, and so does what root allowed.
import { problemOf, type Problem } from '../errors.ts';
import { evidenceLines } from '../ledger/evidence-lines.ts';
import type { Memory } from '../ledger/memory.ts';
import type { LedgerRecord, VerifiedRecord } from '../ledger/record.ts';
import { inOrder, inOrderOfPath, type GroupName, type Instant } from '../names.ts';
import { withinSignatures } from '../record/effective-policy.ts';
import type { GrantFile } from '../policy/policy.ts';
import { windowOf, type SignedGroup, type Window } from '../record/grants.ts';
import { count } from '../time.ts';
import type { Place } from '../signing/statement.ts';
import type { AskedFrom, VerifyTerms } from '../signing/verified-grants.ts';
import { renderAsked, type VerifyAnswer, type VerifyQuestion } from '../signing/verify-question.ts';
import type { TakenPolicy } from './take.ts';

/** Where rules are pinned. */
export interface SigningSource {
  readonly terms: Omit<VerifyTerms, 'groups' | 'place'> & { readonly place: Omit<VerifyTerms['place'], 'project'> };
  /** On GitLab its number, as judging found it; otherwise the URL. */
  readonly project: string | undefined;
  readonly records: () => Iterable<LedgerRecord>;
  readonly ask: (question: VerifyQuestion) => Promise<VerifyAnswer>;
  readonly hash: (text: string) => string;
}

/** `judged`, with what signatures do not give taken away, and for the ledger what they give. */
export async function holdToSignatures(
  judged: TakenPolicy,
  source: SigningSource | undefined,
  memory: Memory,
  now: Instant,
): Promise<TakenPolicy> {
  if (!source || !judged.policy) return judged;
  const asks = memory.asksForSignatures || judged.records.some(({ type }) => type === 'signed');
  if (!asks && signedByHost(source).length === 0) return judged;
  const { known, checked, bad = [], problem } = await verifiedOf(judged, source, memory, now);
  const policy = withinSignatures(judged.policy, known, memory.allowed);
  const { unsigned = [] } = policy;
  const problems = [...judged.problems, ...(problem ? [problem] : []), ...(unsigned.length > 0 ? [notSigned(unsigned)] : [])];
  const records: LedgerRecord[] = [...judged.records];
  if (checked.length + bad.length > 0) records.push({ type: 'checked', at: now, signatures: checked, ...(bad.length > 0 && { bad }) });
  if (known !== memory.verified) records.push(known);
  return { ...judged, policy, records, problems };
}

function signedByHost({ terms: { ceilings } }: { readonly terms: Pick<VerifyTerms, 'ceilings'> }): readonly GroupName[] {
  const named = [...ceilings.groups].flatMap(([group, { signed = 0 }]) => (signed > 0 ? [group] : []));
  return named.sort(inOrder);
}

interface Known {
  readonly known: VerifiedRecord;
  /** Signatures that were found good for the first time. */
  readonly checked: readonly string[];
  readonly bad?: readonly string[];
  readonly problem?: Problem;
}

/** Asked again only where something is new. Where there is no answer, the last one counts. */
async function verifiedOf(judged: TakenPolicy, source: SigningSource, memory: Memory, now: Instant): Promise<Known> {
  const { terms, project, hash } = source;
  // The lines themselves are read only where they are needed.
  const since = memory.evidence;
  const lines = since + [...evidenceLines(judged.records)].length;
  const found = judged.records.flatMap((record) => (record.type === 'project' ? [String(record.project)] : []));
  const place = { ...terms.place, project: project ?? found[0] ?? '' };
  const before = groupsAt(place, memory, since);
  const begin = (group: GroupName) => begun(group, since, source, judged, memory);
  const groups = withBegun(before, signedByHost(source), begin);
  const soFar = askedSoFar(terms, memory, since);
  const asked = { ...terms, place, asked: soFar };
  const basisOf = (of: readonly SignedGroup[]) =>
    hash(JSON.stringify([{ ...asked, groups: of, asked: soFar.map(renderAsked) }, [...terms.ceilings.groups], lines]));
  if (memory.verified?.basis === basisOf(groups)) return { known: memory.verified, checked: [] };
  const checked: string[] = [];
  const bad: string[] = [];
  const foundSoFar = (isGood: boolean) => [...memory.checked].flatMap(([name, was]) => (was === isGood ? [name] : []));
  const unanswered = (problem: Problem): Known => ({ known: lastKnown(place, groups, soFar, memory, now), checked, bad, problem });
  try {
    const answerWith = async (of: readonly SignedGroup[]) => {
      const answer = await source.ask({
        ...asked,
        groups: of,
        lines: evidenceLines(source.records(), judged.records),
        checked: [...foundSoFar(true), ...checked],
        bad: [...foundSoFar(false), ...bad],
      });
      checked.push(...answer.checked);
      bad.push(...(answer.bad ?? []));
      return answer.verified;
    };
    const first = await answerWith(groups);
    // Groups that the rules want signed since: what they had before this run counts, and what came since is looked at once more.
    const all = withBegun(groups, first?.groups ?? [], begin);
    const verified = all.length > groups.length ? await answerWith(all) : first;
    if (!verified) return unanswered(unfinished(checked.length + bad.length));
    const signed = all.filter(({ group }) => verified.groups.includes(group));
    // What it was asked with counts next time, the groups that are new in it among them.
    const { windows } = verified;
    return {
      known: { type: 'verified', at: now, basis: basisOf(signed), signedFor: place, groups: signed, windows, asked: soFar },
      checked,
    };
  } catch (error) {
    return unanswered(problemOf(error, 'ssh-keygen'));
  }
}

/** With those of `named` that are not among them. */
function withBegun(
  known: readonly SignedGroup[],
  named: readonly GroupName[],
  begin: (group: GroupName) => SignedGroup,
): readonly SignedGroup[] {
  const fresh = named.filter((group) => !known.some((one) => one.group === group));
  if (fresh.length === 0) return known;
  return [...known, ...fresh.map(begin)].sort((one, other) => inOrder(one.group, other.group));
}

/** What counts while there is no answer; in a group that is new, what it had. */
function lastKnown(
  signedFor: Place,
  groups: readonly SignedGroup[],
  asked: readonly AskedFrom[],
  { verified }: Memory,
  at: Instant,
): VerifiedRecord {
  if (verified && groups === verified.groups && asked === verified.asked) return verified;
  const fresh = groups.filter(({ group }) => !verified?.groups.some((one) => one.group === group));
  const windows = [...(verified?.windows ?? []), ...fresh.flatMap(({ before }) => before)].sort(inOrderOfPath);
  return { type: 'verified', at, basis: 'none', signedFor, groups, windows, asked };
}

/**
 * What was signed under what the host asked for then goes on to count. Where it asked for nothing, nobody had to sign the rules either: then they
 * are those that root pinned, from the beginning.
 */
function askedSoFar(terms: SigningSource['terms'], { verified }: Memory, since: number): readonly AskedFrom[] {
  const { asked = [] } = verified ?? {};
  const present = { from: since, ceilings: terms.ceilings, requireTouch: terms.requireTouch };
  const last = asked.at(-1);
  const isSame = last && JSON.stringify(renderAsked({ ...last, from: since })) === JSON.stringify(renderAsked(present));
  if (isSame) return asked;
  return last && signedByHost({ terms: last }).length > 0 ? [...asked, present] : [{ ...present, from: 0 }];
}

function unfinished(checked: number): Problem {
  return {
    status: 'unavailable',
    code: 'signatures-unfinished',
    message: `${count(checked, 'signature was', 'signatures were')} verified in this run, and there are more: the next run goes on. Until then what was verified before counts`,
  };
}

/**
 * Statements are for one place: by root's word another one begins (a new `start`, say), and nothing that was signed before counts there. What it gave
 * stays, as far as the new beginning still has it.
 */
function groupsAt(place: Place, { verified }: Memory, after: number): readonly SignedGroup[] {
  if (!verified) return [];
  if (JSON.stringify(verified.signedFor) === JSON.stringify(place)) return verified.groups;
  const isIn = (group: GroupName, { path }: Window) => path.split('/').at(-2) === group;
  return verified.groups.map(({ group }) => ({ group, after, before: verified.windows.filter((window) => isIn(group, window)) }));
}

/** What converging knew of the group before this run; where it knew nothing, what the start of the record says, which is held for a person. */
function begun(group: GroupName, after: number, { records }: SigningSource, judged: TakenPolicy, { policy }: Memory): SignedGroup {
  const known = policy ? [...policy.inForce.values()] : atStart([...records(), ...judged.records]);
  const before = known.filter((grant) => grant.group === group).map((grant) => windowOf(grant.path, grant));
  return { group, after, before: before.sort(inOrderOfPath) };
}

/** It may have come in parts, run after run. */
function atStart(records: readonly LedgerRecord[]): readonly (GrantFile & Pick<Window, 'path'>)[] {
  return records.flatMap((record) => (record.type === 'start-part' ? record.grants.map(([path, grant]) => ({ ...grant, path })) : []));
}

const mostNamed = 5;

function notSigned(paths: readonly string[]): Problem {
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : '';
  return {
    status: 'input',
    code: 'record-not-signed',
    message: `the record of judging gives access that no signature gives: ${paths.slice(0, mostNamed).join(', ')}${more}. It does not count. The administrator of this host finds out why judging says so; the way back is "muster judge --begin-anew", as root`,
  };
}
