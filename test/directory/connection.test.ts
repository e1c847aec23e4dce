import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory, type ConnectionSettings } from '../../src/directory/connection.ts';
import { DirectoryUnusable, Misuse, Unavailable, Unusable } from '../../src/errors.ts';
import { trustIn } from '../../src/tls.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { openAsWriter, settingsFor } from './open-directory.ts';
import { Gathering } from '../../src/directory/transport.ts';

describe('given a slapd with TLS and a socket', () => {
  let slapd: Slapd;
  let other: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ tls: { names: ['localhost'] }, external: true, people: ['alice'] });
    other = await startSlapd({ tls: true });
  });
  afterAll(async () => {
    await slapd.stop();
    await other.stop();
  });
  const trust = (of: Slapd) => trustIn(of.caFile, 'directory.ca-file');

  const byLdap = () => settingsFor(slapd);
  const byLdaps = () => settingsFor(slapd, { url: slapd.ldapsUrl ?? '', trust: trust(slapd) });
  const byStartTls = () => settingsFor(slapd, { url: `ldap://localhost:${slapd.port}`, startTls: true, trust: trust(slapd) });
  const byLdapi = () => settingsFor(slapd, { url: `ldapi://${encodeURIComponent(slapd.ldapiPath)}`, bind: { kind: 'external' } });

  it.each([
    ['ldap', byLdap],
    ['ldaps', byLdaps],
    ['StartTLS', byStartTls],
    ['ldapi and SASL EXTERNAL', byLdapi],
  ])('when it is asked by %s, then it answers to the account that was meant', async (_, settings) => {
    const connection = await openDirectory(settings());
    expect(connection.identity).toBe(`dn:${slapd.writerDn}`);
    expect(await connection.search(slapd.suffix, { scope: 'base', attributes: ['dc'] })).toHaveLength(1);
    await connection.close();
  });

  it.each([
    ['ldaps', byLdaps],
    ['StartTLS', byStartTls],
  ])('when another authority is trusted with %s, then nothing is said to it', async (_, settings) => {
    const before = slapd.logs().split(' BIND ').length;
    await expect(openDirectory({ ...settings(), trust: trust(other) })).rejects.toThrow(DirectoryUnusable);
    expect(slapd.logs().split(' BIND ')).toHaveLength(before);
  });

  it.each([
    ['ldaps', (): Partial<ConnectionSettings> => ({ url: `ldaps://127.0.0.1:${slapd.ldapsPort}` })],
    ['StartTLS', (): Partial<ConnectionSettings> => ({ url: slapd.url, startTls: true })],
  ])('when the certificate is for another name than that of the URL with %s, then it is not trusted', async (_, url) => {
    await expect(openDirectory(settingsFor(slapd, { ...url(), trust: trust(slapd) }))).rejects.toThrow(/ALTNAME/);
  });

  it('when it wants a certificate of this host, then that is said to be what it may be', async () => {
    const strict = await startSlapd({ tls: true, globalLines: ['TLSVerifyClient demand'] });
    for (const how of [{ url: strict.ldapsUrl ?? '' }, { startTls: true }])
      await expect(openDirectory(settingsFor(strict, { ...how, trust: trust(strict) }))).rejects.toThrow(
        /it may want a certificate of this host/,
      );
    await strict.stop();
  });

  it('when StartTLS is wanted and TLS is not there, then there is no connection', async () => {
    const plain = await startSlapd({});
    await expect(openDirectory(settingsFor(plain, { startTls: true }))).rejects.toThrow(/StartTLS/);
    await plain.stop();
  });

  it('when the password is wrong, then that is said, and the password is not', async () => {
    const refused = openDirectory(settingsFor(slapd, { bind: { kind: 'simple', dn: slapd.writerDn, password: 'wrong-secret' } }));
    await expect(refused).rejects.toThrow(Unusable);
    await expect(refused).rejects.toThrow(/scriptuser.*\(49\)/);
    await expect(refused).rejects.not.toThrow(/wrong-secret/);
  });

  it.each([
    ['no password', { kind: 'simple' as const, dn: 'cn=x', password: '' }, {}],
    ['no name', { kind: 'simple' as const, dn: '', password: 'x' }, {}],
    ['EXTERNAL over TCP', { kind: 'external' as const }, {}],
    ['a password in the clear', { kind: 'simple' as const, dn: 'cn=x', password: 'x' }, { url: 'ldap://ldap.example.org' }],
    ['StartTLS on ldaps', { kind: 'simple' as const, dn: 'cn=x', password: 'x' }, { url: 'ldaps://ldap.example.org', startTls: true }],
    ['credentials in the URL', { kind: 'simple' as const, dn: 'cn=x', password: 'x' }, { url: 'ldaps://me:secret@ldap.example.org' }],
    ['another scheme', { kind: 'simple' as const, dn: 'cn=x', password: 'x' }, { url: 'http://ldap.example.org' }],
  ])('when the settings have %s, then they are refused before anything is sent', async (_, bind, more) => {
    await expect(openDirectory(settingsFor(slapd, { bind, ...more }))).rejects.toThrow(Misuse);
  });

  it('when the account on the socket is mapped to nobody in particular, then its identity is that of the socket', async () => {
    const connection = await openDirectory({ ...byLdapi(), url: `ldapi://${encodeURIComponent(other.ldapiPath)}` });
    expect(connection.identity).toMatch(/^dn:gidNumber=.*cn=peercred,cn=external,cn=auth$/);
    await connection.close();
  });

  it('when it goes away, then every later question is an error and nobody is asked anonymously', async () => {
    for (const settings of [byLdap, byLdaps, byStartTls]) {
      const connection = await openDirectory(settings());
      await slapd.kill9();
      await slapd.restart();
      await expect(connection.search(slapd.suffix, { scope: 'base', attributes: ['dc'] })).rejects.toThrow(Unavailable);
      await expect(connection.search(slapd.suffix, { scope: 'base', attributes: ['dc'] })).rejects.toThrow(Unavailable);
      await expect(connection.modify(slapd.suffix, [], [])).rejects.toThrow(Unavailable);
      await connection.close();
    }
  });
});

