import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DirectoryConnection } from '../../src/directory/connection.ts';
import { dnKeyOf } from '../../src/directory/distinguished-names.ts';
import type { DirectoryLayout } from '../../src/directory/layout.ts';
import { directoryReader } from '../../src/directory/reader.ts';
import { directoryWriter, type Progress } from '../../src/directory/writer.ts';
import type { ChangeOutcome, GroupChange, MemberValue, ObservedGroup } from '../../src/directory/directory.ts';
import { dn } from '../../src/names.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { group, layoutOf, openAsWriter, seenThrough, whileFrozen } from './open-directory.ts';

const suffix = 'dc=wikimedia,dc=org';
const klaxon = `cn=klaxon,ou=groups,${suffix}`;

function member(name: string): MemberValue {
  const text = name.includes('=') ? name : `uid=${name},ou=people,${suffix}`;
  const key = dnKeyOf(text);
  if (key === undefined) throw new Error(`${text} is no DN`);
  return { dn: dn(text), key };
}

/** One connection, the group `klaxon` as it reads it, and changes of it. */
function working(slapd: Slapd, connection: DirectoryConnection, more: Partial<DirectoryLayout> = {}) {
  const layout = layoutOf(slapd, ['klaxon'], more);
  const read = async (): Promise<ObservedGroup> => {
    const observed = await directoryReader(connection, layout).group(group('klaxon'));
    if (observed.kind !== 'group') throw new Error(observed.message);
    return observed;
  };
  const change = (of: ObservedGroup, add: readonly string[], remove: readonly string[]): GroupChange => {
    const held = new Map(of.members.map((value) => [value.key, value]));
    return { group: of, add: add.map(member), remove: remove.map((name) => held.get(member(name).key) ?? member(name)) };
  };
  const writer = directoryWriter(connection, layout);
  const apply = async (add: readonly string[], remove: readonly string[], progress?: Progress): Promise<ChangeOutcome> =>
    writer.apply(change(await read(), add, remove), progress);
  return { read, change, writer, apply };
}

async function memberOf(slapd: Slapd, uid: string): Promise<readonly string[]> {
  const entry = await slapd.entry(slapd.personDn(uid));
  return [entry?.['memberOf'] ?? []].flat().map(String);
}

