import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Because, Binding } from '../../src/membership/desired.ts';
import type { RemovalCause } from '../../src/membership/plan.ts';
import { isDue, knownGroup, recentChanges } from '../../src/ledger/group-memory.ts';
import { allowedDigests, emptyMemory, remember, rememberAll, type Memory } from '../../src/ledger/memory.ts';
import { duration, entryUuid, instant, parseCommitId, type CommitId, type Instant } from '../../src/names.ts';
import type { HeldRecord, IntentRecord, LedgerRecord, OutcomeRecord, OverrideRecord } from '../../src/ledger/record.ts';
import { recordedChanges } from '../../src/reconcile/recording.ts';
import { day, hour } from '../../src/time.ts';
import { removalOf } from '../support/arbitraries.ts';
import { commit, group, uid } from '../evidence/evidence-samples.ts';
import type { JudgingRecord, StartRecord } from '../../src/record/judging-record.ts';
import { alice, begun, endorsed, refused, seen, startOf } from '../reconcile/judging-samples.ts';
import { fold, startRecords } from '../judge/history-fold.ts';
import { histories } from '../judge/history-model.ts';
import {
  becauseOf,
  becauseRoster,
  generation,
  grantOf,
  hours,
  klaxon,
  now,
  person,
  sha256,
  steward,
} from '../membership/membership-samples.ts';

function remembered(...records: readonly LedgerRecord[]): Memory {
  const memory = emptyMemory();
  for (const record of records) remember(memory, record);
  return memory;
}

const list = generation('hoo');

function changes(add: readonly string[], remove: readonly string[], limited = true) {
  const additions = add.map((name) => {
    const { uid: of, dn, key, uuid } = person(name);
    const because = limited ? becauseRoster(list) : becauseOf(grantOf(name));
    return { uid: of, member: { dn, key }, uuid, because, limited, newStart: false };
  });
  return recordedChanges(
    additions,
    remove.map((name) => removalOf(name, { kind: 'unexplained' }, limited)),
  );
}

function outcome(at: Instant, add: readonly string[], remove: readonly string[], limited = true): OutcomeRecord {
  return { type: 'outcome', at, group: klaxon, result: 'done', members: 5, ...changes(add, remove, limited) };
}

function intent(at: Instant, add: readonly string[], remove: readonly string[]): IntentRecord {
  return { type: 'intent', at, group: klaxon, revision: 'csn', allowed: [], ...changes(add, remove) };
}

function membership(at: Instant, appeared: readonly string[], vanished: readonly string[] = []): LedgerRecord {
  return { type: 'membership', at, group: klaxon, appeared: [{ because: null, names: appeared }], vanished, members: 5 };
}

function held(at: Instant, code: 'too-many-removals' | 'clock', text: string): HeldRecord {
  return { type: 'held', at, group: klaxon, holds: [{ code, digest: sha256(text), add: [], remove: ['hoo', 'base'] }] };
}

function override(at: Instant, text: string, of = klaxon): OverrideRecord {
  return { type: 'override', at, group: of, code: 'first-run', digest: sha256(text), reason: 'Takeover, T400000.' };
}

