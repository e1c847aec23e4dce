// Words that several outputs share. Text that others wrote is made harmless here before it reaches a terminal or a log.
import type { SignedBy } from './record/approval-count.ts';
import type { Claim, Unwritten } from './directory/directory.ts';
import type { Because, WithheldReason } from './membership/desired.ts';
import type { End } from './record/grants.ts';
import type { RemovalCause } from './membership/plan.ts';
import { instant, type Instant } from './names.ts';
import { day, renderInstant } from './time.ts';

/** One line of printable characters: control, bidirectional and other invisible ones become visible escapes. */
export function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Each reason in full the first time, and after that only that it is the same. */
export function tellingOnce(): (reason: string) => string {
  const told = new Set<string>();
  return (reason) => (told.size < told.add(reason).size ? reason : 'for the same reason');
}

/** A page to open in a browser, or nothing: whatever else stands in its place is not shown as one. */
export function renderLink(link: string | undefined): string | undefined {
  return link !== undefined && /^https?:\/\/[!-~]+$/.test(link) ? link : undefined;
}

/** Stands where a column begins in a line that is not laid out yet (terminal.ts). `plain` lets nobody else write it. */
export const column = '\u{1F}';

/** `start` and then the text in a column of its own. Whoever prints it knows how wide lines are. */
export function hang(start: string, text: string): string {
  return `${start}${column}${text}\n`;
}

/** Stands at the end of such a text where two lines of it are enough: the whole of it is a command away. */
export const cutShort = '\u{1E}';

/** The same in lines of at most `width` columns. A longer word is left whole. */
export function inLines(start: string, text: string, width: number): string {
  const lines: string[] = [];
  let line = start;
  let isFirst = true;
  for (const word of text.split(' ')) {
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(start.length) + word;
    } else line += isFirst ? word : ` ${word}`;
    isFirst = false;
  }
  return `${[...lines, line].join('\n')}\n`;
}

/** For people: `2026-12-08 00:00 UTC`, with seconds where there are any. */
export function renderMoment(at: Instant): string {
  return renderInstant(at)
    .replace('T', ' ')
    .replace(/(?::00)?Z$/, ' UTC');
}

/** A day counts to its end, and people wrote it as a day: `until the end of 2026-12-07`. */
export function renderUntil(until: End): string {
  if (until === 'open') return 'without an end';
  return until % day === 0 ? `until the end of ${lastDay(until)}` : `until ${renderMoment(until)}`;
}

/** Of what is over: `at the end of 2026-12-07`, or `at 2026-12-07 17:00 UTC`. */
export function renderEndOf(until: Instant): string {
  return until % day === 0 ? `at the end of ${lastDay(until)}` : `at ${renderMoment(until)}`;
}

/** `on 2026-12-07`, from its first instant, or `at 2026-12-07 17:00 UTC`. */
export function renderStartOf(from: Instant): string {
  return from % day === 0 ? `on ${renderInstant(from).slice(0, 10)}` : `at ${renderMoment(from)}`;
}

function lastDay(until: Instant): string {
  return renderInstant(instant(until - day)).slice(0, 10);
}

/** Behind who approved it: whose key, and whether a hand was there. */
export function renderSigners(signedBy: readonly SignedBy[] = []): string {
  const each = signedBy.map(({ person, fingerprint, touched }) => `${person} with ${fingerprint}${touched ? ', touched' : ''}`);
  return each.length > 0 ? `; signed by ${each.join(' and ')}` : '';
}

export function renderBecause(because: Because): string {
  if (because.kind === 'roster') return `roster ${because.roster} (${because.sha256.slice(0, 12)})`;
  const merge = because.mergeRequest === null ? `commit ${because.commit.slice(0, 12)}` : `!${because.mergeRequest}`;
  const approved = because.approvedBy.length > 0 ? `, approved by ${because.approvedBy.join(', ')}${renderSigners(because.signedBy)}` : '';
  return `${because.path} (${merge}${approved}), ${renderUntil(because.until)}`;
}

/** What counts people into a group besides what muster writes. */
export function renderUnwritten(unwritten: readonly Unwritten[]): readonly string[] {
  return (['member', 'uniqueMember', 'memberUid', 'computed'] as const).flatMap((where) => {
    const names = unwritten.filter((one) => one.where === where).map(({ value }) => plain(value.text ?? value.dn));
    if (names.length === 0) return [];
    const who = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
    return where === 'computed'
      ? [
          `the server computes members that are not stored in the entry (${who}): muster cannot take them out, whoever keeps the rule (dynlist) has to`,
        ]
      : [`${where} of the same entry holds ${who}, which muster does not write: whoever keeps that attribute has to take them out`];
  });
}

export function renderClaim({ uid, dn, changedAt, changedBy }: Claim): string {
  const by = changedBy === '' ? '' : ` by ${plain(changedBy)}`;
  const changed = changedAt === '' ? '' : ` (changed ${plain(changedAt)}${by})`;
  return `${plain(dn)}${changed} carries the uid ${uid} of somebody else. It has no effect: a person is the entry that is named by the uid.`;
}

export function renderRemoval(cause: RemovalCause): string {
  switch (cause.kind) {
    case 'expired':
      return `the grant ended ${renderEndOf(cause.at)}`;
    case 'revoked':
      return cause.at === undefined ? 'revoked on this host' : `revoked on this host at ${renderMoment(cause.at)}`;
    case 'deleted':
      return `${plain(cause.path)} was deleted in ${cause.commit.slice(0, 12)}`;
    case 'refused':
      return `an unreviewed change of ${plain(cause.path)} in ${cause.commit.slice(0, 12)} took it away`;
    case 'left-roster':
      return `no longer on the roster ${cause.roster} (${cause.sha256.slice(0, 12)})`;
    case 'unexplained':
      return 'no grant or roster explains this member';
    case 'locked':
      return 'the account is locked';
    case 'dangling':
      return 'no person stands behind this member, or another one than before';
  }
}

/** Who typed an act: after it, before its reason. */
export function renderBy(by: string | undefined): string {
  return by === undefined ? '' : ` (by ${plain(by)})`;
}

export function renderWithheld(reason: WithheldReason): string {
  switch (reason.code) {
    case 'expired':
      return `the grant ended ${renderEndOf(reason.at)}`;
    case 'revoked':
      return `revoked on this host${reason.at === undefined ? '' : ` at ${renderMoment(reason.at)}`}; it ends with "muster lift"`;
    case 'not-yet':
      return `the grant starts ${renderStartOf(reason.from)}`;
    case 'unknown-person':
      return 'the directory has no person with this uid: the account may be missing, or the name misspelled';
    case 'ambiguous-person':
      return 'the directory has more than one entry with this uid: its administrators must mend that';
    case 'identity-changed':
      return 'the account that was named is gone, and another one has its uid: that one needs a new grant, or a new place on the roster';
    case 'locked':
      return 'the account is locked in the directory';
  }
}
