import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDirectory } from '../../src/directory/connection.ts';
import { openConnections } from '../../src/directory/connections.ts';
import { Unavailable } from '../../src/errors.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

let slapd: Slapd;
beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());

const open = (url: string) =>
  openDirectory({ url, startTls: false, bind: { kind: 'simple', dn: slapd.writerDn, password: slapd.writerPassword } });
const whole = { scope: 'base', filter: '(objectClass=*)', attributes: ['1.1'] } as const;
const binds = () => slapd.logs().match(/ BIND .* method=128/g)?.length ?? 0;
const ends = () => slapd.logs().match(/ closed/g)?.length ?? 0;
const begun = () => slapd.logs().match(/ ACCEPT /g)?.length ?? 0;
const patient = { timeout: 10_000 };
/** What one test closes must not be counted by the next. */
afterEach(() => vi.waitUntil(() => begun() === ends(), patient));
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('given a connection that was begun ahead', () => {
  it('when it is asked for soon, then it is the one that answers', async () => {
    const before = binds();
    const connections = openConnections(open);
    connections.ahead(slapd.url);
    await vi.waitUntil(() => binds() > before, patient);
    const connection = await connections.to(slapd.url);
    expect(await connection.search(slapd.suffix, whole)).toHaveLength(1);
    await connections.close();
    expect(binds()).toBe(before + 1);
  });

  it('when it was asked for, then it stays, however long the work with it takes', async () => {
    const connections = openConnections(open, 50);
    connections.ahead(slapd.url);
    await new Promise((resolve) => setImmediate(resolve));
    const connection = await connections.to(slapd.url);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await connection.search(slapd.suffix, whole)).toHaveLength(1);
    await connections.close();
  });

  it('when nobody asks for it in time, then it is closed, and whoever asks later gets another', async () => {
    const before = { binds: binds(), ends: ends() };
    const connections = openConnections(open, 50);
    connections.ahead(slapd.url);
    await vi.waitUntil(() => ends() > before.ends, patient);
    const connection = await connections.to(slapd.url);
    expect(await connection.search(slapd.suffix, whole)).toHaveLength(1);
    await connections.close();
    await vi.waitUntil(() => binds() === before.binds + 2 && ends() === before.ends + 2, patient);
  });

  it('when nothing answers there, then only whoever asks for it hears of that', async () => {
    const connections = openConnections(open);
    connections.ahead('ldap://127.0.0.1:1');
    await aWhile();
    await expect(connections.to('ldap://127.0.0.1:1')).rejects.toThrow(Unavailable);
    await connections.close();
  });

  it('when the run ends before it was begun, then it is not begun at all', async () => {
    const before = binds();
    const connections = openConnections(open);
    connections.ahead(slapd.url);
    await connections.close();
    await aWhile();
    expect(binds()).toBe(before);
  });
});
