// Groups that must be signed: whatever judging says, nobody has more there than signatures give, and that a program of its own works out of the
// lines that were taken. What was in force when a group first had to be signed stays, and so does what root allowed.
import { problemOf, type Problem } from '../errors.ts';
import type { Memory } from '../ledger/memory.ts';
import type { LedgerRecord, VerifiedRecord } from '../ledger/record.ts';
import { inOrder, inOrderOfPath, type GroupName, type Instant } from '../names.ts';
import { withinSignatures } from '../record/effective-policy.ts';
import { wider, type GrantInForce, type SignedGroup, type Window } from '../record/grants.ts';
import { isEvidence, type EvidenceLine } from '../record/judging-record.ts';
import { count } from '../time.ts';
import type { Place } from '../signing/statement.ts';
import type { VerifyTerms } from '../signing/verified-grants.ts';
import type { VerifyAnswer, VerifyQuestion } from '../signing/verify-question.ts';
import type { TakenPolicy } from './take.ts';

/** Where rules are pinned. */
export interface SigningSource {
  readonly terms: Omit<VerifyTerms, 'groups' | 'allowed' | 'place'> & { readonly place: Omit<VerifyTerms['place'], 'project'> };
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
  const lines = [...source.records(), ...judged.records].filter(isEvidence);
  const asksForSome =
    [...source.terms.ceilings.groups.values()].some(({ signed = 0 }) => signed > 0) || lines.some(({ type }) => type === 'signed');
  if (!asksForSome) return judged;
  const { known, checked, problem } = await verifiedOf(lines, judged, source, memory, now);
  const policy = withinSignatures(judged.policy, known, memory.allowed);
  const { unsigned = [] } = policy;
  const problems = [...judged.problems, ...(problem ? [problem] : []), ...(unsigned.length > 0 ? [notSigned(unsigned)] : [])];
  const records: LedgerRecord[] = [...judged.records];
  if (checked.length > 0) records.push({ type: 'checked', at: now, signatures: checked });
  if (known !== memory.verified) records.push(known);
  return { ...judged, policy, records, problems };
}

interface Known {
  readonly known: VerifiedRecord;
  /** Signatures that were found good for the first time. */
  readonly checked: readonly string[];
  readonly problem?: Problem;
}

/** Asked again only where something is new. Where there is no answer, the last one counts. */
async function verifiedOf(
  lines: readonly EvidenceLine[],
  judged: TakenPolicy,
  { terms, project, ask, hash }: SigningSource,
  memory: Memory,
  now: Instant,
): Promise<Known> {
  const found = judged.records.flatMap((record) => (record.type === 'project' ? [String(record.project)] : []));
  const place = { ...terms.place, project: project ?? found.at(-1) ?? '' };
  const groups = groupsAt(place, memory, judged, lines.length);
  const asked = { ...terms, place, groups, allowed: [...memory.allowed.keys()] };
  const basisOf = (of: readonly SignedGroup[]) =>
    hash(JSON.stringify([{ ...asked, groups: of }, [...terms.ceilings.groups], lines.length]));
  if (memory.verified?.basis === basisOf(groups)) return { known: memory.verified, checked: [] };
  try {
    const { checked, verified } = await ask({ ...asked, lines, checked: [...memory.checked] });
    if (!verified)
      return { known: lastKnown(place, lines.length, terms, judged, memory, now), checked, problem: unfinished(checked.length) };
    const signed = verified.groups.map((group) => groups.find((one) => one.group === group) ?? begun(group, lines.length, judged, memory));
    const fresh = signed.filter((group) => !groups.includes(group)).flatMap(({ before }) => before);
    const known = { groups: signed, windows: joined(verified.windows, fresh) };
    // What it was asked with counts next time, the groups that are new in it among them.
    return { known: { type: 'verified', at: now, basis: basisOf(signed), signedFor: place, ...known }, checked };
  } catch (error) {
    const problem = problemOf(error, 'ssh-keygen');
    return { known: lastKnown(place, lines.length, terms, judged, memory, now), checked: [], problem };
  }
}

/** What counts while there is no answer. */
function lastKnown(
  signedFor: Place,
  after: number,
  { ceilings }: SigningSource['terms'],
  judged: TakenPolicy,
  memory: Memory,
  at: Instant,
): VerifiedRecord {
  if (memory.verified) return memory.verified;
  const named = [...ceilings.groups].flatMap(([group, { signed = 0 }]) => (signed > 0 ? [group] : []));
  const groups = named.sort(inOrder).map((group) => begun(group, after, judged, memory));
  const windows = joined(
    [],
    groups.flatMap(({ before }) => before),
  );
  return { type: 'verified', at, basis: 'none', signedFor, groups, windows };
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
function groupsAt(place: Place, { verified }: Memory, { records }: TakenPolicy, count: number): readonly SignedGroup[] {
  if (!verified) return [];
  if (JSON.stringify(verified.signedFor) === JSON.stringify(place)) return verified.groups;
  const after = count - records.filter(isEvidence).length;
  const isIn = (group: GroupName, { path }: Window) => path.split('/').at(-2) === group;
  return verified.groups.map(({ group }) => ({ group, after, before: verified.windows.filter((window) => isIn(group, window)) }));
}

/** What converging knew of the group before this run; where it knew nothing, what the start of the record says, which is held for a person. */
function begun(group: GroupName, after: number, { records }: TakenPolicy, { policy }: Memory): SignedGroup {
  const atStart = records.flatMap((record) =>
    record.type === 'start-part' ? record.grants.map(([path, grant]) => ({ path, ...grant })) : [],
  );
  const known = policy ? [...policy.inForce.values()] : atStart;
  return {
    group,
    after,
    before: known
      .filter((grant) => grant.group === group)
      .map(windowOf)
      .sort(inOrderOfPath),
  };
}

function windowOf({ path, from, until }: Pick<GrantInForce, 'path' | 'from' | 'until'>): Window {
  return { path, ...(from !== undefined && { from }), until };
}

function joined(one: readonly Window[], other: readonly Window[]): readonly Window[] {
  const windows = new Map<string, Window>();
  for (const window of [...one, ...other]) windows.set(window.path, wider(windows.get(window.path), window));
  return [...windows.values()].sort(inOrderOfPath);
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
