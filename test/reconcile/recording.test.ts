import { describe, expect, it } from 'vitest';
import type { Binding, WithheldReason } from '../../src/membership/desired.ts';
import type { Guarded } from '../../src/membership/guard.ts';
import { knownGroup, type KnownGroup } from '../../src/ledger/group-memory.ts';
import { emptyMemory, remember } from '../../src/ledger/memory.ts';
import { entryUuid, instant, type Uid } from '../../src/names.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import {
  bindingRecords,
  heldRecord,
  intentOf,
  isOnRecord,
  membershipRecord,
  namesOf,
  recordedChanges,
  settleIntent,
  revocationsNotOnRecord,
} from '../../src/reconcile/recording.ts';
import { removalOf } from '../support/arbitraries.ts';
import { commit, uid } from '../evidence/evidence-samples.ts';
import {
  becauseOf,
  becauseRoster,
  desiredOf,
  generation,
  grantOf,
  hours,
  klaxon,
  memberValue,
  now,
  observedOf,
  person,
  sha256,
  steward,
} from '../membership/membership-samples.ts';

const [alice, bob, hoo] = [person('alice'), person('bob'), person('hoo')];
const list = generation('alice', 'bob');
const nothingPlanned = { add: [], remove: [], lengthen: [], reported: [], kept: [], present: 0 };

function addition(one: typeof alice, because = becauseRoster(list)) {
  return {
    uid: one.uid,
    member: { dn: one.dn, key: one.key },
    uuid: one.uuid,
    because,
    limited: because.kind === 'roster',
    newStart: false,
  };
}

function guardedOf(changes: Partial<Guarded>): Guarded {
  return { add: [], remove: [], held: [], used: [], accepted: [], ...changes };
}

function known(...records: readonly LedgerRecord[]): KnownGroup {
  const memory = emptyMemory();
  for (const record of records) remember(memory, record);
  return knownGroup(memory, klaxon);
}

const nobody: ReadonlySet<string> = new Set();

describe('changes on record', () => {
  it('given equal causes, then they are told together; what is limited and what is not are told apart', () => {
    const remove = [
      removalOf('alice', { kind: 'locked' }, true),
      removalOf('bob', { kind: 'locked' }, false),
      removalOf('hoo', { kind: 'locked' }, true),
    ];
    const recorded = recordedChanges(
      [addition(alice), addition(hoo, becauseOf(grantOf('hoo'))), addition(bob, { ...becauseRoster(list) })],
      remove,
    );
    expect(recorded.add.map(({ because, limited, members }) => [because.kind, limited, members.map((one) => one.uid)])).toEqual([
      ['roster', true, ['alice', 'bob']],
      ['grant', false, ['hoo']],
    ]);
    expect(recorded.remove.map(({ limited, members }) => [limited, members.map((one) => one.uid)])).toEqual([
      [true, ['alice', 'hoo']],
      [false, ['bob']],
    ]);
  });
});

describe('an intent', () => {
  const guarded = guardedOf({
    add: [addition(alice), addition(bob)],
    remove: [removalOf('hoo', { kind: 'locked' }, true)],
    used: [sha256('x')],
  });
  const intent = intentOf(klaxon, observedOf([hoo]), guarded, now);
  const settled = (...names: readonly string[]) => settleIntent(intent, new Set(names), names.length, hours(1), 'done');

  it('given a guarded plan, then it says what will be done, to which entry, and what it uses up', () => {
    expect(intent).toMatchObject({ type: 'intent', at: now, group: klaxon, revision: observedOf([]).revision, allowed: [sha256('x')] });
    expect(intent.remove).toMatchObject([{ members: [{ uid: 'hoo', dn: hoo.dn }] }]);
  });

  it('when the directory shows all of it, then all of it was done', () => {
    expect(settled('alice', 'bob')).toMatchObject({ add: intent.add, remove: intent.remove, members: 2 });
  });

  it('when it shows a part, then that part was done', () => {
    const { add, remove } = settled('bob', 'hoo');
    expect(add.flatMap(({ members }) => members.map((one) => one.uid))).toEqual(['bob']);
    expect(remove).toEqual([]);
  });

  it('when it shows nothing of it, then nothing was done', () => {
    expect(settled('hoo')).toMatchObject({ add: [], remove: [] });
    expect(settled('hoo').message).toBeUndefined();
  });
});

