import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, noon, stewards, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const users = ['alice', 'bob', 'carol', 'no', '007'];
const folder = 'policy/grants/klaxon-users';

/** Files below the folder that was adopted to, as the changes of a commit. */
function adopted(to: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(join(to, folder)).map((name) => [`${folder}/${name}`, readFileSync(join(to, folder, name), 'utf8')]),
  );
}

/** Merges the files and makes that commit the start, as whoever installs muster does. */
function begin(host: Host, files: Record<string, string>): void {
  const start = host.repository.commit('main', files, { date: '2026-11-23T11:00:00Z' });
  host.configure({ repository: { url: world.git.url(`${host.folder.split('/').at(-1)}/access.git`), start } });
}

describe('given a group that was kept by hand', () => {
  it('when it is adopted and that is where muster starts, then the first run changes nobody and takes the group over', async () => {
    const host = await world.newHost({ members: { 'klaxon-users': users, stewards } });
    const to = join(host.folder, 'clone');

    const result = await host.run(['adopt', 'klaxon-users', '--to', to]);
    expect(result).toMatchObject({ status: 0 });
    begin(host, adopted(to));
    const first = await host.reconcile();

    expect(Object.keys(adopted(to))).toHaveLength(users.length);
    expect(first.status).toBe(0);
    expect(first.document.groups.map(({ group, state, add, remove, held }) => ({ group, state, add, remove, held }))).toEqual(
      ['klaxon-users', 'stewards'].map((group) => ({ group, state: 'in-sync', add: [], remove: [], held: [] })),
    );
    expect(await host.members('klaxon-users')).toEqual([...users].sort());
    expect(await world.slapd.members('klaxon-users')).toHaveLength(users.length);
    // Taken over: what comes next is no longer held as the first run's.
    host.grant('mallory');
    const second = await host.reconcile(later(0, 1));
    expect(second.document.groups[0]).toMatchObject({ state: 'changed', held: [] });
    expect(await host.members('klaxon-users')).toEqual([...users, 'mallory'].sort());
  });

  it('when the files are checked, then they are in order, and end within what the group allows', async () => {
    const host = await world.newHost({ members: { 'klaxon-users': users }, grantsGroup: 'unexplained: remove\n' });
    const to = join(host.folder, 'clone');
    await host.run(['adopt', 'klaxon-users', '--to', to]);
    mkdirSync(join(to, 'policy', 'groups'), { recursive: true });
    for (const path of ['policy/policy.yaml', 'policy/groups/klaxon-users.yaml', 'policy/groups/stewards.yaml'])
      writeFileSync(join(to, path), host.repository.git(['show', `main:${path}`]));

    const check = await host.run(['check', 'policy', '--json'], { cwd: to });

    expect(check.json<{ findings: unknown[] }>().findings).toEqual([]);
    // 90 days from noon of 23 November: the last day that is over by then.
    expect(adopted(to)[`${folder}/alice.yaml`]).toContain('until: 2027-02-20\n');
  });

  it('when the group asks for something only the person can say, then it stays open, and the first run changes nobody all the same', async () => {
    const group =
      'purpose: Individuals.\nowner: sre\nmembers: grants\nlongest: 90 days\nrequires: [understood, ticket]\nunderstood:\n  text: https://x.example/\n  version: v7\n';
    const host = await world.newHost({ members: { 'klaxon-users': ['alice'] }, files: { 'policy/groups/klaxon-users.yaml': group } });
    const to = join(host.folder, 'clone');

    const result = await host.run(['adopt', 'klaxon-users', '--to', to]);
    begin(host, adopted(to));
    const first = await host.reconcile();

    expect(result.stderr).toContain('only the person can say what they have read');
    expect(adopted(to)[`${folder}/alice.yaml`]).not.toContain('understood');
    expect(first.document.groups[0]).toMatchObject({ group: 'klaxon-users', state: 'in-sync', held: [] });
  });

  it('when some members are no people, locked or revoked, then they are told and left out', async () => {
    const host = await world.newHost({
      members: { 'klaxon-users': ['alice', 'bob', 'carol', 'uid=ghost,ou=people,dc=wikimedia,dc=org', 'ou=people,dc=wikimedia,dc=org'] },
    });
    await world.slapd.lock('bob');
    host.revoke('carol');

    const result = await host.run(['adopt', 'klaxon-users']);
    await world.slapd.unlock('bob');

    expect(result.status).toBe(1);
    expect(result.stdout).toContain(`# ${folder}/alice.yaml\nreason: `);
    expect(result.stdout.match(/^# /gm)).toHaveLength(1);
    for (const line of [
      'bob: the account is locked',
      'carol: revoked on this host',
      'uid=ghost,ou=people',
      'ou=people,dc=wikimedia,dc=org: this is not one person',
    ])
      expect(result.stderr).toContain(`left out: ${line}`);
  });

  it('when a file is in the way, then nothing is written', async () => {
    const host = await world.newHost({ members: { 'klaxon-users': ['alice', 'bob'] } });
    const to = join(host.folder, 'clone');
    mkdirSync(join(to, folder), { recursive: true });
    writeFileSync(join(to, folder, 'bob.yaml'), 'mine\n');

    const result = await host.run(['adopt', 'klaxon-users', '--to', to]);

    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain('bob.yaml is there already');
    expect(adopted(to)).toEqual({ [`${folder}/bob.yaml`]: 'mine\n' });
  });

  it('when somebody has a grant on the branch, then only the others are adopted', async () => {
    const host = await world.newHost({ members: { 'klaxon-users': ['alice', 'bob'] }, granted: ['alice'] });
    const result = await host.run(['adopt', 'klaxon-users']);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout).not.toContain('alice.yaml');
    expect(result.stdout).toContain('bob.yaml');
    expect(result.stderr).toContain('left out: alice: has a grant file');
  });

  it.each([
    {
      args: ['adopt', 'wmf'],
      says: 'is not a group of this host; its groups: klaxon-users, stewards. For another one, the administrator of this host adds it',
    },
    { args: ['adopt', '../x'], says: 'is not a group of this host' },
  ])('when $args is asked for, then it says why not', async ({ args, says }) => {
    const host = await world.newHost();
    const result = await host.run(args);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(says);
  });
});

describe('given a group that a roster is to fill', () => {
  it('when it is adopted and that is the roster, then the first run changes nobody', async () => {
    const members = stewards.slice(0, 7);
    const host = await world.newHost({ members: { stewards: members } });
    const to = join(host.folder, 'lists');

    const result = await host.run(['adopt', 'stewards', '--to', to]);
    const text = readFileSync(join(to, 'steward.txt'), 'utf8');
    host.setRoster(text);
    const first = await host.reconcile(noon);

    expect(result).toMatchObject({ status: 0, stdout: `${to}/steward.txt\n` });
    expect(text).toBe(members.map((uid) => `${uid}\n`).join(''));
    expect(first.document.groups[1]).toMatchObject({ group: 'stewards', state: 'in-sync', add: [], remove: [], held: [] });
    expect(await host.members('stewards')).toEqual(members);
  });
});
