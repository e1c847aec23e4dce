// What `muster request` writes into a merge request, and what it prints. Texts of the person who asks stand in the file alone.
import type { GroupName, Instant, Uid } from '../names.ts';
import type { Finding } from '../policy/policy.ts';
import { plain, renderMoment } from '../text.ts';
import { parseEnd } from '../time.ts';

export type Asked = 'new' | 'renewal' | 'end';

export function titleOf(asked: Asked, group: GroupName, uid: Uid, until: string | undefined): string {
  if (asked === 'end') return `End the access of ${uid} to ${group}`;
  const end = until !== undefined && parseEnd(until) !== undefined ? ` until ${until}` : '';
  return asked === 'new' ? `Grant ${group} to ${uid}${end}` : `Renew ${group} for ${uid}${end}`;
}

export interface Ask {
  readonly asked: Asked;
  readonly group: GroupName;
  readonly uid: Uid;
  readonly path: string;
  readonly until: string | undefined;
}

/** What is asked, and below it the template of the repository with its first questions answered. */
export function renderDescription(ask: Ask, template: string | undefined): string {
  const { asked, group, uid, path } = ask;
  const what = {
    new: `\`${uid}\` asks for access to \`${group}\`. Why, until when, and how to reach them stands in \`${path}\`.`,
    renewal: `\`${uid}\` needs access to \`${group}\` for longer. Why, and until when, stands in \`${path}\`.`,
    end: `The access of \`${uid}\` to \`${group}\` ends with this: it deletes \`${path}\`.`,
  }[asked];
  return `${what}\n${template === undefined ? '' : `\n${filled(template, ask)}`}`;
}

function filled(template: string, { asked, group, uid, path, until }: Ask): string {
  const end = until !== undefined && parseEnd(until) !== undefined ? `, until ${until}` : '';
  const who = `\`${uid}\` in \`${group}\`${asked === 'end' ? '' : end}`;
  const lines = template
    .replaceAll(/<!--[\s\S]*?-->\n*/g, '')
    .split('\n')
    // A line that begins with a slash would be a command to GitLab, in the name of whoever asks.
    .filter((line) => !/^\s*\//.test(line));
  const answered = lines.map((line) => {
    if (/^Who\b.*:$/.test(line)) return `${line} ${who}`;
    return /^Why\b.*:$/.test(line) && asked !== 'end' ? `${line} see \`${path}\`` : line;
  });
  return `${answered.join('\n').trim()}\n`;
}

export function renderMendingRevert(iid: number): string {
  return `!${iid} was merged without being approved as it must be, so it is not in force. This takes it back.\n\nMerge it without squashing; nobody needs to approve it. Its second half brings the change again.\n`;
}

export function renderMendingAgain(iid: number, revert: number): string {
  return [
    `This brings !${iid} again, which was merged without being approved as it must be.\n`,
    `1. Merge !${revert} first. Until then this one shows no changes.`,
    `2. If the note on !${iid} names something to mend, push that to this branch.`,
    '3. Have this one approved by somebody who may.',
    '4. Only then merge it.\n',
  ].join('\n');
}

const keys = 'reason|ticket|contact|from|until|understood';

/** What is wrong with what was asked for. Whoever typed options has no file to look into: a key of it is told as its option. */
export function renderObjections({ path: own, text, findings }: Objected): string {
  const lines = text.split('\n');
  const paragraphs = findings.map(({ path, line, column, code, message, fix }) => {
    // Column 1 is the file as a whole, or a key and not what was given for it.
    const key = path === own && column > 1 ? new RegExp(`^(?:${keys})(?=:)`).exec(lines[line - 1] ?? '')?.[0] : undefined;
    const where = key === undefined ? (path === own ? `${path}: ` : `${path}:${line}:${column}: `) : `--${key}: `;
    return `${plain(where)}error ${code}: ${plain(asOptions(message))}\n    ${plain(asOptions(fix))}\n`;
  });
  return `${paragraphs.join('')}\nNothing was sent.\n`;
}

export interface Objected {
  readonly path: string;
  /** The file that was to be sent. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

function asOptions(words: string): string {
  return words
    .replaceAll(new RegExp(`(write|add a line) "(${keys}): ([^"]*)"`, 'gi'), (_, verb: string, key: string, value: string) => {
      const say = verb.startsWith('w') || verb.startsWith('a') ? 'say' : 'Say';
      return `${say} --${key} ${value === '…' ? '"…"' : value}`;
    })
    .replaceAll(new RegExp(`"(${keys})"`, 'g'), '--$1');
}

/** The way in GitLab's own pages, with the labels of their buttons. */
export function renderByHand({ because, path, title, action, text, targetBranch }: ByHand): string {
  const begin = {
    new: [`1. On the first page of the project press +, then New file. File name: ${path}`],
    renewal: [`1. Open ${path} and press Edit, then Edit single file.`],
    end: [`1. Open ${path} and press Delete.`],
  }[action];
  const content = text === null ? [] : ['   Its whole content:', '', ...text.trimEnd().split('\n'), ''];
  return [
    because === 'no-token'
      ? 'No token is configured, so nothing was sent. By hand, on GitLab:'
      : 'The account of the token may not make a branch in the project, so nothing was sent. By hand, on GitLab:',
    ...begin,
    '   If GitLab says that you cannot edit files here, press Fork: it makes you a copy of the project to write in.',
    ...content,
    `2. Press Commit changes. As commit message write: ${title}`,
    '   Choose Commit to a new branch, leave Create a merge request for this change ticked, and press Commit changes.',
    `3. On the page New merge request look that it goes into ${targetBranch} of this project. Under Description choose`,
    `   the template ${action === 'end' ? 'Removal' : 'Grant'}, where there is one. Press Create merge request.`,
    '4. Give its link to somebody who may approve it: GitLab calls nobody. Merge it only when it is approved.',
    '',
  ].join('\n');
}

export interface ByHand {
  readonly because: 'no-token' | 'may-not';
  readonly path: string;
  readonly title: string;
  readonly action: Asked;
  readonly text: string | null;
  readonly targetBranch: string;
}

/** Why a merge request that was approved is not mended. */
export function renderInForce(
  iid: number,
  { approvedBy, landedAt }: { readonly approvedBy: readonly string[]; readonly landedAt: Instant },
): string {
  const by = approvedBy.length > 0 ? `, approved by ${approvedBy.join(', ')}` : '';
  return `!${iid} came into force at ${renderMoment(landedAt)}${by}, so there is nothing to mend. To end access, ask for that: muster request GROUP UID --revoke`;
}

export function renderMendingByHand(): string {
  return 'press "Revert" on the merge request, merge what that opens, and press "Revert" there again';
}

export function renderOpened({ title, opened }: { title: string; opened: { iid: number; url: string } }): string {
  return `${title}: !${opened.iid}\n${opened.url}\n`;
}
