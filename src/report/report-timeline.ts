// The report's drawing as SVG: a bar for each grant, from its start to its end, with the end written beside it.
// Places are percentages, so that it is as wide as the page and letters keep their size.
import type { GrantSpan, RefusedMark } from '../ledger/chronicle.ts';
import { inOrder, instant, type GroupName, type Instant } from '../names.ts';
import type { Report } from './report.ts';
import { day, renderDate, renderLastDay, renderMonth, week } from '../time.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { renderRefusalCode } from '../review/refusals.ts';
import { renderMoment, renderUntil } from '../text.ts';

interface Axis {
  readonly from: Instant;
  readonly to: Instant;
  readonly now: Instant;
}

const height = 22;
const longestAhead = 120 * day;
/** Labels of days are longer than those of months. */
const mostMonths = 12;
const mostDays = 8;
/** Below it months are too far from each other to show when something was. */
const shortest = 75 * day;
/** Rows that are seen at once: those who have or will have access, and those whose grants are over. */
const most = { current: 60, over: 8 } as const;
/** The drawing is at least this wide, and a letter about so wide: labels have to fit on a phone. */
const narrowest = 250;
const letter = 6.5;

interface Row {
  readonly uid: string;
  readonly group: GroupName;
  readonly spans: readonly GrantSpan[];
  readonly refused: readonly RefusedMark[];
}

/** Where the page tells more of somebody; undefined where it does not. */
type AnchorOf = (group: GroupName, uid: string) => string | undefined;

export function renderTimeline(report: Report, anchorOf: AnchorOf): Markup {
  const rows = rowsOf(report);
  if (rows.length === 0) return markup`<p>There were no grants in the year before.</p>`;
  const axis = axisOf(rows, report.at);
  const current = rows.filter((row) => endOf(row) > report.at);
  const over = rows.filter((row) => endOf(row) <= report.at);
  const severalGroups = new Set(rows.map(({ group }) => group)).size > 1;
  const draw = (row: Row) => personRow(row, axis, anchorOf, severalGroups, report.evidence);
  return markup`${key(rows, report.at)}
    <ul class="rows">
      <li class="axis" aria-hidden="true"><span></span><svg height="${height}">${ticks(axis).map((tick, at) => label(tick, at, axis))}</svg></li>
      ${current.slice(0, most.current).map(draw)}${over.slice(0, most.over).map(draw)}
    </ul>
    ${folded('that end later', current.slice(most.current).map(draw))}${folded('that are over', over.slice(most.over).map(draw))}`;
}

function folded(which: string, rows: readonly Markup[]): Markup {
  if (rows.length === 0) return nothing;
  return markup`<details class="more">
    <summary>${rows.length} more ${which}</summary>
    <ul class="rows">${rows}</ul>
  </details>`;
}

/** What the marks mean that are there. */
function key(rows: readonly Row[], at: Instant): Markup {
  const spans = rows.flatMap((row) => row.spans);
  const part = (isThere: boolean, sign: Markup, word: string) =>
    isThere ? markup`<span><svg class="key" aria-hidden="true">${sign}</svg>${word}</span> ` : nothing;
  const bar = (kind: string) => markup`<rect class="bar${kind}" x="1" y="1" width="90%" height="80%" rx="3" />`;
  return markup`<p class="soft keys">${part(
    spans.some(({ from, until }) => from <= at && (until === 'open' || until > at)),
    bar(''),
    'counts now',
  )}${part(
    spans.some(({ from }) => from > at),
    bar(' coming'),
    'begins later',
  )}${part(
    spans.some(({ until }) => until !== 'open' && until <= at),
    bar(' over'),
    'over',
  )}${part(
    rows.some(({ refused }) => refused.length > 0),
    cross('50%', 5),
    'refused',
  )}${part(true, markup`<line class="now" x1="50%" x2="50%" y1="0" y2="100%" />`, renderMoment(at))}</p>`;
}

/** Those who have access first, by what ends first; then those who had it, the latest first; at last what was only refused. */
function rowsOf({ at, chronicle }: Report): readonly Row[] {
  const rows = [...new Set([...chronicle.spans.keys(), ...chronicle.refused.keys()])].flatMap((path): readonly Row[] => {
    const spans = chronicle.spans.get(path) ?? [];
    const refused = chronicle.refused.get(path) ?? [];
    const [first] = [...spans, ...refused];
    return first ? [{ uid: first.uid, group: first.group, spans, refused }] : [];
  });
  const rank = (row: Row) => (endOf(row) > at ? endOf(row) : Number.MAX_VALUE);
  return rows.sort(
    (left, right) =>
      Number(endOf(left) <= at) - Number(endOf(right) <= at) ||
      (rank(left) === rank(right) ? 0 : rank(left) - rank(right)) ||
      endOf(right) - endOf(left) ||
      inOrder(left.group, right.group) ||
      inOrder(left.uid, right.uid),
  );
}

/** The latest end; what has none ends after all others, what was only refused before all others. */
function endOf({ spans }: Row): number {
  return Math.max(0, ...spans.map(({ until }) => (until === 'open' ? Number.MAX_SAFE_INTEGER : until)));
}

