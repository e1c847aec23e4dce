// What a test does to the directory behind muster's back, as its administrator: every call on a connection of its own, so restarts do not matter.

import { createConnection } from 'node:net';
import { Attribute, Change, Client, Control, NoSuchObjectError, type Entry } from 'ldapts';
import { disabledPolicy, groupDn, longAgo, memberDn, personAttributes, type PersonEntry } from './slapd-entries.ts';

/** draft-zeilenga-ldap-relax: the administrator may write what the server writes itself. */
const relaxRules = () => new Control('1.3.6.1.4.1.4203.666.5.12', { critical: true });

export interface Administrator {
  /** The raw values of `member`, placeholder and dangling ones included, in the server's order. */
  members(group: string): Promise<string[]>;
  /** Replaces all members: uids or raw DNs; none means the empty DN. */
  setMembers(group: string, members: readonly string[]): Promise<void>;
  addMember(group: string, member: string): Promise<void>;
  removeMember(group: string, member: string): Promise<void>;
  addPerson(person: PersonEntry | string): Promise<void>;
  deletePerson(uid: string): Promise<void>;
  lock(uid: string): Promise<void>;
  unlock(uid: string): Promise<void>;
  /** All attributes, user and operational; undefined when there is no such entry. */
  entry(dn: string): Promise<Entry | undefined>;
  /** Anything else, on a connection that is bound as the administrator and closed afterwards. */
  withClient<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
}

/** Talks over the ldapi socket, which no other slapd and no proxy can stand in for. */
export function administrator(connection: { ldapiPath: string; adminDn: string; adminPassword: string; suffix: string }): Administrator {
  const { suffix } = connection;
  // Past the numbers of the entries that the directory started with.
  let number = 1_000_000;
  const withClient: Administrator['withClient'] = async (work) => {
    const client = new Client({ url: 'ldap://localhost', createConnection: () => createConnection(connection.ldapiPath), timeout: 60_000 });
    try {
      await client.bind(connection.adminDn, connection.adminPassword);
      return await work(client);
    } finally {
      await client.unbind();
    }
  };
  const modify = (dn: string, operation: 'add' | 'delete' | 'replace', type: string, values: string[]) =>
    withClient((client) => client.modify(dn, new Change({ operation, modification: new Attribute({ type, values }) })));
  const modifyGroup = (group: string, operation: 'add' | 'delete' | 'replace', members: readonly string[]) =>
    modify(
      groupDn(group, suffix),
      operation,
      'member',
      members.map((member) => memberDn(member, suffix)),
    );

  const entry: Administrator['entry'] = (dn) =>
    withClient(async (client) => {
      try {
        return (await client.search(dn, { scope: 'base', attributes: ['*', '+'] })).searchEntries[0];
      } catch (error) {
        if (error instanceof NoSuchObjectError) return undefined;
        throw error;
      }
    });

  return {
    withClient,
    entry,
    members: async (group) =>
      withClient(async (client) => {
        const { searchEntries } = await client.search(groupDn(group, suffix), { scope: 'base', attributes: ['member'] });
        return [searchEntries[0]?.['member'] ?? []].flat().map(String);
      }),
    setMembers: (group, members) => modifyGroup(group, 'replace', members.length === 0 ? [''] : members),
    addMember: (group, member) => modifyGroup(group, 'add', [member]),
    removeMember: (group, member) => modifyGroup(group, 'delete', [member]),
    addPerson: (given) =>
      withClient(async (client) => {
        const person = typeof given === 'string' ? { uid: given } : given;
        const locked: Record<string, string> = person.locked ? { pwdPolicySubentry: disabledPolicy(suffix) } : {};
        const madeAt = { createTimestamp: person.madeAt ?? longAgo };
        await client.add(memberDn(person.uid, suffix), { ...personAttributes(person, number++), ...locked, ...madeAt }, relaxRules());
      }),
    deletePerson: (uid) => withClient((client) => client.del(memberDn(uid, suffix))),
    lock: (uid) => modify(memberDn(uid, suffix), 'replace', 'pwdPolicySubentry', [disabledPolicy(suffix)]),
    unlock: (uid) => modify(memberDn(uid, suffix), 'replace', 'pwdPolicySubentry', []),
  };
}
