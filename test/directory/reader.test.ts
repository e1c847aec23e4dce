import { join } from 'node:path';
import { Attribute, Change } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryReader } from '../../src/directory/reader.ts';
import type { Directory } from '../../src/membership/proposal.ts';
import { openConnections } from '../../src/directory/connections.ts';
import { dnKeyOf } from '../../src/directory/distinguished-names.ts';
import { dn, type Dn, type Uid } from '../../src/names.ts';
import type { MemberValue, ObservedGroup } from '../../src/directory/directory.ts';
import { Misuse, Unavailable } from '../../src/errors.ts';
import { startSlapd } from '../support/slapd.ts';
import { slapdInstallation } from '../support/slapd-installation.ts';
import { group, layoutOf, openAsWriter, openReader, people, suffix, uid, whileFrozen, type Opened } from './open-directory.ts';

function value(text: string): MemberValue {
  const key = dnKeyOf(text);
  if (key === undefined) throw new Error(`${text} is no DN`);
  return { dn: dn(text), key };
}

async function observed(reader: Directory, name: string): Promise<ObservedGroup> {
  const read = await reader.group(group(name));
  if (read.kind !== 'group') throw new Error(read.message);
  return read;
}

const personLdif = (rdn: string, number: number, more = '', under = people) => `dn: ${rdn},${under}
objectClass: inetOrgPerson
cn: Person ${number}
sn: Person
${more}
`;

describe('given people, some of them odd', () => {
  let opened: Opened;
  beforeAll(async () => {
    const ldif = [
      personLdif('uid=Hoo', 1, 'uid: Hoo'),
      personLdif('uid=twice', 2, 'uid: twice'),
      `dn: ou=old,${people}\nobjectClass: organizationalUnit\nou: old\n`,
      personLdif('uid=twice', 3, 'uid: twice', `ou=old,${people}`),
      personLdif('uid=first', 4, 'uid: first\nuid: second'),
      personLdif('cn=Named Otherwise', 5, 'cn: Named Otherwise\nuid: otherwise'),
      personLdif('uid=outside', 6, 'uid: outside', `ou=profile,${suffix}`),
      personLdif('uid=deeper', 7, 'uid: deeper', `ou=old,${people}`),
    ].join('\n');
    opened = await openReader({ people: ['alice', { uid: 'mallory', locked: true }], ldif });
  });
  afterAll(() => opened.stop());
  const ask = (...uids: string[]) => opened.reader.people(uids.map(uid));

  it('when they are asked for, then each is the entry that the server holds', async () => {
    const found = await ask('alice', 'hoo', 'otherwise', 'nobody', 'outside');
    const entry = await opened.slapd.entry(opened.slapd.personDn('alice'));
    expect(found.get(uid('alice'))).toEqual({
      uid: 'alice',
      dn: `uid=alice,${people}`,
      key: `uid=alice,${people}`,
      uuid: entry?.['entryUUID'],
      locked: false,
      madeAt: Date.parse('2020-01-01T00:00:00Z'),
    });
    expect(found.get(uid('hoo'))).toMatchObject({ uid: 'hoo', dn: `uid=Hoo,${people}`, key: `uid=hoo,${people}` });
    expect([...found.keys()].sort()).toEqual(['alice', 'hoo']);
  });

  it('when two entries are named alike, then it is ambiguous; one that only carries the uid claims it and is nobody', async () => {
    const found = await ask('twice', 'first', 'second', 'otherwise');
    expect([...found.keys()].sort()).toEqual(['first', 'twice']);
    expect([found.get(uid('twice')), found.get(uid('first'))]).toEqual([
      'ambiguous',
      expect.objectContaining({ dn: `uid=first,${people}` }),
    ]);
    expect((await opened.reader.claims()).map((claim) => [claim.uid, claim.dn, claim.changedBy])).toEqual(
      expect.arrayContaining([['second', `uid=first,${people}`, expect.stringContaining('cn=')]]),
    );
  });

  it('when somebody is locked, then that is seen, and seen to end', async () => {
    expect((await ask('mallory', 'alice')).get(uid('mallory'))).toMatchObject({ locked: true });
    await opened.slapd.unlock('mallory');
    expect((await ask('mallory')).get(uid('mallory'))).toMatchObject({ locked: false });
    await opened.slapd.lock('mallory');
  });

  it('when nobody is asked for, then nobody is found', async () => {
    expect((await ask()).size).toBe(0);
  });

  it('when members are looked behind, then people, other entries and nobody are three things', async () => {
    const values = [
      `uid=alice,${people}`,
      `UID=Hoo, OU=People,${suffix}`,
      `uid=gone,${people}`,
      `ou=groups,${suffix}`,
      `uid=outside,ou=profile,${suffix}`,
      `uid=first,${people}`,
      `uid=twice,${people}`,
      `cn=Named Otherwise,${people}`,
      `uid=deeper,ou=old,${people}`,
      `uid=x,dc=elsewhere`,
      '',
    ];
    const behind = await opened.reader.membersBehind(values.map(value));
    const kinds = values
      .map((text) => behind.get(value(text).key))
      .map((entry) => (entry?.kind === 'person' ? entry.person.uid : entry?.kind));
    expect(kinds).toEqual([
      'alice',
      'hoo',
      'absent',
      'no-person',
      'no-person',
      'first',
      'no-person',
      'no-person',
      'deeper',
      'absent',
      'no-person',
    ]);
  });
});

