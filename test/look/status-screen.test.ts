import { describe, expect, it } from 'vitest';
import { emptyMemory, rememberAll } from '../../src/ledger/memory.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { renderStatusJson, renderStatusScreen, type StatusFacts } from '../../src/look/status-screen.ts';
import { dn } from '../../src/names.ts';
import type { RunEnd } from '../../src/reconcile/run-end.ts';
import { statusOf } from '../../src/status.ts';
import { laidOut } from '../../src/terminal.ts';
import { klaxon, steward } from '../membership/membership-samples.ts';
import { hostile, inert } from '../reconcile/run-samples.ts';
import { hostileRecords } from '../report/report-crowd.ts';
import { reportFrom } from '../report/report-from.ts';
import { commitOf, days, sampleRecords, stewards } from '../report/report-samples.ts';

const end: RunEnd = {
  format: 1,
  at: days(-1 / 720),
  statuses: ['held', 'refused', 'unavailable'],
  problems: ['gitlab did not answer'],
  groups: [
    { group: klaxon, state: 'in-sync', withheld: 2, message: null },
    { group: stewards, state: 'held', withheld: 0, message: null },
  ],
  rosters: [{ roster: steward, state: 'fresh', message: null }],
};

function factsOf(records: readonly LedgerRecord[], more: Partial<StatusFacts> = {}): StatusFacts {
  const memory = emptyMemory();
  rememberAll(memory, records);
  return {
    at: days(0),
    standing: { state: 'active', why: 'its configuration has no key "active"' },
    report: reportFrom(records, {}, { readings: new Map(), rosterPeople: new Map() }),
    dns: new Map([[klaxon, dn('cn=klaxon-users,ou=groups,dc=example,dc=org')]]),
    known: memory.groups,
    lastRun: end.at,
    end: { kind: 'read', content: end },
    now: {
      format: 1,
      at: days(-1 / 360),
      record: { id: '0'.repeat(32), line: 12 },
      head: commitOf('merge 13'),
      clock: null,
      tokens: [],
      open: { list: [], more: 0 },
      problems: { list: [], more: 0 },
      lessened: { list: [], more: 0 },
      undecided: { list: [], more: 0 },
      refused: { list: [], more: 0 },
      pending: { list: [], more: 0 },
    },
    problems: [{ status: 'unavailable', code: 'gitlab-unavailable', message: 'gitlab did not answer' }],
    ...more,
  };
}

const screenAt80 = (facts: StatusFacts) => laidOut(renderStatusScreen(facts), 80);

describe('the screen of status', () => {
  const facts = factsOf(sampleRecords());

  it('given everything that may happen, then it is the screen that was agreed on, of 24 lines of 80 columns', async () => {
    const screen = screenAt80(facts);
    await expect(screen).toMatchFileSnapshot('../golden/status.txt');
    expect(screen.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(screen.split('\n').length - 1).toBeLessThanOrEqual(24);
  });

  it.each([60, 120])('given a terminal of %s columns, then it is as wide as that', (columns) => {
    const screen = laidOut(renderStatusScreen(facts), columns).split('\n');
    expect(screen.filter((line) => line.length > columns && !line.includes('sha256'))).toEqual([]);
    expect(Math.max(...screen.map((line) => line.length))).toBeGreaterThan(columns - 15);
  });

  it('given everything that may happen, then it is the JSON that was agreed on', async () => {
    await expect(renderStatusJson(facts, statusOf([]))).toMatchFileSnapshot('../golden/status.json');
  });

  it('given a host that has never run, then it says so and what to do', () => {
    const fresh = factsOf([], { lastRun: undefined, end: { kind: 'absent' }, now: undefined, problems: [] });
    expect(screenAt80(fresh)).toContain(
      'last run   none on this host yet: see muster.timer, or run "muster reconcile"\njudging    has not looked yet\n',
    );
    expect(screenAt80(fresh)).toContain('klaxon-users: members not on record yet, not in the rules in force\n');
  });

  it.each<{ given: string; end: StatusFacts['end'] }>([
    { given: 'no file', end: { kind: 'absent' } },
    { given: 'a file that no run wrote', end: { kind: 'read', content: undefined } },
    { given: 'a file that is older than the last run', end: { kind: 'read', content: { ...end, at: days(-2) } } },
  ])('given $given, then how the run ended is not known, and nothing of an older one is told as if it were now', ({ end: kept }) => {
    const screen = screenAt80(factsOf(sampleRecords(), { end: kept }));
    expect(screen).toContain('(2 minutes ago); how it ended is not known');
    expect(screen).not.toContain('in sync');
  });

  it('given a standby, a stale roster and a judge that is silent, then each is told with what is kept', () => {
    const screen = screenAt80(
      factsOf(sampleRecords(), {
        standing: { state: 'standby', why: 'it has no file /etc/muster/active' },
        end: {
          kind: 'read',
          content: { ...end, rosters: [{ roster: steward, state: 'stale', message: 'Whoever produces the list must mend it.' }] },
        },
        problems: [{ status: 'unavailable', code: 'judging-silent', message: 'judging has not looked since yesterday' }],
      }),
    );
    expect(screen).toContain('standby    this host writes nothing, for it has no file /etc/muster/active\n');
    expect(screen).toContain('ROSTER     steward: STALE, the last accepted list counts: 5 people, list of');
    expect(screen).toContain('PROBLEM    judging has not looked since yesterday\n');
  });

  it.each([
    { state: 'active', gives: 'judging    has not looked yet' },
    { state: 'standby', gives: 'judging    nothing is judged on a standby' },
  ] as const)('given a host that is $state and never judged, then that is told as it is', ({ state, gives }) => {
    expect(screenAt80(factsOf(sampleRecords(), { standing: { state, why: 'x' }, now: undefined }))).toContain(gives);
  });

  it('given text made to deceive in every field, then every line is printable and short, and the JSON is whole', () => {
    const told = { ...end, problems: [hostile], groups: [{ group: klaxon, state: 'failed', withheld: 0, message: hostile } as const] };
    const deceiving = factsOf(hostileRecords(hostile), { end: { kind: 'read', content: told } });
    const screen = screenAt80(deceiving).split('\n');
    expect(screen.filter((line) => !inert.test(line) || (line.length > 80 && !line.includes('sha256')))).toEqual([]);
    expect(JSON.parse(renderStatusJson(deceiving, statusOf([])))).toMatchObject({ command: 'status' });
  });
});