describe('the members of a group, as last recorded', () => {
  it('given what came, went, was done and was found, then the record says who is in and whom a roster brought', () => {
    const { members } = knownGroup(
      remembered(
        membership(hours(-9), ['alice', 'bob']),
        outcome(hours(-5), ['hoo'], ['bob']),
        outcome(hours(-4), ['carol'], [], false),
        membership(hours(-1), ['mallory'], ['alice']),
      ),
      klaxon,
    );
    expect([...members].map(([name, { because }]) => [name, because?.kind])).toEqual([
      ['hoo', 'roster'],
      ['carol', 'grant'],
      ['mallory', undefined],
    ]);
  });

  it('given somebody who is found in again, then they are in since the first time; whoever left and came again, since the last', () => {
    const known = knownGroup(
      remembered(
        membership(hours(-9), ['alice', 'bob']),
        outcome(hours(-5), ['hoo'], ['bob']),
        membership(hours(-4), ['alice', 'carol']),
        membership(hours(-3), ['bob'], ['hoo']),
        membership(hours(-2), []),
      ),
      klaxon,
    );
    const since = Object.fromEntries([...known.members].map(([name, one]) => [name, one.since]));
    expect(since).toEqual({ alice: hours(-9), carol: hours(-4), bob: hours(-3) });
    expect(known.lastChange).toEqual({ at: hours(-3), came: ['bob'], left: ['hoo'] });
  });

  it('given members whom the first look found, then nothing has changed by that; whom a later one finds has come', () => {
    const found = remembered(membership(hours(-9), ['alice', 'bob']));
    expect(knownGroup(found, klaxon).lastChange).toBeUndefined();
    const later = remembered(membership(hours(-9), ['alice', 'bob']), membership(hours(-8), ['carol']));
    expect(knownGroup(later, klaxon).lastChange).toEqual({ at: hours(-8), came: ['carol'], left: [] });
  });

  it('given a first membership, even an empty one, then the group is taken over; by changes alone it is not', () => {
    expect(knownGroup(remembered(outcome(now, ['hoo'], [])), klaxon).takenOver).toBe(false);
    expect(knownGroup(remembered(membership(now, [])), klaxon).takenOver).toBe(true);
    expect(knownGroup(remembered(membership(now, [])), group('stewards')).takenOver).toBe(false);
  });
});

describe('who is due by this record itself, whatever judging says', () => {
  const grant = becauseOf(grantOf('alice', { until: hours(5), landedAt: hours(-10) }));
  const onRecord: readonly (readonly [string, Because | null])[] = [
    ['alice', grant],
    ['base', becauseRoster(list)],
    ['carol', becauseOf(grantOf('carol', { until: 'open' }))],
    ['vol0', null],
  ];
  const members = new Map(onRecord.map(([name, because]) => [name, { because, since: hours(-9) }]));
  const expired = (at: Instant) => ({ kind: 'expired', path: 'x', at }) as const;
  const deleted = { kind: 'deleted', path: 'x', commit: commit('b') } as const;
  it.each([
    { given: 'somebody who is revoked', name: 'alice', because: { kind: 'revoked' } as const, at: hours(1), gives: true },
    { given: 'somebody never on record', name: 'mallory', because: { kind: 'unexplained' } as const, at: hours(1), gives: true },
    { given: 'the end that they came with', name: 'alice', because: expired(hours(5)), at: hours(5), gives: true },
    { given: 'an end that was brought forward', name: 'alice', because: expired(hours(4)), at: hours(4), gives: false },
    { given: 'the same, once the first one has come too', name: 'alice', because: expired(hours(4)), at: hours(5), gives: true },
    { given: 'an end where there was none', name: 'carol', because: expired(hours(4)), at: hours(9), gives: false },
    { given: 'an end where a roster brought them', name: 'base', because: expired(hours(4)), at: hours(9), gives: false },
    { given: 'an end where nothing explained them', name: 'vol0', because: expired(hours(4)), at: hours(4), gives: true },
    { given: 'a deletion', name: 'alice', because: deleted, at: hours(4), gives: false },
    { given: 'a deletion, once the end has come', name: 'alice', because: deleted, at: hours(5), gives: true },
  ])('given $given, then $gives', ({ name, because, at, gives }) => {
    expect(isDue({ members }, name, because, at)).toBe(gives);
  });

  it('given a shorter ceiling of the host, then its end is due', () => {
    expect(isDue({ members }, 'alice', expired(hours(2)), hours(2), duration(12 * hour))).toBe(true);
    expect(isDue({ members }, 'alice', expired(hours(1)), hours(1), duration(12 * hour))).toBe(false);
  });
});

