// Rosters that lie behind rsync are fetched by the half that may use the network: `fetched/NAME` is the list as it came, with its own time, and
// `fetched/NAME.json` says how the fetching went. The daemon speaks in clear (rsync(1), rsyncd.conf(5)): whether a list is good enough is for
// converging, which judges it as strictly as what lies on the disk.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { spawn } from 'node:child_process';
import type { Configuration } from '../config/configuration.ts';
import { errnoOf } from '../errors.ts';
import type { Instant } from '../names.ts';
import { publishFile } from '../kept-files.ts';
import { fetchedFile, renderFetching, standingFile, largestRoster, type Absent } from '../record/fetched.ts';

/** For the account of converging, which is in the group of this folder. */
const mode = 0o640;

/** Never throws for anything that a daemon or the disk does. `path`: as PATH. */
export async function fetchRosters({ rosters }: Configuration, folder: string, path: string, now: Instant): Promise<void> {
  const remote = [...rosters].filter(([, { from }]) => from.startsWith('rsync://'));
  if (remote.length === 0) return;
  mkdirSync(join(folder, 'fetched'), { recursive: true, mode: 0o750 });
  await Promise.all(
    remote.map(async ([name, { from, checksum }]) => {
      const place = fetchedFile(folder, name);
      const absent = await fetchRoster(from, place, { checksum, path });
      try {
        publishFile(
          standingFile(folder, name),
          renderFetching({ at: now, absent: absent ?? null }),
          `${standingFile(folder, name)}.new`,
          mode,
        );
      } catch {
        // What is old shows by its time.
      }
    }),
  );
}

/** The list as `place`, with its checksum file beside it where one is required; otherwise why there is none, and what lay there stays. */
export async function fetchRoster(url: string, place: string, terms: RsyncTerms): Promise<Absent | undefined> {
  let draft: string | undefined;
  try {
    draft = mkdtempSync(`${place}.new-`);
    const absent = await fetchByRsync(url, draft, terms);
    if (absent) return absent;
    // The list comes last: where its checksum is another's, it is not taken.
    for (const end of ['.sha256', '']) {
      const came = join(draft, `${basename(url)}${end}`);
      if (!existsSync(came)) continue;
      chmodSync(came, mode);
      renameSync(came, `${place}${end}`);
    }
    return undefined;
  } catch (error) {
    const message = `${url} could not be fetched: nothing could be written beside ${place} (${errnoOf(error)}).`;
    return { kind: 'unreadable', message, act: 'administrator', mayPass: true };
  } finally {
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true });
  }
}

interface RsyncTerms {
  readonly checksum: 'none' | 'required';
  /** Where rsync is looked for, as in PATH. */
  readonly path: string;
  /** Seconds without a byte; a whole call may take four times as long. */
  readonly timeout?: number;
}

interface Ended {
  readonly status: number | 'not-started' | null;
  readonly output: string;
}

/** `url`: `rsync://host/module/path`. Puts the file, and its checksum file where one is required, into `folder`; otherwise says why not. */
async function fetchByRsync(url: string, folder: string, terms: RsyncTerms): Promise<Absent | undefined> {
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
