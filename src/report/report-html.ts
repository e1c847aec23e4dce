// The report as one page that needs nothing else: no script to be read, no request to anywhere, no text that is taken for markup.
import type { GroupReport, Report } from './report.ts';
import { count } from '../time.ts';
import { markup, nothing, verbatim, type Markup } from './markup.ts';
import { needsWayBack, renderRefusalBriefly, renderWayBack } from '../review/refusals.ts';
import { anchorOf, pagesOf, renderPeople, type PageOf } from './report-people.ts';
import { script, style } from './report-style.ts';
import { renderTimeline } from './report-timeline.ts';
import {
  renderAccess,
  renderApprover,
  renderAttention,
  renderEnding,
  renderGroupRules,
  renderHold,
  renderJoined,
  renderLanding,
  renderLeft,
  renderNotIn,
  renderNotes,
  renderOverride,
  renderPeriod,
  renderRevocation,
  renderTeams,
} from './report-words.ts';
import { renderMoment } from '../text.ts';

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
        <a class="skip" href="#people">To the people</a>
        <header>
          <h1>Who has access</h1>
          <p>At <strong>${renderMoment(report.at)}</strong>. All times are UTC.</p>
        </header>
        <main>
          ${glance(report)}${needs(report, pageOf)}${changes(report)}
          <h2 id="timeline">Grants over time</h2>
          ${renderTimeline(report, anchorOf)}
          <h2>People</h2>
          <div class="filter" hidden>
            <label for="filter">Find a person, a group, a reason</label><br /><input type="search" id="filter" />
            <span id="shown" role="status" class="soft"></span>
          </div>
          ${renderPeople(report, pageOf)}${ending(report)}${decisions(report)}${rules(report)}
        </main>
        <footer>${renderNotes(report).map((note) => markup`<p>${note}</p>`)}</footer>
        <script>${verbatim(script)}</script>
      </body>
    </html>
`;
  return page.markup;
}

function glance({ groups, side }: Report): Markup {
  const people = new Set(groups.flatMap(({ members }) => members.map(({ name }) => name)));
  const all = side === 'policy' ? 'by grants in force' : 'through all groups together';
  const isKnown = side === 'policy' || groups.every(({ recorded }) => recorded);
  return markup`<ul class="cards">
    <li><strong>${isKnown ? people.size : '?'}</strong>${people.size === 1 ? 'person has' : 'people have'} access, ${all}</li>
    ${groups.map((group) => card(group, side))}
  </ul>`;
}

function card({ group, rules: of, members, recorded, withheld }: GroupReport, side: Report['side']): Markup {
  const isKnown = recorded || (side === 'policy' && of?.members.kind === 'grants');
  const out =
    withheld.length === 0
      ? nothing
      : markup` <span class="soft">${count(withheld.length, 'person is', 'people are')} named and not in.</span>`;
  return markup`<li>
    <strong>${isKnown ? members.length : '?'}</strong>through <b>${group}</b>.
    ${of?.purpose ?? 'The rules do not know this group.'}${isKnown ? nothing : markup` <span class="soft">Its members are not on record here.</span>`}${out}
  </li>`;
}

function needs({ attention, refused, evidence }: Report, pageOf: PageOf): Markup {
  if (attention.length === 0) return markup`<p>Nothing needs a person.</p>`;
  const lines = attention.map((one) => {
    const page = one.kind === 'refused' ? pageOf(one.refusal.link) : undefined;
    return markup`<li>
      ${renderAttention(one, evidence)}${page === undefined ? nothing : markup` <a href="${page}" rel="noreferrer">Merge request</a>`}
    </li>`;
  });
  const back = refused.some((one) => needsWayBack(one, evidence)) ? markup`<p>The way back: ${renderWayBack(evidence)}</p>` : nothing;
  return markup`<section class="needs" aria-labelledby="needs">
    <h2 id="needs">Needs a person</h2>
    <ul class="plain">
      ${lines}
    </ul>
    ${back}
  </section>`;
}

function section(heading: string, lines: readonly string[], none?: string): Markup {
  if (lines.length === 0 && none === undefined) return nothing;
  const body =
    lines.length === 0
      ? markup`<p>${none ?? ''}</p>`
      : markup`<ul class="plain">
          ${lines.map((line) => markup`<li>${line}</li>`)}
        </ul>`;
  return markup`<h2>${heading}</h2>
    ${body}`;
}

function changes({ changes: of, at }: Report): Markup {
  if (!of) return nothing;
  const lines = [...of.joined.map(renderJoined), ...of.left.map(renderLeft), ...of.landings.map(renderLanding)];
  const others = of.rulesChanged ? ['The rules are others than then.'] : [];
  const access = section(renderPeriod(of.since, at), of.access.map(renderAccess), 'Nobody.');
  return markup`${access}${section(`Changed since ${renderMoment(of.since)}`, [...lines, ...others], 'Nothing.')}`;
}

function ending(report: Report): Markup {
  return section(
    'Ends within two weeks',
    report.ending.map((one) => `${renderMoment(one.until)}: ${renderEnding(one, report)}`),
    'No grant does.',
  );
}

function decisions({ groups, refused, revocations, overrides, approvers, evidence }: Report): Markup {
  const held = groups.flatMap(({ group, held: all }) => all.map((hold) => `${group}: ${renderHold(hold)}`));
  const withheld = groups.flatMap(({ group, withheld: all }) => all.map(({ uid, reason }) => `${uid}, ${group}: ${renderNotIn(reason)}`));
  return markup`${section('Named and not in', withheld)}${section('Held', held)}${section(
    'Refused',
    refused.map((one) => `${one.path}: ${renderRefusalBriefly(one, evidence)}`),
  )}${section('Revocations', revocations.map(renderRevocation))}${section('Held sets that were allowed', overrides.map(renderOverride))}${section(
    'Who approved how much',
    approvers.map(renderApprover),
  )}`;
}

function rules({ rules: of, at, evidence }: Report): Markup {
  if (!of) return nothing;
  const groups = [...of.groups.values()].map(
    (one) =>
      markup`<dt>${one.group}</dt>
        <dd>${one.purpose} ${renderGroupRules(one, evidence)}</dd>`,
  );
  return markup`<h2>Rules as of ${renderMoment(at)}</h2>
    <dl>${groups}</dl>
    <ul class="plain">
      ${renderTeams(of, evidence).map((line) => markup`<li>${line}</li>`)}
    </ul>`;
}
