// The policy folder on disk, read without following links. Reading in order, so that findings are the same on every machine.
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readdirSync, readSync, type Dirent } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Misuse } from '../errors.ts';
import { inOrder } from '../names.ts';
import { largestFile, type Finding, type PolicyFile } from './policy.ts';
import { wholeFile } from './yaml-problems.ts';

export interface PolicyFolder {
  /** How the paths of files and findings begin; empty when the folder is the current one. */
  readonly folder: string;
  readonly files: readonly PolicyFile[];
  readonly findings: readonly Finding[];
}

const ownEntries = ['policy.yaml', 'groups', 'grants'] as const;

/**
 * The policy folder that was meant: `directory`, or the one called `policy` in it where it holds nothing of a policy itself. People
 * name the top of their clone, or stand inside the folder already. A part of a policy is a `Misuse`: every file in it would seem out of place.
 */
export function findPolicyFolder(directory: string, from: string): string {
  const holds = (...path: readonly string[]) => existsSync(resolve(from, ...path));
  if (directory === 'policy' && !holds(directory) && holds('policy.yaml')) return '.';
  if (ownEntries.some((entry) => holds(directory, entry))) return directory;
  if (holds(directory, 'policy', 'policy.yaml')) return join(directory, 'policy');
  const whole = ['..', '../..'].map((above) => join(directory, above)).find((above) => holds(above, 'policy.yaml'));
  if (whole !== undefined && ['groups', 'grants'].some((part) => isWithin(resolve(from, whole, part), resolve(from, directory))))
    throw new Misuse(`${directory} is a part of a policy; name the folder that holds policy.yaml, as in: muster check ${whole}`);
  return directory;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}${sep}`);
}

/** `policy/grants/<group>/<uid>.yaml` is as deep as it goes. */
const deepest = 3;

/**
 * Every regular file below `directory`, and a finding for whatever else is there: links, pipes, strange names, too many levels.
 * Paths are from `from` (where the command was called) when the folder is below it, otherwise from the folder's parent.
 * A directory that is not there is a `Misuse`. At most one byte more than a policy file may have is read of each file.
 */
export function readPolicyFolder(directory: string, from: string): PolicyFolder {
  const root = resolve(from, directory);
  if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Misuse(`${directory} is not a directory; name the policy folder, as in: muster check policy`);
  const folder = prefixOf(root, resolve(from));
  const files: PolicyFile[] = [];
  const findings: Finding[] = [];
  walk(root, folder, 1, files, findings);
  return { folder, files, findings };
}

function prefixOf(root: string, from: string): string {
  const path = relative(from, root);
  return isAbsolute(path) || path.split(sep)[0] === '..' ? basename(root) : path.split(sep).join('/');
}

function walk(directory: string, prefix: string, level: number, files: PolicyFile[], findings: Finding[]): void {
  const entries = entriesOf(directory);
  if (!entries) findings.push(unreadable(prefix));
  for (const entry of entries ?? []) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    const finding = strangeName(path, entry.name) ?? strangeKind(path, entry, level);
    if (finding) findings.push(finding);
    else if (entry.isDirectory()) walk(join(directory, entry.name), path, level + 1, files, findings);
    else addFile(join(directory, entry.name), path, files, findings);
  }
}

function entriesOf(directory: string): readonly Dirent[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((left, right) => inOrder(left.name, right.name));
  } catch {
    return undefined;
  }
}

function unreadable(path: string): Finding {
  return wholeFile(path, 'unreadable', 'this cannot be opened', 'Look at its permissions.');
}

function strangeName(path: string, name: string): Finding | undefined {
  if (/^[a-z0-9._-]+$/.test(name)) return undefined;
  return wholeFile(path, 'bad-path', 'the name has letters other than a-z, 0-9, ".", "_" and "-"', renaming(name));
}

/** What a name was meant to be: of the guide's `UID.yaml`, of a mail address, of capitals. */
function renaming(name: string): string {
  if (/^uid\.ya?ml$/i.test(name)) return 'Rename it: the uid of the person stands in place of UID.';
  if (name.includes('@')) return 'Rename it after the uid of the person, which is no mail address.';
  const lower = name.toLowerCase();
  if (/^[a-z0-9._-]+$/.test(lower)) return `Rename it to ${lower}: names are lower case.`;
  return 'Rename it: names are lower-case ASCII, at most 64 letters.';
}

function strangeKind(path: string, entry: Dirent, level: number): Finding | undefined {
  if (entry.isDirectory())
    return level < deepest
      ? undefined
      : wholeFile(
          path,
          'unexpected-file',
          'no policy file lies this deep',
          'Policy files are policy.yaml, groups/<group>.yaml and grants/<group>/<uid>.yaml.',
        );
  return entry.isFile() ? undefined : notRegular(path);
}

function notRegular(path: string): Finding {
  return wholeFile(path, 'not-a-file', 'this is a link, a pipe or a device, and not a file', 'Put the file itself here.');
}

function addFile(file: string, path: string, files: PolicyFile[], findings: Finding[]): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    findings.push(unreadable(path));
    return;
  }
  try {
    // Looked at again: it may have been replaced since the folder was listed.
    if (fstatSync(descriptor).isFile()) files.push({ path, bytes: readStart(descriptor) });
    else findings.push(notRegular(path));
  } finally {
    closeSync(descriptor);
  }
}

/** One byte more than allowed is enough to know that a file is too large. */
function readStart(descriptor: number): Uint8Array {
  const buffer = new Uint8Array(largestFile + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += read;
    if (read === 0 || length === buffer.length) return buffer.slice(0, length);
  }
}
