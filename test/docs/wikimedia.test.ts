// The pieces of docs/wikimedia.md that a test can try: the entries and access rules in a real slapd, with muster under them, and the configuration.
// The access rules themselves stand in docs/operating.md.
import { Attribute, Change, Client, InsufficientAccessError } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../src/config/configuration.ts';
import { parse } from 'yaml';
import { openWorld, stewards, type Section, type World } from '../journeys/world.ts';
import { openGuide } from './guide.ts';

const page = openGuide('docs/wikimedia.md');
const account = 'cn=muster,ou=profile,dc=wikimedia,dc=org';
// The test's slapd knows its writer by this password, and so does the host's password file.
const password = 'writer-secret';

const entries = [page.block('cn: stewards'), page.block('cn: muster')]
  .join('\n')
  .replace('FREE_GID_1', '60001')
  .replace('FREE_GID_2', '60002')
  .replace('PRINTED_BY_SLAPPASSWD', password);

let world: World;
beforeAll(async () => {
  const rules = openGuide('docs/operating.md').block('access to').split('\n').filter(Boolean);
  world = await openWorld({
    // The general rules of the directory stand below, the last of them as production has it.
    access: ['access to attrs=userPassword by anonymous auth by * none', ...rules, 'access to * by self write by * read'],
    groups: { ops: ['alice'] },
    ldif: entries,
  });
});
afterAll(() => world.stop());

const newHost = () => {
  const { directory } = parse(page.block('mode: report')) as { directory: Section };
  const { ceilings, disabled } = directory;
  return world.newHost({ granted: ['martin'], directory: { credentials: undefined, 'bind-dn': account, ceilings, disabled } });
};

describe('given a directory with the entries and access rules of the page for Wikimedia', () => {
  it('when muster runs for the first time, then both groups are filled by its own account', async () => {
    expect(await world.slapd.members('stewards')).toEqual(['']);
    const host = await newHost();
    const { status, stdout } = await host.reconcile();
    expect(status, stdout).toBe(0);
    expect(await host.members('stewards')).toEqual([...stewards]);
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });

  it('when doctor looks, then the rights and the ceilings are as it wants them', async () => {
    const host = await newHost();
    const { checks } = (await host.run(['doctor', '--json'])).json<{ checks: { area: string; code: string; severity: string }[] }>();
    const wanted = checks.filter(({ area, code }) => area.startsWith('Managed') || code === 'ceilings');
    expect(wanted.length).toBeGreaterThan(7);
    expect(wanted.filter(({ severity }) => severity !== 'ok')).toEqual([]);
  });

  it.each([
    { who: 'the account for scripts', dn: () => world.slapd.writerDn, target: 'stewards' },
    { who: 'the account of muster', dn: () => account, target: 'ops' },
  ])('when $who writes the members of $target, then the directory refuses', async ({ dn, target }) => {
    const client = new Client({ url: world.slapd.url });
    try {
      await client.bind(dn(), password);
      const modification = new Attribute({ type: 'member', values: [world.slapd.personDn('mallory')] });
      const write = client.modify(world.slapd.groupDn(target), new Change({ operation: 'add', modification }));
      await expect(write).rejects.toThrow(InsufficientAccessError);
    } finally {
      await client.unbind();
    }
  });

  it('when its configuration is read, then nothing is wrong with it, and it writes nothing yet', () => {
    const bytes = new TextEncoder().encode(page.block('mode: report'));
    expect(parseConfiguration('/etc/muster/muster.yaml', bytes).mode).toBe('report');
  });
});
