// `muster request`: writes or takes away one grant file on a branch of its own and opens the merge request; or opens the pair of reverts after a merge
// that nobody approved. Nothing is sent that muster would refuse.
import { renderEndOf } from '../text.ts';
import { isRules, byPlace, largestFile, type Finding, type GrantFile, type PolicyFile } from '../policy/policy.ts';
import type { PolicyTree, PathChange, TreeEntry } from '../history/landing.ts';
import { duration, type Duration, type GroupName, type Instant, type Uid, type CommitId } from '../names.ts';
import { isOver } from '../record/grants.ts';
import type { FileAction, MergeRequests } from '../gitlab/merge-requests.ts';
import { renderGrantText, type GrantText } from '../policy/grant-text.ts';
import { readPolicy } from '../policy/parser.ts';
import { grantObjections, type Objection } from '../policy/policy-rules.ts';
import { renderInstant } from '../time.ts';
import { Misuse } from '../errors.ts';
import type { Branch } from '../history/branch.ts';
import {
  renderDescription,
  titleOf,
  renderMendingAgain,
  renderMendingByHand,
  renderMendingRevert,
  type Asked,
  type ByHand,
  type Objected,
} from './request-text.ts';
import { landingCommit } from '../evidence/binding.ts';
import { isWellFormed } from '../judge/form.ts';
import { readPlainFiles } from '../judge/landing-files.ts';

export type Forge = Pick<MergeRequests, 'project' | 'commit' | 'open'>;

type Opened = Awaited<ReturnType<Forge['open']>>;

export interface RequestPorts {
  readonly branch: Pick<Branch, 'fetch' | 'policyTree' | 'blobs'>;
  /** Undefined without a token: then the file is shown, and the way by hand. */
  readonly forge: Forge | undefined;
  readonly now: Instant;
  /** A few letters that no other request has. */
  readonly unique: () => string;
}

interface RequestSettings {
  readonly folder: string;
  readonly targetBranch: string;
  readonly longest: ReadonlyMap<GroupName, Duration>;
}

export interface Request {
  readonly group: GroupName;
  readonly uid: Uid;
  /** Null: the end of the access. */
  readonly values: GrantText | null;
}

export type Requested =
  | { readonly kind: 'opened'; readonly opened: Opened; readonly title: string }
  | ({ readonly kind: 'by-hand' } & ByHand)
  | ({ readonly kind: 'findings' } & Objected);

/** Throws Misuse where there is nothing to ask for, and Unavailable or Unusable where the repository cannot be read. */
export async function request({ group, uid, values }: Request, ports: RequestPorts, settings: RequestSettings): Promise<Requested> {
  const { folder, targetBranch } = settings;
  const path = `${folder}/grants/${group}/${uid}.yaml`;
  const head = await ports.branch.fetch();
  const tree = await ports.branch.policyTree(head, folder);
  const existing = await textAt(path, tree, ports);
  if (values === null && existing === undefined) throw new Misuse(`there is no ${path} on ${targetBranch}, so there is nothing to end`);
  const text = values === null ? null : renderGrantText(values, existing);
  if (text !== null && text === existing) throw new Misuse(`${path} says exactly that already`);
  const findings = text === null ? [] : await objectionsTo({ path, bytes: new TextEncoder().encode(text) }, tree, ports, settings);
  if (text !== null && findings.length > 0) return { kind: 'findings', path, text, findings };
  const asked: Asked = text === null ? 'end' : existing === undefined ? 'new' : 'renewal';
  const title = titleOf(asked, group, uid, values?.until);
  const { forge } = ports;
  const byHand = { kind: 'by-hand', path, title, action: asked, text, targetBranch } as const;
  if (!forge) return { ...byHand, because: 'no-token' };
  const project = await forge.project();
  const content = text === null ? {} : { content: new TextEncoder().encode(text) };
  const action = asked === 'end' ? 'delete' : asked === 'new' ? 'create' : 'update';
  const sourceBranch = branchName(`${group}-${uid}`, ports);
  // Whether the account may push is for GitLab to say, not for roles read beforehand.
  const made = await forge.commit(project, { name: sourceBranch, from: targetBranch }, title, [{ action, path, ...content }]);
  if (made === 'may-not') return { ...byHand, because: 'may-not' };
  const template = await textAt(
    `${templates}/${asked === 'end' ? 'Removal' : 'Grant'}.md`,
    await ports.branch.policyTree(head, templates),
    ports,
  );
  const description = renderDescription({ asked, group, uid, path, until: values?.until }, template);
  return { kind: 'opened', opened: await forge.open(project, { sourceBranch, targetBranch, title, description }), title };
}

/** Where GitLab looks for them (docs.gitlab.com/user/project/description_templates). */
const templates = '.gitlab/merge_request_templates';

/** A second request for the same person stands on its own, also in the same second. */
function branchName(about: string, { now, unique }: Pick<RequestPorts, 'now' | 'unique'>): string {
  return `muster-${about}-${renderInstant(now).replaceAll(/\D/g, '')}-${unique()}`;
}

async function textAt(path: string, tree: PolicyTree, { branch }: RequestPorts): Promise<string | undefined> {
  const entry = tree.get(path);
  if (!entry) return undefined;
  const { contents } = await branch.blobs([entry.blob], largestFile);
  const bytes = contents.get(entry.blob);
  if (entry.mode !== '100644' || !bytes)
    throw new Misuse(`${path} is on the branch, and is no plain file of reasonable size: look at it on GitLab`);
  return new TextDecoder().decode(bytes);
}

