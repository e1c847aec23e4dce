// What `muster adopt` prints: the files, and whom it left out and why.
import type { Adoption, LeftOut } from './adoption.ts';
import type { NewFile } from '../kept-files.ts';
import { count } from '../time.ts';
import { plain } from '../text.ts';

const why: Readonly<Record<LeftOut['why'], string>> = {
  locked: 'the account is locked in the directory; the first run would take it out',
  revoked: 'revoked on this host',
  absent: 'the directory has no entry of this name; the first run would take it out',
  'no-person': 'this is not one person under the people base (an account of a service, or another group); the first run would take it out',
  'has-grant': 'has a grant file on the branch already',
};

/** One file after the other, each below a comment with its path: also good YAML, and a good roster. */
export function renderAdoptedFiles(files: readonly NewFile[]): string {
  return files.map(({ path, text }) => `# ${path}\n${text}`).join('\n');
}

export function renderLeftOut(one: LeftOut): string {
  return `${plain(one.name)}: ${why[one.why]}`;
}

/** For people, a line each. */
export function renderAdoptionNotes(adoption: Adoption): readonly string[] {
  const { leftOut } = adoption;
  const isHeld = leftOut.some((one) => one.why !== 'has-grant');
  const adopted = adoption.kind === 'roster' ? adoption.uids.length : adoption.grants.size;
  return [
    `${count(adopted, 'member')} adopted, ${leftOut.length} left out`,
    ...leftOut.map((one) => `left out: ${renderLeftOut(one)}`),
    ...(isHeld ? ['the first run will hold what it would take out, until somebody looks at it and allows it (first-run)'] : []),
    ...(adoption.kind === 'grants' && adoption.unsaid.length > 0 && adopted > 0
      ? ['the group requires "understood", and only the person can say what they have read: "muster check" names the files that lack it']
      : []),
  ];
}
