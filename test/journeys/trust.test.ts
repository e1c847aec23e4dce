// Whom muster believes to be a server: an authority of the ca-file or of the host's store, whatever the environment says.

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createProxy, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { runMuster, type CommandResult } from '../support/command.ts';
import { runHere } from '../support/in-process.ts';
import { grantFile, grantPath } from './evidence/policy-files.ts';
import { group, startWorld, type Scene, type World } from './evidence/world.ts';

let world: World;
const folder = mkdtempSync(join(tmpdir(), 'muster-trust-'));
const heard: Buffer[] = [];
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(() => heard.splice(0));
afterAll(async () => {
  for (const stop of stops) await stop();
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

function certificates(name: string, names: readonly string[] = ['localhost'], days = 2) {
  mkdirSync(join(folder, name));
  const { ca, certificate, key } = makeCertificates(join(folder, name), names, days);
  return { ca, terms: { cert: readFileSync(certificate), key: readFileSync(key) } };
}

const good = certificates('good');
const other = certificates('other');

/** GitLab, its API and its git, behind TLS. Gives the address. */
async function front(terms: TlsOptions): Promise<string> {
  const server = createServer(terms, (socket) => {
    const behind = connect(Number(new URL(world.gitlab.url).port), '127.0.0.1');
    socket.on('error', () => behind.destroy());
    behind.on('error', () => socket.destroy());
    socket.on('data', (bytes) => heard.push(bytes)).pipe(behind);
    behind.pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => server.close());
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

interface Proxy {
  readonly url: string;
  /** The places that it was asked for. */
  readonly asked: string[];
}

/** Answers CONNECT with this status, and lets through where it is 200. */
async function proxyThat(status: number): Promise<Proxy> {
  const asked: string[] = [];
  const server: Server = createProxy((_, response) => {
    asked.push('not CONNECT');
    response.writeHead(400).end();
  });
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '');
    socket.on('error', () => undefined);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const behind = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(behind).pipe(socket);
    });
    behind.on('error', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

type Environment = Readonly<Record<string, string>>;

interface Host {
  readonly scene: Scene;
  readonly run: (args: readonly string[], env?: Environment, through?: readonly string[]) => Promise<CommandResult>;
}

/** A host whose GitLab is at this address, with these keys under `repository` and under `gitlab`. */
async function hostAt(url: string, keys: readonly string[], section: readonly string[] = ['repository', 'gitlab']): Promise<Host> {
  const scene = await world.scene();
  const config = join(scene.folder, 'muster.yaml');
  let text = readFileSync(config, 'utf8').replaceAll(world.gitlab.url, url);
  for (const name of section) text = text.replace(`${name}:\n`, `${name}:\n${keys.map((key) => `  ${key}\n`).join('')}`);
  writeFileSync(config, text);
  return {
    scene,
    // What the environment says, or what starts it, is a matter of a process.
    run: (args, env, through) => {
      const known = { config, at: new Date(world.gitlab.clock.now()), env: { HOME: scene.folder, ...env } };
      return env || through ? runMuster(args, { ...known, through: through ?? [] }) : runHere(args, known);
    },
  };
}

async function findings({ run }: Host, env?: Environment, through?: readonly string[]) {
  const { checks } = (await run(['doctor', '--json'], env, through)).json<{
    readonly checks: readonly {
      readonly code: string;
      readonly severity: string;
      readonly message: string;
      readonly fix?: { who: string };
    }[];
  }>();
  const of = (code: string) => checks.find((check) => check.code === code);
  return { repository: of('repository'), gitlab: of('gitlab') };
}

const told = () => Buffer.concat(heard).toString();

/** Everything by which an environment or an account could say whom to trust, and which way to go. */
function misleading(home: string, ca: string, proxy: string): Readonly<Record<string, string>> {
  writeFileSync(join(home, '.gitconfig'), `[http]\n\tsslVerify = false\n\tsslCAInfo = ${ca}\n\tproxy = ${proxy}\n`);
  return {
    ...{ NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca, NODE_OPTIONS: '--use-openssl-ca' },
    ...{ GIT_SSL_NO_VERIFY: '1', GIT_SSL_CAINFO: ca, CURL_CA_BUNDLE: ca, NODE_USE_ENV_PROXY: '1' },
    ...{ HTTPS_PROXY: proxy, https_proxy: proxy, HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy, all_proxy: proxy },
  };
}

describe('given GitLab and git behind a private authority', () => {
  it('when both keys name its certificate, then a run converges, and the environment changes nothing of the way', async () => {
    const host = await hostAt(await front(good.terms), [`ca-file: ${good.ca}`]);
    const trap = await proxyThat(403);
    await host.scene.land({ [grantPath('urbanecm')]: grantFile(host.scene.day(7)) });

    const run = await host.run(['reconcile', '--json'], misleading(host.scene.folder, other.ca, trap.url));

    expect([run.status, run.stderr, await world.slapd.members(group)]).toEqual([0, '', [expect.stringContaining('uid=urbanecm,')]]);
    expect([told().includes('Bearer'), told().includes('git-upload-pack'), trap.asked]).toEqual([true, true, []]);
  });

  it.each([
    { given: 'no ca-file', keys: [] },
    { given: 'the ca-file of another', keys: [`ca-file: ${other.ca}`] },
  ])('when there is $given, then doctor says ERROR and the key to write, the run ends with 5, and no token is sent', async ({ keys }) => {
    const host = await hostAt(await front(good.terms), keys);
    const trap = await proxyThat(200);
    const env = misleading(host.scene.folder, good.ca, trap.url);

    const found = await findings(host, env);

    for (const area of ['repository', 'gitlab'] as const)
      expect(found[area]).toMatchObject({
        severity: 'error',
        message: expect.stringMatching(
          new RegExp(`no authority that this host trusts vouches for its certificate.* names it as ${area}\\.ca-file`),
        ),
      });
    const { status, stderr } = await host.run(['reconcile'], env);
    expect([status, stderr.includes('NODE_TLS_REJECT_UNAUTHORIZED'), told(), trap.asked]).toEqual([5, false, '', []]);
  });

  it('when the store of the host has its certificate, then no key is needed; and a ca-file stands in the place of the store', async () => {
    const address = await front(good.terms);
    // A host with another store: the same one, with this file in a namespace of its own.
    const within = async (keys: readonly string[]) => {
      const host = await hostAt(address, keys);
      const hashed = join(host.scene.folder, 'certs');
      mkdirSync(hashed);
      writeFileSync(join(hashed, 'good.pem'), readFileSync(good.ca));
      writeFileSync(join(hashed, 'ca-certificates.crt'), readFileSync(good.ca));
      spawnSync('openssl', ['rehash', hashed]);
      const through = ['unshare', '--map-root-user', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/ssl/certs && exec "$@"', hashed];
      const { repository, gitlab } = await findings(host, {}, through);
      return [repository?.severity, gitlab?.severity];
    };
    expect(await within([])).toEqual(['ok', 'ok']);
    expect(await within([`ca-file: ${other.ca}`])).toEqual(['error', 'error']);
  });
});

describe('given a server that cannot be believed or asked', () => {
  it.each([
    { given: 'an expired certificate', terms: () => certificates('expired', ['localhost'], -1), says: /its certificate has expired/ },
    {
      given: 'a certificate for another name',
      terms: () => certificates('named', ['example.org']),
      says: /for another name than localhost/,
    },
    {
      given: 'an authority in the ca-file that cannot be read',
      terms: () => {
        const ca = join(folder, 'garbled.pem');
        writeFileSync(ca, '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n');
        return { ...good, ca };
      },
      says: /garbled\.pem holds a certificate that cannot be read/,
    },
    {
      given: 'a wish for a certificate of ours',
      terms: () => ({ ...good, terms: { ...good.terms, requestCert: true, rejectUnauthorized: true, ca: readFileSync(other.ca) } }),
      says: /it wants a certificate of this host/,
    },
    {
      given: 'the same wish, in TLS 1.2',
      terms: () => ({
        ...good,
        terms: { ...good.terms, maxVersion: 'TLSv1.2' as const, requestCert: true, rejectUnauthorized: true, ca: readFileSync(other.ca) },
      }),
      says: /certificate of this host/,
    },
  ])('when it has $given, then doctor names that for git and API alike, and the run ends with 5', async ({ terms: made, says }) => {
    const { ca, terms } = made();
    const host = await hostAt(await front(terms), [`ca-file: ${ca}`]);
    const found = await findings(host);
    expect(found.repository).toMatchObject({ severity: 'error', message: expect.stringMatching(says) });
    expect(found.gitlab).toMatchObject({ severity: 'error', message: expect.stringMatching(says) });
    expect((await host.run(['reconcile'])).status).toBe(5);
  });

  it('when no TLS is spoken at the port, then doctor says to look at the URL', async () => {
    const host = await hostAt(world.gitlab.url.replace('http://127.0.0.1', 'https://localhost'), [`ca-file: ${good.ca}`]);
    const { repository, gitlab } = await findings(host);
    for (const found of [repository, gitlab])
      expect(found).toMatchObject({ severity: 'error', message: expect.stringContaining('look at the URL') });
  });
});

describe('given a proxy in the configuration', () => {
  it('when it lets through, then git and API go that way, and the server is verified all the same', async () => {
    const proxy = await proxyThat(200);
    const address = await front(good.terms);
    const way = await hostAt(address, [`ca-file: ${good.ca}`, `proxy: ${proxy.url}`]);
    expect(await findings(way)).toMatchObject({ repository: { severity: 'ok' }, gitlab: { severity: 'ok' } });
    expect(new Set(proxy.asked)).toEqual(new Set([address.replace('https://', '')]));
    expect(proxy.asked.length).toBeGreaterThan(1);

    const distrustful = await hostAt(address, [`ca-file: ${other.ca}`, `proxy: ${proxy.url}`]);
    const refused = { severity: 'error', message: expect.stringContaining('no authority that this host trusts') };
    expect(await findings(distrustful)).toMatchObject({ repository: refused, gitlab: refused });
  });

  it('when it refuses, then doctor names it and its key; when it is not there, then it did not answer', async () => {
    const proxy = await proxyThat(403);
    const address = await front(good.terms);
    const host = await hostAt(address, [`ca-file: ${good.ca}`, `proxy: ${proxy.url}`]);
    const found = await findings(host);
    for (const area of ['repository', 'gitlab'] as const)
      expect(found[area]).toMatchObject({
        severity: 'error',
        message: expect.stringMatching(new RegExp(`the proxy ${proxy.url} .*answers 403.* mends ${area}\\.proxy`)),
      });
    const absent = await hostAt(address, [`ca-file: ${good.ca}`, 'proxy: http://127.0.0.1:1']);
    expect(await findings(absent)).toMatchObject({ repository: { severity: 'unknown' }, gitlab: { severity: 'unknown' } });
    expect(told()).toBe('');
  });
});

describe('given a configuration that cannot be meant', () => {
  it.each([
    {
      given: 'a ca-file for a repository in a folder',
      url: 'http://127.0.0.1:1',
      keys: [`ca-file: ${good.ca}`],
      says: 'ca-file: it is for https:// URLs',
    },
    {
      given: 'a proxy with a password',
      url: 'https://localhost:1',
      keys: ['proxy: http://u:hush-hush@127.0.0.1:1'],
      says: 'without credentials',
    },
    {
      given: 'a proxy that is no proxy',
      url: 'https://localhost:1',
      keys: ['proxy: socks5://127.0.0.1:1'],
      says: 'the address of a proxy (http://)',
    },
    {
      given: 'a ca-file that is not there',
      url: 'https://localhost:1',
      keys: ['ca-file: nope.pem'],
      says: 'nope.pem cannot be read (ENOENT)',
    },
  ])('when it has $given, then that is said in plain words, with 2', async ({ url, keys, says }) => {
    const host = await hostAt(url, keys);
    const { status, stdout, stderr } = await host.run(['reconcile']);
    expect([status, (stdout + stderr).replaceAll(/\s+/g, ' ')]).toEqual([2, expect.stringContaining(says)]);
    expect(stdout + stderr).not.toContain('hush-hush');
  });

  it.each([
    { section: 'repository', says: 'credentials do not belong into the URL; put them into a file, and name it as repository.token-file' },
    { section: 'gitlab', says: 'credentials do not belong into the URL; put them into a file, and name it as gitlab.token-file' },
  ])('when the URL of $section has a password in it, then that is said, and where it belongs', async ({ section, says }) => {
    const host = await hostAt(world.gitlab.url, []);
    const config = join(host.scene.folder, 'muster.yaml');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace(new RegExp(`(?<=\\n?${section}:\\n  url: )http://`), 'https://alice:hush-hush@'));
    const { status, stdout, stderr } = await host.run(['reconcile']);
    expect([status, (stdout + stderr).replaceAll(/\s+/g, ' ')]).toEqual([2, expect.stringContaining(says)]);
    expect(stdout + stderr).not.toMatch(/hush-hush|u\{2026\}/);
  });
});
