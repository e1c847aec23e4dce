import { describe, expect, it } from 'vitest';
import { directoryReader } from '../../src/directory/reader.ts';
import { Unusable } from '../../src/errors.ts';
import type { DirectoryConnection } from '../../src/directory/connection.ts';
import { group, layoutOf, openReader, people, seenThrough, suffix, uid } from './open-directory.ts';

describe('given an account that may not see everything', () => {
  const writer = `cn=scriptuser,ou=profile,${suffix}`;
  const rest = ['access to attrs=userPassword by anonymous auth by * none', 'access to * by * read'];

  it.each([
    ['at all', 'none'],
    ['but may search by it', 'search'],
  ])('when it may not read what locks %s, then nobody is believed to be unlocked', async (_, right) => {
    const opened = await openReader({
      people: ['alice', { uid: 'mallory', locked: true }],
      access: [`access to attrs=pwdPolicySubentry by * ${right}`, ...rest],
    });
    await expect(opened.reader.people([uid('mallory')])).rejects.toThrow(/pwdPolicySubentry/);
    await expect(opened.reader.people([uid('mallory')])).rejects.toThrow(Unusable);
    await opened.stop();
  });

  it('when one entry only hides it, then that is enough', async () => {
    const opened = await openReader({
      people: ['alice', { uid: 'mallory', locked: true }],
      access: [`access to dn.exact="uid=mallory,${people}" attrs=pwdPolicySubentry by * none`, ...rest],
    });
    expect((await opened.reader.people([uid('alice')])).size).toBe(1);
    await expect(opened.reader.people([uid('alice'), uid('mallory')])).rejects.toThrow(/mallory/);
    await opened.stop();
  });

  it.each(['search', 'none'])('when it may not read the uids of people (%s), then their names say who they are', async (right) => {
    const opened = await openReader({
      people: ['alice', 'bob'],
      groups: { klaxon: ['alice'] },
      access: [`access to attrs=uid by * ${right}`, ...rest],
    });
    const read = await opened.reader.group(group('klaxon'));
    const [alice] = read.kind === 'group' ? read.members : [];
    if (!alice) throw new Error('alice is not shown');
    expect((await opened.reader.membersBehind([alice])).get(alice.key)).toMatchObject({ kind: 'person', person: { uid: 'alice' } });
    expect((await opened.reader.people([uid('bob')])).size).toBe(right === 'search' ? 1 : 0);
    await opened.stop();
  });

  it.each(['member', 'entryCSN', 'objectClass'])(
    'when it may not read %s of groups, then they are unusable and not empty',
    async (attribute) => {
      const opened = await openReader({
        people: ['alice'],
        groups: { klaxon: ['alice'] },
        access: [`access to dn.one="ou=groups,${suffix}" attrs=${attribute} by dn.exact="${writer}" search by * none`, ...rest],
      });
      const read = await opened.reader.group(group('klaxon'));
      // Members that can be seen make a group of it, whatever its classes.
      expect(read).toMatchObject(
        attribute === 'objectClass' ? { kind: 'group' } : { kind: 'unusable', message: expect.stringContaining(attribute) },
      );
      await opened.stop();
    },
  );

  it.each(['search', 'none'])(
    'when it may see neither members nor classes (%s), then the group is not taken for an empty one',
    async (right) => {
      const opened = await openReader({
        people: ['alice'],
        groups: { klaxon: ['alice'] },
        access: [`access to dn.one="ou=groups,${suffix}" attrs=member,objectClass by * ${right}`, ...rest],
      });
      const read = await opened.reader.group(group('klaxon')).catch((error: unknown) => error);
      expect(read).toMatchObject({ message: expect.any(String) });
      await opened.stop();
    },
  );

  it.each([
    {
      given: 'may not see its members',
      access: [`access to dn.one="ou=groups,${suffix}" attrs=member by * none`, ...rest],
      gives: 'unusable',
    },
    { given: 'may see its members', access: rest, gives: 'group' },
  ])('when a group may be empty by its class and the account $given, then it is told from an empty one', async ({ access, gives }) => {
    const mayBeEmpty = "objectclass ( 1.3.6.1.4.1.99999.1 NAME 'groupOfMembers' SUP top STRUCTURAL MUST cn MAY member )";
    const ldif = `dn: cn=unit,ou=groups,${suffix}\nobjectClass: groupOfMembers\ncn: unit\n`;
    const opened = await openReader({ globalLines: [mayBeEmpty], ldif, access }, { emptyGroup: 'no-member' });
    expect(await opened.reader.group(group('unit'))).toMatchObject({ kind: gives });
    await opened.stop();
  });

  it('when it may not see entryUUID, then people cannot be told apart', async () => {
    const opened = await openReader({ people: ['alice'], access: ['access to attrs=entryUUID by * none', ...rest] });
    await expect(opened.reader.people([uid('alice')])).rejects.toThrow(/entryUUID/);
    await opened.stop();
  });
});

it('given an attribute that locks and that the schema of the server lacks, when people are asked for, then that is the fact', async () => {
  const opened = await openReader({ people: ['alice'] }, { disabled: { attribute: 'pwdPolicySubentri', is: 'present' } });
  await expect(opened.reader.people([uid('alice')])).rejects.toThrow(/schema of the directory has no attribute pwdPolicySubentri/);
  await opened.stop();
});

it('given somebody who is locked between the two searches, when people are asked for, then that is seen', async () => {
  const opened = await openReader({ people: ['alice', 'bob'] });
  let searches = 0;
  const interrupted: DirectoryConnection = {
    ...seenThrough(opened.connection),
    search: async (...question) => {
      searches += 1;
      if (searches === 2) await opened.slapd.lock('alice');
      return opened.connection.search(...question);
    },
  };
  const found = await directoryReader(interrupted, layoutOf(opened.slapd, [])).people([uid('alice'), uid('bob')]);
  expect([...found.values()]).toMatchObject([
    { uid: 'alice', locked: true },
    { uid: 'bob', locked: false },
  ]);
  await opened.stop();
});

it('given a scan that ends too early, when people are asked for, then the others are asked for by name', async () => {
  const uids = Array.from({ length: 3100 }, (_, index) => `u${index}`);
  const opened = await openReader({ people: uids, log: 'none' });
  const short: DirectoryConnection = {
    ...seenThrough(opened.connection),
    pages: async function* (...question) {
      for await (const page of opened.connection.pages(...question)) {
        yield page;
        return;
      }
    },
  };
  const { disabled: _, ...withoutLocks } = layoutOf(opened.slapd, []);
  expect((await directoryReader(short, withoutLocks).people(uids.map(uid))).size).toBe(3100);
  await opened.stop();
});
