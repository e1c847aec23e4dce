// Words of the one note on a merge request. Nothing in it was written by whoever opened the merge request: what an author chooses (title, branch,
// reason, names) is not an argument of any function here, and of what is, only letters that no Markdown and no quick action is made of get through.
import { renderSignatureNotCounted } from '../evidence/approval-words.ts';
import type { JudgedApproval, JudgedSignature, NotCountedReason } from '../record/approval-count.ts';
import type { End } from '../record/grants.ts';
import { instant, type Uid } from '../names.ts';
import type { Effect } from '../check/proposed-change.ts';
import type { Reach } from '../record/standing.ts';
import type { SettledGrant } from './settled-review.ts';
import { count, day, renderInstant } from '../time.ts';
import { renderMoment } from '../text.ts';

/** What a note of ours is known by. It is never shown. */
export const noteMarker = '<!-- muster: the note on this merge request, kept up to date -->';

/** A validated name, path or number as code: in it GitLab makes no mention, link or emphasis of anything. */
export function code(token: string | number): string {
  return `\`${String(token).replaceAll(/[^A-Za-z0-9._/-]/g, '?')}\``;
}

export function codes(tokens: readonly (string | number)[], joint = ', '): string {
  return tokens.map(code).join(joint);
}

export function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}\n`).join('');
}

/** Sections without lines are left out. */
export function renderSections(headline: string, sections: readonly { readonly title: string; readonly text: string }[]): string {
  const told = sections.filter(({ text }) => text !== '').map(({ title, text }) => `\n#### ${title}\n\n${text}`);
  return `${noteMarker}\n\n**${headline}**\n${told.join('')}`;
}

/** A day counts to its end, and people wrote it as a day. */
export function renderUntil(until: End): string {
  if (until === 'open') return 'without an end';
  return until % day === 0 ? `until the end of ${renderInstant(instant(until - day)).slice(0, 10)} (UTC)` : `until ${renderMoment(until)}`;
}

export function renderEffect({ path, group, uid, effect, until, from }: Effect): string {
  if (effect === 'rules')
    return group === null ? 'The people, teams and rules of the policy change.' : `The rules of ${code(group)} change.`;
  if (group === null || uid === null) return `${code(path)} changes.`;
  const term = `${from === undefined ? '' : `from ${renderMoment(from)} `}${until === null ? '' : renderUntil(until)}`;
  switch (effect) {
    case 'gains':
      return `${code(uid)} gets into ${code(group)}, ${term}.`;
    case 'loses':
      return `${code(uid)} leaves ${code(group)}.`;
    case 'extends':
      return `${code(uid)} has more time in ${code(group)}: ${term}.`;
    case 'shortens':
      return `${code(uid)} has less time in ${code(group)}: ${term}.`;
  }
}

export function renderAccount(person: Uid | undefined, account: number): string {
  return person === undefined ? `the GitLab account number ${code(account)}` : code(person);
}

/** Each approval, and why it does not count where it does not. */
export function approvalLines(approvals: readonly JudgedApproval[], why: (reason: NotCountedReason) => string): readonly string[] {
  const counted = approvals.flatMap((one) => (one.kind === 'counted' ? [`The approval by ${code(one.person)} counts.`] : []));
  const others = approvals.flatMap((one) => {
    if (one.kind === 'counted') return [];
    const person = renderAccount(one.person, one.approval.account.id);
    return [`The approval by ${person} does not count: ${person} ${why(one.reason)}.`];
  });
  return [...counted, ...others];
}

/** Each signed statement that came for it. */
export function signatureLines(signatures: readonly JudgedSignature[]): readonly string[] {
  return signatures.map((one) => {
    const who = `The signature by ${code(one.person)} (key \`${one.fingerprint.replaceAll(/[^A-Za-z0-9+/:]/g, '?')}\`${one.touched ? ', touched' : ''})`;
    return one.kind === 'counted' ? `${who} counts.` : `${who} ${renderSignatureNotCounted(one, code)}.`;
  });
}

/** `1 of 2 approvals by sre, and 0 of 1 signature`. */
export function renderQuorum(there: number, needed: number, teams: readonly string[], signed: { there: number; needed: number }): string {
  const signatures = signed.needed > 0 ? `, and ${signed.there} of ${count(signed.needed, 'signature')}` : '';
  return `${there} of ${count(needed, 'approval')} by ${codes(teams, ' or ')}${signatures}`;
}

export function renderPaths(paths: readonly string[]): string {
  return paths.length <= 5 ? codes(paths) : `${codes(paths.slice(0, 3))} and ${count(paths.length - 3, 'more file')}`;
}

/** How a grant of a merged change stands. */
export function renderGrant({ group, uid, standing }: SettledGrant): string {
  const who = code(uid);
  const where = code(group);
  switch (standing.kind) {
    case 'in-force':
    case 'ends-soon':
      return `${renderReach(standing.reach, who, where, renderUntil(standing.until))}.${standing.shortened ? ' A later change, which nobody approved, made it shorter.' : ''}`;
    case 'not-begun':
      return `${who} gets into ${where} from ${renderMoment(standing.from)}, ${renderUntil(standing.until)}.`;
    case 'ended':
      return `The access of ${who} to ${where} lasted ${renderUntil(standing.at)}.`;
    case 'replaced':
      return `For ${who} in ${where} a later change counts now${standing.mergeRequest === null ? '' : `, of merge request !${standing.mergeRequest}`}.`;
    case 'taken-away':
      return `${who} is no longer granted ${where}: commit ${code(standing.commit.slice(0, 12))} took it away.`;
    case 'removed':
      return `${who} is no longer granted ${where}.`;
  }
}

function renderReach(reach: Reach, who: string, where: string, until: string): string {
  switch (reach.kind) {
    case 'member':
      return `${who} is in ${where}${reach.since === undefined ? '' : ` since ${renderMoment(reach.since)}`}, ${until}`;
    case 'unknown':
      return `${who} is granted ${where} ${until}`;
    case 'not-yet':
      return `${who} is granted ${where} ${until}; the directory does not show it yet`;
    case 'held':
      return `${who} is granted ${where} ${until}; a limit was passed, so an administrator of the host must let the change through`;
    case 'withheld':
      return `${who} is granted ${where} ${until} and does not get in: ${withheld[reach.code]}`;
  }
}

const withheld: Readonly<Record<Extract<Reach, { kind: 'withheld' }>['code'], string>> = {
  expired: 'the grant is over',
  'not-yet': 'the grant has not begun',
  revoked: 'the access was revoked on the host',
  'unknown-person': 'the directory has no person with this name: the developer account may be missing, or the name misspelled',
  'ambiguous-person': 'the directory has more than one entry with this name: its administrators must mend that',
  'identity-changed': 'the name belongs to another account than when this began: it needs a new grant',
  locked: 'the account is locked in the directory',
};
