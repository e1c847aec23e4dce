import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant } from '../../src/names.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { mostADay, type TakenPolicy } from '../../src/reconcile/take.ts';
import { day, minute } from '../../src/time.ts';
import { commit, rules } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, hours, now } from '../membership/membership-samples.ts';
import {
  alice,
  begun,
  bob,
  caughtUp,
  endorsed,
  id,
  judgedTo,
  nowAt,
  otherId,
  refused,
  seen,
  startOf,
  Taker,
  whole,
} from './judging-samples.ts';

const inForce = ({ policy }: TakenPolicy) => policy?.grants.map(({ uid }) => uid);
const codes = ({ problems }: TakenPolicy) => problems.map(({ code }) => code);
const unusable = (judged: TakenPolicy) => [codes(judged), judged.gains, inForce(judged)];

describe('given a record that judging wrote', () => {
  it('when it is taken, then its grants are in force, whoever is new comes in, and the same is taken once', () => {
    const host = new Taker();
    const judged = host.take(whole);
    expect([inForce(judged), codes(judged), judged.gains, judged.caughtUp]).toEqual([['alice', 'bob'], [], 'all', true]);
    const again = host.take(whole);
    expect([again.records, inForce(again), again.gains]).toEqual([[], ['alice', 'bob'], 'all']);
  });

  it('however it comes in pieces, the same is in force, and nobody comes in by a grant before all of it was taken', () => {
    const more: readonly JudgingRecord[] = [
      ...whole,
      endorsed(commit('3'), [grantOf('carol')]),
      refused(commit('4'), [[alice.path, null]]),
      endorsed(commit('5'), [grantOf('bob', { until: hours(2) })]),
    ];
    const atOnce = new Taker().take(more);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }), (sizes) => {
        const host = new Taker();
        let judged: TakenPolicy | undefined;
        for (const size of sizes) {
          judged = host.take(more, undefined, now, size);
          expect(judged.gains).toBe((host.memory.taken?.head.count ?? 0) < more.length ? 'by-roster' : 'all');
        }
        expect(judged?.policy).toEqual(atOnce.policy);
      }),
    );
  });

  it('when it has grown by 64 MiB within a day, then no more is taken until that day is over, and what is in force goes on', () => {
    const host = new Taker();
    host.bytesOfLine = 2 ** 20;
    const day1 = [...whole, ...Array.from({ length: mostADay - whole.length }, () => judgedTo(commit('9')))];
    expect(codes(host.take(day1.slice(0, -1)))).toEqual([]);
    const last = host.take(day1, { at: hours(12) }, hours(12));
    expect([codes(last), last.gains, last.records.length]).toEqual([[], 'all', 1]);
    expect(host.take(day1, { at: hours(12) }, hours(12)).gains).toBe('all');

    const more = [...day1, endorsed(commit('3'), [grantOf('carol')])];
    const rewritten = [begun(otherId), ...more.slice(1)];
    const [until, begins] = [instant(hours(24) - 1), hours(24)];
    for (const lines of [more, rewritten]) {
      const judged = host.take(lines, { at: until }, until);
      expect([...unusable(judged), judged.records]).toEqual([['record-grows'], 'none', ['alice', 'bob'], []]);
    }
    const after = host.take(more, { at: begins }, begins);
    expect([codes(after), after.gains, inForce(after)]).toEqual([[], 'all', ['alice', 'bob', 'carol']]);
  });

  it('when there is more than one run takes, then the next run is named, and not judging', () => {
    const messageOf = (judged: TakenPolicy) => judged.problems.map(({ message }) => message).join();
    expect(messageOf(new Taker().take(whole, undefined, now, 5))).toContain('more than one run takes: the next run goes on');
    expect(messageOf(new Taker().take(whole, { record: { id, line: 7 } }))).toContain('judging has not come to the head');
  });

  it.each([
    { given: 'never looked', seenNow: { kind: 'absent' } as const, code: 'judging-silent', gains: 'by-roster' },
    {
      given: 'looked a quarter of an hour and a minute ago',
      seenNow: { at: instant(now - 16 * minute) },
      code: 'judging-silent',
      gains: 'all',
    },
    { given: 'will look tomorrow', seenNow: { at: hours(24) }, code: 'judging-silent', gains: 'all' },
    { given: 'has written more since', seenNow: { record: { id, line: 5 } }, code: 'judging-behind', gains: 'by-roster' },
    { given: 'saw another record', seenNow: { record: { id: otherId, line: 6 } }, code: 'judging-behind', gains: 'by-roster' },
    { given: 'could not list all that lessens', seenNow: { lessened: { list: [], more: 1 } }, code: undefined, gains: 'by-roster' },
    { given: 'left something else there', seenNow: { kind: 'read', content: undefined } as const, code: 'record-unusable', gains: 'none' },
    { given: 'left a link there', seenNow: { kind: 'strange', message: 'x' } as const, code: 'record-unusable', gains: 'none' },
  ])('when judging $given, then $code, and what is in force goes on', ({ seenNow, code, gains }) => {
    const judged = new Taker().take(whole, seenNow);
    expect([codes(judged), judged.gains, inForce(judged)]).toEqual([code === undefined ? [] : [code], gains, ['alice', 'bob']]);
  });

  it('when it was taken back or cannot be read, then nobody comes in, and what is in force goes on', () => {
    const host = new Taker();
    host.take(whole);
    const read = { kind: 'read', content: nowAt(6) } as const;
    for (const piece of [{ kind: 'absent' }, { kind: 'strange', message: 'x' }, { kind: 'unreadable', message: 'x' }] as const)
      expect(unusable(host.keep({ piece, now: read, begunAnew: undefined }))).toEqual([['record-unusable'], 'none', ['alice', 'bob']]);
    expect(host.take(whole).gains).toBe('all');
  });

  it('when a line of it could not be so, then nothing of the piece is taken', () => {
    const mallory = grantOf('mallory', { path: grantPathOf('alice') });
    const elsewhere = { ...endorsed(commit('3'), []), commit: commit('4') };
    for (const wrong of [
      endorsed(commit('3'), [mallory]),
      elsewhere,
      endorsed(commit('3'), [], { ended: [[mallory.path, { grant: mallory, cause: 'deleted', reviewed: true, commit: commit('3') }]] }),
    ]) {
      const host = new Taker();
      host.take(whole);
      const judged = host.take([...whole, wrong]);
      expect([...unusable(judged), judged.records]).toEqual([['record-unusable'], 'none', ['alice', 'bob'], []]);
    }
  });

  it('when it tells times that are still to come, then the host’s ceiling counts from when it was taken', () => {
    const later = grantOf('carol', { landedAt: hours(1000), until: 'open', endorsedUntil: 'open' });
    const verdict = endorsed(commit('3'), []);
    const record = { ...verdict, delta: { ...verdict.delta, inForce: [[later.path, later]] as const } };
    const judged = new Taker().take([...whole, record]);
    expect(judged.policy?.grants.find(({ uid }) => uid === 'carol')?.landedAt).toBe(now);
    expect(judged.records.every(({ at }) => at === now)).toBe(true);
  });

  it('when what nobody endorsed would give or lengthen, then it takes at most', () => {
    const longer = { ...alice, until: hours(1000), endorsedUntil: hours(1000) };
    const shorter = { ...alice, until: hours(1) };
    const none = grantOf('mallory');
    const of = (record: JudgingRecord) => new Taker().take([...whole, record]);
    expect(of(refused(commit('3'), [[none.path, none]])).policy?.grants.length).toBe(2);
    expect(of(refused(commit('3'), [[alice.path, longer]])).policy?.grants[0]?.until).toBe(alice.until);
    expect(of(refused(commit('3'), [[alice.path, shorter]])).policy?.grants[0]?.until).toBe(hours(1));
    expect(of(refused(commit('3'), [], { rules: rules({ approvals: 7 }) })).policy?.rules).toEqual(rules());
  });
});

