// Why approvals do not count, in words for whoever opened the merge request: while it is open each says what would make it count.
import type {
  ApprovalCount,
  JudgedApproval,
  JudgedSignature,
  NotCountedReason,
  PathQuorum,
  SignatureReason,
  SignedBy,
  UnboundReason,
} from '../record/approval-count.ts';
import { plain } from '../text.ts';
import { inOrder, type Uid } from '../names.ts';
import { count } from '../time.ts';
import { isShort, lacksSignatures } from './approval.ts';

interface Words {
  readonly what: string;
  /** The same person can give it again; all others that is for somebody else, or for another merge request. */
  readonly again?: true;
}

const reasons: Readonly<Record<NotCountedReason, Words>> = {
  'not-a-person-in-policy': { what: 'is not among the people of policy.yaml' },
  inactive: { what: 'has an account that is not active' },
  author: { what: 'opened the merge request' },
  'author-unknown': { what: 'may be the one who opened the merge request: that account is deleted' },
  pushed: { what: 'pushed to its branch' },
  'pusher-unknown': { what: 'may be the one who pushed to its branch: GitLab does not say who did' },
  'not-entitled': { what: 'is on no team that approves this' },
  'taken-out': { what: 'was taken off the approvers by a change of the rules that was refused' },
  benefits: { what: 'gains by it' },
  'after-merge': { what: 'approved after the merge' },
  'too-old': { what: 'approved more than 14 days before the merge', again: true },
  'retargeted-after': { what: 'approved before the merge request was pointed at another branch, closed or reopened', again: true },
  'just-changed': { what: 'approved less than a minute after the content had changed', again: true },
  'before-last-push': { what: 'approved before the last push', again: true },
  'other-content': { what: 'approved other content than the merge brings', again: true },
  'version-gone': { what: 'approved a version that the server no longer has', again: true },
};

/** Of signatures; for the others of these reasons the words of approvals hold. The rest is said of the signature. */
const ofSignatures: Readonly<Record<Exclude<SignatureReason, NotCountedReason>, string>> & Readonly<Record<'other-content', string>> = {
  'signature-bad': 'does not fit the statement that came with it',
  'other-content': 'is for something else',
  'not-in-force':
    'does not say all that the change does, for what the file said before is not in force: sign the text in the note of muster, which says it',
  'too-late': 'was not in time',
  'used-before': 'is used up',
  'key-not-in-force': 'was made with a key that the policy before this change does not name for that person',
  'no-touch': 'was made without a touch, which this host asks for',
  'too-large': 'does not count: what is signed has at most 1 MiB; divide the change',
  distrusted: 'is distrusted on the host',
};

const tooLate = {
  after: 'it was made after the merge had been seen',
  expired: 'it had run out before the merge was seen',
};

/** Follows on "the signature by alice". The detail may be a path that somebody else wrote. */
export function renderSignatureNotCounted(
  { person, reason, detail }: JudgedSignature & { kind: 'not-counted' },
  quote: (text: string) => string = plain,
): string {
  if (reason !== 'other-content' && isOfApprovals(reason)) return `does not count: ${person} ${reasons[reason].what}`;
  const what = ofSignatures[reason];
  if (detail === undefined) return what;
  if (reason === 'used-before') return `${what} (by ${detail.slice(0, 12)}, which made the same change)`;
  return `${what} (${reason === 'too-late' ? tooLate[detail === 'after' ? 'after' : 'expired'] : quote(detail)})`;
}

function isOfApprovals(reason: SignatureReason): reason is SignatureReason & NotCountedReason {
  return reason in reasons;
}

const unbound: Readonly<Record<UnboundReason, string>> = {
  'no-merge-request': 'GitLab names no merge request for the commit',
  'other-project': 'the merge request belongs to another project',
  'other-branch': 'the merge request was for another branch',
  'not-merged': 'the merge request is not merged',
  imported: 'the merge request was imported, with approvals and times that somebody else wrote',
  'not-its-landing': 'the commit is not what GitLab made of the merge request',
  'part-of-fast-forward':
    'it is one of several commits that were fast-forwarded, and a merge is among them: rebase the branch before it is approved, squash them, or merge with a merge commit',
  'rebased-while-merging':
    'GitLab rebased it while it merged it, so what landed is not what anybody saw: a maintainer switches the automatic rebase off (Settings, Merge requests)',
  octopus: 'it has more than two parents',
  'used-before': 'the merge request has already brought another change',
  'merged-elsewhere': 'its commits were pushed or merged in another way than by its own merge button',
  'merge-not-recorded': 'GitLab has no event for its merge',
};

export function renderUnbound(reason: UnboundReason): string {
  return unbound[reason];
}

/** While it is open: with what makes the approval count. */
export function renderNotCounted(reason: NotCountedReason): string {
  const { what, again } = reasons[reason];
  return again ? `${what}: revoke the approval and approve again` : what;
}

/** After the merge, when nothing makes it count any more. */
export function renderNotCountedThen(reason: NotCountedReason): string {
  const { what, again } = reasons[reason];
  return again ? `${what}; it had to be revoked and given again before the merge` : what;
}

/** A username is whatever its owner chose: only its plain letters are repeated. */
function nameOf({ approval, person }: JudgedApproval & { kind: 'not-counted' }): string {
  return person ?? (approval.account.username.replaceAll(/[^A-Za-z0-9._-]/g, '') || `user ${approval.account.id}`);
}

/** Who approved a landing, and who of them signed it. */
export function approversOf({ paths, signatures = [] }: ApprovalCount): {
  readonly approvedBy: readonly Uid[];
  readonly signedBy?: readonly SignedBy[];
} {
  const signedBy = signatures.flatMap(({ kind, person, fingerprint, touched }) =>
    kind === 'counted' ? [{ person, fingerprint, touched }] : [],
  );
  return {
    approvedBy: [...new Set(paths.flatMap(({ by }) => by))].sort(inOrder),
    ...(signedBy.length > 0 && { signedBy: signedBy.sort((left, right) => inOrder(left.person, right.person)) }),
  };
}

/** Of a landing: `1 of 2 approvals by sre for 2 files; bob opened the merge request`. */
export function renderCount({ approvals, signatures = [], paths }: ApprovalCount): string {
  const short = paths.filter(isShort);
  const unsigned = paths.filter(lacksSignatures);
  const forFiles = (of: readonly PathQuorum[]) => (of.length > 1 ? ` for ${count(of.length, 'file')}` : '');
  const [first] = short;
  const [firstUnsigned] = unsigned;
  // Where every approval must be signed, that is what is told.
  const needs =
    first && first.needed !== first.signed?.needed
      ? [`${first.by.length} of ${count(first.needed, 'approval')} by ${first.teams.join(' or ') || 'nobody'}${forFiles(short)}`]
      : unsigned.length > 0 || first
        ? []
        : ['no approval'];
  const signed = firstUnsigned?.signed;
  const needsSigned = signed
    ? [`${signed.by.length} of ${count(signed.needed, 'signature')} by ${firstUnsigned.teams.join(' or ')}${forFiles(unsigned)}`]
    : [];
  const notSigned = signatures.flatMap((one) =>
    one.kind === 'not-counted' ? [`the signature by ${one.person} ${renderSignatureNotCounted(one)}`] : [],
  );
  const not = approvals.flatMap((one) => (one.kind === 'not-counted' ? [`${nameOf(one)} ${renderNotCountedThen(one.reason)}`] : []));
  return [...needs, ...needsSigned, ...not, ...notSigned].join('; ');
}