describe('limited changes of the last 24 hours', () => {
  it.each([
    { given: 'now', at: now, gives: 1 },
    { given: 'a millisecond less than a day ago', at: instant(now - day + 1), gives: 1 },
    { given: 'a day ago', at: instant(now - day), gives: 0 },
    { given: 'an hour ahead, by a clock that went a little fast', at: hours(1), gives: 1 },
    { given: 'a day ahead, by a clock that was wrong', at: instant(now + day), gives: 0 },
  ])('given one removal $given, then $gives', ({ at, gives }) => {
    expect(recentChanges(knownGroup(remembered(outcome(at, [], ['hoo'])), klaxon), now).limited).toEqual({ removals: gives, additions: 0 });
  });

  it('given changes that are not limited, then they do not count', () => {
    expect(recentChanges(knownGroup(remembered(outcome(now, ['hoo'], ['base'], false)), klaxon), now).limited).toEqual({
      removals: 0,
      additions: 0,
    });
  });

  it('given a run that was killed after it began, then what it began counts as done, however long ago', () => {
    const memory = remembered(outcome(hours(-2), ['alice'], []), intent(hours(-48), ['hoo'], ['base', 'carol']));
    expect(recentChanges(knownGroup(memory, klaxon), now).limited).toEqual({ removals: 2, additions: 2 });
  });

  it('given that it was settled, then only what the directory shows counts', () => {
    const memory = remembered(intent(hours(-2), ['hoo'], ['base', 'carol']), outcome(hours(-1), [], ['base']));
    expect(recentChanges(knownGroup(memory, klaxon), now).limited).toEqual({ removals: 1, additions: 0 });
    expect(knownGroup(memory, klaxon).openIntent).toBeUndefined();
  });

  it('given changes of any kind, then the host’s ceilings count them, but for those who are due by this record itself', () => {
    const before = [outcome(hours(-30), ['hoo'], []), outcome(hours(-3), ['carol', 'alice'], [], false)];
    const gone = (at: Instant, name: string, because: RemovalCause): OutcomeRecord => ({
      ...outcome(at, [], []),
      ...recordedChanges([], [removalOf(name, because, false)]),
    });
    const known = knownGroup(
      remembered(
        ...before,
        gone(hours(-1), 'hoo', { kind: 'deleted', path: 'x', commit: commit('b') }),
        gone(hours(-1), 'carol', { kind: 'revoked' }),
        gone(hours(-1), 'mallory', { kind: 'unexplained' }),
      ),
      klaxon,
    );
    expect(recentChanges(known, now)).toEqual({
      limited: { removals: 0, additions: 0 },
      counted: { removals: 1, additions: 2 },
    });
  });

  it('any row of outcomes counts exactly those that are younger than a day', () => {
    const ages = fc.array(fc.integer({ min: 0, max: 3 * day }), { maxLength: 8 });
    fc.assert(
      fc.property(ages, (unsorted) => {
        const oldestFirst = [...unsorted].sort((left, right) => right - left);
        const memory = remembered(...oldestFirst.map((age, at) => outcome(instant(now - age), [], [`user0${at}`])));
        const { removals } = recentChanges(knownGroup(memory, klaxon), now).limited;
        expect(removals).toBe(oldestFirst.filter((age) => age < day).length);
      }),
    );
  });
});

