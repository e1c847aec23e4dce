// The shapes of GitLab's answers, as far as muster believes them, and their translation. Unknown keys are ignored, and a key that is not
// there is null where a verdict can do without it; a wrong type makes the whole answer unusable.
import * as v from 'valibot';
import type { Account, Approval, MergeRequest, Push, Retarget, StateEvent, Version } from '../record/kept-evidence.ts';
import { parseCommitId, type CommitId, type Instant } from '../names.ts';
import { parseMoment } from '../time.ts';
import { Unusable } from '../errors.ts';
import { Malformed } from './failure.ts';

/** The server is too old to say what muster needs. Waiting does not help. */
export const tooOld =
  'GitLab does not say when somebody approved. It does from about 18.4 or 18.5 on: update the server, or run without a forge (evidence: none).';

const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const moment = v.pipe(v.string(), parsed(parseMoment, 'a time'));
const commit = v.pipe(v.string(), parsed(parseCommitId, 'a commit'));
const named = v.object({ id: number, username: v.nullish(v.string()), name: v.nullish(v.string()) });
const account = v.pipe(
  named,
  v.transform(({ id, username }): Account => ({ id, username: username ?? '' })),
);
/** Whoever wrote something: null where GitLab no longer knows, and names the one account that takes up what deleted ones leave behind. */
const writer = v.nullish(
  v.pipe(
    named,
    v.transform((one): Account | null => (isGhost(one) ? null : { id: one.id, username: one.username ?? '' })),
  ),
  null,
);

/** `Users::Internal.ghost`: with a number behind it where somebody had the name before. */
function isGhost({ username, name }: v.InferOutput<typeof named>): boolean {
  return name === 'Ghost User' || /^ghost\d*$/.test(username ?? '');
}

function parsed<Value>(parse: (text: string) => Value | undefined, name: string) {
  return v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
    const value = parse(dataset.value);
    if (value !== undefined) return value;
    addIssue({ message: `not ${name}` });
    return NEVER;
  });
}

export const projectShape = v.object({ id: number, path_with_namespace: v.nullish(v.string()) });

/** What the list of merge requests for a commit says of each. */
export const mergeRequestShape = v.pipe(
  v.object({
    id: v.nullish(number),
    iid: number,
    target_project_id: number,
    source_project_id: v.nullish(number),
    target_branch: v.string(),
    state: v.picklist(['opened', 'closed', 'locked', 'merged']),
    author: writer,
    imported: v.nullish(v.boolean()),
    imported_from: v.nullish(v.string()),
    sha: v.nullish(commit),
    merge_commit_sha: v.nullish(commit),
    squash_commit_sha: v.nullish(commit),
    merged_at: v.nullish(moment),
    merge_user: v.nullish(account),
    web_url: v.nullish(v.string()),
  }),
  v.transform((one): MergeRequest => ({
    id: one.id ?? null,
    iid: one.iid,
    targetProject: one.target_project_id,
    targetBranch: one.target_branch,
    sourceProject: one.source_project_id ?? null,
    state: one.state,
    author: one.author,
    imported: one.imported ?? (one.imported_from ?? 'none') !== 'none',
    head: one.sha ?? null,
    mergeCommit: one.merge_commit_sha ?? null,
    squashCommit: one.squash_commit_sha ?? null,
    mergedAt: one.merged_at ?? null,
    mergedBy: one.merge_user ?? null,
    url: one.web_url ?? '',
  })),
);

export const updatedShape = v.pipe(
  v.object({ iid: number, target_branch: v.string(), state: v.picklist(['opened', 'closed', 'locked', 'merged']), updated_at: moment }),
  v.transform(({ iid, target_branch, state, updated_at }) => ({ number: iid, branch: target_branch, state, updatedAt: updated_at })),
);

/** What `POST` answers with; the page may be asked for again, the merge request must not be made again. */
export const createdShape = v.object({ iid: number, web_url: v.nullish(v.string()) });

/**
 * `approved`, which GitLab CE sets for anybody's approval, is not looked at. An approval without its time is not counted; where none
 * has one, the server does not tell.
 */
export const approvalsShape = v.pipe(
  v.object({
    approved_by: v.array(
      v.object({ user: v.object({ id: number, username: v.nullish(v.string()), state: v.string() }), approved_at: v.nullish(moment) }),
    ),
  }),
  v.transform(({ approved_by }) => {
    const timed = approved_by.flatMap(({ user, approved_at }): readonly Approval[] =>
      approved_at === undefined || approved_at === null
        ? []
        : [{ account: { id: user.id, username: user.username ?? '' }, state: user.state, at: approved_at }],
    );
    if (timed.length === 0 && approved_by.length > 0) throw new Unusable(tooOld);
    return timed;
  }),
);

export const versionShape = v.pipe(
  v.object({
    id: number,
    head_commit_sha: v.nullable(commit),
    base_commit_sha: v.nullable(commit),
    start_commit_sha: v.nullish(commit),
    created_at: moment,
  }),
  v.transform((one): Version => ({
    id: one.id,
    base: one.base_commit_sha,
    head: one.head_commit_sha,
    start: one.start_commit_sha ?? null,
    createdAt: one.created_at,
  })),
);