function axisOf(rows: readonly Row[], now: Instant): Axis {
  const starts = rows.flatMap(({ spans, refused }) => [...spans.map(({ from }) => from), ...refused.map(({ at }) => at)]);
  const ends = rows.flatMap(({ spans }) => spans.map(({ until }) => (until === 'open' ? now + longestAhead : until)));
  const from = Math.max(now - 365 * day, least(starts, now - 14 * day));
  const to = Math.min(
    now + longestAhead,
    -least(
      ends.map((end) => -end),
      -(now + 14 * day),
    ),
  );
  return { from: instant(from), to: instant(to), now };
}

function least(moments: readonly number[], atMost: number): number {
  return moments.reduce((lowest, one) => Math.min(lowest, one), atMost);
}

/** Percent of the width, within the drawing. */
function x(at: number, { from, to }: Axis): number {
  return Math.round(Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100)) * 100) / 100;
}

/** The first of months, or Mondays where the drawing is short. */
function ticks({ from, to }: Axis): readonly Instant[] {
  const all = isShort({ from, to }) ? mondays(from, to) : months(from, to);
  const every = Math.max(1, Math.ceil(all.length / (isShort({ from, to }) ? mostDays : mostMonths)));
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

/** January is told by its year. On a phone there is room for every second one. */
function label(at: Instant, index: number, axis: Axis): Markup {
  const place = x(at, axis);
  const month = renderMonth(at);
  const text = isShort(axis) ? renderDate(at).replace(/ \d+$/, '') : month === 'Jan' ? renderDate(at).slice(-4) : month;
  // A label that would stand out on the right ends at its tick.
  const anchor = place > 95 ? 'end' : 'start';
  const kind = index % 2 === 1 ? markup` class="odd"` : nothing;
  return markup`<line class="tick" x1="${place}%" x2="${place}%" y1="0" y2="100%" /><text${kind} x="${place}%" dx="${anchor === 'end' ? -4 : 4}" y="15" text-anchor="${anchor}">${text}</text>`;
}

function personRow(
  { uid, group, spans, refused }: Row,
  axis: Axis,
  anchorOf: AnchorOf,
  severalGroups: boolean,
  evidence: Report['evidence'],
): Markup {
  const refusals = refused.map((one) => ({ at: one.at, told: describeRefusal(one, evidence) }));
  const told = [...spans.map(describeSpan), ...refusals.map((one) => one.told)].join('; ');
  const marks = refusals.map((one) => markup`<g><title>${one.told}</title>${cross(`${x(one.at, axis)}%`, height / 2)}</g>`);
  const anchor = anchorOf(group, uid);
  const name = anchor === undefined ? markup`${uid}` : markup`<a href="#${anchor}">${uid}</a>`;
  const last = spans.at(-1);
  const before = spans.slice(0, -1).map(({ until }) => (until === 'open' ? axis.to : until));
  return markup`<li>
    <span class="who">${name}${severalGroups ? markup` <small>${group}</small>` : nothing}</span>
    <svg height="${height}" role="img" aria-label="${`${uid}: ${told}`}">
      ${ticks(axis).map((at) => markup`<line class="tick" x1="${x(at, axis)}%" x2="${x(at, axis)}%" y1="0" y2="100%" />`)}${spans.map((span) => bar(span, axis))}
      <line class="now" x1="${x(axis.now, axis)}%" x2="${x(axis.now, axis)}%" y1="0" y2="100%" />
      ${marks}${last ? endLabel(last, before, axis) : nothing}
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

/** After the bar where there is room, else before it, else within it at its end. Before it an earlier bar may stand, whose end it is not. */
function endLabel({ from, until }: GrantSpan, before: readonly Instant[], axis: Axis): Markup {
  const end = until === 'open' ? axis.to : until;
  const near = Math.abs(end - axis.now) < 200 * day;
  const text =
    until === 'open' ? 'no end' : near ? renderLastDay(until).replace(/ \d{4}.*$/, '') : renderLastDay(until).replace(/,.*$/, '');
  const room = ((text.length * letter + 8) / narrowest) * 100;
  const left = x(from, axis);
  const free = left - Math.max(0, ...before.map((at) => x(at, axis)));
  const right = Math.max(x(end, axis), left + 0.5);
  const [place, dx, anchor, kind] =
    right + room <= 100 ? [right, 5, 'start', ''] : free - room >= 0 ? [left, -5, 'end', ''] : [right, -5, 'end', ' within'];
  return markup`<text class="end${kind}" x="${place}%" dx="${dx}" y="15" text-anchor="${anchor}" aria-hidden="true">${text}</text>`;
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
  return `${group} from ${renderMoment(from)} ${renderUntil(until)}${cutShort ? ', cut short' : ''}${merge}`;
}

function describeRefusal({ group, at, code, mergeRequest }: RefusedMark, evidence: Report['evidence']): string {
  const merge = mergeRequest === null ? '' : ` (!${mergeRequest})`;
  return `${group} refused at ${renderMoment(at)}${merge}: ${renderRefusalCode(code, evidence)}`;
}
