// What `repository.url` may name besides a server (CASE 84): a folder of this host, whoever owns it. And what is said where it names nothing.

import { chownSync, chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const isRoot = process.getuid?.() === 0;
const nobody = 65534;

function giveAway(path: string, owner = nobody): void {
  chownSync(path, owner, owner);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveAway(join(path, name), owner);
}

function pointTo(host: Host, url: string): void {
  const start = host.repository.git(['rev-list', '--max-parents=0', 'main']).trim();
  host.configure({ repository: { url, start } });
}

const words = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => `${stdout}${stderr}`.replaceAll(/\s+/g, ' ');

describe.skipIf(!isRoot)('given a repository in a folder that belongs to another account', () => {
  it.each([
    { given: 'a path', place: (folder: string) => join(folder, 'theirs.git') },
    { given: 'a file:// URL', place: (folder: string) => join(folder, 'theirs.git'), url: (path: string) => `file://${path}` },
    {
      given: 'a path with a quote and a slash at its end',
      place: (folder: string) => join(folder, "it's theirs.git"),
      url: (path: string) => `${path}/`,
    },
    {
      given: 'a path without its ending',
      place: (folder: string) => join(folder, 'theirs.git'),
      url: (path: string) => path.replace(/\.git$/, ''),
    },
    {
      given: 'a working copy',
      place: (folder: string) => join(folder, 'theirs', '.git'),
      url: (path: string) => path.replace(/\/\.git$/, ''),
    },
  ])(
    'when it is named by $given, then it is read like any other, and nothing that it configures is run',
    async ({ place, url = (path) => path }) => {
      const host = await world.newHost({ roster: ['base'], granted: ['alice'] });
      const path = place(host.folder);
      const copy = () => {
        cpSync(host.repository.path, path, { recursive: true, force: true });
        writeFileSync(
          join(path, 'config'),
          `[core]\n\tbare = ${!path.endsWith('/.git')}\n[uploadpack]\n\tpackObjectsHook = "touch ${host.folder}/run; false"\n`,
        );
        giveAway(path);
        if (path.endsWith('/.git')) chownSync(join(path, '..'), nobody, nobody);
      };
      copy();
      pointTo(host, url(path));
      expect([(await host.reconcile()).status, await host.members('klaxon-users')]).toEqual([0, ['alice']]);
      host.grant('bob');
      copy();
      expect([(await host.reconcile(later(0, 1))).status, await host.members('klaxon-users')]).toEqual([0, ['alice', 'bob']]);
      expect(existsSync(join(host.folder, 'run'))).toBe(false);
    },
  );

  it('when the account that runs muster may not read it, then that is 5, and one sentence says who must do what', async () => {
    const host = await world.newHost({ roster: ['base'] });
    const path = join(host.folder, 'access.git');
    pointTo(host, path);
    const home = join(host.folder, '..');
    for (const folder of [home, host.folder]) chmodSync(folder, 0o755);
    for (const name of readdirSync(host.folder)) if (name !== 'access.git') giveAway(join(host.folder, name));
    chmodSync(path, 0o700);
    mkdirSync(join(host.folder, 'home'));

    const through = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
    const run = await host.built(['reconcile'], { through });

    expect([run.status, words(run)]).toEqual([
      5,
      expect.stringMatching(/cannot be read as a repository .* lets the account that runs muster read the folder/),
    ]);
  });
});

describe('given a URL that names no repository', () => {
  it.each([
    {
      given: 'a folder that is not there',
      url: () => '/nonexistent/access.git',
      says: /cannot be read as a repository .* mends repository\.url/,
    },
    {
      given: 'a repository that the server does not have',
      url: () => world.git.url('nope.git'),
      says: /nope\.git is not there, says the server, .* mends repository\.url/,
    },
  ])('when it is $given, then that is 5 for the run and an error for doctor', async ({ url, says }) => {
    const host = await world.newHost({ roster: ['base'] });
    pointTo(host, url());
    const [run, doctor] = [await host.run(['reconcile']), await host.run(['doctor'])];
    expect([run.status, words(run), doctor.status]).toEqual([5, expect.stringMatching(says), 1]);
    expect(words(doctor)).toMatch(says);
  });
});

describe('given a URL that was changed', () => {
  it('when it runs, then the mirror is made anew with a note that says so, and nobody seems to have tampered', async () => {
    const host = await world.newHost({ roster: ['base'], granted: ['alice'] });
    await host.reconcile();
    pointTo(host, host.repository.path);
    const run = await host.run(['reconcile'], { at: later(0, 1) });
    expect([run.status, words(run)]).toEqual([
      0,
      expect.stringMatching(/made anew: it was of http:\/\/127\.0\.0\.1:\d+\/\S+, and repository\.url names another/),
    ]);
    expect(words(run)).not.toMatch(/not as muster writes|does not belong/);
  });
});
