// Groups as directories have them: what a class needs, which attribute holds the members, how names compare, what the server computes,
// and what doctor finds out about rights.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { groupIn, changesIn } from './documents.ts';
import { later, type Host, openWorld } from './world.ts';

const oneLine = (text: string) => text.replace(/\s+/g, ' ');
const suffix = 'dc=wikimedia,dc=org';
const groups = `ou=groups,${suffix}`;
const local = join(tmpdir(), `muster-local-${process.pid}.schema`);
writeFileSync(
  local,
  `attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'employeeLogin' DESC 'MUST be unique' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'employee' SUP top AUXILIARY MAY employeeLogin )
objectclass ( 1.3.6.1.4.1.99999.2.2 NAME 'crew' SUP top STRUCTURAL MUST cn MAY ( member $ memberUid ) )
objectclass ( 1.3.6.1.4.1.99999.2.3 NAME 'accountGroup' SUP top STRUCTURAL MUST ( cn $ gidNumber ) MAY memberUid )
`,
);
const ldif = `dn: employeeLogin=Vera,ou=people,${suffix}
objectClass: inetOrgPerson
objectClass: employee
employeeLogin: Vera
uid: vera
cn: Vera
sn: V
createTimestamp: 20200101000000Z

dn: cn=crew,${groups}
objectClass: crew
cn: crew

dn: cn=unique,${groups}
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: uid=vol1,ou=people,${suffix}#'0101'B

dn: cn=accounts,${groups}
objectClass: accountGroup
cn: accounts
gidNumber: 4711
memberUid: vol1
memberUid: foo bar
memberUid: uid=vol2,ou=people,${suffix}

dn: cn=both,${groups}
objectClass: crew
cn: both
member: uid=vol1,ou=people,${suffix}
memberUid: vol1
memberUid: vol2

dn: cn=dynamic,${groups}
objectClass: groupOfNames
objectClass: labeledURIObject
cn: dynamic
member: uid=vol1,ou=people,${suffix}
labeledURI: ldap:///ou=people,${suffix}??one?(uid=vol2)

dn: cn=veiled,${groups}
objectClass: groupOfNames
cn: veiled
member: uid=vol1,ou=people,${suffix}
member: uid=vol2,ou=people,${suffix}

dn: cn=ops,${groups}
objectClass: groupOfNames
cn: ops
member: uid=alice,ou=people,${suffix}
`;
const world = ofThisFile(() =>
  openWorld({
    globalLines: [`include ${local}`, 'moduleload dynlist.so'],
    databaseLines: ['overlay dynlist', 'dynlist-attrset labeledURIObject labeledURI member'],
    access: [
      'access to attrs=userPassword by anonymous auth by * none',
      `access to dn.exact="cn=veiled,${groups}" attrs=member val.exact="uid=vol1,ou=people,${suffix}" by * none`,
      `access to dn.exact="cn=veiled,${groups}" attrs=member val.exact="uid=vol2,ou=people,${suffix}" by * read`,
      `access to dn.one="${groups}" attrs=member,uniqueMember,memberUid by dn.exact="cn=scriptuser,ou=profile,${suffix}" write by * read`,
      'access to * by * read',
    ],
    ldif,
  }),
);

/** A host whose roster group is another entry. */
async function hostWith(entry: unknown, roster: readonly string[]): Promise<Host> {
  const host = await world.newHost({ roster });
  host.configure({ directory: { groups: { stewards: entry, 'klaxon-users': world.slapd.groupDn('klaxon-users') } } });
  return host;
}

async function settle(host: Host): Promise<void> {
  const first = await host.reconcile();
  const [held] = groupIn(first.document, 'stewards').held;
  if (held === undefined) return;
  await host.allow('stewards', held.digest);
  await host.reconcile(later(0, 1));
}

async function valuesOf(cn: string, attribute: string): Promise<readonly string[]> {
  return [(await world.slapd.entry(`cn=${cn},${groups}`))?.[attribute] ?? []].flat().map(String).sort();
}