describe('what came and went besides', () => {
  const desired = desiredOf([[alice, becauseRoster(list)]]);
  const stranger = memberValue('cn=printer,ou=devices,dc=example,dc=org');
  const plan = { ...nothingPlanned, remove: [removalOf('bob', { kind: 'unexplained' }, true)] };

  it('given members whom somebody desires, whom the plan names, and others, then each has its name', () => {
    expect(namesOf(observedOf([alice, bob, stranger]), desired, plan)).toEqual(
      new Map([
        ['alice', desired.members.get(alice.key)],
        ['bob', undefined],
        [stranger.dn, undefined],
      ]),
    );
  });

  it('given what a new start only proposes, then it is nobody’s reason', () => {
    const proposed = desiredOf([], { members: new Map([[alice.key, { person: alice, because: becauseRoster(list), newStart: true }]]) });
    const names = namesOf(observedOf([alice]), proposed, nothingPlanned);
    expect(membershipRecord(klaxon, names, nobody, known(), now)?.appeared).toEqual([]);
    expect(membershipRecord(klaxon, names, new Set(['alice']), known(), now)?.appeared).toEqual([{ because: null, names: ['alice'] }]);
  });

  it('given a group that is not known yet, then a record takes it over, even when it is empty', () => {
    expect(membershipRecord(klaxon, namesOf(observedOf([]), desired, nothingPlanned), nobody, known(), now)).toMatchObject({
      appeared: [],
      vanished: [],
      members: 0,
    });
  });

  it('given somebody whom nothing explains, then having been seen is not put on record, unless the rules tolerate it', () => {
    const names = namesOf(observedOf([alice, bob, stranger]), desired, plan);
    expect(membershipRecord(klaxon, names, nobody, known(), now)?.appeared.flatMap((one) => one.names)).not.toContain(stranger.dn);
    expect(membershipRecord(klaxon, names, new Set([stranger.dn]), known(), now)?.appeared.flatMap((one) => one.names)).toContain(
      stranger.dn,
    );
  });

  it('given members with equal causes, then they are told together', () => {
    const both = desiredOf([
      [alice, becauseRoster(list)],
      [hoo, becauseOf(grantOf('hoo'))],
      [bob, { ...becauseRoster(list) }],
    ]);
    const names = namesOf(observedOf([alice, hoo, bob]), both, nothingPlanned);
    expect(membershipRecord(klaxon, names, nobody, known(), now)?.appeared).toEqual([
      { because: becauseRoster(list), names: ['alice', 'bob'] },
      { because: becauseOf(grantOf('hoo')), names: ['hoo'] },
    ]);
  });

  it('given nothing new, then no record; given something, then exactly that', () => {
    const names = namesOf(observedOf([alice, bob]), desired, plan);
    const first = membershipRecord(klaxon, names, nobody, known(), now);
    if (!first) throw new Error('a first record is due');
    expect(membershipRecord(klaxon, names, nobody, known(first), now)).toBeUndefined();
    expect(
      membershipRecord(klaxon, namesOf(observedOf([bob, stranger]), desired, plan), new Set([stranger.dn]), known(first), now),
    ).toMatchObject({ appeared: [{ names: [stranger.dn] }], vanished: ['alice'], members: 2 });
  });
});

