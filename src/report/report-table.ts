// The tables of the page: who has access now, with until when, who approved it and why; and who had access before.
import type { Because } from '../membership/desired.ts';
import { inOrder, instant, type GroupName, type Instant } from '../names.ts';
import { isFoundOnly, type Stay } from '../ledger/stays.ts';
import { plain, renderLink, renderSigners } from '../text.ts';
import { count, day, renderDate, renderInstant, renderLastDay } from '../time.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { renderDeparture, renderMemberReason, renderPeriod } from './report-words.ts';
import { soon, type GroupReport, type MemberReport, type Report } from './report.ts';

/** A page of the configured GitLab, or nothing: nobody is led anywhere else. */
export type PageOf = (link: string | undefined) => string | undefined;

export function pagesOf(forge: string | undefined): PageOf {
  return (link) => (forge !== undefined && link?.startsWith(`${forge}/`) ? renderLink(link) : undefined);
}

/** Where somebody stands who has access now. */
export function anchorOf(group: GroupName, name: string): string {
  return `in-${group}-${encodeURIComponent(plain(name))}`;
}

/** Where somebody stands who had it before. */
export function anchorBefore(group: GroupName, name: string): string {
  return `was-${group}-${encodeURIComponent(plain(name))}`;
}

interface Row {
  readonly group: GroupReport;
  readonly member: MemberReport;
}

/** What ends first comes first; what has no end that is known, last. */
function endOf({ reason, until }: MemberReport): number {
  if (reason.kind === 'over' && reason.because.kind === 'grant' && reason.because.until !== 'open') return reason.because.until;
  return until === undefined || until === 'open' ? Infinity : until;
}

/** Members of a group for whom the very same holds, but for grants: each of these has a reason of its own. */
function bundlesOf({ members }: GroupReport): readonly (readonly MemberReport[])[] {
  const bundles = new Map<string, MemberReport[]>();
  for (const member of members) {
    const { reason } = member;
    const own = reason.kind === 'none' || reason.because?.kind !== 'grant' ? `${reason.kind} ${renderMemberReason(reason)}` : member.name;
    const known = bundles.get(own);
    if (known) known.push(member);
    else bundles.set(own, [member]);
  }
  return [...bundles.values()];
}

export function renderAccessTable(report: Report, pageOf: PageOf): Markup {
  const bundles = report.groups.flatMap((group) => bundlesOf(group).map((members) => ({ group, members })));
  const isKnown = report.side === 'policy' || report.groups.every(({ recorded }) => recorded);
  if (bundles.length === 0) return markup`<p>${isKnown ? 'Nobody has access.' : 'Who has access is not on record here.'}</p>`;
  const isList = ({ members }: (typeof bundles)[number]) => members.length > 1 || members[0]?.reason.kind === 'roster';
  const rows = bundles
    .filter((one) => !isList(one))
    .flatMap(({ group, members }): readonly Row[] => members.map((member) => ({ group, member })))
    .sort(
      (left, right) =>
        (endOf(left.member) === endOf(right.member) ? 0 : endOf(left.member) - endOf(right.member)) ||
        inOrder(left.group.group, right.group.group) ||
        inOrder(left.member.name, right.member.name),
    );
  return markup`<table id="now">
    <thead>
      <tr><th scope="col">Person</th><th scope="col">Group</th><th scope="col">Until</th><th scope="col">Approved by</th><th scope="col">Reason</th></tr>
    </thead>
    <tbody>
      ${rows.map((row) => accessRow(row, report, pageOf))}${bundles.filter(isList).map(({ group, members }) => listRow(group, members, report))}
    </tbody>
  </table>`;
}

const untilWords: Readonly<Record<MemberReport['reason']['kind'], string>> = {
  grant: 'no end',
  roster: 'while on the roster',
  held: 'held',
  over: 'the next run',
  frozen: 'left as it is',
  none: 'no end known',
};

function accessRow({ group: { group }, member }: Row, report: Report, pageOf: PageOf): Markup {
  const { name, since, reason } = member;
  const because = reason.kind === 'none' ? null : reason.because;
  const end = endOf(member);
  const late = end !== Infinity && end - report.at <= soon ? markup` class="soon"` : nothing;
  const why = member.words ? words(member.words) : reason.kind === 'grant' ? nothing : markup`${renderMemberReason(reason)}`;
  return markup`<tr id="${anchorOf(group, name)}"${late}>
    <th scope="row">${name}${since === undefined ? nothing : markup` <small>since ${renderDate(since)}</small>`}</th>
    <td class="group">${group}</td>
    <td class="until">${end === Infinity ? untilWords[reason.kind] : until(instant(end), report.at)}</td>
    <td class="by">${approval(because, report, pageOf)}</td>
    <td class="why">${why}</td>
  </tr>`;
}

