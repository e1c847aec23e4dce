// The ways to the directory that a configuration can name, and a directory that is read elsewhere than it is written.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { changesIn, groupIn } from './documents.ts';
import { later, openWorld, stewards, type World } from './world.ts';

let world: World;
let replica: Slapd;
beforeAll(async () => {
  world = await openWorld({ tls: true, external: true });
  replica = await startSlapd({
    people: [...stewards, 'martin', 'carol'],
    groups: { stewards: [], 'klaxon-users': [] },
  });
});
afterAll(async () => {
  await replica.stop();
  await world.stop();
});

const nothing = { 'bind-dn': undefined, 'password-file': undefined };

describe('given a directory behind', () => {
  const ways: readonly {
    way: string;
    directory: () => Record<string, unknown>;
  }[] = [
    {
      way: 'ldaps',
      directory: () => ({
        url: world.slapd.ldapsUrl,
        'ca-file': world.slapd.caFile,
      }),
    },
    {
      way: 'ldap with StartTLS',
      directory: () => ({ 'start-tls': 'true', 'ca-file': world.slapd.caFile }),
    },
    {
      way: 'ldapi as this very account',
      directory: () => ({
        ...nothing,
        url: `ldapi://${encodeURIComponent(world.slapd.ldapiPath)}`,
        sasl: 'external',
      }),
    },
    {
      way: 'ldapi with the path of the socket as it is',
      directory: () => ({ ...nothing, url: `ldapi://${world.slapd.ldapiPath}`, sasl: 'external' }),
    },
    { way: 'an ldapvi profile', directory: () => ({ ...nothing, credentials: 'ldapvi.conf' }) },
  ];
  it.each(ways)('$way, when it runs, then it converges as ever', async ({ directory }) => {
    const host = await world.newHost({ granted: ['alice'], directory: directory() });
    writeFileSync(
      join(host.folder, 'ldapvi.conf'),
      `profile default\nhost: ${world.slapd.url}\nuser: ${world.slapd.writerDn}\nbase: ${world.slapd.suffix}\npassword: ${world.slapd.writerPassword}\n`,
      { mode: 0o600 },
    );
    const run = await host.reconcile();
    expect([run.status, await host.members('stewards'), await host.members('klaxon-users')]).toEqual([0, stewards, ['alice']]);
  });

  it.each([
    {
      way: 'ldaps whose authority nobody vouches for',
      directory: () => ({ url: world.slapd.ldapsUrl }),
    },
    {
      way: 'StartTLS whose authority nobody vouches for',
      directory: () => ({ 'start-tls': 'true' }),
    },
  ])('$way, when it runs, then nothing is sent and nobody is touched, whatever the environment says', async ({ directory }) => {
    const host = await world.newHost({ directory: directory() });
    const logged = world.slapd.logs().length;
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_EXTRA_CA_CERTS: world.slapd.caFile };
    const run = await host.built(['reconcile'], { env });
    expect([run.status, await host.members('stewards')]).toEqual([6, []]);
    expect(world.slapd.logs().slice(logged)).not.toContain('BIND dn="cn=scriptuser');
  });
});

describe('given a replica that is read and another server that is written', () => {
  async function hostReadingReplica() {
    for (const group of ['stewards', 'klaxon-users']) await replica.setMembers(group, []);
    return world.newHost({ roster: ['base', 'hoo'], directory: { 'read-url': replica.url } });
  }

  it('when it runs, then only the other is written, and what the replica does not show yet is not done twice', async () => {
    const host = await hostReadingReplica();
    const logged = replica.logs().length;
    const first = await host.reconcile();
    expect([first.status, await host.members('stewards')]).toEqual([0, ['base', 'hoo']]);
    expect(replica.logs().slice(logged)).not.toContain(' MOD ');

    const second = await host.reconcile(later(0, 1));
    expect([second.status, groupIn(second.document, 'stewards').state]).toEqual([0, 'in-sync']);
    expect(changesIn(groupIn(second.document, 'stewards'))).toEqual([]);
  });

  it('when the replica lags, has lost a person, or shows people gone for good, then nobody loses anything on the server that counts', async () => {
    const host = await hostReadingReplica();
    await host.reconcile();
    await replica.setMembers('stewards', ['base', 'hoo', 'melos', 'uid=ghost,ou=people,dc=wikimedia,dc=org']);
    await replica.deletePerson('hoo');

    const run = await host.reconcile(later(0, 1));
    await replica.addPerson('hoo');

    expect(run.status).toBe(0);
    expect(await host.members('stewards')).toEqual(['base', 'hoo']);
  });

  it('when one of the two is down, then status 75, and nobody is touched', async () => {
    const host = await hostReadingReplica();
    await replica.halt();
    expect((await host.reconcile()).status).toBe(75);
    await replica.restart();
    host.configure({ directory: { url: 'ldap://127.0.0.1:1' } });
    expect((await host.reconcile(later(0, 1))).status).toBe(75);
    expect(await host.members('stewards')).toEqual([]);
  });
});
