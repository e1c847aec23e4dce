// What happened to a person, and the chain behind a reason, in the words of `explain`, the report and its page.
import type { Because } from '../membership/desired.ts';
import type { HistoryEntry } from './explain.ts';
import type { Removal } from '../membership/plan.ts';
import { plain, renderBecause, renderBy, renderLink, renderMoment, renderRemoval } from '../text.ts';

/** From the file to the people who approved it: what somebody follows who asks for proof. */
export function renderChain(because: Because): readonly string[] {
  if (because.kind === 'roster') return [renderBecause(because)];
  const { commit, landedAt } = because;
  const when = landedAt === undefined ? [] : [`${landed(because, ` as ${commit.slice(0, 12)}`)} at ${renderMoment(landedAt)}`];
  const link = renderLink(because.link);
  return [renderBecause(because), ...when, ...(link === undefined ? [] : [link])];
}

/** Without a forge nobody tells of merges: what was signed landed when this host saw it, and what nobody was asked for when its committer says. */
function landed({ mergeRequest, signedBy = [] }: Extract<Because, { kind: 'grant' }>, as: string): string {
  if (mergeRequest !== null) return `merged${as}`;
  return signedBy.length > 0 ? 'first seen on the branch' : 'committed';
}

const events: Readonly<Record<HistoryEntry['event'], string>> = {
  added: 'put in by muster',
  removed: 'taken out by muster',
  appeared: 'found in the group',
  vanished: 'gone from the group, not by muster',
  endorsed: 'a change of the grant file came into force',
  refused: 'a change of the grant file was refused',
  deleted: 'the grant file was deleted',
  revoked: 'revoked on this host',
  lifted: 'the revocation was lifted',
};

/** One line, with the merge request's page at its end. */
export function renderEntry({ event, because, commit, mergeRequest, detail, by, link }: HistoryEntry): string {
  if (commit === undefined && detail !== undefined) return `${events[event]}${renderBy(by)}: ${plain(detail)}`;
  const merge = mergeRequest ? `!${mergeRequest}, ` : '';
  const where = commit === undefined ? '' : ` (${merge}${commit.slice(0, 12)}${detail === undefined ? '' : `, ${plain(detail)}`})`;
  const page = renderLink(link);
  return `${events[event]}${because ? `: ${renderReason(because)}` : ''}${where}${page === undefined ? '' : ` ${page}`}`;
}

export function isGrounds(because: Because | Removal['because']): because is Because {
  return because.kind === 'grant' || because.kind === 'roster';
}

function renderReason(because: Because | Removal['because']): string {
  if (!isGrounds(because)) return renderRemoval(because);
  const merged =
    because.kind === 'grant' && because.landedAt !== undefined ? `, ${landed(because, '')} at ${renderMoment(because.landedAt)}` : '';
  return `${renderBecause(because)}${merged}`;
}
