// The report's drawing as SVG: for everybody a bar from start to end of each grant.
// Places are percentages, so that it is as wide as the page and letters keep their size.
import type { GrantSpan, RefusedMark } from '../ledger/chronicle.ts';
import { inOrder, instant, type Instant } from '../names.ts';
import type { Report } from './report.ts';
import { day, renderInstant, week } from '../time.ts';
import { markup, type Markup } from './markup.ts';
import { renderRefusalCode } from '../review/refusals.ts';
import { renderEnd, renderMoment } from '../text.ts';

interface Axis {
  readonly from: Instant;
  readonly to: Instant;
  readonly now: Instant;
}

const height = 22;
const longestAhead = 120 * day;
const mostTicks = 6;
/** Their labels are longer. */
const mostDays = 4;
/** Below it months are too far from each other to show when something was. */
const shortest = 75 * day;

interface PersonRow {
  readonly uid: string;
  readonly spans: readonly GrantSpan[];
  readonly refused: readonly RefusedMark[];
}

export function renderTimeline({ at, chronicle, evidence }: Report, anchorOf: (uid: string) => string): Markup {
  const rows = rowsOf([...chronicle.spans.values()].flat(), [...chronicle.refused.values()].flat());
  if (rows.length === 0) return markup`<p>There were no grants in the year before.</p>`;
  const axis = axisOf(rows, at);
  return markup`<p class="soft">
      <svg class="key" aria-hidden="true"><rect class="bar" width="100%" height="100%" rx="3" /></svg>counts now
      <svg class="key" aria-hidden="true"><rect class="bar coming" x="2" y="2" width="80%" height="60%" rx="3" /></svg>begins later
      <svg class="key" aria-hidden="true"><rect class="bar over" width="100%" height="100%" rx="3" /></svg>over
      <svg class="key" aria-hidden="true">${cross('50%', 5)}</svg>refused
      <svg class="key" aria-hidden="true"><line class="now" x1="50%" x2="50%" y1="0" y2="100%" /></svg>${renderMoment(at)}
    </p>
    <ul class="rows">
      <li aria-hidden="true"><span></span><svg height="${height}">${ticks(axis).map((tick) => label(tick, axis))}</svg></li>
      ${rows.map((row) => personRow(row, axis, anchorOf, evidence))}
    </ul>`;
}

function rowsOf(spans: readonly GrantSpan[], refused: readonly RefusedMark[]): readonly PersonRow[] {
  const uids = [...new Set([...spans, ...refused].map(({ uid }) => uid))].sort(inOrder);
  return uids.map((uid) => ({
    uid,
    spans: spans.filter((one) => one.uid === uid),
    refused: refused.filter((one) => one.uid === uid),
  }));
}

function axisOf(rows: readonly PersonRow[], now: Instant): Axis {
  const starts = rows.flatMap(({ spans, refused }) => [...spans.map(({ from }) => from), ...refused.map(({ at }) => at)]);
  const ends = rows.flatMap(({ spans }) => spans.map(({ until }) => (until === 'open' ? now + longestAhead : until)));
  const from = Math.max(now - 365 * day, Math.min(now - 14 * day, ...starts));
  const to = Math.min(now + longestAhead, Math.max(now + 14 * day, ...ends));
  return { from: instant(from), to: instant(to), now };
}

/** Percent of the width, within the drawing. */
function x(at: number, { from, to }: Axis): number {
  return Math.round(Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100)) * 100) / 100;
}

/** The first of months, or Mondays where the drawing is short; never more than fit on a phone. */
function ticks({ from, to }: Axis): readonly Instant[] {
  const all = isShort({ from, to }) ? mondays(from, to) : months(from, to);
  const every = Math.max(1, Math.ceil(all.length / (isShort({ from, to }) ? mostDays : mostTicks)));
  return all.filter((_, index) => index % every === 0);
}

