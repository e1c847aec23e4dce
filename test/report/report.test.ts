import { describe, expect, it } from 'vitest';
import { publicReport } from '../../src/report/report-public.ts';
import type { GroupReport, Report } from '../../src/report/report.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { duration, dn } from '../../src/names.ts';
import { day } from '../../src/time.ts';
import { uid } from '../evidence/evidence-samples.ts';
import { grantPathOf, klaxon, now, steward } from '../membership/membership-samples.ts';
import { reportFrom, reportSources } from './report-from.ts';
import { begins, days, sampleRecords, second, stewards } from './report-samples.ts';

const report = reportFrom(sampleRecords());

function group(of: Report, name: string): GroupReport {
  const found = of.groups.find((one) => one.group === name);
  if (!found) throw new Error(`there is no group ${name}`);
  return found;
}

const reasons = (of: GroupReport) => Object.fromEntries(of.members.map(({ name, reason }) => [name, reason.kind]));

describe('who is in, and why', () => {
  it('given a group by grants, then each member has its grant, and who has none stands out', () => {
    expect(reasons(group(report, klaxon))).toEqual({ carol: 'none', hoo: 'grant', martin: 'grant' });
    expect(group(report, klaxon).members.find(({ name }) => name === 'hoo')).toMatchObject({
      since: days(-20),
      until: days(10),
      reason: { because: { mergeRequest: 9, approvedBy: ['alice'] } },
      words: { ticket: 'T343377' },
    });
  });

  it('given a group by roster, then each member has the generation that counted, and who is held stands out', () => {
    const { members } = group(report, stewards);
    expect(reasons(group(report, stewards))).toEqual({
      base: 'roster',
      deltaquad: 'roster',
      hasley: 'roster',
      melos: 'held',
      urbanecm: 'roster',
    });
    expect(members[0]?.reason).toMatchObject({ because: { roster: steward, sha256: second.sha256 } });
  });

  it('given the list of the roster is no longer kept, then whom it brought is still explained, and h2o’s ratification is not known', () => {
    const without = reportFrom(sampleRecords(), {}, { ...reportSources, rosterPeople: new Map() });
    expect(reasons(group(without, stewards))).toEqual(reasons(group(report, stewards)));
    expect(without.revocations).toMatchObject([{ uid: 'h2o', namedBy: [], unread: [steward] }]);
  });

  it('given a grant that ended after the last run, then the member stays with a reason that is over', () => {
    const later = reportFrom(sampleRecords(), { at: days(11) });
    expect(reasons(group(later, klaxon))).toMatchObject({ hoo: 'over', martin: 'grant' });
  });

  it('given the host’s ceiling, then a grant without an end has one', () => {
    const capped = reportFrom(sampleRecords(), { longest: new Map([[klaxon, duration(100 * day)]]) });
    expect(reasons(group(capped, klaxon))).toMatchObject({ martin: 'over' });
  });
});

describe('who is not in', () => {
  it('given people that something names, then each has the reason that the record tells', () => {
    const codes = (name: string) => group(report, name).withheld.map(({ uid: of, reason }) => [of, reason.code]);
    expect(codes(klaxon)).toEqual([
      ['ghost', 'not-told'],
      ['radimer', 'not-yet'],
    ]);
    expect(codes(stewards)).toEqual([['h2o', 'revoked']]);
  });

  it('given somebody who was taken out because the account is locked, then that is the reason', () => {
    const removal: LedgerRecord = {
      type: 'outcome',
      at: days(-0.1),
      group: klaxon,
      result: 'done',
      members: 2,
      add: [],
      remove: [{ because: { kind: 'locked' }, limited: true, members: [{ uid: 'hoo', dn: dn('uid=hoo,ou=people,dc=example,dc=org') }] }],
    };
    expect(group(reportFrom([...sampleRecords(), removal]), klaxon).withheld).toContainEqual(
      expect.objectContaining({ uid: 'hoo', reason: { code: 'locked' } }),
    );
  });
});

