// What changed, by day, the latest first: who came, stayed under another grant and went, and what was decided.
import type { Because } from '../membership/desired.ts';
import { instant, type GroupName, type Instant } from '../names.ts';
import { plain, renderBy, renderRemoval } from '../text.ts';
import { day, renderDate } from '../time.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { renderRefusalCode } from '../review/refusals.ts';
import { approval, renderLastDay, type PageOf } from './report-table.ts';
import { renderHoldCode } from './report-words.ts';
import type { Report } from './report.ts';

interface Event {
  readonly at: Instant;
  readonly mark: 'in' | 'renewed' | 'out' | 'refused' | 'revoked' | 'lifted' | 'allowed' | 'rules';
  /** What happened to several people for one reason on one day is told once. */
  readonly names: readonly string[];
  readonly told: Markup;
}

export function renderDays(report: Report, pageOf: PageOf): Markup {
  const days = new Map<number, Map<string, Event>>();
  for (const event of [...movements(report, pageOf), ...decisions(report)]) {
    const of = Math.floor(event.at / day) * day;
    const events = days.get(of) ?? new Map<string, Event>();
    days.set(of, events);
    const key = `${event.mark} ${event.told.markup}`;
    const known = events.get(key);
    events.set(key, known ? { ...known, names: [...known.names, ...event.names] } : event);
  }
  if (days.size === 0) return markup`<p>Nothing.</p>`;
  const latestFirst = [...days].sort(([left], [right]) => right - left);
  return markup`${latestFirst.map(([of, events]) => dayOf(of, [...events.values()]))}`;
}

function dayOf(at: number, events: readonly Event[]): Markup {
  const sorted = [...events].sort((left, right) => right.at - left.at);
  return markup`<div class="day"><h3>${renderDate(at)}</h3>
    <ul class="days">${sorted.map(
      ({ mark, names, told }) => markup`<li><span class="${mark}">${mark}</span> ${names.map(plain).join(', ')}${told}</li>`,
    )}</ul></div>`;
}

function movements(report: Report, pageOf: PageOf): readonly Event[] {
  const { joined, renewed, left } = report.changes;
  const grounds = (group: GroupName, because: Because | null) => markup`, ${group}${reasonOf(because, report, pageOf)}`;
  return [
    ...joined.map(({ at, name, group, because }) => ({ at, mark: 'in', names: [name], told: grounds(group, because) }) as const),
    ...renewed.map(({ at, name, group, because }) => ({ at, mark: 'renewed', names: [name], told: grounds(group, because) }) as const),
    ...left.map(({ name, group, departure: { at, because } }) => {
      const why = because ? (because.kind === 'expired' ? 'the grant ended' : renderRemoval(because)) : 'taken out, and not by muster';
      return { at, mark: 'out', names: [name], told: markup`, ${group}: ${why}` } as const;
    }),
  ];
}

function reasonOf(because: Because | null, report: Report, pageOf: PageOf): Markup {
  if (!because) return markup`: no grant or roster explained it`;
  if (because.kind === 'roster') return markup`: on the roster ${because.roster}`;
  const end = because.until === 'open' ? ', without an end' : ` until ${renderLastDay(because.until)}`;
  return markup`${end}${because.approvedBy.length > 0 ? ', approved by ' : ', '}${approval(because, report, pageOf)}`;
}

function decisions(report: Report): readonly Event[] {
  const { landings, revocations, overrides, since } = report.changes;
  return [
    ...landings.flatMap(({ at, verdict, bringsRules, paths }): readonly Event[] => {
      const request = verdict.mergeRequest === null ? '' : ` in !${verdict.mergeRequest}`;
      if (verdict.kind === 'refused')
        return [{ at, mark: 'refused', names: few(paths), told: markup`${request}: ${renderRefusalCode(verdict.code, report.evidence)}` }];
      const by = verdict.approvedBy.length > 0 ? `, approved by ${verdict.approvedBy.join(', ')}` : '';
      return bringsRules ? [{ at, mark: 'rules', names: [], told: markup`changed${request}${by}` }] : [];
    }),
    ...revocations.flatMap(({ record: { at, uid, from, reason, by }, lifted }): readonly Event[] => [
      ...(at > since
        ? [
            {
              at,
              mark: 'revoked',
              names: [uid],
              told: markup` from ${from ?? 'every managed group'}${renderBy(by)}${saying(reason)}`,
            } as const,
          ]
        : []),
      ...(lifted && lifted.at > since
        ? [
            {
              at: lifted.at,
              mark: 'lifted',
              names: [uid],
              told: markup`: the revocation has ended${renderBy(lifted.by)}${saying(lifted.reason)}`,
            } as const,
          ]
        : []),
    ]),
    ...overrides
      .filter(({ record }) => record.at > since)
      .map(({ record: { at, group, code, reason, by }, usedAt }): Event => {
        const used = usedAt === undefined ? ', never used' : '';
        return {
          at: instant(at),
          mark: 'allowed',
          names: [],
          told: markup`${group}: ${renderHoldCode(code)}${renderBy(by)}${used}${saying(reason)}`,
        };
      }),
  ];
}

/** Of the files of one change: the others are told where it is. */
function few(paths: readonly string[]): readonly string[] {
  return paths.length > 4 ? [...paths.slice(0, 3), `${paths.length - 3} more files`] : paths;
}

function saying(reason: string): Markup {
  return reason === '' ? nothing : markup`: “${reason}”`;
}
