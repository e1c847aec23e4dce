// The part of the page in which everybody can be opened: where they stand, by which chain, and what happened before.
import type { PersonChain, PersonEntry } from '../ledger/chronicle.ts';
import type { Because } from '../membership/desired.ts';
import { inOrder } from '../names.ts';
import type { GroupReport, MemberReport, NotIn, Report } from './report.ts';
import { renderChain, renderEvent } from '../explain/history-words.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { renderMemberReason, renderNotIn } from './report-words.ts';
import { plain, renderEnd, renderLink, renderMoment } from '../text.ts';

/** A page of the configured GitLab, or nothing: nobody is led anywhere else. */
export type PageOf = (link: string | undefined) => string | undefined;

export function pagesOf(forge: string | undefined): PageOf {
  return (link) => (forge !== undefined && link?.startsWith(`${forge}/`) ? renderLink(link) : undefined);
}

interface Person {
  readonly name: string;
  readonly standings: readonly { readonly group: GroupReport; readonly member?: MemberReport; readonly notIn?: NotIn }[];
  readonly chain: PersonChain | undefined;
}

export function anchorOf(name: string): string {
  return `person-${encodeURIComponent(plain(name))}`;
}

export function renderPeople(report: Report, pageOf: PageOf): Markup {
  const people = peopleOf(report);
  return markup`<div id="people">${people.map((one) => personDetails(one, report, pageOf))}</div>`;
}

function peopleOf({ groups, chronicle }: Report): readonly Person[] {
  const standings = new Map<string, Person['standings'][number][]>();
  const add = (name: string, standing: Person['standings'][number]) => {
    const known = standings.get(name);
    if (known) known.push(standing);
    else standings.set(name, [standing]);
  };
  for (const group of groups) {
    for (const member of group.members) add(member.name, { group, member });
    for (const notIn of group.withheld) add(notIn.uid, { group, notIn });
  }
  const refused = [...chronicle.refused.values(), ...chronicle.spans.values()].flat().map(({ uid }) => uid);
  const names = [...new Set([...standings.keys(), ...chronicle.people.keys(), ...refused])].sort(inOrder);
  return names.map((name) => ({ name, standings: standings.get(name) ?? [], chain: chronicle.people.get(name) }));
}

function personDetails({ name, standings, chain }: Person, { at, groups, side }: Report, pageOf: PageOf): Markup {
  // Who is in a group that is not on record, nobody can say.
  const isWhole = side === 'policy' || groups.every(({ recorded }) => recorded);
  const isIn = standings.some(({ member }) => member);
  const tags = standings.map(({ group, member }) =>
    member
      ? markup` <span class="tag">${group.group}${member.until === undefined ? '' : `, ${renderEnd(member.until)}`}</span>`
      : markup` <span class="tag out">not in ${group.group}</span>`,
  );
  return markup`<details id="${anchorOf(name)}">
    <summary>
      <b>${name}</b>${tags}${isIn || standings.length > 0 || !isWhole ? nothing : markup` <span class="soft">no access at ${renderMoment(at)}</span>`}
    </summary>
    <div>${standings.map((one) => standing(one, pageOf))}${chain ? history(chain, pageOf) : nothing}</div>
  </details>`;
}

function standing({ group, member, notIn }: Person['standings'][number], pageOf: PageOf): Markup {
  const because = member && (member.reason.kind === 'none' ? null : member.reason.because);
  const sentence = member ? renderMemberReason(member.reason) : notIn ? renderNotIn(notIn.reason) : '';
  const since = member?.since === undefined ? '' : `, since ${renderMoment(member.since)}`;
  const grounds = because ?? notIn?.because ?? null;
  return markup`<h3>${group.group}: ${member ? `in${since}` : 'not in'}</h3>
    <p>${sentence}</p>
    ${grounds ? chainOf(grounds, sentence, pageOf) : nothing}${member?.words ? words(member.words) : nothing}`;
}

function chainOf(because: Because, said: string, pageOf: PageOf): Markup {
  const page = because.kind === 'grant' ? pageOf(because.link) : undefined;
  const lines = renderChain(because).filter((line) => line !== said && renderLink(line) === undefined);
  return markup`${lines.map((line) => markup`<p>${line}</p>`)}${page === undefined ? nothing : markup`<p>${link(page)}</p>`}`;
}

function link(page: string): Markup {
  const number = /\/merge_requests\/(\d+)$/.exec(page)?.[1];
  return markup`<a href="${page}" rel="noreferrer">${number === undefined ? page : `Merge request !${number}`}</a>`;
}

function words({ reason, ticket, contact }: NonNullable<MemberReport['words']>): Markup {
  const row = (term: string, text: string | undefined) =>
    text === undefined
      ? nothing
      : markup`<dt>${term}</dt>
          <dd>${text}</dd>`;
  return markup`<dl>${row('Reason', reason)}${row('Ticket', ticket)}${row('Contact', contact)}</dl>`;
}

function history({ entries, dropped }: PersonChain, pageOf: PageOf): Markup {
  const earlier = dropped > 0 ? markup`<li class="soft">${dropped} earlier ones are in the ledger</li>` : nothing;
  return markup`<h3>What happened</h3>
    <ul class="plain">
      ${earlier}${entries.map((entry) => historyLine(entry, pageOf))}
    </ul>`;
}

function historyLine(entry: PersonEntry, pageOf: PageOf): Markup {
  const page = pageOf(entry.link);
  return markup`<li>
    <span class="soft">${renderMoment(entry.at)}, ${entry.group}:</span>
    ${renderEvent(entry)}${page === undefined ? nothing : markup` ${link(page)}`}
  </li>`;
}