describe('which entry each person is', () => {
  const grant = becauseOf(grantOf('alice'));
  const bindings = (uuid: string, basis: string) => new Map<Uid, Binding>([[uid('alice'), { uuid: entryUuid(uuid), basis }]]);
  const of = (before: ReadonlyMap<Uid, Binding>, desired = desiredOf([[alice, grant]])) => bindingRecords(klaxon, desired, before, now);
  const withheld = (reason: WithheldReason) => desiredOf([], { withheld: [{ group: klaxon, uid: alice.uid, reason, because: grant }] });

  it('given nothing bound, then a record binds; given the same, then there is none', () => {
    expect(of(new Map())).toMatchObject([{ basis: commit('a'), bound: { uids: ['alice'], entries: [alice.uuid] }, released: [] }]);
    expect(of(bindings(alice.uuid, commit('a')))).toEqual([]);
  });

  it('given a new landing, then it binds anew', () => {
    expect(of(bindings('another', commit('0')))).toMatchObject([{ basis: commit('a'), bound: { uids: ['alice'], entries: [alice.uuid] } }]);
  });

  it.each<WithheldReason>([
    { code: 'unknown-person' },
    { code: 'identity-changed' },
    { code: 'locked' },
    { code: 'revoked', reason: 'x' },
    { code: 'not-yet', from: hours(1) },
  ])('given somebody withheld as $code, then the binding lasts as long as the reason', (reason) => {
    expect(of(bindings('another', commit('a')), withheld(reason))).toEqual([]);
  });

  it('given a grant that is over, or nobody who names the person, then the binding ends', () => {
    for (const desired of [withheld({ code: 'expired', at: now }), desiredOf([])])
      expect(of(bindings('another', commit('a')), desired)).toMatchObject([{ bound: { uids: [] }, released: ['alice'] }]);
  });

  it('given somebody who left the roster and came back, then they are bound anew', () => {
    const onList = desiredOf([[alice, becauseRoster(list)]]);
    const left = of(bindings('another', steward), desiredOf([]));
    expect(of(known(...left).bindings, onList)).toMatchObject([{ basis: steward, bound: { uids: ['alice'], entries: [alice.uuid] } }]);
  });

  it('given what a new start only proposes, then it binds nobody', () => {
    expect(of(new Map(), desiredOf([], { members: new Map([[alice.key, { person: alice, because: grant, newStart: true }]]) }))).toEqual(
      [],
    );
  });
});

describe('holds on record', () => {
  const hold = { code: 'clock', message: 'x', digest: sha256('x'), add: [addition(alice)], remove: [] } as const;

  it('given a new hold, then it is recorded with its people; given the same, then not again; given none any more, then that', () => {
    const record = heldRecord(klaxon, guardedOf({ held: [hold] }), known(), now);
    expect(record).toMatchObject({ holds: [{ code: 'clock', digest: sha256('x'), add: ['alice'], remove: [] }] });
    if (!record) throw new Error('a record is due');
    expect(heldRecord(klaxon, guardedOf({ held: [hold] }), known(record), now)).toBeUndefined();
    expect(heldRecord(klaxon, guardedOf({}), known(record), now)).toMatchObject({ holds: [] });
    expect(heldRecord(klaxon, guardedOf({}), known(), now)).toBeUndefined();
  });
});

describe('given a revocation that is on record', () => {
  const hoo = uid('hoo');
  const from = null;
  const memory = emptyMemory();
  remember(memory, { type: 'revocation', at: now, uid: hoo, from, reason: 'Left in anger.' });

  const reason = 'Left in anger.';
  const which = (more: object) => isOnRecord({ uid: hoo, at: now, reason, ...more }, memory);

  it('when it is looked for, then that very one is there, and none of another time, for another reason or of a group', () => {
    expect(which({})).toBe(true);
    expect(which({ at: instant(now - 60_000) })).toBe(false);
    expect(which({ at: instant(now + 60_000) })).toBe(false);
    expect(which({ reason: 'Key was stolen.' })).toBe(false);
    expect(which({ group: klaxon })).toBe(false);
  });

  it('when another one of the same person comes and the first is lifted, then that one alone is on record', () => {
    const later = { at: instant(now + 5_000), reason: 'Key was stolen.' };
    const both = emptyMemory();
    remember(both, { type: 'revocation', at: now, uid: hoo, from, reason });
    remember(both, { type: 'revocation', uid: hoo, from, ...later });
    remember(both, { type: 'lift', at: instant(now + 6_000), uid: hoo, from, reason: 'Is back.', standing: [later] });
    expect([isOnRecord({ uid: hoo, at: now, reason }, both), isOnRecord({ uid: hoo, ...later }, both)]).toEqual([false, true]);
    remember(both, { type: 'lift', at: instant(now + 7_000), uid: hoo, from, reason: 'Is back.' });
    expect(isOnRecord({ uid: hoo, ...later }, both)).toBe(false);
  });

  it('when its file says a time that is still to come, then it is told once, as of now, and not again when that time has come', () => {
    const ahead = { uid: hoo, at: instant(now + 60_000), reason: 'Copied from a host whose clock is ahead.' };
    const fresh = emptyMemory();
    const told = revocationsNotOnRecord([ahead], fresh, now);
    expect(told).toMatchObject([{ at: now, dated: ahead.at }]);
    for (const record of told) remember(fresh, record);
    expect(revocationsNotOnRecord([ahead], fresh, instant(now + 120_000))).toEqual([]);
  });
});