/** Nothing is wrong with such a file, but nobody wants to be asked for it. */
function pastEnd({ until }: GrantFile, now: Instant): readonly Objection[] {
  if (until === 'open' || !isOver(until, now)) return [];
  const message = `the access would be over already: it ends ${renderEndOf(until)}`;
  return [{ code: 'ended', key: ['until'], message, fix: 'Say a later end.' }];
}

/** The same reader and the same rules as `check`, over the rules on the branch and this one file. */
async function objectionsTo(
  file: PolicyFile,
  tree: PolicyTree,
  ports: RequestPorts,
  settings: RequestSettings,
): Promise<readonly Finding[]> {
  const { folder, longest } = settings;
  const rulesFiles = await readPlainFiles(new Map([...tree].filter(([path]) => isRules(path, folder))), ports.branch);
  const { findings, rules, grants } = readPolicy([...rulesFiles, file], folder);
  if (!rules || findings.length > 0) return findings;
  const objections = grants.flatMap(({ grant, at, path }) => {
    const ceiling = longest.get(grant.group);
    const found = grantObjections(grant, rules.rules, ports.now, ceiling === undefined ? undefined : duration(ceiling));
    return [...found, ...pastEnd(grant, ports.now)].map((one) => ({ ...one, path, ...at(one.key) }));
  });
  return objections
    .map(({ code, path, line, column, message, fix }) => ({ code, severity: 'error' as const, path, line, column, message, fix }))
    .sort(byPlace);
}

interface MendPorts {
  readonly branch: Pick<Branch, 'fetch' | 'policyTree' | 'blobs'>;
  readonly parents: (commit: CommitId) => Promise<readonly CommitId[]>;
  readonly changes: (from: CommitId, to: CommitId) => Promise<readonly PathChange[]>;
  readonly forge: Omit<MergeRequests, 'comment'>;
  readonly now: Instant;
  readonly unique: RequestPorts['unique'];
}

interface Mended {
  readonly revert: Opened;
  readonly again: Opened;
}

/**
 * The first revert takes the change back, which nobody needs to approve; the second brings it again, and that one is approved before it is merged.
 * Throws Misuse where the merge request was not merged, changed other files too, or its files were changed since.
 */
export async function mend(
  iid: number,
  ports: MendPorts,
  { folder, targetBranch }: { readonly folder: string; readonly targetBranch: string },
): Promise<Mended> {
  const { forge } = ports;
  const project = await forge.project();
  const { mergeRequest } = await forge.read(project, iid);
  const landed = mergeRequest.state === 'merged' ? landingCommit(mergeRequest) : null;
  if (landed === null) throw new Misuse(`!${iid} was not merged, so there is nothing to mend`);
  const head = await ports.branch.fetch();
  const [parent] = await ports.parents(landed);
  if (!parent) throw new Misuse(`!${iid} has no commit before it`);
  const changes = await ports.changes(parent, landed);
  const tip = await ports.branch.policyTree(head, folder);
  for (const { path, before, after } of changes) {
    if (!isWellFormed(path, folder) || [before, after].some((one) => one && one.mode !== '100644'))
      throw new Misuse(`!${iid} changes more than plain policy files; revert it on GitLab by hand`);
    if (tip.get(path)?.blob !== after?.blob)
      throw new Misuse(`${path} was changed after !${iid}; ask for what is needed now by a new merge request`);
  }
  const contents = await contentsOf(changes, ports);
  const titles = { revert: `Take back !${iid}, which is not in force`, again: `Bring !${iid} again, to be approved` };
  const branches = { revert: branchName(`mend-${iid}-revert`, ports), again: branchName(`mend-${iid}-again`, ports) };
  const back = changes.map(({ path, before, after }) => turn(path, after, before, contents));
  if ((await forge.commit(project, { name: branches.revert, from: targetBranch }, titles.revert, back)) === 'may-not')
    throw new Misuse(`the account of the token may not make a branch in the project. Nothing was sent: ${renderMendingByHand()}`);
  const revert = await forge.open(project, {
    ...{ sourceBranch: branches.revert, targetBranch, title: titles.revert },
    description: renderMendingRevert(iid),
  });
  const forth = changes.map(({ path, before, after }) => turn(path, before, after, contents));
  if ((await forge.commit(project, { name: branches.again, from: branches.revert }, titles.again, forth)) === 'may-not')
    throw new Misuse(`GitLab takes no second branch; only the revert was opened: ${revert.url}`);
  const again = await forge.open(project, {
    ...{ sourceBranch: branches.again, targetBranch, title: titles.again },
    description: renderMendingAgain(iid, revert.iid),
  });
  return { revert, again };
}

type Contents = Awaited<ReturnType<Branch['blobs']>>['contents'];

async function contentsOf(changes: readonly PathChange[], { branch }: MendPorts): Promise<Contents> {
  const blobs = changes.flatMap(({ before, after }) => [before, after].flatMap((one) => (one ? [one.blob] : [])));
  const { contents, tooLarge } = await branch.blobs(blobs, largestFile);
  if (tooLarge.size > 0) throw new Misuse('the files are too large for policy files; revert the merge request on GitLab by hand');
  return contents;
}

/** What makes of the file as it is the file as it shall be. */
function turn(path: string, is: TreeEntry | undefined, shall: TreeEntry | undefined, contents: Contents): FileAction {
  const content = shall && contents.get(shall.blob);
  if (!content) return { action: 'delete', path };
  return { action: is ? 'update' : 'create', path, content };
}
