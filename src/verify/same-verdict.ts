// Is what judging once more comes to what the record has?
import type { CommitPresence, Versions } from '../history/versions.ts';
import type { Judgement } from '../judge/judge-branch.ts';
import { instant, type CommitId } from '../names.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { renderJudgingRecord } from '../record/judging-shapes.ts';
import type { Verdict } from '../record/policy-state.ts';

/** By whatever was said when it was judged, which nobody keeps. Refusing gives nobody anything. */
export function isOnTheHostsWord({ code }: Extract<Verdict, { kind: 'refused' }>): boolean {
  return code === 'refused-by-hand' || code === 'unanswered';
}

export function isByCeiling(judgement: Judgement, verdict: Verdict): boolean {
  const isShortened = verdict.kind === 'refused' && (verdict.code === 'too-long' || verdict.code === 'too-dormant');
  return isShortened && judgement.kind === 'judged' && judgement.verdict.kind === 'endorsed';
}

/** Whose signatures there are is compared where they are kept. */
export function agrees(judgement: Judgement, verdict: Verdict): boolean {
  if (judgement.kind !== 'judged' || judgement.verdict.kind !== verdict.kind) return false;
  const given = judgement.verdict;
  if (given.kind === 'refused' || verdict.kind === 'refused')
    return (
      given.kind === 'refused' && verdict.kind === 'refused' && given.code === verdict.code && given.mergeRequest === verdict.mergeRequest
    );
  const ofWhom = ({ reviewed, commit, mergeRequest, approvedBy, landedAt }: typeof given) =>
    JSON.stringify([reviewed, commit, mergeRequest, approvedBy, landedAt]);
  const keys = new Set(given.signedBy?.map(({ person, fingerprint }) => `${person} ${fingerprint}`));
  return (
    ofWhom(given) === ofWhom(verdict) && (verdict.signedBy ?? []).every(({ person, fingerprint }) => keys.has(`${person} ${fingerprint}`))
  );
}

export function told(verdict: Verdict): string {
  if (verdict.kind === 'refused') return `refused (${verdict.code})`;
  return `endorsed (${verdict.mergeRequest === null ? 'without a merge request' : `!${verdict.mergeRequest}`}, by ${verdict.approvedBy.join(', ') || 'nobody'})`;
}

export function rendered(record: JudgingRecord): string {
  return JSON.stringify(renderJudgingRecord({ ...record, at: instant(0) }), inOrderOfKeys);
}

/** Two objects with the same fields are the same, in whatever order those were written. How a version of muster put a reason is no part of it. */
function inOrderOfKeys(key: string, value: unknown): unknown {
  if (key === 'detail') return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

export function difference(ours: JudgingRecord, theirs: JudgingRecord): string {
  if (ours.type !== theirs.type) return `it is a line of the type ${theirs.type}, and judging again gives one of the type ${ours.type}`;
  if (
    ours.type === 'verdict' &&
    theirs.type === 'verdict' &&
    !agrees({ kind: 'judged', verdict: ours.verdict, evidence: null }, theirs.verdict)
  )
    return `the record says ${told(theirs.verdict)}, and judging again gives ${told(ours.verdict)}`;
  return 'what it says of files, rules or grants is not what the commit has in the repository';
}

/** What an older version of a merge request contained may be gone from the repository: as if it had been what landed. */
export function asTheLanding({ ensureCommits, changeDigests }: Versions, digest: string): Versions {
  const gone = new Set<CommitId>();
  return {
    async ensureCommits(commits) {
      const presence = await ensureCommits(commits);
      for (const [commit, is] of presence) if (is === 'refused') gone.add(commit);
      return new Map([...presence.keys()].map((commit): [CommitId, CommitPresence] => [commit, 'present']));
    },
    async changeDigests(pairs) {
      const here = pairs.filter((pair) => !pair.some((commit) => gone.has(commit)));
      const digests = here.length > 0 ? await changeDigests(here) : [];
      return pairs.map((pair) => (here.includes(pair) ? digests[here.indexOf(pair)] : digest));
    },
  };
}