describe('which entry a uid meant', () => {
  const bound = (at: Instant, uuid: string): LedgerRecord => {
    return {
      type: 'bindings',
      at,
      group: klaxon,
      basis: commit('a'),
      bound: { uids: [uid('hoo')], entries: [entryUuid(uuid)] },
      released: [],
    };
  };

  it.each<{ given: string; records: readonly LedgerRecord[]; gives: Binding | undefined }>([
    { given: 'a binding', records: [bound(now, 'one')], gives: { uuid: entryUuid('one'), basis: commit('a') } },
    { given: 'a later binding', records: [bound(now, 'one'), bound(now, 'two')], gives: { uuid: entryUuid('two'), basis: commit('a') } },
    {
      given: 'a release',
      records: [
        bound(now, 'one'),
        { type: 'bindings', at: now, group: klaxon, basis: '', bound: { uids: [], entries: [] }, released: [uid('hoo')] },
      ],
      gives: undefined,
    },
    { given: 'an addition from the roster', records: [outcome(now, ['hoo'], [])], gives: { uuid: person('hoo').uuid, basis: steward } },
    {
      given: 'an addition by a grant',
      records: [outcome(now, ['hoo'], [], false)],
      gives: { uuid: person('hoo').uuid, basis: commit('a') },
    },
  ])('given $given, then that counts', ({ records, gives }) => {
    expect(knownGroup(remembered(...records), klaxon).bindings.get(uid('hoo'))).toEqual(gives);
  });
});

describe('holds', () => {
  it('given a hold that is still held, then it keeps its age, also when its set has changed', () => {
    const memory = remembered(held(hours(-48), 'too-many-removals', 'one'), held(hours(-1), 'too-many-removals', 'two'));
    const [add, remove] = [[], ['hoo', 'base']];
    const hold = { code: 'too-many-removals', digest: sha256('two'), since: hours(-48), add, remove };
    expect(knownGroup(memory, klaxon).holds).toEqual([hold]);
  });

  it('given another hold, or none in between, then its age begins anew', () => {
    const none: HeldRecord = { type: 'held', at: hours(-2), group: klaxon, holds: [] };
    const since = (...records: readonly LedgerRecord[]) => knownGroup(remembered(...records), klaxon).holds.map((one) => one.since);
    expect(since(held(hours(-48), 'too-many-removals', 'one'), held(hours(-1), 'clock', 'one'))).toEqual([hours(-1)]);
    expect(since(held(hours(-48), 'clock', 'one'), none, held(hours(-1), 'clock', 'one'))).toEqual([hours(-1)]);
    expect(since(held(hours(-48), 'clock', 'one'), none)).toEqual([]);
  });
});

describe('what a person allowed', () => {
  it.each([
    { given: 'just now', at: now, counts: true },
    { given: 'a millisecond less than a day ago', at: instant(now - day + 1), counts: true },
    { given: 'a day ago', at: instant(now - day), counts: false },
    { given: 'in the future', at: instant(now + 1), counts: false },
  ])('given that it was $given, then it counts: $counts', ({ at, counts }) => {
    expect(allowedDigests(remembered(override(at, 'one')), klaxon, now).has(sha256('one'))).toBe(counts);
  });

  it('given another group, then it does not count there', () => {
    expect(allowedDigests(remembered(override(now, 'one')), group('stewards'), now).size).toBe(0);
  });

  it('given that it was used, then it counts no more, and others still do', () => {
    const used: LedgerRecord = { type: 'override-used', at: now, group: klaxon, code: 'first-run', digest: sha256('one'), accepted: [] };
    const memory = remembered(override(hours(-1), 'one'), override(hours(-1), 'two'), override(hours(-1), 'one', group('stewards')), used);
    expect([...allowedDigests(memory, klaxon, now)]).toEqual([sha256('two')]);
    expect([...allowedDigests(memory, group('stewards'), now)]).toEqual([sha256('one')]);
  });
});