describe('given groups in every state', () => {
  let opened: Opened;
  beforeAll(async () => {
    const ldif = `dn: ou=unit,ou=groups,${suffix}\nobjectClass: organizationalUnit\nou: unit\n\ndn: cn=bare,ou=groups,${suffix}\nobjectClass: applicationProcess\ncn: bare\n`;
    opened = await openReader({
      people: ['alice', 'bob'],
      groups: {
        one: ['alice'],
        two: ['alice', 'bob'],
        none: [],
        mixed: ['', 'alice'],
        odd: [`UID=Alice, OU=People,${suffix}`, `cn=Jos\u00E9\\, B,${suffix}`],
      },
      ldif,
    });
  });
  afterAll(() => opened.stop());

  it.each([
    { name: 'one', members: ['alice'], placeholder: false },
    { name: 'two', members: ['alice', 'bob'], placeholder: false },
    { name: 'none', members: [], placeholder: true },
    { name: 'mixed', members: ['alice'], placeholder: true },
  ])('when $name is read, then its members are $members', async ({ name, members, placeholder }) => {
    const read = await observed(opened.reader, name);
    const entry = await opened.slapd.entry(opened.slapd.groupDn(name));
    expect(read.members.map((member) => member.key).sort()).toEqual(members.map((member) => `uid=${member},${people}`));
    expect(read).toMatchObject({ placeholder, revision: entry?.['entryCSN'], dn: opened.slapd.groupDn(name) });
  });

  it('when members are spelled by hand, then their keys are those of the people', async () => {
    const read = await observed(opened.reader, 'odd');
    const found = await opened.reader.people([uid('alice')]);
    expect(read.members[0]).toEqual({ dn: `UID=Alice, OU=People,${suffix}`, key: `uid=alice,${people}` });
    expect(found.get(uid('alice'))).toMatchObject({ key: read.members[0]?.key });
    expect(read.members[1]?.key).toBe(`cn=jos\u00E9\\, b,${suffix}`);
  });

  it('when a group does not exist or has no member attribute, then it is unusable and the message says who must act', async () => {
    expect(await opened.reader.group(group('ghost'))).toMatchObject({
      kind: 'unusable',
      group: 'ghost',
      message: expect.stringContaining('administrator of the directory'),
    });
    expect(await opened.reader.group(group('bare'))).toMatchObject({ kind: 'unusable', message: expect.stringContaining('groupOfNames') });
  });

  it('when a group is asked for that the configuration does not name, then that is misuse', async () => {
    await expect(opened.reader.group(group('other'))).rejects.toThrow(Misuse);
  });

  it('when anything is written, then the mark moves, and only then', async () => {
    const before = await opened.reader.mark();
    expect(before).toMatch(/^dn:cn=\S+ \d{14}\.\d{6}Z#/);
    expect(await opened.reader.mark()).toBe(before);
    await opened.slapd.withClient((client) =>
      client.modify(
        opened.slapd.personDn('bob'),
        new Change({ operation: 'replace', modification: new Attribute({ type: 'sn', values: ['Other'] }) }),
      ),
    );
    const after = await opened.reader.mark();
    expect(after).not.toBe(before);
    await opened.slapd.addMember('two', `uid=ghost,${people}`);
    expect(await opened.reader.mark()).not.toBe(after);
  });
});

it('given a placeholder that is an entry, when its group is read, then it is nobody in any spelling', async () => {
  const nobody: Dn = dn(`cn=Nobody, ou=profile,${suffix}`);
  const opened = await openReader(
    { people: ['alice'], groups: { steward: [`cn=NOBODY,ou=profile,${suffix}`, 'alice'] } },
    { emptyGroup: nobody },
  );
  expect(await observed(opened.reader, 'steward')).toMatchObject({ placeholder: true, members: [{ dn: `uid=alice,${people}` }] });
  await opened.stop();
});

describe('given more people than the server shows at once', () => {
  const uids: readonly Uid[] = Array.from({ length: 3500 }, (_, index) => uid(`u${index}`));
  let opened: Opened;
  beforeAll(async () => {
    const entries = uids.map((name, index) => ({ uid: name, locked: index === 3100 }));
    opened = await openReader({ people: entries, sizeLimit: 500, log: 'none', groups: { all: uids } });
  });
  afterAll(() => opened.stop());

  it('when all are asked for, then all are found, past the limit, with who is locked', async () => {
    const found = await opened.reader.people([...uids, uid('nobody')]);
    expect(found.size).toBe(3500);
    expect([...found.values()].filter((person) => person !== 'ambiguous' && person.locked)).toMatchObject([{ uid: 'u3100' }]);
  });

  it('when all are asked for twice at once, then each answer is whole', async () => {
    const answers = await Promise.all([opened.reader.people(uids), opened.reader.people(uids)]);
    expect(answers.map((found) => found.size)).toEqual([3500, 3500]);
  });

  it('when a thousand are asked for, then each is found by its name', async () => {
    expect((await opened.reader.people(uids.slice(2500))).size).toBe(1000);
  });

  it('when all members are looked behind, then each is a person', async () => {
    const { members } = await observed(opened.reader, 'all');
    expect(members).toHaveLength(3500);
    const behind = await opened.reader.membersBehind(members);
    expect([...behind.values()].every((entry) => entry.kind === 'person')).toBe(true);
  });

  it('when a search is cut short, then it is an error and not a short list', async () => {
    await expect(opened.connection.search(people, { scope: 'sub', filter: '(uid=*)', attributes: ['uid'] })).rejects.toMatchObject({
      code: 4,
    });
  });
});

describe('given groups that count people in by rules of their own', () => {
  const ldif = `dn: cn=urls,ou=groups,${suffix}
objectClass: groupOfURLs
objectClass: extensibleObject
cn: urls
member: uid=alice,${people}
memberURL: ldap:///${people}??one?(uid=carol)

dn: cn=accounts,ou=groups,${suffix}
objectClass: groupOfNames
objectClass: posixGroup
cn: accounts
gidNumber: 4711
member:
memberUid: Alice
memberUid: bob
memberUid: uid=carol,${people}
memberUid: carol,ou=people
`;
  let opened: Opened;
  beforeAll(async () => {
    const dyngroup = `include ${join(slapdInstallation().schema, 'dyngroup.schema')}`;
    opened = await openReader(
      {
        people: ['alice', 'bob', 'carol'],
        ldif,
        globalLines: [dyngroup, 'moduleload dynlist.so'],
        databaseLines: ['overlay dynlist', 'dynlist-attrset groupOfURLs memberURL member'],
        groups: {},
      },
      {
        groups: new Map(['urls', 'accounts'].map((name) => [group(name), dn(`cn=${name},ou=groups,${suffix}`)])),
        attributes: new Map([[group('accounts'), 'memberUid' as const]]),
      },
    );
  });
  afterAll(() => opened.stop());
  const asked = async (name: string) =>
    Promise.all(['alice', 'bob', 'carol'].map((one) => opened.reader.isMember(group(name), dn(`uid=${one},${people}`))));

  it('when a URL of whatever name (RFC 2079) computes members, then these are told, and not taken for stored ones', async () => {
    const { members, unwritten } = await observed(opened.reader, 'urls');
    expect(members.map(({ dn: name }) => name)).toEqual([`uid=alice,${people}`]);
    expect(unwritten.map(({ where, value: { dn: name } }) => [where, name])).toEqual([['computed', `uid=carol,${people}`]]);
    expect(await asked('urls')).toEqual([true, false, true]);
    const names = ['bob', 'carol'].map((one) => dn(`uid=${one},${people}`));
    expect(await opened.reader.isMember(group('urls'), ...names)).toBe(true);
  });

  it('when memberUid compares with case and a value differs in it, then it is not that person’s, as the server says', async () => {
    const { members } = await observed(opened.reader, 'accounts');
    const [alice, bob] = ['alice', 'bob'].map((one) => value(`uid=${one},${people}`));
    expect(members.map(({ text }) => text)).toEqual(['Alice', 'bob', `uid=carol,${people}`, 'carol,ou=people']);
    const [, , , carol] = members;
    expect(members.map(({ key }) => key === alice?.key || key === bob?.key)).toEqual([false, true, false, false]);
    expect(carol?.key).not.toContain('ou=people,dc=');
    expect(members[2]?.key).not.toBe(value(`uid=carol,${people}`).key);
    expect(await asked('accounts')).toEqual([false, true, false]);
    expect((await opened.reader.membersBehind(members)).get(members[3]?.key ?? value('').key)).toEqual({ kind: 'absent' });
    expect((await opened.reader.membersBehind(members)).get(members[0]?.key ?? value('').key)).toEqual({
      kind: 'no-person',
      uids: ['alice'],
    });
  });
});

it('given a limit below what one filter may match, when people are asked for, then that is said', async () => {
  const opened = await openReader({ people: ['alice', 'bob', 'carol'], sizeLimit: 2 });
  await expect(opened.reader.people(['alice', 'bob', 'carol'].map(uid))).rejects.toThrow(/size limit \(4\)/);
  await opened.stop();
});

it('given a server without syncprov, whose contextCSN is what the load wrote, when something is written, then there is no mark any more', async () => {
  const opened = await openReader({ overlays: ['memberof', 'ppolicy'], people: ['alice'] });
  expect(await opened.reader.mark()).toBeDefined();
  await opened.slapd.addPerson('bob');
  expect(await opened.reader.mark()).toBeUndefined();
  await opened.stop();
});

it('given a server that was started anew, when it is read on, then its schema is read once more, and only then', async () => {
  const slapd = await startSlapd({ people: ['alice'], groups: { klaxon: ['alice'] } });
  const connections = openConnections(() => openAsWriter(slapd));
  const reader = directoryReader(await connections.to('the one'), layoutOf(slapd, ['klaxon']));
  const timesRead = () => slapd.logs().split('attr=objectClasses attributeTypes').length - 1;
  const read = async () => {
    await observed(reader, 'klaxon');
    await reader.people([uid('alice')]);
  };
  await read();
  await read();
  expect(timesRead()).toBe(1);
  await slapd.restart();
  await read();
  await read();
  expect(timesRead()).toBe(2);
  await connections.close();
  await slapd.stop();
});

it('given a server that dies, when it is asked, then that is no answer and not an empty one', async () => {
  const opened = await openReader({ people: ['alice'], groups: { klaxon: ['alice'] } });
  await opened.slapd.kill9();
  await expect(opened.reader.people([uid('alice')])).rejects.toThrow(Unavailable);
  await expect(opened.reader.group(group('klaxon'))).rejects.toThrow(Unavailable);
  await expect(opened.reader.mark()).rejects.toThrow(Unavailable);
  await expect(opened.reader.membersBehind([value(`uid=alice,${people}`)])).rejects.toThrow(Unavailable);
  await opened.stop();
});

it('given a server that hangs, when it is asked, then that ends at the deadline', async () => {
  const opened = await openReader({ people: ['alice'], groups: { klaxon: ['alice'] } });
  const connection = await openAsWriter(opened.slapd, { readTimeoutMs: 300 });
  const reader = directoryReader(connection, layoutOf(opened.slapd, ['klaxon']));
  await whileFrozen(opened.slapd, () => expect(reader.group(group('klaxon'))).rejects.toThrow(Unavailable));
  await expect(reader.people([uid('alice')])).rejects.toThrow(Unavailable);
  await connection.close();
  await opened.stop();
});
