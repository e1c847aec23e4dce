import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readGroupFacts, readServer, readOtherRights } from '../../src/doctor/directory-facts.ts';
import type { DirectoryConnection } from '../../src/directory/connection.ts';
import { startSlapd, type Slapd, type SlapdOptions } from '../support/slapd.ts';
import { group, layoutOf, openAsWriter, people, suffix } from '../directory/open-directory.ts';

const crowd = ['alice', 'bob', { uid: 'mallory', locked: true }] as const;
const ghost = `uid=ghost,${people}`;

let slapd: Slapd;
let connection: DirectoryConnection;

async function open(options: SlapdOptions): Promise<void> {
  slapd = await startSlapd({
    people: [...crowd],
    groups: { klaxon: ['alice', 'mallory', ghost], stewards: [], other: ['bob'] },
    ...options,
  });
  connection = await openAsWriter(slapd);
}

async function close(): Promise<void> {
  await connection.close();
  await slapd.stop();
}

const layout = (more = {}) => layoutOf(slapd, ['klaxon', 'stewards', 'nobody'], more);
const factsOf = (name: string) => readGroupFacts(connection, connection, layout(), group(name));

describe('given a slapd of the usual shape', () => {
  beforeAll(() => open({}));
  afterAll(close);

  it('when the server is looked at, then its controls, its mark and all people are seen', async () => {
    const facts = await readServer(connection, layout());
    expect(facts).toMatchObject({
      asserts: true,
      keepsMark: true,
      people: { kind: 'known', value: 3 },
      disabledVisible: { kind: 'known', value: 3 },
      locked: { kind: 'known', value: 1 },
    });
  });

  it('when groups are looked at, then members, persons and memberOf are counted each for itself', async () => {
    expect(await factsOf('klaxon')).toEqual({
      group: 'klaxon',
      usable: {
        kind: 'known',
        value: {
          attribute: 'member',
          members: 3,
          persons: 2,
          locked: 1,
          placeholder: false,
          unwritten: [],
          needsMember: true,
          memberOf: 2,
        },
      },
      mayWriteMember: 'may',
    });
    expect(await factsOf('stewards')).toMatchObject({
      usable: { value: { members: 0, placeholder: true, memberOf: 0 } },
      mayWriteMember: 'may',
    });
    expect(await factsOf('nobody')).toMatchObject({ usable: { kind: 'refused', reason: expect.stringContaining('no entry') } });
  });

  it('when memberOf missed a change, then the numbers differ', async () => {
    await slapd.deletePerson('mallory');
    await slapd.addPerson('mallory');
    expect(await factsOf('klaxon')).toMatchObject({ usable: { value: { persons: 2, memberOf: 1 } } });
  });

  it('when the server is asked what the account may, then it may change members of groups and nothing of people', async () => {
    const rights = await readOtherRights(connection, layout());
    expect(rights.map(({ permission }) => permission)).toEqual(['may-not', 'may', 'may-not']);
    expect(rights[1]?.what).toBe(`member of ${slapd.groupDn('other')}`);
  });
});

describe('given an account with other rights', () => {
  afterEach(close);
  const rest = ['access to attrs=userPassword by anonymous auth by * none', 'access to * by * read'];
  const writer = `cn=scriptuser,ou=profile,${suffix}`;

  it('when it may only read, then it may not write, and nothing is taken for more', async () => {
    await open({ access: rest });
    expect((await factsOf('klaxon')).mayWriteMember).toBe('may-not');
    expect((await factsOf('stewards')).mayWriteMember).toBe('may-not');
    expect((await readOtherRights(connection, layout())).map(({ permission }) => permission)).toEqual(['may-not', 'may-not', 'may-not']);
  });

  it('when it may write another attribute that holds members, in a group where nobody has it, then that is told', async () => {
    await open({
      access: [`access to dn.exact="cn=other,ou=groups,${suffix}" attrs=memberUid by dn.exact="${writer}" write by * read`, ...rest],
    });
    expect((await readOtherRights(connection, layout())).map(({ permission }) => permission)).toEqual(['may-not', 'may', 'may-not']);
  });

  it('when it may write member, and the group keeps uniqueMember, then it may not write what it has to', async () => {
    const dn = slapd.groupDn('unique');
    await open({
      access: [`access to dn.one="ou=groups,${suffix}" attrs=member by dn.exact="${writer}" write by * read`, ...rest],
      ldif: `dn: ${dn}\nobjectClass: groupOfUniqueNames\ncn: unique\nuniqueMember: ${slapd.personDn('alice')}\n`,
    });
    const facts = await readGroupFacts(connection, connection, layoutOf(slapd, ['unique']), group('unique'));
    expect(facts).toMatchObject({ usable: { value: { attribute: 'uniqueMember' } }, mayWriteMember: 'may-not' });
  });

  it('when it may do everything, then asking changes nothing at all, not even where it is a member itself', async () => {
    await open({ access: [`access to * by dn.exact="${writer}" manage by * auth`] });
    await slapd.addMember('klaxon', writer);
    const groups = ['klaxon', 'stewards', 'other'].map((name) => slapd.groupDn(name));
    const all = () =>
      Promise.all([...groups, slapd.personDn('alice'), slapd.personDn('bob'), writer, suffix].map((name) => slapd.entry(name)));
    const before = await all();

    const tried = [...(await readOtherRights(connection, layout())).map(({ permission }) => permission)];
    tried.push((await factsOf('klaxon')).mayWriteMember, (await factsOf('stewards')).mayWriteMember);

    expect(tried).toEqual(['may', 'may', 'may', 'may', 'may']);
    // contextCSN of the suffix too: the server wrote nothing.
    expect(await all()).toEqual(before);
  });

  it('when it cannot see who is locked, then fewer are counted than there are', async () => {
    await open({ access: ['access to attrs=pwdPolicySubentry by * none', ...rest] });
    expect(await readServer(connection, layout())).toMatchObject({ people: { value: 3 }, disabledVisible: { value: 0 } });
    await expect(factsOf('stewards')).resolves.toMatchObject({ usable: { kind: 'known' } });
    await expect(factsOf('klaxon')).resolves.toMatchObject({
      usable: { kind: 'refused', reason: expect.stringContaining('pwdPolicySubentry') },
    });
  });

  it('when answers are limited, then pages pass the limit where they may, and are refused and not cut short where they may not', async () => {
    await open({ people: ['alice', { uid: 'bob', password: 'bob-secret' }], sizeLimit: 1 });
    expect((await readServer(connection, layout())).people).toEqual({ kind: 'known', value: 2 });

    const bind = { kind: 'simple', dn: slapd.personDn('bob'), password: 'bob-secret' } as const;
    const limited = await openAsWriter(slapd, { bind });
    const { people: counted } = await readServer(limited, layout());
    await limited.close();
    expect(counted).toMatchObject({ kind: 'refused', reason: expect.stringContaining('limit') });
  });
});
