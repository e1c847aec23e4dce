import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DirectoryConfiguration } from '../../src/configuration.ts';
import { dn, instant } from '../../src/domain/names.ts';
import { Unavailable } from '../../src/failures.ts';
import { directoryAccess } from '../../src/wiring/directory.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

let slapd: Slapd;
let configuration: DirectoryConfiguration;
beforeAll(async () => {
  slapd = await startSlapd({ people: ['alice'] });
  const file = join(slapd.folder, 'password');
  writeFileSync(file, slapd.writerPassword, { mode: 0o600 });
  configuration = {
    url: slapd.url,
    readUrl: undefined,
    credentials: { kind: 'password', dn: dn(slapd.writerDn), file },
    authoritiesFile: undefined,
    people: dn(slapd.people),
    groups: new Map(),
    ceilings: new Map(),
    emptyGroup: 'empty-dn',
    startTls: false,
    disabled: undefined,
  };
});
afterAll(() => slapd.stop());

const binds = () => slapd.logs().match(/ BIND .* method=128/g)?.length ?? 0;
const ends = () => slapd.logs().match(/ closed/g)?.length ?? 0;

describe('given a connection that was begun ahead', () => {
  it('when it is asked for soon, then it is the one that answers', async () => {
    const before = binds();
    const access = directoryAccess(configuration, slapd.folder, instant(0));
    access.connectAhead();
    await vi.waitUntil(() => binds() > before);
    const reader = await access.openToRead();
    expect(await reader.mark()).toBeDefined();
    await access.close();
    expect(binds()).toBe(before + 1);
  });

  it('when nobody asks for it in time, then it is closed, and whoever asks later gets another', async () => {
    const before = { binds: binds(), ends: ends() };
    const access = directoryAccess(configuration, slapd.folder, instant(0), 50);
    access.connectAhead();
    await vi.waitUntil(() => ends() > before.ends);
    const reader = await access.openToRead();
    expect(await reader.mark()).toBeDefined();
    await access.close();
    await vi.waitUntil(() => binds() === before.binds + 2 && ends() >= before.ends + 2);
  });

  it('when nothing answers there, then only whoever asks for it hears of that', async () => {
    const access = directoryAccess({ ...configuration, url: 'ldap://127.0.0.1:1' }, slapd.folder, instant(0));
    access.connectAhead();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(access.openToRead()).rejects.toThrow(Unavailable);
    await access.close();
  });

  it('when the run ends before it was begun, then it is not begun at all', async () => {
    const before = binds();
    const access = directoryAccess(configuration, slapd.folder, instant(0));
    access.connectAhead();
    await access.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(binds()).toBe(before);
  });
});