it('given a slapd that closes idle connections, when one is used after that, then it is an error', async () => {
  const slapd = await startSlapd({ idleTimeout: 1 });
  const connection = await openAsWriter(slapd);
  // slapd looks for idle connections every quarter of the time allowed, at least once a second.
  for (const startedAt = performance.now(); !connection.isLost && performance.now() - startedAt < 20_000;)
    await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(connection.search(slapd.suffix, { scope: 'base', attributes: ['dc'] })).rejects.toThrow(Unavailable);
  await connection.close();
  await slapd.stop();
});

it('given nobody at the port, when it is asked, then it is unavailable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await expect(
    openDirectory({ url: `ldap://127.0.0.1:${port}`, startTls: false, bind: { kind: 'simple', dn: 'cn=x', password: 'x' } }),
  ).rejects.toThrow(/ECONNREFUSED/);
});

describe('given a server that takes connections and never says a word', () => {
  let server: Server;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it.each([
    ['ldap', 'ldap', false],
    ['ldaps', 'ldaps', false],
    ['StartTLS', 'ldap', true],
  ])('when it is asked by %s, then that ends at the deadline', async (_, scheme, startTls) => {
    const trust = trustIn(undefined, 'directory.ca-file');
    const url = `${scheme}://127.0.0.1:${portOf(server)}`;
    await expect(
      openDirectory({ url, startTls, trust, bind: { kind: 'simple', dn: 'cn=x', password: 'secret' }, connectTimeoutMs: 200 }),
    ).rejects.toThrow(Unavailable);
  });
});

describe('given a server that answers StartTLS', () => {
  const success = Buffer.from('300c02010178070a010004000400', 'hex');

  it.each([
    ['with a second message behind the answer', Buffer.concat([success, Buffer.from('300c02010161070a010004000400', 'hex')])],
    ['with no LDAP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['with a refusal', Buffer.from('300c02010178070a013404000400', 'hex')],
  ])('when it does so %s, then there is no connection', async (_, answer) => {
    const server = createServer((socket) => socket.once('data', () => socket.write(answer)).on('error', () => undefined)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const url = `ldap://127.0.0.1:${portOf(server)}`;
    await expect(
      openDirectory({ url, startTls: true, bind: { kind: 'simple', dn: 'cn=x', password: 'secret' }, connectTimeoutMs: 1000 }),
    ).rejects.toThrow(/StartTLS|not LDAP/);
    server.close();
  });
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** A message as BER frames it; contents from 128 bytes on have the long form of the length. */
function message(content: Buffer): Buffer {
  const length =
    content.length < 128
      ? Buffer.from([content.length])
      : Buffer.from([0x83, content.length >> 16, (content.length >> 8) & 0xff, content.length & 0xff]);
  return Buffer.concat([Buffer.from([0x30]), length, content]);
}

const messages = fc.array(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => message(Buffer.from(bytes))),
  { minLength: 1, maxLength: 8 },
);

describe('gathering chunks into messages', () => {
  it('hands on every byte in its order, and only at the ends of messages', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent);
        const ends = new Set(sent.map((_, index) => Buffer.concat(sent.slice(0, index + 1)).length));
        const gathering = new Gathering();
        const got: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const whole = gathering.take(bytes.subarray(at, at + size));
          at += size;
          if (whole) got.push(whole);
          expect(whole === undefined || ends.has(Buffer.concat(got).length)).toBe(true);
        }
        expect(Buffer.concat(got).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400'],
    ['a length without an end', '\x30\x80\x00'],
    ['a length of five octets', '\x30\x85\x00\x00\x00\x00\x00'],
    ['a length beyond reason', '\x30\x84\x7f\xff\xff\xff'],
  ])('given %s, then it is no LDAP', (_, bytes) => {
    expect(() => new Gathering().take(Buffer.from(bytes, 'latin1'))).toThrow(/not LDAP/);
  });
});