describe('everything else that is on record', () => {
  it('given records of each kind, then each is where it is looked for', () => {
    const memory = remembered(
      { type: 'project', at: hours(-9), project: 7 },
      { type: 'seen', at: hours(-8), commit: commit('c') },
      { type: 'roster', at: hours(-6), roster: steward, sha256: 'aa', people: 11, producedAt: hours(-7) },
      { type: 'roster', at: hours(-1), roster: steward, sha256: 'bb', people: 12, producedAt: hours(-2) },
    );
    expect(memory.judged.project).toBe(7);
    expect(memory.judged.firstSeen).toEqual(new Map([[commit('c'), hours(-8)]]));
    expect(memory.rosters.get(steward)).toMatchObject({ sha256: 'bb', at: hours(-1) });
  });

  it('given records whose times go back, then the latest time stays, and all are counted', () => {
    const memory = remembered(membership(hours(-1), []), membership(hours(-9), ['hoo']));
    expect(memory).toMatchObject({ latest: hours(-1), records: 2 });
  });

  it('the fold over two parts is the fold over the whole', () => {
    const records = [
      membership(hours(-30), ['alice']),
      outcome(hours(-29), ['hoo'], ['alice']),
      held(hours(-3), 'clock', 'x'),
      override(hours(-2), 'x'),
      intent(hours(-1), [], ['hoo']),
    ];
    fc.assert(
      fc.property(fc.nat(records.length), (at) => {
        const memory = remembered(...records.slice(0, at));
        for (const record of records.slice(at)) remember(memory, record);
        expect(memory).toEqual(remembered(...records));
      }),
    );
  });

  it('taking in the verdicts of a history at once gives what one by one gives, whatever stands between them', () => {
    const between: readonly LedgerRecord[] = [
      { type: 'seen', at: hours(-2), commit: commit('a') },
      { type: 'judged', at: hours(-2), commit: commit('b') },
      membership(hours(-1), ['alice']),
    ];
    fc.assert(
      fc.property(histories, fc.array(fc.subarray([...between])), (history, inserted) => {
        const records = fold(history).flatMap(({ state, verdict, delta }, number): readonly LedgerRecord[] => {
          if (!verdict || !delta) return startRecords(state, hours(-3));
          return [{ type: 'verdict', at: hours(-2), commit: delta.judged, verdict, evidence: null, delta }, ...(inserted[number] ?? [])];
        });
        const memory = emptyMemory();
        rememberAll(memory, records);
        expect(memory).toEqual(remembered(...records));
      }),
    );
  });
});

describe('given a judge that was taken over, and twenty thousand lines of a kind', () => {
  const lines = 20_000;
  const commits = Array.from({ length: lines }, (_, at) => parseCommitId(at.toString(16).padStart(40, '0')) ?? commit('1'));
  const start = startOf(...commits.map((_, at) => grantOf(`u${at}`)));
  const [begins, part] = startOf(alice) as [StartRecord, JudgingRecord];

  it.each<{ kind: string; line: (of: CommitId, at: number) => readonly JudgingRecord[] }>([
    { kind: 'landings that wait', line: (of) => [seen(of, true)] },
    {
      kind: 'landings that wait, and then get a verdict',
      line: (of, at) => [at < lines / 2 ? seen(of) : endorsed(commits[lines - at] ?? of, [])],
    },
    { kind: 'landings that GitLab does not answer about', line: (of) => [{ type: 'unanswered', at: now, commit: of, others: false }] },
    { kind: 'parts of a start', line: (_, at) => (at === 0 ? [{ ...begins, parts: lines }] : startOf(grantOf(`v${at}`)).slice(1)) },
    { kind: 'starts', line: (_, at) => (at % 2 === 0 ? [{ ...begins, parts: 1 }] : [part]) },
    { kind: 'refusals', line: (of, at) => [refused(of, [[`policy/grants/klaxon-users/w${at}.yaml`, null]])] },
  ])('when they are $kind, then what it remembers costs what they change, and not each time all that there is', ({ line }) => {
    const other: LedgerRecord = { type: 'refuse', at: now, commit: commit('1'), reason: 'x' };
    const memory = emptyMemory();
    const before = process.cpuUsage();

    rememberAll(memory, [begun(), ...start, ...commits.flatMap((of, at) => [...line(of, at), other])]);

    const { user, system } = process.cpuUsage(before);
    expect(memory.records).toBeGreaterThan(2 * lines);
    // Measured: a tenth of a second at most, and 15 s and more where each copies what there is.
    expect((user + system) / 1e6).toBeLessThan(5);
  });
});
