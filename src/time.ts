// Moments and lengths of time as people write them. Nothing here reads the clock.
import { duration, instant, type Duration, type Instant } from './names.ts';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;
export const week = 7 * day;

const datePart = /^(\d{4})-(\d{2})-(\d{2})$/;
const timePart = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})$/;

/** `2026-11-23T14:05:02Z`: RFC 3339 in UTC, whole seconds. */
export function renderInstant(at: Instant): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `7 Dec 2026`, UTC: on a page, where dates stand in columns. */
export function renderDate(at: number): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${renderMonth(at)} ${date.getUTCFullYear()}`;
}

/** `7 Dec 2026` where it counts to its end, `7 Dec 2026, 17:00` where it ends within. */
export function renderLastDay(end: Instant): string {
  return end % day === 0 ? renderDate(end - day) : `${renderDate(end)}, ${renderInstant(end).slice(11, 16)}`;
}

export function renderMonth(at: number): string {
  return monthNames[new Date(at).getUTCMonth()] ?? '';
}

/** The first instant of a day that exists, UTC; undefined for 30 February, the year 9999 or the year 1999. */
function startOfDay(text: string): Instant | undefined {
  const [, year, month, date] = datePart.exec(text) ?? [];
  if (year === undefined || month === undefined || date === undefined) return undefined;
  if (Number(year) < 2000 || Number(year) > 2199) return undefined;
  const at = Date.UTC(Number(year), Number(month) - 1, Number(date));
  return new Date(at).toISOString().startsWith(text) ? instant(at) : undefined;
}

/** A time of day with its zone (RFC 3339; seconds may be left out). Leap seconds and `24:00` are not accepted. */
function momentInDay(text: string): Instant | undefined {
  const [, date, hours, minutes, seconds, zone] = timePart.exec(text) ?? [];
  if (date === undefined || zone === undefined) return undefined;
  const start = startOfDay(date);
  if (start === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return undefined;
  const offset = parseZone(zone);
  if (offset === undefined) return undefined;
  return instant(start + Number(hours) * hour + Number(minutes) * minute + Number(seconds ?? 0) * second - offset);
}

function parseZone(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * hour + minutes * minute);
}

/** When a grant begins: a day counts from its start, UTC. */
export function parseStart(text: string): Instant | undefined {
  return startOfDay(text) ?? momentInDay(text);
}

/** The first instant without access: a day in the file counts to its end, UTC. */
export function parseEnd(text: string): Instant | undefined {
  const start = startOfDay(text);
  return start === undefined ? momentInDay(text) : instant(start + day);
}

/** A moment on a command line or in another system's answer: a time with its zone, fractions of a second allowed. */
export function parseMoment(text: string): Instant | undefined {
  const fraction = /^(.*:\d{2})\.(\d{1,9})(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (!fraction) return parseStart(text);
  const whole = momentInDay(`${fraction[1]}${fraction[3]}`);
  return whole === undefined ? undefined : instant(whole + Math.trunc(Number(`0.${fraction[2]}`) * 1000));
}

const units: Readonly<Record<string, number>> = { second, minute, hour, day, week };

/** `26 hours`, `90 days`: a whole number and a unit. */
export function parseDuration(text: string): Duration | undefined {
  const [, count, unit] = /^([1-9]\d{0,5}) (second|minute|hour|day|week)s?$/.exec(text) ?? [];
  const length = unit === undefined ? undefined : units[unit];
  return count === undefined || length === undefined ? undefined : duration(Number(count) * length);
}

/** `3 days`, `26 hours`, `4 minutes`: the largest unit that says it without loss of sense. */
export function renderDuration(length: number): string {
  for (const [unit, size] of [
    ['day', day],
    ['hour', hour],
    ['minute', minute],
  ] as const) {
    if (length >= 2 * size || length === size) return count(Math.floor(length / size), unit);
  }
  return count(Math.max(0, Math.floor(length / second)), 'second');
}

/** `1 person`, `3 grants`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