describe('what needs a person', () => {
  it('given everything that may happen, then it is listed once, the gravest first', () => {
    expect(report.attention.map(({ kind }) => kind)).toEqual(['unexplained', 'held', 'refused', 'waiting', 'revocation', 'not-in']);
  });

  it('given a revocation that the roster has followed, then it is ratified and needs nobody', () => {
    const ratified = reportFrom(sampleRecords(), {}, { ...reportSources, rosterPeople: new Map([[steward, new Set(['base'])]]) });
    expect(ratified.revocations).toMatchObject([{ uid: 'h2o', namedBy: [], unread: [] }]);
    expect(ratified.attention.map(({ kind }) => kind)).not.toContain('revocation');
  });

  it('given a file at the tip that says no more than is in force, then it is not refused', () => {
    const grant = { group: klaxon, uid: uid('mallory'), reason: 'x', until: days(-1) };
    const readings = new Map([[grantPathOf('mallory'), { kind: 'grant', grant } as const]]);
    expect(report.refused).toHaveLength(1);
    expect(reportFrom(sampleRecords(), {}, { ...reportSources, readings }).refused).toEqual([]);
  });
});

describe('moments', () => {
  it('given a day in the past, then members, rules and grants are those of then', () => {
    const then = reportFrom(sampleRecords(), { at: days(-130) });
    expect(reasons(group(then, klaxon))).toEqual({ hoo: 'grant', martin: 'grant' });
    expect(then.ending.map(({ uid: of, until }) => [of, until])).toEqual([['hoo', days(-120)]]);
    expect(then.refused).toEqual([]);
  });

  it('given two moments, then who came and went between them is told with the cause', () => {
    const { changes } = reportFrom(sampleRecords(), { since: days(-45), at: now });
    expect(changes?.joined.map(({ name, group: of }) => [name, of])).toEqual([
      ['carol', klaxon],
      ['hoo', klaxon],
      ['urbanecm', stewards],
    ]);
    expect(changes?.left.map(({ name, departure }) => [name, departure?.because?.kind])).toEqual([
      ['h2o', 'revoked'],
      ['superpes', 'left-roster'],
    ]);
    expect(changes?.landings.map(({ verdict }) => verdict.mergeRequest)).toEqual([9, 10, 11, 12]);
    expect(changes?.rulesChanged).toBe(false);
  });

  it('given a grant that was renewed, refused, or is to begin, then the drawing has its bars', () => {
    const { spans, refused } = report.chronicle;
    expect(spans.get(grantPathOf('hoo'))?.map(({ from, until, cutShort }) => [from, until, cutShort])).toEqual([
      [days(-200), days(-125), true],
      [days(-125), days(-60), false],
      [days(-20), days(10), false],
    ]);
    expect(spans.get(grantPathOf('radimer'))).toMatchObject([{ from: days(5), until: days(40) }]);
    expect(refused.get(grantPathOf('mallory'))).toMatchObject([{ at: days(-6), code: 'no-approval' }]);
  });
});

describe('a public report', () => {
  it('then it has nobody’s reasons, contacts and tickets, and names no approver', () => {
    const told = (of: Report) => JSON.stringify(of, (_, value: unknown) => (value instanceof Map ? [...value] : value));
    const full = reportFrom(sampleRecords(), { since: days(-250) });
    const whole = told(full);
    const text = told(publicReport(full));
    for (const secret of ['abuse wave', 'T343377', 'libera.chat', 'Laptop', 'T400000', '"alice"', '"bob"', 'bob opened']) {
      expect(whole).toContain(secret);
      expect(text).not.toContain(secret);
    }
    for (const kept of ['hoo', 'urbanecm', 'merge_requests/9', 'no-approval']) expect(text).toContain(kept);
  });
});

describe('the policy’s side', () => {
  it('given nobody looked at the directory, then it tells whom the grants entitle, and no members', () => {
    const policy = reportFrom(
      sampleRecords().filter(({ type }) => type === 'start' || type === 'verdict'),
      { side: 'policy', groups: [] },
    );
    expect(reasons(group(policy, klaxon))).toEqual({ ghost: 'grant', hoo: 'grant', martin: 'grant' });
    expect(group(policy, klaxon)).toMatchObject({ recorded: false, withheld: [{ uid: 'radimer' }] });
  });
});

describe('given a group that no run has taken over yet', () => {
  it('then nobody is said to have no access, and a person is told where to look', () => {
    const report = reportFrom([begins(days(-3))]);
    expect(report.groups.map(({ recorded }) => recorded)).toEqual([false, false]);
    expect(report.attention).toEqual([klaxon, stewards].map((group) => ({ kind: 'unrecorded', group })));
  });
});
