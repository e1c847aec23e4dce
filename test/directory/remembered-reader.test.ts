import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DirectoryConnection } from '../../src/directory/connection.ts';
import { directoryReader, type DirectoryReader } from '../../src/directory/reader.ts';
import { rememberedReader, type Memory } from '../../src/directory/remembered-reader.ts';
import { directoryWriter } from '../../src/directory/writer.ts';
import { instant } from '../../src/names.ts';
import { hour } from '../../src/time.ts';
import { Unavailable } from '../../src/errors.ts';
import { startSlapd, type Slapd, type SlapdOptions } from '../support/slapd.ts';
import { group, layoutOf, openAsWriter, uid } from './open-directory.ts';

const now = instant(Date.UTC(2026, 10, 23, 14));
const klaxon = group('klaxon');

describe('given a directory that was read once', () => {
  let slapd: Slapd;
  let connection: DirectoryConnection;
  let folder: string;
  let asked: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-memory-'));
    asked = [];
  });
  afterEach(async () => {
    await connection.close();
    await slapd.stop();
    rmSync(folder, { recursive: true });
  });

  async function start(options: SlapdOptions = {}): Promise<void> {
    slapd = await startSlapd({
      people: ['alice', 'bob', { uid: 'mallory', locked: true }],
      groups: { klaxon: ['alice', 'bob', 'ghost'], odd: [`UID=Alice, OU=People,dc=wikimedia,dc=org`], empty: [] },
      ...options,
    });
    connection = await openAsWriter(slapd);
    await readAll(remembered());
    asked = [];
  }

  /** The real reader; what it is asked is noted. */
  function listened(): DirectoryReader {
    const reader = directoryReader(connection, layoutOf(slapd, ['klaxon', 'odd', 'empty', 'ghost']));
    return {
      mark: () => reader.mark(),
      people: (uids) => (asked.push(...uids), reader.people(uids)),
      group: (name) => (asked.push(name), reader.group(name)),
      membersBehind: (values) => (asked.push(...values.map((value) => value.dn)), reader.membersBehind(values)),
    };
  }

  function remembered(more: Partial<Memory> = {}) {
    return rememberedReader(listened(), {
      file: join(folder, 'directory'),
      key: slapd.url,
      people: layoutOf(slapd, []).people,
      now,
      ...more,
    });
  }

  async function readAll(reader: ReturnType<typeof remembered>) {
    const people = await reader.people(['alice', 'mallory', 'nobody'].map(uid));
    const groups = [await reader.group(klaxon), await reader.group(group('odd')), await reader.group(group('empty'))];
    await reader.save();
    return { people, groups };
  }

  it('when nothing was written since, then it is not asked again and the answers are the same', async () => {
    await start();
    const fresh = directoryReader(connection, layoutOf(slapd, ['klaxon', 'odd', 'empty']));
    const { people, groups } = await readAll(remembered());
    expect(asked).toEqual([]);
    expect(people).toEqual(await fresh.people(['alice', 'mallory', 'nobody'].map(uid)));
    expect(groups).toEqual(await Promise.all(['klaxon', 'odd', 'empty'].map((name) => fresh.group(group(name)))));
    expect(await remembered().save()).toBe('unneeded');
  });

  it('when somebody else is asked for, then only that one is, and is known from then on', async () => {
    await start();
    const reader = remembered();
    expect((await reader.people([uid('alice'), uid('bob')])).size).toBe(2);
    expect(await reader.save()).toBe('saved');
    expect(asked).toEqual(['bob']);
    expect((await remembered().people([uid('bob')])).size).toBe(1);
    expect(asked).toEqual(['bob']);
  });

  it.each([
    ['a person', () => slapd.addPerson('carol')],
    ['a lock', () => slapd.lock('alice')],
    ['a deletion', () => slapd.deletePerson('bob')],
    ['a member by hand', () => slapd.addMember('klaxon', 'mallory')],
    [
      'muster itself',
      async () => {
        const observed = await directoryReader(connection, layoutOf(slapd, ['klaxon'])).group(klaxon);
        if (observed.kind === 'group')
          await directoryWriter(connection, { emptyGroup: 'empty-dn' }).apply({
            group: observed,
            add: [],
            remove: observed.members.slice(0, 1),
          });
      },
    ],
  ])('when %s is written, then all is asked anew', async (_, write) => {
    await start();
    await write();
    await readAll(remembered());
    expect(asked).toEqual(['alice', 'mallory', 'nobody', 'klaxon', 'odd', 'empty']);
  });

  it('when something is written during the run, then the next look at the mark forgets what was read before', async () => {
    await start();
    const reader = remembered();
    await reader.group(klaxon);
    await slapd.addMember('klaxon', 'mallory');
    await reader.mark();
    expect(await reader.group(klaxon)).toMatchObject({ members: { length: 4 } });
  });

  it.each<[string, () => Partial<Memory>]>([
    ['six hours old', () => ({ now: instant(now + 6 * hour) })],
    ['from the future', () => ({ now: instant(now - 1) })],
    ['of another server', () => ({ key: 'ldaps://ldap-ro.example.org' })],
  ])('when the snapshot is %s, then it is not used', async (_, memory) => {
    await start();
    await readAll(remembered(memory()));
    expect(asked).toHaveLength(6);
  });

  it('when the snapshot is damaged, then it is read anew and written whole again', async () => {
    await start();
    const file = join(folder, 'directory');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('bob', 'eve'));
    await readAll(remembered());
    expect(asked).toHaveLength(6);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('when members are looked behind, then people who are known are not asked for', async () => {
    await start();
    const reader = remembered();
    const observed = await reader.group(klaxon);
    if (observed.kind !== 'group') throw new Error(observed.message);
    const behind = await reader.membersBehind(observed.members);
    expect(observed.members.map(({ key }) => behind.get(key)?.kind)).toEqual(['person', 'person', 'absent']);
    expect(asked).toEqual(['bob', 'ghost', slapd.personDn('ghost')]);
  });

  it('when a group cannot be used, then it is looked at each time', async () => {
    await start();
    const reader = remembered();
    for (let turn = 0; turn < 2; turn += 1) expect(await reader.group(group('ghost'))).toMatchObject({ kind: 'unusable' });
    expect(asked).toEqual(['ghost', 'ghost']);
  });

  it('when a read fails, then nothing is kept of the run', async () => {
    await start();
    const reader = remembered();
    await reader.people([uid('bob')]);
    await slapd.kill9();
    await expect(reader.people([uid('carol')])).rejects.toThrow(Unavailable);
    expect(await reader.save()).toBe('unneeded');
  });

  it('when the file cannot be written, then that is said and nothing is left behind', async () => {
    await start();
    const reader = remembered({ file: join(folder, 'gone', 'directory') });
    await reader.people([uid('bob')]);
    expect(await reader.save()).toBe('failed');
  });

  it('when the server keeps no mark, then it is asked each time', async () => {
    await start({ overlays: ['memberof', 'ppolicy'] });
    await slapd.addPerson('carol');
    for (let turn = 0; turn < 2; turn += 1) await readAll(remembered());
    expect(asked).toHaveLength(12);
  });
});
