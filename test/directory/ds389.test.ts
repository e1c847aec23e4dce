// The laws of the directory against a real 389 Directory Server (FreeIPA's): no assertion control and no entryCSN, so each value is its own
// compare-and-set, and the server is asked what came of it.
import fc from 'fast-check';
import { Attribute, Change } from 'ldapts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mayChangeMember } from '../../src/doctor/directory-facts.ts';
import type { DirectoryConnection } from '../../src/directory/connection.ts';
import type { MemberValue, ObservedGroup } from '../../src/directory/directory.ts';
import { dnKeyOf } from '../../src/directory/distinguished-names.ts';
import type { DirectoryLayout } from '../../src/directory/layout.ts';
import { directoryReader } from '../../src/directory/reader.ts';
import { schemaOf } from '../../src/directory/schema.ts';
import { directoryWriter } from '../../src/directory/writer.ts';
import { dn, entryUuid } from '../../src/names.ts';
import { removeFrom } from '../../src/revocation/removal.ts';
import { no389, start389, type Ds389 } from '../support/ds389.ts';
import { group, layoutOf, openAsWriter, uid } from './open-directory.ts';

const suffix = 'dc=wikimedia,dc=org';
const groups = `ou=groups,${suffix}`;
const names = ['alice', 'bob', 'carol', 'martin', 'h2o', 'hoo', 'melos', 'base'];
const ldif = `dn: cn=watch,${groups}
objectClass: watch
cn: watch
member: uid=alice,ou=people,${suffix}

dn: cn=unique,${groups}
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: uid=alice,ou=people,${suffix}

dn: cn=accounts,${groups}
objectClass: top
objectClass: groupOfCertificates
objectClass: posixGroup
cn: accounts
gidNumber: 4711
memberUid: alice
`;

function member(name: string): MemberValue {
  const text = name.includes('=') ? name : `uid=${name},ou=people,${suffix}`;
  const key = dnKeyOf(text);
  if (key === undefined) throw new Error(`${text} is no DN`);
  return { dn: dn(text), key, ...(name.includes('=') ? {} : { uid: uid(name) }) };
}

