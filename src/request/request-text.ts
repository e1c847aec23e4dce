// What `muster request` writes into a merge request, and what it prints. Texts of the person who asks stand in the file alone.
import type { GroupName, Instant, Uid } from '../names.ts';
import { renderMoment } from '../text.ts';
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

/** The way in GitLab's own pages. */
export function renderByHand({
  because,
  path,
  title,
  action,
  text,
}: {
  readonly because: 'no-token' | 'may-not';
  readonly path: string;
  readonly title: string;
  readonly action: Asked;
  readonly text: string | null;
}): string {
  const edit =
    text === null
      ? [`1. On GitLab, open ${path} and choose Delete.`]
      : [
          action === 'new'
            ? `1. On GitLab, open the repository, choose New file, and name it ${path}`
            : `1. On GitLab, open ${path} and choose Edit.`,
          '   Its whole content:',
          '',
          ...text.trimEnd().split('\n'),
          '',
        ];
  return [
    because === 'no-token'
      ? 'No token is configured, so nothing was sent. By hand:'
      : 'The account of the token may not make a branch in the project, so nothing was sent. By hand:',
    ...edit,
    `2. As commit message write: ${title}`,
    '3. Choose a new branch as target, and start a merge request from it.',
    '   If GitLab says that you may not write there, let it make a fork, a copy of the project to write in.',
    '4. Have it approved by somebody who may, and only then merge it. muster writes on it what is missing.',
    '',
  ].join('\n');
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
