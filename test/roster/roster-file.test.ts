import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRosterFile } from '../../src/roster/roster-file.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
let path: string;
beforeEach(() =>
  inNewFolder((made) => {
    folder = made;
    path = join(folder, 'steward.txt');
  }),
);

/** A line at a time, with pauses, and from the start again before the file is too large for a roster. */
const appendForEver = `
  const { openSync, ftruncateSync, writeSync } = require('node:fs');
  const file = openSync(process.argv[1], 'a');
  writeSync(1, 'writing');
  for (let count = 0; ; count++) {
    if (count % 50_000 === 0) ftruncateSync(file, 0);
    if (count % 100 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    writeSync(file, 'alice\\n');
  }`;

const list = 'hoo\nmelos\n';
const digest = createHash('sha256').update(list).digest('hex');

describe('given a regular file', () => {
  it('when it is read, then its bytes, digest and time are given', async () => {
    writeFileSync(path, list);
    utimesSync(path, 1_790_000_000, 1_790_000_000);
    const reading = await readRosterFile(path, { checksum: 'none' });
    expect(reading).toMatchObject({ kind: 'file', sha256: digest, producedAt: 1_790_000_000_000, stated: { kind: 'not-asked' } });
    expect(reading.kind === 'file' && Buffer.from(reading.bytes).toString()).toBe(list);
  });

  it('when it is empty, then it is a file of no bytes, to be judged as such', async () => {
    writeFileSync(path, '');
    expect(await readRosterFile(path, { checksum: 'none' })).toMatchObject({ kind: 'file', bytes: { length: 0 } });
  });

  it('when it has a byte more than a mebibyte, then it is damaged; with exactly as much it is read', async () => {
    writeFileSync(path, Buffer.alloc(1024 * 1024, 'a'));
    expect((await readRosterFile(path, { checksum: 'none' })).kind).toBe('file');
    appendFileSync(path, 'a');
    expect(await readRosterFile(path, { checksum: 'none' })).toMatchObject({ kind: 'damaged', act: 'producer' });
  });

  it('when somebody writes to it all the while, then it is whole or damaged, never a mixture', async () => {
    writeFileSync(path, '');
    const writer = spawn(process.execPath, ['-e', appendForEver, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(writer.stdout, 'data');
      const readings = new Map<string, number>();
      for (let round = 0; round < 20_000 && !(readings.has('file') && readings.has('changed')); round++) {
        const reading = await readRosterFile(path, { checksum: 'none' });
        if (reading.kind === 'file') expect(Buffer.from(reading.bytes).toString()).toMatch(/^(alice\n)*$/);
        else expect(reading).toMatchObject({ kind: 'damaged', message: expect.stringContaining('changed while it was read') });
        const kind = reading.kind === 'file' ? 'file' : 'changed';
        readings.set(kind, (readings.get(kind) ?? 0) + 1);
      }
      expect([...readings.keys()].sort()).toEqual(['changed', 'file']);
    } finally {
      writer.kill('SIGKILL');
    }
  });
});

describe('given something that is not a regular file', () => {
  it.each([
    { given: 'nothing', make: () => undefined, gives: { kind: 'missing', act: 'carrier' } },
    { given: 'a folder', make: () => mkdirSync(path), gives: { kind: 'unreadable', act: 'administrator' } },
    { given: 'a FIFO', make: () => execFileSync('mkfifo', [path]), gives: { kind: 'unreadable' } },
    {
      given: 'a symbolic link to a good file',
      make: () => {
        writeFileSync(join(folder, 'other'), list);
        symlinkSync('other', path);
      },
      gives: { kind: 'unreadable' },
    },
    {
      given: 'a file where a folder should be',
      make: () => (writeFileSync(join(folder, 'flat'), ''), (path = join(folder, 'flat', 'x'))),
      gives: { kind: 'unreadable' },
    },
  ])('when $given is there, then it says so at once', async ({ make, gives }) => {
    make();
    expect(await readRosterFile(path, { checksum: 'none' })).toMatchObject(gives);
  });

  it('when a device is there, then it is unreadable', async () => {
    expect(await readRosterFile('/dev/zero', { checksum: 'none' })).toMatchObject({ kind: 'unreadable' });
  });
});

describe('given that a checksum is required', () => {
  beforeEach(() => {
    writeFileSync(path, list);
  });

  it.each([
    { given: 'what sha256sum writes', text: `${digest}  steward.txt\n` },
    { given: 'its binary mode', text: `${digest} *steward.txt\n` },
    { given: 'a name with folders', text: `${digest}  /srv/exports/ldap_group/steward.txt\n` },
  ])('when the file holds $given, then the digest is taken', async ({ text }) => {
    writeFileSync(`${path}.sha256`, text);
    expect(await readRosterFile(path, { checksum: 'required' })).toMatchObject({ stated: { kind: 'stated', sha256: digest } });
  });

  it('when the real sha256sum wrote it, then it is the digest of the list', async () => {
    writeFileSync(`${path}.sha256`, execFileSync('sha256sum', ['steward.txt'], { cwd: folder }));
    const reading = await readRosterFile(path, { checksum: 'required' });
    expect(reading).toMatchObject({ sha256: digest, stated: { kind: 'stated', sha256: digest } });
  });

  it.each([
    { given: 'nothing', make: () => undefined },
    { given: 'a bare digest', make: () => writeFileSync(`${path}.sha256`, `${digest}\n`) },
    { given: 'the digest of another file', make: () => writeFileSync(`${path}.sha256`, `${digest}  admins.txt\n`) },
    { given: 'two lines', make: () => writeFileSync(`${path}.sha256`, `${digest}  steward.txt\n${digest}  steward.txt\n`) },
    { given: 'a FIFO', make: () => execFileSync('mkfifo', [`${path}.sha256`]) },
  ])('when there is $given, then the checksum is unusable', async ({ make }) => {
    make();
    expect(await readRosterFile(path, { checksum: 'required' })).toMatchObject({ kind: 'file', stated: { kind: 'unusable' } });
  });
});
