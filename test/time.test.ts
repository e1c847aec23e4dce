import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, type Instant } from '../src/names.ts';
import {
  count,
  day,
  hour,
  minute,
  parseDuration,
  parseEnd,
  parseMoment,
  parseStart,
  renderDuration,
  renderInstant,
  second,
} from '../src/time.ts';

function rendered(at: Instant | undefined): string | undefined {
  return at === undefined ? undefined : renderInstant(at);
}

describe('when a grant begins and ends', () => {
  it.each([
    { given: 'a day', text: '2026-12-07', begins: '2026-12-07T00:00:00Z', ends: '2026-12-08T00:00:00Z' },
    { given: 'the last day of a year', text: '2026-12-31', begins: '2026-12-31T00:00:00Z', ends: '2027-01-01T00:00:00Z' },
    { given: 'a leap day', text: '2028-02-29', begins: '2028-02-29T00:00:00Z', ends: '2028-03-01T00:00:00Z' },
    { given: 'the first day there is', text: '2000-01-01', begins: '2000-01-01T00:00:00Z', ends: '2000-01-02T00:00:00Z' },
    { given: 'the last day there is', text: '2199-12-31', begins: '2199-12-31T00:00:00Z', ends: '2200-01-01T00:00:00Z' },
    { given: 'a time east of Greenwich', text: '2026-12-07T18:00+01:00', begins: '2026-12-07T17:00:00Z', ends: '2026-12-07T17:00:00Z' },
    { given: 'a time west of Greenwich', text: '2026-12-07T18:00:30-03:30', begins: '2026-12-07T21:30:30Z', ends: '2026-12-07T21:30:30Z' },
    { given: 'a time in UTC', text: '2026-12-07T00:00Z', begins: '2026-12-07T00:00:00Z', ends: '2026-12-07T00:00:00Z' },
    { given: 'the zone furthest east', text: '2026-12-07T14:00+14:00', begins: '2026-12-07T00:00:00Z', ends: '2026-12-07T00:00:00Z' },
  ])('given $given, $text, then a day counts whole and a time counts as it is', ({ text, begins, ends }) => {
    expect(rendered(parseStart(text))).toBe(begins);
    expect(rendered(parseEnd(text))).toBe(ends);
  });

  it.each([
    '2026-02-30',
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-12-00',
    '1999-12-31',
    '2200-01-01',
    '9999-12-31',
    '2026-1-1',
    '20261207',
    '2026-12-07 ',
    ' 2026-12-07',
    '2026-12-07\n',
    '2026-12-07T18:00',
    '2026-12-07T18Z',
    '2026-12-07T24:00Z',
    '2026-12-07T18:60Z',
    '2026-12-07T18:00:60Z',
    '2026-12-07T18:00:00.5Z',
    '2026-12-07T18:00+15:00',
    '2026-12-07T18:00+01:60',
    '2026-12-07T18:00+0100',
    '2026-12-07t18:00z',
    '2026-02-30T18:00Z',
    'tomorrow',
    'open',
    '1765065600',
    '',
  ])('given %j, then it is no time', (text) => {
    expect(parseStart(text)).toBeUndefined();
    expect(parseEnd(text)).toBeUndefined();
  });

  it('a day ends where the next one begins', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0, 1) / day, max: Date.UTC(2199, 11, 30) / day }), (number) => {
        const text = (days: number) => new Date(days * day).toISOString().slice(0, 10);
        expect(parseEnd(text(number))).toBe(parseStart(text(number + 1)));
      }),
    );
  });
});

describe('a moment', () => {
  it('what is rendered is read back, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0, 1) / second, max: Date.UTC(2199, 11, 31) / second }), (seconds) => {
        expect(parseMoment(renderInstant(instant(seconds * second)))).toBe(seconds * second);
      }),
    );
  });

  it('what another system writes with milliseconds is read as exactly that', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2199, 11, 31) }), (milliseconds) => {
        expect(parseMoment(new Date(milliseconds).toISOString())).toBe(milliseconds);
      }),
    );
  });

  it.each(['2026-11-23T14:05:02.Z', '2026-11-23T14:05:02.1234567890Z', '2026-11-23T14:05:02.123', '2026-11-23T14:05:60.5Z'])(
    'given %s, then it is none',
    (text) => {
      expect(parseMoment(text)).toBeUndefined();
    },
  );
});

describe('a length of time', () => {
  it.each([
    { text: '1 second', gives: second },
    { text: '5 minutes', gives: 5 * minute },
    { text: '26 hours', gives: 26 * hour },
    { text: '90 days', gives: 90 * day },
    { text: '2 weeks', gives: 14 * day },
    { text: '1 days', gives: day },
  ])('given $text, then it is $gives ms', ({ text, gives }) => {
    expect(parseDuration(text)).toBe(gives);
  });

  it.each([
    '0 days',
    '-1 days',
    '1.5 days',
    '01 days',
    '1e3 days',
    '90',
    '90days',
    '90  days',
    '3 months',
    '1 year',
    '1000000 days',
    'none',
    '',
  ])('given %j, then it is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    { length: 0, gives: '0 seconds' },
    { length: -5 * minute, gives: '0 seconds' },
    { length: second, gives: '1 second' },
    { length: 90 * second, gives: '90 seconds' },
    { length: minute, gives: '1 minute' },
    { length: 26 * hour, gives: '26 hours' },
    { length: day, gives: '1 day' },
    { length: 50 * hour, gives: '2 days' },
  ])('given $length ms, then people read $gives', ({ length, gives }) => {
    expect(renderDuration(length)).toBe(gives);
  });
});

it.each([
  { number: 0, gives: '0 people' },
  { number: 1, gives: '1 person' },
  { number: 2, gives: '2 people' },
])('given $number, then people read $gives', ({ number, gives }) => {
  expect(count(number, 'person', 'people')).toBe(gives);
});