describe('given a group with alice and bob', () => {
  let slapd: Slapd;
  let connection: DirectoryConnection;
  beforeAll(async () => {
    slapd = await startSlapd({ people: ['alice', 'bob', 'carol', 'mallory'], groups: { klaxon: ['alice', 'bob'], other: ['alice'] } });
    connection = await openAsWriter(slapd);
  });
  afterAll(async () => {
    await connection.close();
    await slapd.stop();
  });
  beforeEach(() => slapd.setMembers('klaxon', ['alice', 'bob']));
  const keys = async () => (await slapd.members('klaxon')).map((text) => dnKeyOf(text)).sort();

  it('when carol comes and bob goes, then bob goes first, memberOf follows, and nothing else of the entry differs', async () => {
    const before = await slapd.entry(klaxon);
    const { apply } = working(slapd, connection);
    const operations = slapd.logs().split(' MOD dn=').length;
    expect(await apply(['carol'], ['bob'])).toEqual({ kind: 'done' });
    expect(slapd.logs().split(' MOD dn=')).toHaveLength(operations + 2);
    expect(await keys()).toEqual([member('alice').key, member('carol').key]);
    expect(await memberOf(slapd, 'carol')).toEqual([klaxon]);
    expect(await memberOf(slapd, 'bob')).toEqual([]);
    expect(await memberOf(slapd, 'alice')).toEqual([`cn=other,ou=groups,${suffix}`, klaxon].sort().reverse());
    const after = await slapd.entry(klaxon);
    const kept = (entry: typeof before) =>
      Object.fromEntries(
        Object.entries(entry ?? {}).filter(([name]) => !['member', 'entryCSN', 'modifyTimestamp', 'modifiersName'].includes(name)),
      );
    expect(kept(after)).toEqual(kept(before));
  });

  it('when the last member goes and the first comes, then the placeholder stands in between, and memberOf follows', async () => {
    const { apply } = working(slapd, connection);
    expect(await apply([], ['alice', 'bob'])).toEqual({ kind: 'done' });
    expect(await slapd.members('klaxon')).toEqual(['']);
    expect(await memberOf(slapd, 'bob')).toEqual([]);
    expect(await apply(['carol'], [])).toEqual({ kind: 'done' });
    expect(await slapd.members('klaxon')).toEqual([member('carol').dn]);
    expect(await memberOf(slapd, 'carol')).toEqual([klaxon]);
  });

  it('when the placeholder is an entry, then that one is put in and taken out', async () => {
    const nobody = dn(`cn=scriptuser,ou=profile,${suffix}`);
    const { apply, read } = working(slapd, connection, { emptyGroup: nobody });
    expect(await apply([], ['alice', 'bob'])).toEqual({ kind: 'done' });
    expect(await read()).toMatchObject({ members: [], placeholder: true });
    expect(await slapd.members('klaxon')).toEqual([nobody]);
    expect(await apply(['carol'], [])).toEqual({ kind: 'done' });
    expect(await slapd.members('klaxon')).toEqual([member('carol').dn]);
  });

  it('when groups are to stay without a member and the class forbids it, then all but the last go, and it says who must act', async () => {
    const { apply } = working(slapd, connection, { emptyGroup: 'no-member' });
    expect(await apply([], ['alice', 'bob'])).toMatchObject({ kind: 'refused', message: expect.stringMatching(/\(65\).*administrator/) });
    expect(await keys()).toHaveLength(1);
  });

  it('when a member was spelled by hand, then it is taken out as it is spelled', async () => {
    await slapd.setMembers('klaxon', ['bob', `UID=Alice, OU=People,${suffix}`]);
    expect(await working(slapd, connection).apply([], ['alice'])).toEqual({ kind: 'done' });
    expect(await slapd.members('klaxon')).toEqual([member('bob').dn]);
  });

  it('when somebody else writes between read and change, then the race is lost and nothing is changed', async () => {
    const { read, change, writer } = working(slapd, connection);
    const observed = await read();
    await slapd.addMember('klaxon', 'mallory');
    expect(await writer.apply(change(observed, ['carol'], ['bob']))).toEqual({ kind: 'lost-race' });
    expect(await keys()).toEqual(['alice', 'bob', 'mallory'].map((name) => member(name).key));
    expect(await memberOf(slapd, 'bob')).toEqual([klaxon]);
  });

  it.each([
    { given: 'a value that is there already', add: ['alice'], remove: [] },
    { given: 'a value that is not there', add: [], remove: ['carol'] },
  ])('when the change has $given, then there is nothing to do about it', async ({ add, remove }) => {
    expect(await working(slapd, connection).apply(add, remove)).toEqual({ kind: 'done' });
    expect(await keys()).toEqual(['alice', 'bob'].map((name) => member(name).key));
  });

  it('when the group is gone, then the change is refused', async () => {
    const { read, change, writer } = working(slapd, connection);
    const observed = await read();
    const gone = { ...observed, dn: dn(`cn=gone,ou=groups,${suffix}`) };
    expect(await writer.apply(change(gone, ['carol'], []))).toMatchObject({ kind: 'refused', message: expect.stringContaining('(32)') });
  });

  it('when there is nothing to change, then nothing is asked', async () => {
    const operations = slapd.logs().split(' MOD dn=').length;
    expect(await working(slapd, connection).apply([], [])).toEqual({ kind: 'done' });
    expect(slapd.logs().split(' MOD dn=')).toHaveLength(operations);
  });

  it('when the value is no DN for the server, then the change is refused', async () => {
    const { read, writer } = working(slapd, connection);
    const odd = { dn: dn('1.2.3.4=x'), key: member('carol').key };
    expect(await writer.apply({ group: await read(), add: [odd], remove: [] })).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('(21)'),
    });
  });
});

