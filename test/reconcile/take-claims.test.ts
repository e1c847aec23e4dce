// What is taken of single lines and of now.json: times of the future are not believed, and what stands beside the record is passed on.
import { describe, expect, it } from 'vitest';
import type { JudgingRecord, VerdictRecord } from '../../src/record/judging-record.ts';
import type { Now } from '../../src/record/now.ts';
import { believed, type TakenPolicy } from '../../src/reconcile/take.ts';
import { commit } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, hours, now } from '../membership/membership-samples.ts';
import { alice, begun, bob, caughtUp, endorsed, otherId, refused, startOf, Taker, whole } from './judging-samples.ts';

const inForce = ({ policy }: TakenPolicy) => policy?.grants.map(({ uid }) => uid);
const codes = ({ problems }: TakenPolicy) => problems.map(({ code }) => code);

describe('what is believed of a line', () => {
  const later = hours(9);
  const brings = endorsed(commit('3'), [grantOf('carol')]);
  const landed = { ...grantOf('carol'), landedAt: later };
  const endedGrant = { grant: landed, cause: 'deleted', reviewed: true, commit: commit('3') } as const;
  const signed: JudgingRecord = {
    type: 'signed',
    at: later,
    commit: commit('3'),
    firstSeen: later,
    rules: 'x',
    changes: [],
    statements: [{ text: 't', signature: 's', fingerprint: 'f', firstSeen: later }],
  };

  it('given times to come, then they are now, wherever they stand', () => {
    const delta = {
      ...brings.delta,
      inForce: [[landed.path, landed] as const, [alice.path, null] as const],
      ended: [[landed.path, endedGrant] as const, [alice.path, null] as const],
    };
    const verdict = { ...brings.verdict, landedAt: later } as VerdictRecord['verdict'];
    const atNow = { ...landed, landedAt: now };
    expect(believed({ ...brings, at: later, verdict, delta }, now)).toEqual({
      ...brings,
      at: now,
      verdict: { ...verdict, landedAt: now },
      delta: {
        ...delta,
        inForce: [
          [landed.path, atNow],
          [alice.path, null],
        ],
        ended: [
          [landed.path, { ...endedGrant, grant: atNow }],
          [alice.path, null],
        ],
      },
    });
    expect(believed(signed, now)).toEqual({
      ...signed,
      at: now,
      firstSeen: now,
      statements: [{ text: 't', signature: 's', fingerprint: 'f', firstSeen: now }],
    });
    const [start] = startOf();
    expect(believed({ ...start, committedAt: later } as JudgingRecord, now)).toMatchObject({ at: now, committedAt: now });
    expect(believed({ ...caughtUp, at: later }, now)).toEqual({ ...caughtUp, at: now });
  });

  it('given a time at which it cannot have seen the landing, then the first at which it can have', () => {
    const past = { ...signed, firstSeen: hours(-20), statements: [] };
    expect(believed(past, now, hours(-2))).toEqual({ ...past, at: now, firstSeen: hours(-2) });
    expect(believed({ ...past, firstSeen: hours(-1) }, now, hours(-2))).toEqual({ ...past, at: now, firstSeen: hours(-1) });
    expect(believed({ ...past, firstSeen: hours(3) }, now, hours(-2))).toEqual({ ...past, at: now, firstSeen: now });
    expect(believed({ ...past, firstSeen: null }, now, hours(-2))).toEqual({ ...past, at: now, firstSeen: null });
  });

  it.each([
    { when: 'there was no run before', lastRun: undefined, waits: undefined, first: hours(-100) },
    { when: 'the last run was long ago', lastRun: hours(-30), waits: undefined, first: hours(-30) },
    { when: 'the last run was just now', lastRun: now, waits: undefined, first: hours(-1) },
    { when: 'a landing has waited since then', lastRun: now, waits: hours(-5), first: hours(-6) },
  ])(
    'given a landing of which judging says now that it saw it long ago, when $when, then it is believed so far',
    ({ lastRun, waits, first }) => {
      const host = new Taker();
      host.take(whole, undefined, waits ?? now);
      const waiting: readonly JudgingRecord[] = waits === undefined ? [] : [{ type: 'seen', at: waits, commit: commit('7') }];
      host.take([...whole, ...waiting], undefined, waits ?? now);
      host.lastRun = lastRun;
      const late = { ...signed, firstSeen: hours(-100), statements: [] };
      const { records } = host.take([...whole, ...waiting, late]);
      expect(records.flatMap((record) => (record.type === 'signed' ? [record.firstSeen] : []))).toEqual([first]);
    },
  );

  it('given times that have been, then they stay, but for when it was taken; and what nobody saw land stays that', () => {
    const past = { ...signed, at: hours(-3), firstSeen: hours(-2), statements: [] };
    expect(believed(past, now)).toEqual({ ...past, at: now });
    expect(believed({ ...past, firstSeen: null }, now)).toEqual({ ...past, at: now, firstSeen: null });
    expect(believed(brings, now)).toEqual({ ...brings, at: now });
    expect(believed(refused(commit('3'), []), now)).toEqual({ ...refused(commit('3'), []), at: now });
  });

  it('given a part of a start with one grant at its own path and one at another, then it could not be so', () => {
    const [start, part] = startOf(alice, bob);
    const crossed =
      part?.type === 'start-part'
        ? { ...part, grants: part.grants.map(([path, grant]) => [path === bob.path ? grantPathOf('mallory') : path, grant] as const) }
        : part;
    const judged = new Taker().take([begun(), ...([start, crossed] as readonly JudgingRecord[])]);
    expect([codes(judged), judged.gains]).toEqual([['record-unusable'], 'none']);
  });
});

describe('what judging says beside its record', () => {
  it('is passed on: the head, GitLab’s clock, its tokens, and whom open merge requests are about', () => {
    const beside = {
      head: commit('7'),
      clock: { date: hours(-1), receivedAt: hours(-1) },
      tokens: [{ token: 'api', state: 'ended', expiresAt: hours(-1) }],
      open: { list: [{ group: 'klaxon-users', uid: 'carol' }], more: 0 },
    } as never as Partial<Now>;
    expect(new Taker().take(whole, beside)).toMatchObject({ ...beside, open: beside.open?.list });
    expect(new Taker().take(whole, { kind: 'absent' })).toMatchObject({ head: undefined, clock: null, tokens: [], open: [] });
  });

  it('given a start that is configured since, then what was in force stays, and nobody comes in by a grant', () => {
    const host = new Taker();
    host.start = commit('8');
    const judged = host.take(whole);
    expect([codes(judged), judged.gains, inForce(judged)]).toEqual([['judging-behind'], 'by-roster', ['alice', 'bob']]);
    expect(judged.problems[0]?.message).toContain('repository.start is another commit');
  });

  it('given a record that root began anew and that was taken, then it may not go like the one before it', () => {
    const host = new Taker();
    host.take(whole);
    host.begunAnew = otherId;
    expect(codes(host.take([], { kind: 'absent' }))).toEqual(['judging-silent']);
    host.take([begun(otherId), ...whole.slice(1)]);
    expect(codes(host.take([], { kind: 'absent' }))).toContain('record-unusable');
  });
});
