// Fetches a roster from an rsync daemon (rsync(1), rsyncd.conf(5)) into a folder of its own and reads it there like any other file.
// The daemon speaks in clear: what comes is judged as strictly as what lies on the disk.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { RosterReading } from '../../domain/roster.ts';
import { readRosterFile } from './file.ts';

export interface RsyncTerms {
  readonly checksum: 'none' | 'required';
  /** Where rsync is looked for, as in PATH. */
  readonly path: string;
  /** Seconds without a byte. */
  readonly timeout?: number;
}

/** rsync(1), EXIT VALUES: some files could not be transferred; here, the one that was asked for. */
const partialTransfer = 23;

/** `url`: `rsync://host/module/path`. Does not throw for anything that the daemon does. */
export async function readRosterByRsync(url: string, terms: RsyncTerms): Promise<RosterReading> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-roster-'));
  try {
    const status = await fetchInto(folder, url, terms);
    if (status === 'not-started')
      return { kind: 'unreadable', message: 'rsync could not be started: is it installed?', act: 'administrator' };
    if (status !== 0 && status !== partialTransfer) {
      return {
        kind: 'unreadable',
        message: `${url} could not be fetched (rsync ended with ${String(status)}).`,
        act: 'carrier',
        mayPass: true,
      };
    }
    if (terms.checksum === 'required') await fetchInto(folder, `${url}.sha256`, terms);
    const reading = await readRosterFile(join(folder, basename(new URL(url).pathname)), terms);
    return reading.kind === 'missing'
      ? { kind: 'missing', message: `${url} is not there, or is no regular file.`, act: 'producer' }
      : reading;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fetchInto(folder: string, url: string, { path, timeout = 20 }: RsyncTerms): Promise<number | 'not-started' | null> {
  // --times: the age of the list is the time its producer wrote it. Links are not sent, and nothing larger than a roster may be.
  const options = ['--times', '--no-motd', '--max-size=2m', `--timeout=${timeout}`, `--contimeout=${timeout}`];
  return new Promise((resolve) => {
    const child = spawn('rsync', [...options, '--', url, `${folder}/`], {
      stdio: 'ignore',
      env: { PATH: path, LC_ALL: 'C' },
      timeout: 4 * timeout * 1000,
    });
    child.once('error', () => resolve('not-started'));
    child.once('close', (status) => resolve(status));
  });
}
