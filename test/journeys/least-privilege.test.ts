// The access rules that docs/operating.md gives for OpenLDAP are enough for every command, and allow nothing else.

import { readFileSync } from 'node:fs';
import { Attribute, Change, Client, InsufficientAccessError } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { stewards, openWorld } from './world.ts';

const writer = 'cn=scriptuser,ou=profile,dc=wikimedia,dc=org';

/** The rules of the page, for the account of the tests, between what a directory has anyway. */
function documentedRules(): readonly string[] {
  const [, block = ''] = /```\n(access to [^]*?)```/.exec(readFileSync('docs/operating.md', 'utf8')) ?? [];
  const rules = block.replaceAll('cn=muster,ou=profile,dc=wikimedia,dc=org', writer).trim();
  return ['access to attrs=userPassword by anonymous auth by * none', ...rules.split('\n').filter(Boolean), 'access to * by * read'];
}

async function writeAs(dn: string, type: string, value: string): Promise<void> {
  const client = new Client({ url: world.slapd.url });
  try {
    await client.bind(world.slapd.writerDn, world.slapd.writerPassword);
    await client.modify(dn, new Change({ operation: 'add', modification: new Attribute({ type, values: [value] }) }));
  } finally {
    await client.unbind();
  }
}

const world = ofThisFile(() => openWorld({ access: documentedRules(), groups: { stewards: [], 'klaxon-users': [], ops: ['alice'] } }));

describe('given a slapd with the access rules of the page for operators', () => {
  it('when muster runs, revokes and lifts, then the rules let it do all of that', async () => {
    const host = await world.newHost({ granted: ['martin'], members: { stewards: [...stewards] } });
    expect((await host.reconcile()).status).toBe(0);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
    expect((await host.run(['revoke', 'martin', '--reason', 'Account taken over.'])).status).toBe(0);
    expect(await host.members('klaxon-users')).toEqual([]);
    expect((await host.run(['lift', 'martin', '--reason', 'Account is theirs again.'])).status).toBe(0);
    expect((await host.reconcile()).status).toBe(0);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });

  it('when somebody asks doctor, adopt and explain, then nothing of the directory is hidden from them', async () => {
    const host = await world.newHost({ granted: ['martin'], members: { stewards: [...stewards], 'klaxon-users': ['martin', 'alice'] } });
    await world.slapd.lock('bob');
    const examined = (await host.run(['doctor', '--json'])).json<{ checks: { area: string; code: string; severity: string }[] }>();
    await world.slapd.unlock('bob');
    const ofDirectory = examined.checks.filter(({ area }) => /^Directory|^Managed/.test(area));
    expect(ofDirectory.length).toBeGreaterThan(10);
    // The tests' slapd is spoken to in the clear, on this host.
    expect(ofDirectory.filter(({ severity, code }) => severity !== 'ok' && code !== 'tls')).toEqual([]);
    const adopted = await host.run(['adopt', 'klaxon-users']);
    expect([adopted.status, adopted.stdout.match(/^# .*$/gm)]).toEqual([0, ['# policy/grants/klaxon-users/alice.yaml']]);
    expect((await host.run(['explain', 'martin'])).status).toBe(0);
  });

  it.each([
    { what: 'another attribute of a managed group', dn: () => world.slapd.groupDn('stewards'), attribute: 'description' },
    { what: 'the members of another group', dn: () => world.slapd.groupDn('ops'), attribute: 'member' },
    { what: 'a person', dn: () => world.slapd.personDn('base'), attribute: 'mail' },
  ])('when the account writes $what, then the directory refuses', async ({ dn, attribute }) => {
    const value = attribute === 'member' ? world.slapd.personDn('base') : 'x';
    await expect(writeAs(dn(), attribute, value)).rejects.toThrow(InsufficientAccessError);
  });

  it('when it writes a member of a managed group the same way, then it may: the three above were refused for their target', async () => {
    await writeAs(world.slapd.groupDn('stewards'), 'member', world.slapd.personDn('mallory'));
    expect(await world.slapd.members('stewards')).toContain(world.slapd.personDn('mallory'));
  });
});