describe('case 87: given people who are named by an attribute of a local schema', () => {
  it('when the group spells one in another case, then there is nothing to do, and a revocation takes them out', async () => {
    const host = await world.newHost({ roster: ['vera', 'base'], directory: { 'named-by': 'employeeLogin' } });
    await world.slapd.setMembers('stewards', [`employeeLogin=VERA,ou=people,${suffix}`, 'base']);
    const plan = await host.plan();
    expect(changesIn(groupIn(plan.document, 'stewards'))).toEqual([]);
    expect(groupIn(plan.document, 'stewards').held).toEqual([]);

    const { status, stdout } = await host.run(['revoke', 'vera', '--reason', 'Account taken over.']);
    expect([status, stdout.includes('  stewards: out\n')]).toEqual([0, true]);
    expect(await host.members('stewards')).toEqual(['base']);
  });
});

describe('case 90: given a class in which members are optional', () => {
  it('when the last one goes and one comes again, then that works, and nothing stands in for nobody', async () => {
    const host = await hostWith(`cn=crew,${groups}`, ['vol1']);
    await settle(host);
    expect(await valuesOf('crew', 'member')).toEqual([world.slapd.personDn('vol1')]);
    await host.run(['revoke', 'vol1', '--reason', 'Left.'], { at: later(0, 2) });
    expect(await valuesOf('crew', 'member')).toEqual([]);
    await host.run(['lift', 'vol1', '--reason', 'Is back.'], { at: later(0, 3) });
    expect([(await host.reconcile(later(0, 4))).status, await valuesOf('crew', 'member')]).toEqual([0, [world.slapd.personDn('vol1')]]);
  });
});

