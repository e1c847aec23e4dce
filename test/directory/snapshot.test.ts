import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dnKeyOf } from '../../src/directory/distinguished-names.ts';
import { Snapshot } from '../../src/directory/snapshot.ts';
import type { ObservedGroup } from '../../src/directory/directory.ts';
import { dn, dnKey, entryUuid, instant, type Uid } from '../../src/names.ts';
import { group as groupName, uid } from './open-directory.ts';

const named = (text: string) => ({ dn: dn(text), key: dnKeyOf(text) ?? dnKey(text) });

const everybody = ['alice', 'bob', 'carol', 'h2o', 'a', '0', '__proto__'].map(uid);
const uids = fc.constantFrom(...everybody);
const names = fc.oneof(
  uids.map((name) => named(`uid=${name},ou=people,dc=wikimedia,dc=org`)),
  uids.map((name) => named(`UID=${name.toUpperCase()}, ou=People,dc=wikimedia,dc=org`)),
  uids.map((name) => named(`uid=${name},ou=people,dc=other`)),
  fc.constantFrom('cn=José\\, B,dc=org', 'cn=two\nlines,dc=org', 'cn="x y",dc=org').map(named),
);
const person = fc
  .record({ name: names, uuid: fc.uuid(), locked: fc.boolean() })
  .map(({ name, uuid, locked }) => ({ ...name, uuid: entryUuid(uuid), locked }));
const group = fc
  .record({ name: fc.constantFrom('stewards', 'klaxon-users'), members: fc.array(names), placeholder: fc.boolean(), revision: fc.string() })
  .map(({ name, ...rest }): ObservedGroup => ({ kind: 'group', group: groupName(name), dn: dn(`cn=${name}`), ...rest }));
const answers = fc.record({
  people: fc.array(fc.tuple(uids, fc.oneof(person, fc.constantFrom('ambiguous' as const, 'absent' as const))), { maxLength: 8 }),
  groups: fc.array(group, { maxLength: 3 }),
});
const validity = fc.record({ key: fc.string(), mark: fc.string(), at: fc.constant(instant(1_700_000_000_000)) });

/** Remembers all that it does not know yet, as the reader does. */
function remember(snapshot: Snapshot, { people, groups }: typeof answers extends fc.Arbitrary<infer Answers> ? Answers : never): void {
  for (const [name, known] of people) {
    if (snapshot.person(name) === undefined) snapshot.rememberPerson(name, typeof known === 'string' ? known : { uid: name, ...known });
  }
  for (const observed of groups) if (snapshot.group(observed.group) === undefined) snapshot.rememberGroup(observed);
}

const said = (snapshot: Snapshot, order: readonly Uid[]) => ({
  validity: snapshot.validity,
  people: new Map(order.map((name) => [name, snapshot.person(name)])),
  groups: ['stewards', 'klaxon-users'].map((name) => snapshot.group(groupName(name))),
});
const reloaded = (snapshot: Snapshot) => Snapshot.parse(Buffer.concat(snapshot.render()));

describe('a snapshot', () => {
  it('says after it was written what it said before, in whatever order it is asked, and takes more', () => {
    fc.assert(
      fc.property(
        validity,
        answers,
        answers,
        fc.shuffledSubarray(everybody, { minLength: everybody.length }),
        (of, first, later, order) => {
          const snapshot = Snapshot.empty(of);
          remember(snapshot, first);
          const second = reloaded(snapshot);
          expect(second && said(second, order)).toEqual(said(snapshot, everybody));
          if (!second) return;
          remember(snapshot, later);
          remember(second, later);
          const third = reloaded(second);
          expect(third && said(third, order)).toEqual(said(snapshot, everybody));
        },
      ),
    );
  });

  it('is none when a single bit of it differs, or when it ends early', () => {
    fc.assert(
      fc.property(validity, answers, fc.nat(), fc.integer({ min: 0, max: 7 }), (of, first, place, bit) => {
        const snapshot = Snapshot.empty(of);
        remember(snapshot, first);
        const bytes = Buffer.concat(snapshot.render());
        const at = place % bytes.length;
        const cut = Snapshot.parse(bytes.subarray(0, at));
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
        expect([Snapshot.parse(bytes), cut]).toEqual([undefined, undefined]);
      }),
    );
  });

  it.each(['', 'muster-directory 1', '\n', '{}\n{}\n'])('is none when the text is %j', (text) => {
    expect(Snapshot.parse(Buffer.from(text))).toBeUndefined();
  });
});
