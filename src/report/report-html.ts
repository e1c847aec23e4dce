// The report as one page that needs nothing else: no script to be read, no request to anywhere, no text that is taken for markup.
import { anchorBefore, anchorOf, pagesOf, renderAccessTable, renderBefore, requestLink, type PageOf } from './report-table.ts';
import type { GroupReport, Report } from './report.ts';
import { count, renderDate, renderLastDay } from '../time.ts';
import { markup, nothing, verbatim, type Markup } from './markup.ts';
import { needsWayBack, wayBackBy } from '../review/refusals.ts';
import { daysOnPage, daysOf } from './report-days.ts';
import { script, style } from './report-style.ts';
import { renderTimeline } from './report-timeline.ts';
import {
  needsAct,
  remedyFor,
  renderAttention,
  renderGroupRules,
  renderNotes,
  renderNotIn,
  renderRevocation,
  renderTeams,
} from './report-words.ts';
import { renderMoment } from '../text.ts';
import type { Attention } from './report-attention.ts';

export interface PageSettings {
  /** The configured GitLab: the only place that links lead to. */
  readonly forge: string | undefined;
  /** The SHA-256 of a text in base64, as a Content-Security-Policy wants it (CSP Level 3, section 2.3.1). */
  readonly digest: (text: string) => string;
}

