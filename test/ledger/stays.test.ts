// Who was in from when until when: for an auditor nobody may be missing who had access, and nobody may be in the list who had not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { replayTo } from '../../src/ledger/replay.ts';
import { instant, type Instant } from '../../src/names.ts';
import { minute } from '../../src/time.ts';
import { becauseOf, klaxon, now } from '../membership/membership-samples.ts';
import { reportFrom, reportSettings } from '../report/report-from.ts';
import { begins, brought, days, endorsement, grantOf, outcome } from '../report/report-samples.ts';

const first = grantOf({ name: 'hoo', mergeRequest: 3, merged: 30, until: -10 });
const renewed = grantOf({ name: 'hoo', mergeRequest: 5, merged: 15, until: 20, by: 'bob' });
const expired = { kind: 'expired', path: first.path, at: days(-10) } as const;

function accessIn(records: readonly LedgerRecord[], since: Instant, at: Instant) {
  return reportFrom(records, { since, at }).stays.map(({ name, from, departure, reasons }) => ({
    name,
    from,
    left: departure?.at,
    approvedBy: reasons.map(({ because }) => (because?.kind === 'grant' ? `!${because.mergeRequest} ${because.approvedBy.join()}` : null)),
  }));
}

describe('who had access in a period', () => {
  const came = [begins(days(-40)), endorsement(first), outcome(days(-30), klaxon, 1, [brought(becauseOf(first), 'hoo')])];

  it('given somebody who came and left within it, then both are told, with the approval', () => {
    const records = [...came, outcome(days(-10), klaxon, 0, [], [['hoo', expired]])];
    expect(accessIn(records, days(-35), days(0))).toEqual([{ name: 'hoo', from: days(-30), left: days(-10), approvedBy: ['!3 alice'] }]);
    expect(accessIn(records, days(-9), days(0))).toEqual([]);
    expect(accessIn(records, days(-20), days(-15))).toEqual([{ name: 'hoo', from: days(-30), left: undefined, approvedBy: ['!3 alice'] }]);
  });

  it('given a grant that was renewed meanwhile, then each approval counts in its time', () => {
    const records = [...came, endorsement(renewed)];
    expect(accessIn(records, days(-20), days(0))).toMatchObject([{ from: days(-30), approvedBy: ['!3 alice', '!5 bob'] }]);
    expect(accessIn(records, days(-14), days(0))).toMatchObject([{ from: days(-30), approvedBy: ['!5 bob'] }]);
    expect(accessIn(records, days(-20), days(-16))).toMatchObject([{ from: days(-30), approvedBy: ['!3 alice'] }]);
  });

  it('given somebody whom others put in, and whom the run that found it took out, then that is told', () => {
    const records = [...came, outcome(days(-20), klaxon, 1, [], [['mallory', { kind: 'unexplained' }]])];
    expect(accessIn(records, days(-25), days(-15))).toEqual([
      { name: 'hoo', from: days(-30), left: undefined, approvedBy: ['!3 alice'] },
      { name: 'mallory', from: days(-20), left: days(-20), approvedBy: [null] },
    ]);
    expect(accessIn(records, days(-19), days(0)).map(({ name }) => name)).toEqual(['hoo']);
  });

  it('given somebody who left and came again, then both times are told', () => {
    const records = [
      ...came,
      { type: 'membership', at: days(-25), group: klaxon, appeared: [], vanished: ['hoo'], members: 0 } as const,
      outcome(days(-24), klaxon, 1, [brought(becauseOf(first), 'hoo')]),
    ];
    expect(accessIn(records, days(-35), days(0)).map(({ from, left }) => [from, left])).toEqual([
      [days(-30), days(-25)],
      [days(-24), undefined],
    ]);
  });

  it('whoever was a member at any moment of it is in it, and nobody else', () => {
    const names = ['alice', 'bob', 'hoo'];
    const steps = fc.array(fc.record({ name: fc.constantFrom(...names), minutes: fc.integer({ min: 1, max: 9 }) }), { maxLength: 12 });
    fc.assert(
      fc.property(steps, fc.nat(60), fc.nat(60), (all, begin, length) => {
        const present = new Set<string>();
        let at = now;
        const records = all.map(({ name, minutes }): LedgerRecord => {
          at = instant(at + minutes * minute);
          if (present.delete(name)) return outcome(at, klaxon, present.size, [], [[name, { kind: 'unexplained' }]]);
          present.add(name);
          return outcome(at, klaxon, present.size, [brought(becauseOf(first), name)]);
        });
        const since = instant(now + begin * minute);
        const end = instant(since + length * minute);
        const seen = new Set<string>();
        for (let moment = instant(since - 1); moment <= end; moment = instant(moment + minute / 2)) {
          const { replay } = replayTo(records, { ...reportSettings, at: moment });
          for (const name of replay.memory.groups.get(klaxon)?.members.keys() ?? []) seen.add(name);
        }
        const { replay } = replayTo(records, { ...reportSettings, at: end });
        for (const name of replay.memory.groups.get(klaxon)?.members.keys() ?? []) seen.add(name);
        const told = replayTo(records, { ...reportSettings, since, at: end }).stays.map(({ name }) => name);
        expect([...new Set(told)].sort()).toEqual([...seen].sort());
      }),
      { numRuns: 200 },
    );
  });
});
