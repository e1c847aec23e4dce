// What changed, by day, the latest first: who came, stayed under another grant and went, and what was decided. The same words for page and text.
import type { Because } from '../membership/desired.ts';
import { instant, type GroupName, type Instant } from '../names.ts';
import { plain, renderBy, renderUntil } from '../text.ts';
import { day, renderDate, renderInstant, renderLastDay } from '../time.ts';
import { renderRefusalCode } from '../review/refusals.ts';
import { renderDeparture, renderHoldCode } from './report-words.ts';
import type { Report } from './report.ts';

interface Event {
  readonly at: Instant;
  readonly mark: 'in' | 'renewed' | 'out' | 'refused' | 'revoked' | 'lifted' | 'allowed' | 'rules';
  /** What happened to several people for one reason on one day is told once. */
  readonly names: readonly string[];
  readonly words: string;
  /** Where it can be read. */
  readonly request?: { readonly number: number; readonly link: string | undefined };
}

/** How days are written: on the page as in its columns, in a text as in all other texts. */
export interface DayStyle {
  readonly day: (at: Instant) => string;
  readonly until: (until: Instant | 'open') => string;
}

export const daysOnPage: DayStyle = {
  day: renderDate,
  until: (until) => (until === 'open' ? ', without an end' : ` until ${renderLastDay(until)}`),
};

export const daysInText: DayStyle = {
  day: (at) => renderInstant(at).slice(0, 10),
  until: (until) => `${until === 'open' ? ',' : ''} ${renderUntil(until)}`,
};

export interface Day {
  readonly date: string;
  readonly events: readonly Event[];
}

export function daysOf(report: Report, style: DayStyle): readonly Day[] {
  const days = new Map<number, Map<string, Event & { readonly names: string[] }>>();
  for (const event of [...movements(report, style), ...decisions(report)]) {
    const of = Math.floor(event.at / day) * day;
    const events = days.get(of) ?? new Map<string, Event & { readonly names: string[] }>();
    days.set(of, events);
    const key = `${event.mark} ${event.words} ${event.request?.number}`;
    const known = events.get(key);
    if (known) {
      known.names.push(...event.names);
      events.set(key, { ...known, at: instant(Math.max(known.at, event.at)) });
    } else events.set(key, { ...event, names: [...event.names] });
  }
  return [...days]
    .sort(([left], [right]) => right - left)
    .map(([of, events]) => ({
      date: style.day(instant(of)),
      events: [...events.values()].map(told).sort((left, right) => right.at - left.at),
    }));
}

/** Whoever came twice on a day is named once. */
function told(event: Event): Event {
  return { ...event, names: [...new Set(event.names)] };
}

function movements(report: Report, style: DayStyle): readonly Event[] {
  const { joined, renewed, left } = report.changes;
  return [
    ...joined.map(({ at, name, group, because }) => ({ at, mark: 'in', names: [name], ...grounds(group, because, style) }) as const),
    ...renewed.map(({ at, name, group, because }) => ({ at, mark: 'renewed', names: [name], ...grounds(group, because, style) }) as const),
    ...left.map(({ name, group, departure: { at, because } }) => {
      const why = because?.kind === 'expired' ? 'the grant ended' : renderDeparture({ because, at });
      return { at, mark: 'out', names: [name], words: `, ${group}: ${why}` } as const;
    }),
  ];
}

function grounds(group: GroupName, because: Because | null, style: DayStyle): Pick<Event, 'words' | 'request'> {
  if (!because) return { words: `, ${group}: no grant or roster explained it` };
  if (because.kind === 'roster') return { words: `, ${group}: on the roster ${because.roster}` };
  const { until, approvedBy, mergeRequest, commit, link } = because;
  const end = style.until(until);
  const by = approvedBy.length > 0 ? `, approved by ${approvedBy.join(', ')}` : '';
  if (mergeRequest === null) return { words: `, ${group}${end}${by}, commit ${commit.slice(0, 12)}` };
  return { words: `, ${group}${end}${by}`, request: { number: mergeRequest, link } };
}

function decisions({ changes, evidence }: Report): readonly Event[] {
  const { landings, revocations, overrides, since } = changes;
  return [
    ...landings.flatMap(({ at, commit, verdict, bringsRules, brought }): readonly Event[] => {
      const { mergeRequest } = verdict;
      const where = mergeRequest === null ? {} : { request: { number: mergeRequest, link: verdict.link } };
      const which = mergeRequest === null ? ` in ${commit.slice(0, 12)}` : '';
      if (verdict.kind === 'refused' && brought.length === 0) return [];
      if (verdict.kind === 'refused')
        return [{ at, mark: 'refused', names: few(brought), words: `${which}: ${renderRefusalCode(verdict.code, evidence)}`, ...where }];
      const by = verdict.approvedBy.length > 0 ? `, approved by ${verdict.approvedBy.join(', ')}` : '';
      return bringsRules ? [{ at, mark: 'rules', names: [], words: `changed${which}${by}`, ...where }] : [];
    }),
    ...revocations.flatMap(({ record: { at, uid, from, reason, by }, lifted }) => [
      { at, mark: 'revoked', names: [uid], words: ` from ${from ?? 'every managed group'}${renderBy(by)}${saying(reason)}` } as const,
      ...(lifted
        ? [
            {
              at: lifted.at,
              mark: 'lifted',
              names: [uid],
              words: `: the revocation has ended${renderBy(lifted.by)}${saying(lifted.reason)}`,
            } as const,
          ]
        : []),
    ]),
    ...overrides.map(({ record: { at, group, code, reason, by }, usedAt }) => {
      const used = usedAt === undefined ? ', never used' : '';
      return { at, mark: 'allowed', names: [], words: `${group}: ${renderHoldCode(code)}${renderBy(by)}${used}${saying(reason)}` } as const;
    }),
  ].filter(({ at }) => at > since);
}

/** Of the files of one change: the others are told where it is. */
function few(paths: readonly string[]): readonly string[] {
  return paths.length > 4 ? [...paths.slice(0, 3), `${paths.length - 3} more files`] : paths;
}

function saying(reason: string): string {
  return reason === '' ? '' : `: “${plain(reason)}”`;
}