describe('given a server that says no', () => {
  let slapd: Slapd | undefined;
  let connection: DirectoryConnection | undefined;
  afterEach(async () => {
    await connection?.close();
    await slapd?.stop();
  });

  it.each([
    { given: 'a read-only one', databaseLines: ['readonly on'], gives: '(53)' },
    { given: 'one without the right', access: ['access to attrs=userPassword by anonymous auth', 'access to * by * read'], gives: '(50)' },
    {
      given: 'one that refers to another',
      databaseLines: [
        'syncrepl rid=1 provider=ldap://127.0.0.1:1 type=refreshOnly interval=99:00:00:00 searchbase="dc=wikimedia,dc=org" bindmethod=simple',
        'updateref ldap://127.0.0.1:1',
      ],
      gives: '(10)',
    },
    { given: 'one that wants members to exist', dangling: 'error' as const, add: 'ghost', gives: '(19)' },
  ])('when it is $given, then the change is refused with $gives', async ({ given: _, add = 'bob', gives, ...options }) => {
    slapd = await startSlapd({ people: ['alice', 'bob'], groups: { klaxon: ['alice'] }, ...options });
    connection = await openAsWriter(slapd);
    expect(await working(slapd, connection).apply([add], [])).toMatchObject({ kind: 'refused', message: expect.stringContaining(gives) });
  });
});

describe('given a large group', () => {
  const everybody = Array.from({ length: 1200 }, (_, index) => `u${index}`);
  let slapd: Slapd;
  let connection: DirectoryConnection;
  beforeAll(async () => {
    slapd = await startSlapd({ people: everybody, groups: { klaxon: [] } });
    connection = await openAsWriter(slapd);
  });
  afterAll(async () => {
    await connection.close();
    await slapd.stop();
  });

  it('when it is filled and emptied, then that happens in pieces, and memberOf is right', async () => {
    const { apply, read } = working(slapd, connection);
    const seen: string[] = [];
    expect(await apply(everybody, [], async (done, total) => seen.push(`${done}/${total}`) > 0)).toEqual({ kind: 'done' });
    expect(seen).toEqual(['1000/1200', '1200/1200']);
    expect((await read()).members).toHaveLength(1200);
    for (const name of ['u0', 'u1000', 'u1199']) expect(await memberOf(slapd, name)).toEqual([klaxon]);
    expect(await apply([], everybody)).toEqual({ kind: 'done' });
    expect(await slapd.members('klaxon')).toEqual(['']);
    expect(await memberOf(slapd, 'u1000')).toEqual([]);
  });

  it('when somebody else writes between two pieces, then the rest is not done', async () => {
    let modifies = 0;
    const interrupted: DirectoryConnection = {
      ...seenThrough(connection),
      modify: async (...request) => {
        modifies += 1;
        if (modifies === 2) await slapd.removeMember('klaxon', 'u7');
        await connection.modify(...request);
      },
    };
    expect(await working(slapd, interrupted).apply(everybody, [])).toEqual({ kind: 'lost-race' });
    expect(await slapd.members('klaxon')).toHaveLength(999);
    await slapd.setMembers('klaxon', []);
  });

  it('when the server does not answer in time, then the outcome is unknown, and it may have been done', async () => {
    const impatient = await openAsWriter(slapd, { writeTimeoutMs: 300 });
    const frozen: DirectoryConnection = {
      ...seenThrough(impatient),
      modify: async (...request) => {
        await whileFrozen(slapd, () => impatient.modify(...request));
      },
    };
    expect(await working(slapd, frozen).apply(['u1'], [])).toMatchObject({ kind: 'unknown', message: expect.stringContaining('0.3 s') });
    await impatient.close();
    await slapd.setMembers('klaxon', []);
  });

  it('when the server is killed in the middle, then the outcome is unknown', async () => {
    const { apply } = working(slapd, connection);
    const outcome = await apply(everybody, [], () => slapd.kill9().then(() => true));
    expect(outcome).toMatchObject({ kind: 'unknown', message: expect.stringMatching(/\d+ of 1200 values/) });
  });
});
