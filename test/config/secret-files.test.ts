import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { readPrivateText, readSecret } from '../../src/config/secret-files.ts';
import { Misuse } from '../../src/errors.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
let path: string;
beforeEach(() =>
  inNewFolder((made) => {
    folder = made;
    path = join(folder, 'token');
  }),
);

function write(content: string | Uint8Array, mode = 0o600): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

describe('given a file with one line', () => {
  it.each([
    { given: 'a final newline', content: 'correct horse\n' },
    { given: 'no final newline', content: 'correct horse' },
    { given: 'a final CR LF', content: 'correct horse\r\n' },
  ])('when it has $given, then the secret is the line', async ({ content }) => {
    write(content);
    expect(await readSecret(path)).toBe('correct horse');
  });

  it('when the secret has blanks and other letters, then they are part of it', async () => {
    write(' pässword \n');
    expect(await readSecret(path)).toBe(' pässword ');
  });

  it.each([0o400, 0o440, 0o640, 0o600])('when its mode is %o, then it is read', async (mode) => {
    write('s3cret\n', mode);
    expect(await readSecret(path)).toBe('s3cret');
  });

  it('when a link leads to it, then its own mode counts', async () => {
    chmodSync(folder, 0o755);
    write('s3cret\n');
    symlinkSync('token', join(folder, 'link'));
    expect(await readSecret(join(folder, 'link'))).toBe('s3cret');
    chmodSync(path, 0o644);
    await expect(readSecret(join(folder, 'link'))).rejects.toThrow(Misuse);
  });

  it.each([0o644, 0o444, 0o604, 0o602])('when its mode is %o, then it is refused, and what to do is said', async (mode) => {
    chmodSync(folder, 0o755);
    write('s3cret\n', mode);
    await expect(readSecret(path)).rejects.toThrow(/chmod o-rw/);
    await expect(readPrivateText(path)).rejects.toThrow(Misuse);
  });

  it('when a folder on the way keeps others out, then not everybody may read it, and it is read', async () => {
    const open = join(folder, 'open');
    mkdirSync(open, { mode: 0o755 });
    path = join(open, 'token');
    write('s3cret\n', 0o644);
    chmodSync(folder, 0o710);
    expect(await readSecret(path)).toBe('s3cret');
    chmodSync(folder, 0o711);
    await expect(readSecret(path)).rejects.toThrow(/chmod o-rw/);
  });

  it('when a link in a closed folder leads to one that everybody may read, then it is refused', async () => {
    const open = mkdtempSync(join(tmpdir(), 'muster-open-'));
    try {
      chmodSync(open, 0o755);
      writeFileSync(join(open, 'token'), 's3cret\n', { mode: 0o644 });
      symlinkSync(join(open, 'token'), path);
      await expect(readSecret(path)).rejects.toThrow(/chmod o-rw/);
    } finally {
      rmSync(open, { recursive: true, force: true });
    }
  });
});

describe('given a file that holds no secret', () => {
  it.each([
    { given: 'nothing', content: '' },
    { given: 'only a newline', content: '\n' },
    { given: 'two lines', content: 's3cret\nhunter2\n' },
    { given: 'a blank line after it', content: 's3cret\n\n' },
    { given: 'a NUL', content: 's3cret\0hunter2' },
    { given: 'an escape', content: '\u001bs3cret' },
    { given: 'a byte order mark', content: '\ufeffs3cret\n' },
    { given: 'bytes that are no text', content: Uint8Array.of(0x73, 0x33, 0xff, 0xfe) },
    { given: 'a hundred kilobytes', content: 's3cret'.repeat(17_000) },
  ])('when it has $given, then it is refused, and the error shows nothing of it', async ({ content }) => {
    write(content);
    const error: unknown = await readSecret(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Misuse);
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/s3|hunter/);
    expect(inspect(error)).toContain(path);
  });

  it.each([
    { given: 'missing', make: () => undefined },
    { given: 'a FIFO', make: () => execFileSync('mkfifo', [path]) },
    { given: 'a folder', make: () => (path = folder) },
  ])('when it is $given, then it is refused at once', async ({ make }) => {
    make();
    await expect(readSecret(path)).rejects.toThrow(Misuse);
  });
});

describe('given a profile of several lines', () => {
  it('when it is read whole, then the text is as it stands', async () => {
    write('profile default\nuser: cn=scriptuser\n', 0o440);
    expect(await readPrivateText(path)).toBe('profile default\nuser: cn=scriptuser\n');
  });
});
