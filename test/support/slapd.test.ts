// The test directory is what other tests believe in, so it is tested first.

import { execFileSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { readFileSync } from 'node:fs';
import { Attribute, Change, Client, InsufficientAccessError, SizeLimitExceededError } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { slapdEnvironment, slapdInstallation } from './slapd-installation.ts';
import { startSlapd, type Slapd } from './slapd.ts';
import { ofThisFile } from './of-this-file.ts';

async function asWriter<Result>(slapd: Slapd, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ url: slapd.url });
  try {
    await client.bind(slapd.writerDn, slapd.writerPassword);
    return await work(client);
  } finally {
    await client.unbind();
  }
}

function addition(dn: string): Change {
  return new Change({ operation: 'add', modification: new Attribute({ type: 'member', values: [dn] }) });
}

describe('given a slapd with people, one of them locked, and groups, one of them empty', () => {
  const slapd = ofThisFile(() =>
    startSlapd({
      people: ['alice', { uid: 'bob', cn: 'Bob Ö', mail: 'bob@example.net' }, { uid: 'mallory', locked: true }],
      groups: { stewards: ['alice', 'mallory', 'uid=gone,ou=people,dc=wikimedia,dc=org'], 'klaxon-users': [] },
    }),
  );

  it('when members are read, then they are the raw values, and an empty group holds the empty DN', async () => {
    expect(await slapd.members('stewards')).toEqual([slapd.personDn('alice'), slapd.personDn('mallory'), slapd.personDn('gone')]);
    expect(await slapd.members('klaxon-users')).toEqual(['']);
  });

  it('when entries are read whole, then lock, memberOf and names show as in production', async () => {
    const [alice, bob, mallory] = await Promise.all(['alice', 'bob', 'mallory'].map((uid) => slapd.entry(slapd.personDn(uid))));
    expect(mallory?.['pwdPolicySubentry']).toBe('cn=disabled,ou=ppolicies,dc=wikimedia,dc=org');
    expect(alice?.['pwdPolicySubentry']).toBeUndefined();
    expect(alice?.['memberOf']).toBe(slapd.groupDn('stewards'));
    expect(bob).toMatchObject({ cn: 'Bob Ö', mail: 'bob@example.net' });
    expect(bob?.['entryUUID']).toMatch(/^[0-9a-f-]{36}$/);
    expect(await slapd.entry(slapd.personDn('nobody'))).toBeUndefined();
  });

  it('when a person is locked and unlocked, then the writer sees it and others do not', async () => {
    const look = async (client: Client) =>
      (await client.search(slapd.personDn('bob'), { scope: 'base', attributes: ['pwdPolicySubentry'] })).searchEntries[0]?.[
        'pwdPolicySubentry'
      ];
    await slapd.lock('bob');
    expect(await asWriter(slapd, look)).toBe('cn=disabled,ou=ppolicies,dc=wikimedia,dc=org');
    const anonymous = new Client({ url: slapd.url });
    expect(await look(anonymous)).toEqual([]);
    await anonymous.unbind();
    await slapd.unlock('bob');
    expect(await asWriter(slapd, look)).toEqual([]);
  });

  it('when the writer changes members, then the group and memberOf follow, and nothing else may be changed', async () => {
    await asWriter(slapd, async (client) => {
      await client.modify(slapd.groupDn('klaxon-users'), addition(slapd.personDn('alice')));
      const describing = new Change({ operation: 'add', modification: new Attribute({ type: 'description', values: ['x'] }) });
      await expect(client.modify(slapd.groupDn('klaxon-users'), describing)).rejects.toThrow(InsufficientAccessError);
    });
    expect(await slapd.members('klaxon-users')).toEqual(['', slapd.personDn('alice')]);
    expect((await slapd.entry(slapd.personDn('alice')))?.['memberOf']).toContain(slapd.groupDn('klaxon-users'));
    await slapd.setMembers('klaxon-users', []);
    expect(await slapd.members('klaxon-users')).toEqual(['']);
  });

  it('when the administrator adds and removes people and members, then the directory says so', async () => {
    await slapd.addPerson('carol');
    await slapd.addMember('stewards', 'carol');
    expect(await slapd.members('stewards')).toContain(slapd.personDn('carol'));
    await slapd.removeMember('stewards', 'carol');
    expect(await slapd.members('stewards')).not.toContain(slapd.personDn('carol'));
    await slapd.deletePerson('carol');
    expect(await slapd.entry(slapd.personDn('carol'))).toBeUndefined();
  });

  it('when it is killed and restarted, then the data are still there, on the same port', async () => {
    await slapd.addMember('stewards', 'bob');
    await slapd.kill9();
    await expect(slapd.members('stewards')).rejects.toThrow('ECONNREFUSED');
    await slapd.restart();
    expect(await slapd.members('stewards')).toContain(slapd.personDn('bob'));
    await slapd.removeMember('stewards', 'bob');
  });

  it('when an operation is done, then the log has it', () => {
    expect(slapd.logs()).toContain(`MOD dn="${slapd.groupDn('stewards')}"`);
  });
});

describe('given a slapd with more people than its size limit', () => {
  const slapd = ofThisFile(() => startSlapd({ people: Array.from({ length: 30 }, (_, index) => `p${index}`), sizeLimit: 10, log: 'none' }));

  it('when the writer searches without pages, then the limit cuts; with pages everything comes', async () => {
    await asWriter(slapd, async (client) => {
      await expect(client.search(slapd.people, { filter: '(uid=*)' })).rejects.toThrow(SizeLimitExceededError);
      const { searchEntries } = await client.search(slapd.people, { filter: '(uid=*)', paged: { pageSize: 20 } });
      expect(searchEntries).toHaveLength(30);
    });
  });

  it("when OpenLDAP's own tools look at it, then they can", () => {
    const installation = slapdInstallation();
    const text = execFileSync(installation.ldapsearch, ['-x', '-LLL', '-H', slapd.url, '-b', slapd.suffix, '-s', 'base', 'contextCSN'], {
      env: slapdEnvironment(installation),
      encoding: 'utf8',
    });
    expect(text).toContain('contextCSN: ');
  });
});

describe('given a slapd with TLS and a writer on ldapi', () => {
  const slapd = ofThisFile(() => startSlapd({ people: ['alice'], tls: true, external: true }));

  it('when the authority is trusted, then ldaps and StartTLS work; when not, ldaps fails', async () => {
    const ca = readFileSync(slapd.caFile ?? '');
    const secure = new Client({ url: slapd.ldapsUrl ?? '', tlsOptions: { ca } });
    await secure.bind(slapd.writerDn, slapd.writerPassword);
    await secure.unbind();
    const upgraded = new Client({ url: slapd.url });
    await upgraded.startTLS({ ca, host: '127.0.0.1' });
    await upgraded.bind(slapd.writerDn, slapd.writerPassword);
    await upgraded.unbind();
    const distrustful = new Client({ url: slapd.ldapsUrl ?? '' });
    await expect(distrustful.bind(slapd.writerDn, slapd.writerPassword)).rejects.toThrow(/self-signed|unable to verify/);
  });

  it('when somebody binds EXTERNAL on the socket, then it is the writer', async () => {
    const client = new Client({ url: 'ldap://localhost', createConnection: () => createConnection(slapd.ldapiPath) });
    await client.bind('EXTERNAL');
    const { value } = await client.exop('1.3.6.1.4.1.4203.1.11.3');
    expect(value).toBe(`dn:${slapd.writerDn}`);
    await client.unbind();
  });
});
