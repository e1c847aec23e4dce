// Who typed an act is in the record, and wherever the act is told (CASE 86).

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, noon, stewards, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

/** What a login of this machine may have put before it: nobody can take that away. */
const login = /^(?:login \S+, )?/.source;
const account = userInfo().username;

function actsIn(host: Host): readonly (readonly [type: string, by: string | undefined])[] {
  return host.ledger().flatMap((line) => {
    const { type, by }: { type: string; by?: string } = line;
    return ['override', 'revocation', 'lift'].includes(type) ? [[type, by] as const] : [];
  });
}

describe('given acts that alice typed through sudo', () => {
  let host: Host;
  let digest: string;
  const statuses: (number | null)[] = [];
  const by = new RegExp(`${login}sudo alice, account ${account}$`);
  const env = { SUDO_USER: 'alice' };
  beforeAll(async () => {
    host = await world.newHost({ members: { stewards } });
    await host.reconcile();
    host.setRoster(stewards.slice(4));
    const held = await host.reconcile(later(0, 1));
    digest = held.document.groups.find(({ group }) => group === 'stewards')?.held[0]?.digest ?? '';
    for (const [args, at] of [
      [['allow', 'stewards', digest, '--reason', 'They left.'], later(0, 2)],
      [['revoke', 'urbanecm', '--reason', 'Laptop lost.'], later(0, 3)],
      [['lift', 'urbanecm', '--reason', 'Laptop found.'], later(0, 4)],
      [['revoke', 'radimer', '--group', 'stewards', '--reason', 'Account taken over.'], later(0, 5)],
    ] as const)
      statuses.push((await host.run(args, { at, env })).status);
  });

  it('when the record is read, then it says so of each, and so does the file of a revocation', () => {
    const acts = actsIn(host);
    expect(statuses).toEqual([0, 0, 0, 0]);
    expect(acts.map(([type]) => type)).toEqual(['override', 'revocation', 'lift', 'revocation']);
    for (const [, typed] of acts) expect(typed).toMatch(by);
    const kept: { by: string } = JSON.parse(readFileSync(join(host.state, 'revoked/radimer@stewards.json'), 'utf8'));
    expect(kept.by).toMatch(by);
  });

  it('when somebody asks, then explain, the list and every form of the report say so, and the public ones do not', async () => {
    const said = `sudo alice, account ${account}`;
    const at = later(0, 6);
    const explained = (await host.run(['explain', 'urbanecm'], { at })).stdout.replaceAll(/\s+/g, ' ');
    expect(explained).toMatch(new RegExp(`revoked on this host \\(by [^)]*${said}\\): Laptop lost\\.`));
    expect(explained).toMatch(new RegExp(`the revocation was lifted \\(by [^)]*${said}\\): Laptop found\\.`));
    expect((await host.run(['explain', 'urbanecm', '--json'], { at })).stdout).toContain(said);
    expect((await host.run(['revoke', '--list'], { at })).stdout).toContain(said);
    const sentences = ['urbanecm was revoked from every managed group', 'Lifted at', 'radimer was revoked from stewards'];
    for (const format of ['text', 'html']) {
      const { stdout } = await host.run(['report', '--format', format, '--since', noon], { at });
      const allowed = format === 'html' ? 'allowed</span> stewards:' : 'stewards: a held set was allowed';
      for (const sentence of [...sentences, allowed])
        expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(new RegExp(`${sentence}[^(]*\\(by [^)]*${said}\\)`));
    }
    const { revocations, overrides } = (await host.run(['report', '--json'], { at })).json<{
      revocations: { by: string; lifted: { by: string } | null }[];
      overrides: { by: string }[];
    }>();
    for (const one of [...revocations, ...revocations.flatMap(({ lifted }) => lifted ?? []), ...overrides]) expect(one.by).toMatch(by);
    const csv = (await host.run(['report', '--format', 'csv'], { at })).stdout.split('\r\n');
    for (const row of ['override', 'revocation']) expect(csv.find((line) => line.startsWith(`${row},`))).toContain(said);
    for (const format of ['text', 'html', 'csv', 'json'])
      expect((await host.run(['report', '--public', '--format', format, '--since', noon], { at })).stdout).not.toMatch(
        /alice, account|lifted by/,
      );
  });

  it('when a run finds a revocation that was copied here, then who typed it on the other host goes on record', async () => {
    const twin = host.twin();
    cpSync(join(host.state, 'revoked'), join(twin.state, 'revoked'), { recursive: true });
    await twin.reconcile(later(0, 7));
    expect(actsIn(twin)).toEqual([['revocation', expect.stringMatching(by)]]);
  });

  it('when SUDO_USER is no name, then nothing of it goes on record', async () => {
    const odd = await world.newHost({ members: { stewards } });
    await odd.run(['revoke', 'hoo', '--reason', 'x1'], { env: { SUDO_USER: 'alice)\u001b[31m' } });
    expect(actsIn(odd)).toEqual([['revocation', expect.stringMatching(new RegExp(`${login}sudo unreadable, account ${account}$`))]]);
  });
});

// The login that the kernel keeps can be set by root alone, and where it was set nowhere above.
const canLogIn = spawnSync('sh', ['-c', 'echo 65534 > /proc/self/loginuid']).status === 0 && process.getuid?.() === 0;

describe.skipIf(!canLogIn)('given root, who logged in as another account, and a state folder of a third', () => {
  it.each([
    { loginUid: 65534, name: 'nobody' },
    { loginUid: 4243, name: '4243' },
  ])('when the login is $name, then that, what sudo says and root are on record, and not who goes on', async ({ loginUid, name }) => {
    const host = await world.newHost({ members: { stewards } });
    for (const path of [dirname(host.folder), host.folder]) chmodSync(path, 0o755);
    for (const path of [host.state, join(host.folder, 'password')]) chownSync(path, 4242, 4242);
    const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
    writeFileSync(join(host.folder, 'main.sh'), `echo ${loginUid} > /proc/self/loginuid\nexec "$@"\n`);
    cpSync(dirname(main), join(host.folder, 'dist'), { recursive: true });
    const { status, stdout } = spawnSync(
      'sh',
      [join(host.folder, 'main.sh'), process.execPath, join(host.folder, 'dist/main.js'), 'revoke', 'hoo', '--reason', 'Left.'],
      { env: { PATH: process.env['PATH'], MUSTER_CONFIG: host.config, SUDO_USER: 'alice' }, encoding: 'utf8' },
    );
    expect([status, stdout]).toEqual([0, expect.stringContaining('stewards: out')]);
    expect(actsIn(host)).toEqual([['revocation', `login ${name}, sudo alice, account root`]]);
  });
});