export function renderReportHtml(report: Report, { forge, digest }: PageSettings): string {
  const pageOf = pagesOf(forge);
  const title = `Who has access, ${renderMoment(report.at)}`;
  const policy = `default-src 'none'; style-src 'sha256-${digest(style)}'; script-src 'sha256-${digest(script)}'; base-uri 'none'; form-action 'none'`;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${verbatim(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <style>${verbatim(style)}</style>
      </head>
      <body>
        <header>
          <h1>Who has access</h1>
          <p class="soft">${renderMoment(report.at)}. Times are UTC; a last day counts to its end.</p>
          <nav><a href="#people">Access</a><a href="#timeline">Timeline</a><a href="#changes">Changes</a><a href="#end">Before, rules</a></nav>
        </header>
        <main>
          ${numbers(report)}${mustAct(report, pageOf)}${goodToKnow(report)}
          <section id="people">
            <h2>Has access now <small>soonest end first</small></h2>
            <div class="filter" hidden>
              <label for="filter">Find a person, a group, a reason</label><br /><input type="search" id="filter" />
              <span id="shown" role="status" class="soft"></span>
            </div>
            ${renderAccessTable(report, pageOf)}
          </section>
          <h2 id="timeline">Grants over time</h2>
          ${renderTimeline(report, anchorsOf(report))}
          <h2 id="changes">What changed <small>since ${renderDate(report.changes.since)}</small></h2>
          ${changes(report, pageOf)}
          <div id="end">${renderBefore(report, pageOf)}${revocations(report)}${rules(report)}</div>
        </main>
        <footer>${renderNotes(report).map((note) => markup`<p>${note}</p>`)}</footer>
        <script>${verbatim(script)}</script>
      </body>
    </html>
`;
  return page.markup;
}

function anchorsOf({ groups, stays, isPeriod }: Report): (group: GroupReport['group'], uid: string) => string | undefined {
  const now = new Set(groups.flatMap(({ group, members }) => members.map(({ name }) => anchorOf(group, name))));
  const before = new Set(stays.filter(({ departure }) => isPeriod || departure).map(({ group, name }) => anchorBefore(group, name)));
  return (group, uid) => [anchorOf(group, uid), anchorBefore(group, uid)].find((anchor) => now.has(anchor) || before.has(anchor));
}

function numbers({ groups, side, ending }: Report): Markup {
  const people = new Set(groups.flatMap(({ members }) => members.map(({ name }) => name))).size;
  const isKnown = side === 'policy' || groups.every(({ recorded }) => recorded);
  const number = (of: number | string, words: string) => markup`<li><strong>${of}</strong> ${words}</li>`;
  return markup`<ul class="numbers">
    ${number(isKnown ? people : '?', `${people === 1 ? 'person has' : 'people have'} access`)}${groups.map((group) => {
      const isTold = group.recorded || (side === 'policy' && group.rules?.members.kind === 'grants');
      return number(isTold ? group.members.length : '?', `${group.group}, ${sourceOf(group)}`);
    })}${ending.length > 0 ? number(ending.length, 'end within two weeks') : nothing}
  </ul>`;
}

function sourceOf({ rules: of, recorded }: GroupReport): string {
  if (!of) return 'not in the rules';
  if (of.members.kind === 'roster') return `by the roster${recorded ? '' : ', not on record here'}`;
  return `by grants${recorded ? '' : ', not on record here'}`;
}

const mostAtOnce = 20;

function list(lines: readonly Markup[]): Markup {
  const items = (some: readonly Markup[]) => some.map((line) => markup`<li>${line}</li>`);
  const rest = lines.slice(mostAtOnce);
  const more = markup`<details><summary>${rest.length} more</summary><ul>${items(rest)}</ul></details>`;
  return markup`<ul>${items(lines.slice(0, mostAtOnce))}</ul>${rest.length > 0 ? more : nothing}`;
}

function mustAct({ attention, refused, evidence }: Report, pageOf: PageOf): Markup {
  const acts = attention.filter(needsAct);
  if (acts.length === 0) return markup`<p>Nothing needs a person.</p>`;
  const lines = acts.map((one) => {
    const link =
      one.kind === 'refused' && one.refusal.mergeRequest !== null
        ? markup` ${requestLink(one.refusal.mergeRequest, pageOf(one.refusal.link))}`
        : nothing;
    const { command, words } = remedyFor(one) ?? {};
    const paste = command === undefined ? nothing : markup`<br /><code>${command}</code>`;
    return markup`${led(renderAttention(one, evidence))}${link}${words === undefined ? nothing : markup`<br />${words}`}${paste}`;
  });
  const steps = wayBackBy(evidence).map((step) => markup`<li>${step}</li>`);
  const back = refused.some((one) => needsWayBack(one, evidence))
    ? markup`<p>The way back for what is not in force:</p><ol>${steps}</ol>`
    : nothing;
  return markup`<section class="act" aria-labelledby="act">
    <h2 id="act">Somebody must act (${acts.length})</h2>
    ${list(lines)}${back}
  </section>`;
}

/** Whom it is about stands out. */
function led(sentence: string): Markup {
  const [, lead, rest] = /^([a-z0-9._/-]+)(:? .*)$/.exec(sentence) ?? [];
  return lead === undefined ? markup`${sentence}` : markup`<b>${lead}</b>${rest ?? ''}`;
}

function goodToKnow({ attention, ending, groups, side, evidence }: Report): Markup {
  const apart = new Map<string, string[]>();
  const others: Markup[] = [];
  for (const one of attention.filter((each) => !needsAct(each))) {
    if (one.kind === 'not-in') addName(apart, one);
    else others.push(led(renderAttention(one, evidence)));
  }
  const withheld = [...apart].map(([why, names]) => markup`<b>${names.join(', ')}</b>: ${why}`);
  const isIn = new Set(groups.flatMap(({ group, members }) => members.map(({ name }) => anchorOf(group, name))));
  const ends = ending.map(({ group, uid, until: end }, index) => {
    const anchor = anchorOf(group, uid);
    const name = isIn.has(anchor) ? markup`<a href="#${anchor}">${uid}</a>` : markup`${uid}${side === 'record' ? ' (is not in)' : ''}`;
    return markup`${index === 0 ? '' : ', '}${name} ${renderLastDay(end)}`;
  });
  const soonest =
    ends.length > 0 ? [markup`End within two weeks: ${ends.slice(0, mostAtOnce)}${ends.length > mostAtOnce ? ' and more' : ''}`] : [];
  const lines = [...soonest, ...others, ...withheld];
  if (lines.length === 0) return nothing;
  return markup`<section class="know" aria-labelledby="know">
    <h2 id="know">Good to know (${lines.length})</h2>
    ${list(lines)}
  </section>`;
}

function addName(apart: Map<string, string[]>, { group, notIn }: Extract<Attention, { readonly kind: 'not-in' }>): void {
  const why = `named for ${group} and not in; ${renderNotIn(notIn.reason)}`;
  const names = apart.get(why);
  if (names) names.push(notIn.uid);
  else apart.set(why, [notIn.uid]);
}

function changes(report: Report, pageOf: PageOf): Markup {
  const days = daysOf(report, daysOnPage).map(({ date, events }) => {
    const lines = events.map(({ mark, names, words, request }) => {
      const where = request ? markup` ${requestLink(request.number, pageOf(request.link))}` : nothing;
      return markup`<li><span class="${mark}">${mark}</span> ${names.join(', ')}${words}${where}</li>`;
    });
    return markup`<div class="day"><h3>${date}</h3><ul class="days">${lines}</ul></div>`;
  });
  return days.length === 0 ? markup`<p>Nothing.</p>` : markup`${days}`;
}

function revocations({ revocations: all }: Report): Markup {
  if (all.length === 0) return nothing;
  return markup`<h2>Revocations</h2>
    <details>
      <summary>${count(all.length, 'revocation')}, ${all.filter(({ lifted }) => !lifted).length} in force</summary>
      <ul>
        ${all.map((one) => markup`<li>${renderRevocation(one)}</li>`)}
      </ul>
    </details>`;
}

/** A purpose is somebody else's sentence, with a full stop or without: it stands by itself. */
function rules({ rules: of, evidence }: Report): Markup {
  if (!of) return nothing;
  const groups = [...of.groups.values()].map(
    (one) =>
      markup`<dt>${one.group}</dt>
        <dd>${one.purpose}</dd>
        <dd>${renderGroupRules(one, evidence)}</dd>`,
  );
  return markup`<h2>Rules</h2>
    <details>
      <summary>Who may approve for what, in ${count(groups.length, 'group')}</summary>
      <dl>${groups}</dl>
      <ul>
        ${renderTeams(of, evidence).map((line) => markup`<li>${line}</li>`)}
      </ul>
    </details>`;
}