describe('given groups of other formats', () => {
  it.each([
    { format: 'uniqueMember', cn: 'unique', value: (uid: string) => world.slapd.personDn(uid) },
    { format: 'memberUid', cn: 'accounts', value: (uid: string) => uid },
  ])(
    'when a group keeps $format, then people come and go, a second run changes nothing, and revoke takes out',
    async ({ format, cn, value }) => {
      const host = await hostWith(`cn=${cn},${groups}`, ['vol1', 'vol2', 'vol3']);
      await settle(host);
      const held = async () => (await valuesOf(cn, format)).map((text) => text.replace(/#.*/, ''));
      expect(await held()).toEqual(['vol1', 'vol2', 'vol3'].map(value));
      const records = host.ledger().length;
      expect((await host.reconcile(later(0, 2))).status).toBe(0);
      expect(host.ledger()).toHaveLength(records);
      const { status, stdout } = await host.run(['revoke', 'vol1', '--reason', 'Left.'], { at: later(0, 3) });
      expect([status, stdout.includes('  stewards: out\n'), await held()]).toEqual([0, true, ['vol2', 'vol3'].map(value)]);
    },
  );
});

describe('case 91: given an entry that counts people in twice over', () => {
  it('when it has member and memberUid, then the configuration has to say which, and the other is told in plan, doctor and revoke', async () => {
    const host = await hostWith(`cn=both,${groups}`, ['vol1']);
    const unsaid = await host.plan();
    expect([unsaid.status, groupIn(unsaid.document, 'stewards').message]).toEqual([
      6,
      expect.stringContaining('holds members in member and in memberUid'),
    ]);

    host.configure({
      directory: {
        groups: { stewards: { dn: `cn=both,${groups}`, attribute: 'member' }, 'klaxon-users': world.slapd.groupDn('klaxon-users') },
      },
    });
    const told = 'memberUid of the same entry holds vol1, vol2, which muster does not write';
    for (const command of ['plan', 'doctor']) expect(oneLine((await host.run([command])).stdout)).toContain(told);
    expect(groupIn((await host.plan()).document, 'stewards').unwritten).toEqual([
      { where: 'memberUid', value: 'vol1', dn: world.slapd.personDn('vol1') },
      { where: 'memberUid', value: 'vol2', dn: world.slapd.personDn('vol2') },
    ]);
    const { status, stdout } = await host.run(['revoke', 'vol1', '--reason', 'Left.']);
    expect(status).toBe(6);
    expect(oneLine(stdout)).toContain('stewards: out; but memberUid of the same entry holds vol1, which muster does not write');
    expect([await valuesOf('both', 'member'), await valuesOf('both', 'memberUid')]).toEqual([[], ['vol1', 'vol2']]);
  });

  it('when the server computes members, then these are named as that, and nobody tries to take them out', async () => {
    const host = await hostWith(`cn=dynamic,${groups}`, ['vol1']);
    const plan = await host.run(['plan']);
    expect(oneLine(plan.stdout)).toContain(`computes members that are not stored in the entry (${world.slapd.personDn('vol2')})`);
    const group = groupIn((await host.plan()).document, 'stewards');
    expect(changesIn(group)).toEqual([]);
    expect(group.unwritten).toEqual([{ where: 'computed', value: world.slapd.personDn('vol2'), dn: world.slapd.personDn('vol2') }]);
    const { status, stdout } = await host.run(['revoke', 'vol2', '--reason', 'Left.']);
    expect([status, oneLine(stdout)]).toEqual([6, expect.stringContaining('stewards: was not a member; but the server computes members')]);
  });
});

describe('given access rules that hide one value of a group, and keep another', () => {
  it('when it runs, then both are named with what the server says, nothing is concluded from the list, and the others come and go', async () => {
    const host = await hostWith(`cn=veiled,${groups}`, ['vol1', 'vol2', 'vol3']);
    const first = await host.plan();
    const held = groupIn(first.document, 'stewards');
    const untold = `the directory does not say whether ${world.slapd.personDn('vol1')} is a member of cn=veiled,`;
    expect([first.status, held.message, held.held.flatMap(changesIn)]).toEqual([6, expect.stringContaining(untold), ['vol3 in: roster']]);
    await settle(host);
    expect(await valuesOf('veiled', 'member')).toEqual(['vol1', 'vol2', 'vol3'].map(world.slapd.personDn));

    host.revoke('vol1');
    host.revoke('vol2');
    host.revoke('vol3');
    const run = await host.reconcile(later(0, 2));

    expect(await valuesOf('veiled', 'member')).toEqual(['vol1', 'vol2'].map(world.slapd.personDn));
    const { message } = groupIn(run.document, 'stewards');
    expect([run.status, message]).toEqual([6, expect.stringContaining(untold)]);
    expect(message).toMatch(/take "uid=vol2,\S+ out of cn=veiled,.*\(50\)/);
  });
});

describe('case 95: given an entry of no class that muster can write', () => {
  it('when it runs, then the group says so and who mends it, and the other one is done', async () => {
    const host = await hostWith(`ou=profile,${suffix}`, ['vol1']);
    host.grant('vol2');
    const run = await host.reconcile();
    expect([run.status, await host.members('klaxon-users')]).toEqual([6, ['vol2']]);
    expect(groupIn(run.document, 'stewards').message).toMatch(
      /is of no class that has member, .*\(organizationalUnit\).*administrator of the directory/,
    );
  });
});

describe('given an account that may write more than the managed groups', () => {
  it('when doctor looks, then it says so in red, cn=ops first, with the rule that mends it, and nothing is changed', async () => {
    const host = await world.newHost();
    const before = await world.slapd.entry(`cn=ops,${groups}`);
    const { status, stdout } = await host.run(['doctor']);
    expect(status).not.toBe(0);
    expect(oneLine(stdout)).toMatch(/could also change the members of \d other groups: cn=ops,.*access to dn\.exact="GROUP" attrs=member/);
    expect(await world.slapd.entry(`cn=ops,${groups}`)).toEqual(before);
  });
});