describe.skipIf(no389 !== undefined)(`given a 389 Directory Server${no389 === undefined ? '' : ` (skipped: ${no389})`}`, () => {
  let ds: Ds389;
  let connection: DirectoryConnection;
  beforeAll(async () => {
    ds = await start389({ people: [...names, 'mallory'], groups: { klaxon: ['alice', 'bob'] }, ldif });
    connection = await openAsWriter(ds);
  });
  afterAll(async () => {
    await connection.close();
    await ds.stop();
  });
  beforeEach(() => ds.setMembers('klaxon', ['alice', 'bob']));

  function working(name = 'klaxon', more: Partial<DirectoryLayout> = {}) {
    const layout = layoutOf(ds, [name], { disabled: { attribute: 'nsAccountLock', is: ['true'] }, ...more });
    const reader = directoryReader(connection, layout);
    const writer = directoryWriter(connection, layout);
    const read = async (): Promise<ObservedGroup> => {
      const observed = await reader.group(group(name));
      if (observed.kind !== 'group') throw new Error(observed.message);
      return observed;
    };
    const apply = async (add: readonly string[], remove: readonly string[], observed?: ObservedGroup) => {
      const of = observed ?? (await read());
      const held = new Map(of.members.map((value) => [value.key, value]));
      return writer.apply({ group: of, add: add.map(member), remove: remove.map((one) => held.get(member(one).key) ?? member(one)) });
    };
    return { reader, writer, read, apply };
  }
  const held = async (cn: string, attribute = 'member') =>
    [(await ds.entry(ds.groupDn(cn)))?.[attribute] ?? []]
      .flat()
      .map(String)
      .filter((text) => text !== '')
      .sort();

  it('when it is asked what it can do, then each value is a change of its own, and no mark lets a run skip reading', async () => {
    expect((await schemaOf(connection)).asserts).toBe(false);
    expect([await working().reader.mark(), (await working().read()).revision]).toEqual([undefined, '']);
  });

  it('when any group is turned into any other, then it holds exactly that, however the members were spelled', async () => {
    const spellings = fc.constantFrom(
      (name: string) => `uid=${name},ou=people,${suffix}`,
      (name: string) => `UID=${name.toUpperCase()}, OU=People,${suffix}`,
      (name: string) => `uid=\\${name.charCodeAt(0).toString(16)}${name.slice(1)},ou=people,${suffix}`,
    );
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), fc.subarray(names), spellings, async (before, after, spell) => {
        await ds.setMembers('klaxon', before.map(spell));
        const { apply, read } = working();
        const outcome = await apply(
          after.filter((name) => !before.includes(name)),
          before.filter((name) => !after.includes(name)),
        );
        expect(outcome).toEqual({ kind: 'done' });
        expect((await held('klaxon')).map(dnKeyOf).sort()).toEqual(after.map((name) => member(name).key).sort());
        expect((await read()).members.map(({ key }) => key).sort()).toEqual(after.map((name) => member(name).key).sort());
      }),
      { numRuns: 25 },
    );
  });

  it('when somebody else writes between read and change, then their values stay, and what they did already is no error', async () => {
    const { read, apply } = working();
    const observed = await read();
    await ds.addMember('klaxon', 'mallory');
    await ds.removeMember('klaxon', 'bob');
    await ds.addMember('klaxon', 'carol');
    expect(await apply(['carol', 'martin'], ['bob', 'alice'], observed)).toEqual({ kind: 'done' });
    expect(await held('klaxon')).toEqual(['carol', 'mallory', 'martin'].map((name) => member(name).dn));
  });

  it('when it refuses one value, then that one is named with its words, and the others are in', async () => {
    const refuse = `(target = "ldap:///cn=klaxon,${groups}")(targattrfilters = "add=member:(member=${ds.personDn('mallory')})")(version 3.0; acl "no mallory"; deny (write) userdn = "ldap:///${ds.writerDn}";)`;
    const change = (operation: 'add' | 'delete') =>
      ds.withClient((client) =>
        client.modify(suffix, new Change({ operation, modification: new Attribute({ type: 'aci', values: [refuse] }) })),
      );
    await change('add');
    const outcome = await working().apply(['carol', 'mallory', 'martin'], ['bob']);
    await change('delete');
    expect(outcome).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/put "uid=mallory,[^"]*" into .*\(50\).*The server says: "/),
    });
    expect(await held('klaxon')).toEqual(['alice', 'carol', 'martin'].map((name) => member(name).dn));
  });

  it.each([
    { cn: 'klaxon', needsValue: false },
    { cn: 'watch', needsValue: true },
  ])('when the last member of $cn goes and one comes, then that works, as its class wants it', async ({ cn, needsValue }) => {
    await ds.setMembers(cn, ['alice']);
    const { read, apply } = working(cn);
    expect(await read()).toMatchObject({ needsValue, attribute: 'member' });
    expect(await apply([], ['alice'])).toEqual({ kind: 'done' });
    expect(await read()).toMatchObject({ members: [], placeholder: needsValue });
    expect(await apply(['carol'], [])).toEqual({ kind: 'done' });
    expect(await read()).toMatchObject({ members: [member('carol').dn].map((name) => ({ dn: name })), placeholder: false });
  });

  it('when the only member is exchanged where nothing may stand for nobody, then both go in one modify', async () => {
    await ds.setMembers('watch', ['alice']);
    expect(await working('watch', { emptyGroup: 'no-member' }).apply(['bob'], ['alice'])).toEqual({ kind: 'done' });
    expect(await held('watch')).toEqual([member('bob').dn]);
  });

  it.each([
    { cn: 'unique', attribute: 'uniqueMember' as const, value: (name: string): string => member(name).dn },
    { cn: 'accounts', attribute: 'memberUid' as const, value: (name: string): string => name },
  ])('when a group keeps $attribute, then people come and go', async ({ cn, attribute, value }) => {
    const { read, apply, reader } = working(cn);
    expect(await read()).toMatchObject({ attribute, members: [{ dn: member('alice').dn }] });
    expect(await apply(['carol'], ['alice'])).toEqual({ kind: 'done' });
    expect(await held(cn, attribute)).toEqual([value('carol')]);
    const asked = await Promise.all(['carol', 'alice'].map((name) => reader.isMember(group(cn), member(name).dn)));
    expect(asked).toEqual([true, false]);
    await apply(['alice'], ['carol']);
  });

  it('when somebody is renamed while they are a member, then the remembered entry is found and taken out', async () => {
    const { reader, read, writer } = working();
    const before = (await reader.people([uid('melos')])).get(uid('melos'));
    if (!before || before === 'ambiguous') throw new Error('melos is not found');
    await ds.setMembers('klaxon', ['alice', `uid=melos2,ou=people,${suffix}`]);
    await ds.withClient((client) => client.modifyDN(ds.personDn('melos'), `uid=melos2,ou=people,${suffix}`));
    const elsewhere = await reader.withUuid(entryUuid(before.uuid));
    expect(elsewhere.map(({ dn: name }) => name)).toEqual([ds.personDn('melos2')]);
    const revoked = { uid: uid('melos'), found: undefined, elsewhere };
    const outcome = await removeFrom(group('klaxon'), revoked, () => Promise.resolve({ reader, writer }));
    expect([outcome.kind, (await read()).members.map(({ dn: name }) => name)]).toEqual(['removed', [member('alice').dn]]);
  });

  it('when an account is locked, then that is seen, and of everybody else that it is not', async () => {
    const lock = new Change({ operation: 'replace', modification: new Attribute({ type: 'nsAccountLock', values: ['TRUE'] }) });
    await ds.withClient((client) => client.modify(ds.personDn('hoo'), lock));
    const found = await working().reader.people(names.filter((name) => name !== 'melos').map(uid));
    expect([...found.values()].flatMap((person) => (person !== 'ambiguous' && person.locked ? [person.uid] : []))).toEqual(['hoo']);
    expect(found.size).toBe(names.length - 1);
  });

  it('when doctor tries what the account may change, then it tells it, and nothing is changed', async () => {
    const before = await ds.entry(ds.groupDn('klaxon'));
    expect(await mayChangeMember(connection, dn(ds.groupDn('klaxon')))).toBe('may');
    expect(await mayChangeMember(connection, dn(ds.writerDn))).not.toBe('may');
    expect(await ds.entry(ds.groupDn('klaxon'))).toEqual(before);
  });
});