function isShort({ from, to }: Pick<Axis, 'from' | 'to'>): boolean {
  return to - from < shortest;
}

function mondays(from: Instant, to: Instant): readonly Instant[] {
  // 5 January 1970 was one.
  const monday = 4 * day;
  const first = monday + Math.ceil((from - monday) / week) * week;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / week) + 1) }, (_, index) => instant(first + index * week));
}

function months(from: Instant, to: Instant): readonly Instant[] {
  const firsts: Instant[] = [];
  const begin = new Date(from);
  for (let month = 1; ; month += 1) {
    const at = Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + month, 1);
    if (at > to) return firsts;
    firsts.push(instant(at));
  }
}

function label(at: Instant, axis: Axis): Markup {
  const place = x(at, axis);
  // A label that would stand out on the right ends at its tick.
  const anchor = place > 90 ? 'end' : 'start';
  return markup`<line class="tick" x1="${place}%" x2="${place}%" y1="0" y2="100%" /><text
      x="${place}%"
      dx="${anchor === 'end' ? -4 : 4}"
      y="15"
      text-anchor="${anchor}"
      >${renderInstant(at).slice(0, isShort(axis) ? 10 : 7)}</text
    >`;
}

function personRow(
  { uid, spans, refused }: PersonRow,
  axis: Axis,
  anchorOf: (uid: string) => string,
  evidence: Report['evidence'],
): Markup {
  const refusals = refused.map((one) => ({ at: one.at, told: describeRefusal(one, evidence) }));
  const told = [...spans.map(describeSpan), ...refusals.map((one) => one.told)].join('; ');
  const marks = refusals.map((one) => markup`<g><title>${one.told}</title>${cross(`${x(one.at, axis)}%`, height / 2)}</g>`);
  return markup`<li>
    <a href="#${anchorOf(uid)}">${uid}</a
    ><svg height="${height}" role="img" aria-label="${`${uid}: ${told}`}">
      ${ticks(axis).map((at) => markup`<line class="tick" x1="${x(at, axis)}%" x2="${x(at, axis)}%" y1="0" y2="100%" />`)}${spans.map((span) => bar(span, axis))}
      <line class="now" x1="${x(axis.now, axis)}%" x2="${x(axis.now, axis)}%" y1="0" y2="100%" />
      ${marks}
    </svg>
  </li>`;
}

function bar(span: GrantSpan, axis: Axis): Markup {
  const until = span.until === 'open' ? axis.to : span.until;
  const left = x(span.from, axis);
  const width = Math.max(0.5, x(until, axis) - left);
  const kind = until <= axis.now ? ' over' : span.from > axis.now ? ' coming' : '';
  return markup`<rect class="bar${kind}" x="${left}%" width="${Math.round(width * 100) / 100}%" y="5" height="${height - 10}" rx="3"
    ><title>${describeSpan(span)}</title></rect
  >`;
}

/** A cross about the place, drawn by an inner drawing of its own because lines know no calculations. */
function cross(place: string, middle: number): Markup {
  return markup`<svg x="${place}" y="${middle}" class="cross">
    <line class="mark" x1="-5" y1="-5" x2="5" y2="5" />
    <line class="mark" x1="-5" y1="5" x2="5" y2="-5" />
  </svg>`;
}

function describeSpan({ group, from, until, cutShort, mergeRequest }: GrantSpan): string {
  const merge = mergeRequest === null ? '' : ` (!${mergeRequest})`;
  return `${group} from ${renderMoment(from)} ${renderEnd(until)}${cutShort ? ', cut short' : ''}${merge}`;
}

function describeRefusal({ group, at, code, mergeRequest }: RefusedMark, evidence: Report['evidence']): string {
  const merge = mergeRequest === null ? '' : ` (!${mergeRequest})`;
  return `${group} refused at ${renderMoment(at)}${merge}: ${renderRefusalCode(code, evidence)}`;
}