describe('given that a row of any verdicts was taken', () => {
  it('nobody is in force by what was refused', () => {
    const people = ['alice', 'bob', 'carol', 'mallory'];
    const change = fc.record({ name: fc.constantFrom(...people), until: fc.integer({ min: -3, max: 9 }), gone: fc.boolean() });
    const landing = fc.record({ endorse: fc.boolean(), changes: fc.array(change, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(landing, { maxLength: 8 }), (landings) => {
        const records = landings.map(({ endorse, changes }, at) => {
          const of = commit(String((at % 7) + 2));
          const grants = changes.map(({ name, until }) => grantOf(name, { until: hours(until) }));
          if (endorse) return endorsed(of, grants);
          return refused(
            of,
            grants.map((grant, place) => [grant.path, changes[place]?.gone === true ? null : grant]),
          );
        });
        const ends = new Map<string, number>([['alice', alice.until as number]]);
        const judged = new Taker().take([begun(), ...startOf(alice), ...records, caughtUp]);
        for (const record of records)
          for (const [, grant] of record.delta.inForce)
            if (grant && record.verdict.kind === 'endorsed')
              ends.set(grant.uid, Math.max(ends.get(grant.uid) ?? -Infinity, grant.until as number));
        for (const { uid, until } of judged.policy?.grants ?? []) expect(until).toBeLessThanOrEqual(ends.get(uid) ?? -Infinity);
      }),
    );
  });
});

describe('given another record than was taken so far', () => {
  const rebuilt = (...rest: readonly JudgingRecord[]): readonly JudgingRecord[] => [
    begun(otherId, commit('a')),
    ...startOf(alice),
    ...rest,
  ];

  it.each([1, 2, 100])('when it comes to the same, in pieces of %i lines, then it goes on where the first one ended', (most) => {
    const host = new Taker();
    host.take(whole);
    // Where the branch stood at the first is named by no line of the second.
    const records = rebuilt(endorsed(commit('2'), [bob]), endorsed(commit('3'), [grantOf('carol')]), judgedTo(commit('a')));
    const runs = Array.from({ length: 8 }, () => host.take(records, undefined, now, most));
    for (const judged of runs)
      expect([codes(judged).filter((code) => code !== 'judging-behind'), inForce(judged)?.slice(0, 2)]).toEqual([[], ['alice', 'bob']]);
    expect([runs.at(-1)?.gains, inForce(runs.at(-1) ?? host.take(records))]).toEqual(['all', ['alice', 'bob', 'carol']]);
  });

  it('when only the start was judged, then that is enough', () => {
    const host = new Taker();
    host.take([begun(), ...startOf(alice), caughtUp]);
    expect(host.take(rebuilt(endorsed(commit('2'), [bob]))).gains).toBe('all');
  });

  it('when judging is still on its way there, then nobody comes in by a grant, and what was judged before counts', () => {
    const host = new Taker();
    host.take(whole);
    const judged = host.take(rebuilt());
    expect(unusable(judged)).toEqual([['judging-behind'], 'by-roster', ['alice', 'bob']]);
  });

  it.each([
    { given: 'a grant that was not approved', records: rebuilt(endorsed(commit('2'), [bob, grantOf('mallory')])) },
    {
      given: 'a longer grant',
      records: rebuilt(endorsed(commit('2'), [{ ...bob, until: 'open' as const, endorsedUntil: 'open' as const }])),
    },
    { given: 'other rules', records: rebuilt(endorsed(commit('2'), [bob], { rules: rules({ approvals: 7 }) })) },
    { given: 'a grant less', records: rebuilt(refused(commit('2'), [])) },
  ])('when it has $given, then nothing of it counts until the first one is back, or root begins anew', ({ records }) => {
    const host = new Taker();
    host.take(whole);
    for (const judged of [host.take(records), host.take(records), host.take([...records, endorsed(commit('5'), [grantOf('mallory')])])])
      expect(unusable(judged)).toEqual([['record-unusable'], 'none', ['alice', 'bob']]);
    expect(inForce(host.take(whole))).toEqual(['alice', 'bob']);
    expect(host.take(whole).gains).toBe('all');
  });

  it.each([1, 100])(
    'when root began it anew, in pieces of %i lines, then what it adds or lengthens waits for a person once it has caught up',
    (most) => {
      const host = new Taker();
      host.take(whole);
      host.begunAnew = otherId;
      const records = rebuilt(
        endorsed(commit('2'), [{ ...bob, until: hours(500), endorsedUntil: hours(500) }, grantOf('carol')]),
        caughtUp,
      );
      const [first, ...others] = Array.from({ length: records.length }, () => host.take(records, undefined, now, most));
      expect([first && inForce(first), first?.gains]).toEqual([['alice', 'bob'], most === 1 ? 'by-roster' : 'all']);
      const last = others.at(-1);
      expect([last && inForce(last), last?.policy?.proposed.map(({ uid }) => uid), last?.gains]).toEqual([
        ['alice', 'bob'],
        ['bob', 'carol'],
        'all',
      ]);
      expect(last?.policy?.grants.find(({ uid }) => uid === 'bob')?.until).toBe(bob.until);
    },
  );

  it('when root has set the first one aside and the new one is not there yet, then it is awaited', () => {
    const host = new Taker();
    host.take(whole);
    host.begunAnew = otherId;
    expect(unusable(host.take([], { kind: 'absent' }))).toEqual([['judging-silent'], 'by-roster', ['alice', 'bob']]);
  });
});

describe('given a new ledger', () => {
  const waiting = [begun(), ...startOf(alice), endorsed(commit('2'), [bob]), caughtUp, seen(commit('3')), seen(commit('4'), true)];

  it('when what the branch held then waits for a verdict, then judging has not caught up, whatever is pushed meanwhile', () => {
    const host = new Taker();
    expect(host.take(whole.slice(0, -1)).caughtUp).toBe(false);
    const other = new Taker();
    expect(other.take(waiting).caughtUp).toBe(false);
    const pushed = [...waiting, seen(commit('5'), true), endorsed(commit('3'), [])];
    expect(other.take(pushed).caughtUp).toBe(false);
    // The last one of then is decided; what came since still waits, and always will.
    const decided = [...pushed, refused(commit('4'), []), seen(commit('6'), true)];
    expect(other.take(decided).caughtUp).toBe(true);
    expect(other.take([...decided, seen(commit('7'), true)]).caughtUp).toBe(true);
  });

  it('when where the branch stood is passed by a verdict, then it is not waited for', () => {
    const host = new Taker();
    host.take([...waiting.slice(0, -2), seen(commit('3')), seen(commit('8'), true)]);
    const judged = host.take([
      ...waiting.slice(0, -2),
      seen(commit('3')),
      seen(commit('8'), true),
      endorsed(commit('3'), []),
      judgedTo(commit('8')),
    ]);
    expect(judged.caughtUp).toBe(true);
  });

  it('when the record is an old one that comes in pieces, then its own line about catching up is not this ledger’s', () => {
    const host = new Taker();
    const old = [begun(), ...startOf(alice), caughtUp, endorsed(commit('2'), [bob])];
    expect(host.take(old, undefined, now, 4).caughtUp).toBe(false);
    expect(host.take(old, undefined, now, 4).caughtUp).toBe(true);
  });

  it.each([
    { given: 'looked last before it began', seenNow: { at: instant(now - 1) } },
    {
      given: 'could not ask for the branch',
      seenNow: { problems: { list: [{ status: 'unavailable', code: 'git-unavailable', message: '' }], more: 0 } },
    },
    { given: 'never looked', seenNow: { kind: 'absent' } },
  ] as const)('when judging $given, then it has not caught up', ({ seenNow }) => {
    const host = new Taker();
    expect([host.take(whole, seenNow).caughtUp, host.take(whole, seenNow).caughtUp, host.take(whole).caughtUp]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('when judging is silent for a day after that, then it has caught up all the same', () => {
    const host = new Taker();
    host.take(whole);
    expect(host.take(whole, { kind: 'absent' }, instant(now + day)).caughtUp).toBe(true);
  });
});
