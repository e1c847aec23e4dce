// Words of the one note on a merge request. Nothing in it was written by whoever opened the merge request: what an author chooses (title, branch,
// reason, names) is not an argument of any function here, and of what is, only letters that no Markdown and no quick action is made of get through.
import { renderSignatureNotCounted } from '../evidence/approval-words.ts';
import type { JudgedApproval, JudgedSignature, NotCountedReason } from '../record/approval-count.ts';
import type { Uid } from '../names.ts';
import type { RulesChange } from '../check/rules-change.ts';
import type { Effect } from '../check/proposed-change.ts';
import type { Reach } from '../record/standing.ts';
import type { SettledGrant } from './settled-review.ts';
import { count, renderDuration } from '../time.ts';
import { renderMoment, renderUntil } from '../text.ts';

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

export function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A numbered list. */
export function steps(lines: readonly string[]): string {
  return lines.map((line, index) => `${index + 1}. ${line}\n`).join('');
}

/** Sections without lines are left out. */
export function renderSections(headline: string, sections: readonly { readonly title: string; readonly text: string }[]): string {
  const told = sections.filter(({ text }) => text !== '').map(({ title, text }) => `\n#### ${title}\n\n${text}`);
  return `${noteMarker}\n\n**${headline}**\n${told.join('')}`;
}

/** How a validated name, path or number is written: as code on GitLab, plainly on a terminal. */
export type Quote = (token: string | number) => string;

const mostNamed = 5;

/** At most five. */
export function renderNames(names: readonly (string | number)[], quote: Quote = code): string {
  const shown = names.slice(0, mostNamed).map(quote).join(', ');
  return names.length <= mostNamed ? shown : `${shown} and ${names.length - mostNamed} more`;
}

/** The team first, then who of it can act. */
export function renderTeams(teams: readonly string[], people: readonly string[], quote: Quote = code): string {
  const named = teams.map(quote).join(' or ');
  return people.length === 0 ? named : `${named} (${renderNames(people, quote)})`;
}

function renderEffect({ path, group, uid, effect, until, from }: Effect, quote: Quote): string {
  if (effect === 'rules')
    return group === null ? 'The people, teams and rules of the policy change.' : `The rules of ${quote(group)} change.`;
  if (group === null || uid === null) return `${quote(path)} changes.`;
  const term = `${from === undefined ? '' : `from ${renderMoment(from)} `}${until === null ? '' : renderUntil(until)}`;
  switch (effect) {
    case 'gains':
      return `${quote(uid)} gets into ${quote(group)}, ${term}.`;
    case 'loses':
      return `${quote(uid)} leaves ${quote(group)}.`;
    case 'extends':
      return `${quote(uid)} has more time in ${quote(group)}: ${term}.`;
    case 'shortens':
      return `${quote(uid)} has less time in ${quote(group)}: ${term}.`;
  }
}

/** What the rules say otherwise in place of that they change, where it is known. */
export function renderEffects(effects: readonly Effect[], rules: readonly RulesChange[], quote: Quote = code): readonly string[] {
  const lines = effects.flatMap((one) => (one.effect === 'rules' && rules.length > 0 ? [] : [renderEffect(one, quote)]));
  return [...rules.slice(0, mostRulesChanges).map((one) => renderRulesChange(one, quote)), ...moreRules(rules), ...lines];
}

const mostRulesChanges = 20;

function moreRules({ length }: readonly RulesChange[]): readonly string[] {
  return length > mostRulesChanges ? [`${count(length - mostRulesChanges, 'more change')} of the rules.`] : [];
}

function renderRulesChange(change: RulesChange, quote: Quote): string {
  switch (change.kind) {
    case 'team':
      return renderTeamChange(change, quote);
    case 'person':
      return renderPersonChange(change, quote);
    case 'group':
      return change.what === 'new'
        ? `${quote(change.group)} becomes a group of the policy.`
        : `${quote(change.group)} leaves the policy: nobody gets in any more, and whoever is in stays until the end that is on record.`;
    case 'approvers':
      return `${subjectOf(change.of, quote)} is approved by ${renderTeams(change.after, [], quote)}, no longer by ${renderTeams(change.before, [], quote)}.`;
    case 'approvals':
      return `${subjectOf(change.of, quote)} needs ${count(change.after, 'approval')} instead of ${change.before}.`;
    case 'longest':
      return `A grant of ${quote(change.group)} may last ${renderLongest(change.after)} instead of ${renderLongest(change.before)}.`;
    case 'members':
      return `The members of ${quote(change.group)} come from another source than before.`;
    case 'unexplained':
      return `Members of ${quote(change.group)} whom no grant explains are treated otherwise than before.`;
    case 'other':
      return change.of === 'rules' ? 'What a change of the rules needs changes.' : `Other rules of ${quote(change.of)} change.`;
  }
}

function renderPersonChange({ uid, what }: Extract<RulesChange, { kind: 'person' }>, quote: Quote): string {
  if (what === 'other') return `Other accounts, other names or other keys count as ${quote(uid)}.`;
  return what === 'new' ? `${quote(uid)} becomes known as a person, on no team.` : `${quote(uid)} is no longer known as a person.`;
}

function renderLongest(longest: number | 'none'): string {
  return longest === 'none' ? 'for ever' : renderDuration(longest);
}

function subjectOf(of: string, quote: Quote): string {
  return of === 'rules' ? 'A change of the rules' : `Access to ${quote(of)}`;
}

function renderTeamChange(change: Extract<RulesChange, { kind: 'team' }>, quote: Quote): string {
  const { team, before, after, joins, leaves, approves, rules } = change;
  const may = [...(approves.length > 0 ? [`access to ${renderNames(approves, quote)}`] : []), ...(rules ? ['changes of the rules'] : [])];
  return [
    `Team ${quote(team)}: ${count(before, 'person', 'people')} ${before === 1 ? 'becomes' : 'become'} ${after}.`,
    ...(joins.length > 0 ? [` New: ${renderNames(joins, quote)}.`] : []),
    ...(joins.length > 0 && may.length > 0 ? [` They may then approve ${may.join(' and ')}.`] : []),
    ...(leaves.length > 0 ? [` No longer on it: ${renderNames(leaves, quote)}.`] : []),
  ].join('');
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

export function renderPaths(paths: readonly string[], quote: Quote = code): string {
  const all = paths.map(quote);
  return all.length <= mostNamed ? all.join(', ') : `${all.slice(0, 3).join(', ')} and ${count(all.length - 3, 'more file')}`;
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
  'unknown-person': 'the directory has no person with this name: the account may be missing, or the name misspelled',
  'ambiguous-person': 'the directory has more than one entry with this name: its administrators must mend that',
  'identity-changed': 'the account that was granted access is gone, and another one has its name: that one needs a grant of its own',
  locked: 'the account is locked in the directory',
};
