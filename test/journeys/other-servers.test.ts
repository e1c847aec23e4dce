// Servers of another make, through the built command: 389 Directory Server works, Active Directory and Samba are refused (CASE 95).

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { no389, start389, type Ds389 } from '../support/ds389.ts';
import { serveRootDse, type RootDse } from '../support/root-dse-server.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn } from './documents.ts';
import { later, openWorldOn, others, stewards, type World, openWorld } from './world.ts';

const oneLine = (text: string) => text.replace(/\s+/g, ' ');
const timesIn = (text: string, sentence: string) => oneLine(text).split(sentence).length - 1;

/** As they answer, shortened: [MS-ADTS], section 3.1.1.3.2; Samba 4.17 in its place. */
const activeDirectory: RootDse = {
  domainFunctionality: ['7'],
  forestFunctionality: ['7'],
  domainControllerFunctionality: ['7'],
  namingContexts: ['DC=example,DC=org', 'CN=Configuration,DC=example,DC=org', 'CN=Schema,CN=Configuration,DC=example,DC=org'],
  defaultNamingContext: ['DC=example,DC=org'],
  subschemaSubentry: ['CN=Aggregate,CN=Schema,CN=Configuration,DC=example,DC=org'],
  supportedControl: ['1.2.840.113556.1.4.319', '1.2.840.113556.1.4.1413', '1.2.840.113556.1.4.801', '2.16.840.1.113730.3.4.9'],
  supportedCapabilities: ['1.2.840.113556.1.4.800', '1.2.840.113556.1.4.1670', '1.2.840.113556.1.4.1791', '1.2.840.113556.1.4.2080'],
  supportedLDAPVersion: ['3', '2'],
  isGlobalCatalogReady: ['TRUE'],
};
const refused =
  'this is Active Directory, or Samba in its place, and muster keeps no groups there: it is for OpenLDAP and 389 Directory Server';
const unnamed =
  'the directory did not say whose connection it is (“Who am I?”, RFC 4532), so that nobody else’s rights are taken for this account’s';

describe('given a server that muster cannot keep groups on', () => {
  const world = ofThisFile(() => openWorld());

  it.each([
    { given: 'Active Directory', root: activeDirectory, identity: 'u:EXAMPLE\\scriptuser', sentence: refused },
    { given: 'Samba, which knows no “Who am I?”', root: activeDirectory, identity: undefined, sentence: refused },
    { given: 'any other without “Who am I?”', root: { supportedLDAPVersion: ['3'] }, identity: undefined, sentence: unnamed },
  ])('when it is $given, then every command says so in one sentence, once, with status 6', async ({ root, identity, sentence }) => {
    const server = await serveRootDse(root, identity);
    try {
      const host = await world.newHost({ directory: { url: server.url } });
      host.grant('alice');
      for (const command of ['plan', 'reconcile']) {
        const { status, stdout, stderr } = await host.run([command]);
        expect({ command, status, times: timesIn(stdout + stderr, sentence) }).toEqual({ command, status: 6, times: 1 });
      }
      const revoke = await host.run(['revoke', 'alice', '--reason', 'Account taken over.']);
      expect([revoke.status, timesIn(revoke.stdout, sentence)]).toEqual([6, 1]);
      expect((await host.run(['revoke', '--list'])).stdout).toContain('alice ');
      expect(timesIn((await host.run(['doctor'])).stdout, sentence)).toBe(1);
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(no389 !== undefined)(`given a 389 Directory Server${no389 === undefined ? '' : ` (skipped: ${no389})`}`, () => {
  let world: World<Ds389>;
  beforeAll(async () => {
    world = await openWorldOn(await start389({ people: [...stewards, ...others], groups: { stewards: [], 'klaxon-users': [] } }));
  });
  afterAll(() => world.stop());

  it('when it runs, then people come, go and are revoked as ever, a second run changes nothing, and doctor says which way it gets', async () => {
    const host = await world.newHost({ granted: ['alice'], directory: { disabled: { attribute: 'nsAccountLock', value: 'true' } } });
    host.grant('bob', '2026-11-24');
    const first = await host.reconcile();
    expect([first.status, await host.members('stewards'), await host.members('klaxon-users')]).toEqual([0, stewards, ['alice', 'bob']]);
    expect((await host.reconcile(later(0, 1))).document.groups.flatMap(changesIn)).toEqual([]);

    const ended = await host.reconcile(later(2));
    expect(changesIn(groupIn(ended.document, 'klaxon-users'))).toEqual(['bob out: expired']);
    const revoke = await host.run(['revoke', 'alice', '--reason', 'Left.'], { at: later(2, 1) });
    expect([revoke.status, revoke.stdout.includes('  klaxon-users: out\n'), await host.members('klaxon-users')]).toEqual([0, true, []]);

    const { stdout } = await host.run(['doctor'], { at: later(2, 2) });
    expect(oneLine(stdout)).toMatch(/each value is changed by itself/);
  });
});
