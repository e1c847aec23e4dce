// Fetches a roster from an rsync daemon (rsync(1), rsyncd.conf(5)) into a folder of its own.
// The daemon speaks in clear: what comes is judged as strictly as what lies on the disk.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Absent } from '../record/fetched.ts';
import { largestRoster } from '../record/fetched.ts';

export interface RsyncTerms {
  readonly checksum: 'none' | 'required';
  /** Where rsync is looked for, as in PATH. */
  readonly path: string;
  /** For its folder, where TMPDIR is of no use. */
  readonly state?: string;
  /** Seconds without a byte; a whole call may take four times as long. */
  readonly timeout?: number;
}

interface Ended {
  readonly status: number | 'not-started' | null;
  readonly output: string;
}

/** `url`: `rsync://host/module/path`. Puts the file, and its checksum file where one is required, into `folder`; otherwise says why not. */
export async function fetchByRsync(url: string, folder: string, terms: RsyncTerms): Promise<Absent | undefined> {
  const urls = terms.checksum === 'required' ? [url, `${url}.sha256`] : [url];
  // --times: the age of the list is the time its producer wrote it. Links are not sent, and nothing larger than a roster may be.
  const { status } = await rsync(['--times', `--max-size=${largestRoster}`, '--', ...urls, `${folder}/`], terms);
  const problem = problemOf(url, status);
  if (problem) return problem;
  return existsSync(join(folder, basename(url))) ? undefined : whyNotSent(url, terms);
}

/** rsync(1), EXIT VALUES. Its messages are left out: the server has a part in them. */
const told: Readonly<Record<number, string>> = {
  10: 'no connection to the rsync daemon',
  12: 'the connection broke off',
  30: 'the rsync daemon stopped sending',
  35: 'the rsync daemon gave no answer',
};

/** What is no problem yet: 0, and 23, where a file that was asked for could not be sent. */
function problemOf(url: string, status: Ended['status']): Absent | undefined {
  switch (status) {
    case 0:
    case 23:
      return undefined;
    case 'not-started':
      return { kind: 'unreadable', message: 'rsync could not be started: is it installed?', act: 'administrator' };
    case 5:
      return {
        kind: 'unreadable',
        message: `${url}: the rsync daemon does not know the module, or does not open it to this host.`,
        act: 'carrier',
      };
    default: {
      const why = status === null ? 'it took too long' : (told[status] ?? 'rsync(1) tells what that status means');
      const message = `${url} could not be fetched: ${why}${status === null ? '' : ` (rsync ended with ${status})`}.`;
      return { kind: 'unreadable', message, act: 'carrier', mayPass: true };
    }
  }
}

/** The daemon sent nothing: what does it say lies there? Only mode and size are read off its list. */
async function whyNotSent(url: string, terms: RsyncTerms): Promise<Absent> {
  const { status, output } = await rsync(['--list-only', '--', url], terms);
  const problem = problemOf(url, status);
  if (problem) return problem;
  const [, type, size = ''] = /^(\S)\S{9}\s+([\d,.]+)\s/.exec(output) ?? [];
  if (type === undefined) return { kind: 'missing', message: `${url} is not there.`, act: 'producer' };
  if (type !== '-') return { kind: 'unreadable', message: `${url} is not a regular file.`, act: 'producer' };
  const bytes = Number(size.replace(/[,.]/g, ''));
  return bytes > largestRoster
    ? { kind: 'damaged', message: `${url} has ${bytes} bytes, and ${largestRoster} are the most.`, act: 'producer' }
    : { kind: 'unreadable', message: `${url} is there, and the rsync daemon cannot read it.`, act: 'producer' };
}

function rsync(args: readonly string[], { path, timeout = 20 }: RsyncTerms): Promise<Ended> {
  const always = ['--no-motd', `--timeout=${timeout}`, `--contimeout=${timeout}`];
  return new Promise((resolve) => {
    const child = spawn('rsync', [...always, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: path, LC_ALL: 'C' },
      timeout: 4 * timeout * 1000,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 10_000) output += text;
    });
    child.once('error', () => resolve({ status: 'not-started', output }));
    child.once('close', (status) => resolve({ status, output }));
  });
}