export const noteShape = v.object({ id: number, body: v.string(), system: v.boolean(), author: writer, created_at: moment });
export type Note = v.InferOutput<typeof noteShape>;

/** Of a merge request, where its commits came from; undefined where the answer leaves it out. */
export const sourceBranchShape = v.pipe(
  v.object({ source_branch: v.nullish(v.string()) }),
  v.transform(({ source_branch }) => source_branch ?? undefined),
);

/** A push to a branch of a project. */
export interface PushEvent {
  readonly by: Account | null;
  readonly at: Instant;
  /** Undefined for a push of more branches than GitLab names one by one. */
  readonly branch: string | undefined;
  readonly action: string;
  readonly from: CommitId | null;
  readonly to: CommitId | null;
}

const pushData = v.object({
  action: v.string(),
  ref_type: v.nullish(v.string()),
  ref: v.nullish(v.string()),
  commit_from: v.nullish(commit),
  commit_to: v.nullish(commit),
});

/** Tags are pushed too, and events of other kinds have no `push_data`: null is neither of them. */
export const pushEventShape = v.pipe(
  v.object({
    created_at: moment,
    author_id: v.nullish(number),
    author: v.nullish(named),
    push_data: v.nullish(pushData),
  }),
  v.transform(({ created_at, author_id, author, push_data }): PushEvent | null => {
    if (!push_data || (push_data.ref_type ?? 'branch') !== 'branch') return null;
    const { action, ref, commit_from, commit_to } = push_data;
    const id = author?.id ?? author_id;
    const by = typeof id === 'number' && !(author && isGhost(author)) ? { id, username: author?.username ?? '' } : null;
    return { by, at: created_at, branch: ref ?? undefined, action, from: commit_from ?? null, to: commit_to ?? null };
  }),
);

export const stateEventShape = v.pipe(
  v.object({
    state: v.string(),
    created_at: moment,
    user: v.nullish(account),
    source_commit: v.nullish(v.string()),
    source_merge_request_id: v.nullish(number),
  }),
  v.transform((one): StateEvent => ({
    state: one.state,
    at: one.created_at,
    by: one.user ?? null,
    sourceCommit: one.source_commit ?? null,
    sourceMergeRequest: one.source_merge_request_id ?? null,
  })),
);

// GitLab writes these bodies itself (`SystemNotes::CommitService`, `SystemNotes::MergeRequestsService`); what authors control comes after the part that is matched.
const pushNote = /^added \d+ (?:new )?commits?\b/;
const retargetNote =
  /^(?:changed target branch from |deleted the `.*` branch\. This merge request now targets |changed automatically target branch )/;

/** Only notes that GitLab wrote: a person may type the same words. */
export function notedPushes(notes: readonly Note[]): readonly Push[] {
  return notes
    .filter(({ system, body }) => system && pushNote.test(body))
    .map(({ author, created_at }) => ({ by: author, at: created_at, told: 'note', head: null }));
}

/**
 * The events of pushes that made the branch what the merge request had in the end: up to its last version, since the branch was there anew before
 * the first; and whoever pushed one of its heads to another branch. A push of many branches at once counts as one to each, unless every later
 * version is told by an event of its own.
 */
export function toldPushes(
  branch: string,
  [first, ...later]: readonly [Version, ...Version[]],
  events: readonly PushEvent[],
): readonly Push[] {
  const last = later.at(-1) ?? first;
  const heads = new Set([first, ...later].map(({ head }) => head));
  const begun = events.findLastIndex((event) => event.branch === branch && event.at <= first.createdAt && event.action !== 'pushed');
  const told = new Set(events.map(({ to }) => to));
  const untold = later.filter(({ head }) => !told.has(head));
  const mayBe = (event: PushEvent, place: number): boolean => {
    if (event.action === 'removed') return false;
    if (event.branch === branch) return place >= begun;
    if (event.branch !== undefined) return heads.has(event.to);
    return place >= begun && (event.at <= first.createdAt || untold.some(({ createdAt }) => event.at <= createdAt));
  };
  return events
    .filter((event, place) => event.at <= last.createdAt && mayBe(event, place))
    .map(({ by, at, to, branch: of }) => ({ by, at, told: 'event', head: of === undefined ? null : to }));
}

export function retargetsOf(notes: readonly Note[]): readonly Retarget[] {
  return notes
    .filter(({ system, body }) => system && retargetNote.test(body))
    .map(({ author, created_at }) => ({ by: author, at: created_at }));
}

/** @throws Malformed, naming the first field that is wrong, never its content */
export function understand<Schema extends v.GenericSchema>(schema: Schema, answer: unknown, request: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, answer);
  if (result.success) return result.output;
  throw new Malformed(request, `${v.getDotPath(result.issues[0]) ?? 'the answer'} is not what it should be`);
}