function words({ reason, ticket, contact }: NonNullable<MemberReport['words']>): Markup {
  const more = [ticket, contact].filter((one) => one !== undefined).join(' · ');
  return markup`${reason}${more === '' ? nothing : markup` <small>${more}</small>`}`;
}

/** The last day is the last day: `until` is the first instant without access. */
function until(end: Instant, at: Instant): Markup {
  const last = instant(end - 1);
  const days = Math.floor(last / day) - Math.floor(at / day);
  const left = end <= at ? 'over' : days === 0 ? 'today' : days === 1 ? 'tomorrow' : `in ${days} days`;
  return markup`<time datetime="${renderInstant(end)}">${renderLastDay(end)}</time> <small>${left}</small>`;
}

/** By whose word, and where that can be read. */
export function approval(because: Because | null, { start, isPublic, rosters }: Report, pageOf: PageOf): Markup {
  if (!because) return nothing;
  if (because.kind === 'roster') {
    const list = rosters.find(({ sha256 }) => sha256 === because.sha256);
    return markup`<span class="soft">roster ${because.roster}${list ? `, list of ${renderDate(list.producedAt)}` : ''}</span>`;
  }
  const { approvedBy, mergeRequest, commit } = because;
  const link = mergeRequest === null ? nothing : requestLink(mergeRequest, pageOf(because.link));
  if (approvedBy.length > 0) return markup`${approvedBy.join(', ')}${renderSigners(because.signedBy)} ${link}`;
  if (mergeRequest !== null || isPublic) return link;
  const nobody = commit === start ? 'nobody: it was there at the start' : 'nobody was asked';
  return markup`<span class="soft">${nobody}, commit ${commit.slice(0, 12)}</span>`;
}

export function requestLink(number: number, page: string | undefined): Markup {
  return page === undefined ? markup`!${number}` : markup`<a href="${page}" rel="noreferrer">!${number}</a>`;
}

/** Several people in one row: they have one reason. */
function listRow({ group, rules }: GroupReport, members: readonly MemberReport[], report: Report): Markup {
  const [first] = members;
  if (!first) return nothing;
  const { reason } = first;
  return markup`<tr class="listed">
    <th scope="row">${count(members.length, 'person', 'people')}</th>
    <td class="group">${group}</td>
    <td class="until">${untilWords[reason.kind]}</td>
    <td class="by">${approval(reason.kind === 'none' ? null : reason.because, report, () => undefined)}</td>
    <td class="why">
      ${reason.kind === 'roster' ? (rules?.purpose ?? '') : renderMemberReason(reason)}
      <ul class="names">${members.map(({ name }) => markup`<li id="${anchorOf(group, name)}">${name}</li>`)}</ul>
    </td>
  </tr>`;
}

/** Those who left; where a period was asked for, everybody who was in at any time of it. */
export function renderBefore(report: Report, pageOf: PageOf): Markup {
  const { stays, isPeriod, at, changes } = report;
  const told = [...stays]
    .filter(({ departure }) => isPeriod || departure)
    .sort((left, right) => (right.departure?.at ?? Infinity) - (left.departure?.at ?? Infinity) || inOrder(left.name, right.name));
  const people = new Set(told.map(({ name }) => name)).size;
  const heading = isPeriod ? renderPeriod(changes.since, at) : `Had access before, in the last year`;
  if (told.length === 0) return isPeriod ? markup`<h2>${heading}</h2><p>Nobody.</p>` : nothing;
  const seen = new Set<string>();
  return markup`<h2>${heading}</h2>
    <details id="before"${isPeriod ? markup` open` : nothing}>
      <summary>${people} ${people === 1 ? 'person' : 'people'}</summary>
      <table>
        <thead>
          <tr><th scope="col">Person</th><th scope="col">Group</th><th scope="col">From, to</th><th scope="col">Approved by</th><th scope="col">Left because</th></tr>
        </thead>
        <tbody>${told.map((stay) => beforeRow(stay, seen, report, pageOf))}</tbody>
      </table>
    </details>`;
}

function beforeRow(stay: Stay, seen: Set<string>, report: Report, pageOf: PageOf): Markup {
  const { group, name, from, departure, reasons } = stay;
  const anchor = anchorBefore(group, name);
  const id = seen.has(anchor) ? nothing : markup` id="${anchor}"`;
  seen.add(anchor);
  const approvals = reasons.map(
    ({ because }) =>
      markup`<div>${because ? approval(because, report, pageOf) : markup`<span class="soft">nothing explained it</span>`}</div>`,
  );
  const when = isFoundOnly(stay)
    ? `found ${renderDate(from)}`
    : `${renderDate(from)} – ${departure ? renderDate(departure.at) : 'still in'}`;
  const why = departure ? renderDeparture(departure) : '';
  return markup`<tr${id}>
    <th scope="row">${name}</th>
    <td class="group">${group}</td>
    <td class="until">${when}</td>
    <td class="by">${approvals}</td>
    <td class="why">${why}</td>
  </tr>`;
}
