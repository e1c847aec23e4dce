// The shapes of GitLab's answers, as far as muster believes them, and their translation. Unknown keys are ignored, and a key that is not
// there is null where a verdict can do without it; a wrong type makes the whole answer unusable.
import * as v from 'valibot';
import type { Account, Approval, MergeRequest, Push, Retarget, StateEvent, Version } from '../evidence/evidence.ts';
import { parseCommitId } from '../names.ts';
import { parseMoment } from '../time.ts';
import { Unusable } from '../errors.ts';
import { Malformed } from './failure.ts';

/** The server is too old to say what muster needs. Waiting does not help. */
export const tooOld =
  'GitLab does not say when somebody approved. It does from about 18.4 or 18.5 on: update the server, or run without a forge (evidence: none).';

const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const moment = v.pipe(v.string(), parsed(parseMoment, 'a time'));
const commit = v.pipe(v.string(), parsed(parseCommitId, 'a commit'));
const account = v.pipe(
  v.object({ id: number, username: v.nullish(v.string()) }),
  v.transform(({ id, username }): Account => ({ id, username: username ?? '' })),
);

function parsed<Value>(parse: (text: string) => Value | undefined, name: string) {
  return v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
    const value = parse(dataset.value);
    if (value !== undefined) return value;
    addIssue({ message: `not ${name}` });
    return NEVER;
  });
}

export const projectShape = v.object({
  id: number,
  path_with_namespace: v.nullish(v.string()),
  default_branch: v.nullish(v.string()),
});

/** What the list of merge requests for a commit says of each. */
export const mergeRequestShape = v.pipe(
  v.object({
    id: v.nullish(number),
    iid: number,
    target_project_id: number,
    source_project_id: v.nullish(number),
    target_branch: v.string(),
    state: v.picklist(['opened', 'closed', 'locked', 'merged']),
    author: account,
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

export const noteShape = v.object({ id: number, body: v.string(), system: v.boolean(), author: account, created_at: moment });
export type Note = v.InferOutput<typeof noteShape>;

/** Of a merge request, where its commits came from; undefined where the answer leaves it out. */
export const sourceBranchShape = v.pipe(
  v.object({ source_branch: v.nullish(v.string()) }),
  v.transform(({ source_branch }) => source_branch ?? undefined),
);

export interface PushEvent extends Push {
  readonly branch: string | undefined;
  readonly action: string;
}

/** Tags are pushed too, and events of other kinds have no `push_data`. */
export const pushEventShape = v.pipe(
  v.object({
    created_at: moment,
    author_id: number,
    author_username: v.nullish(v.string()),
    push_data: v.nullish(v.object({ action: v.string(), ref_type: v.string(), ref: v.nullish(v.string()) })),
  }),
  v.transform(({ created_at, author_id, author_username, push_data }): PushEvent => ({
    by: { id: author_id, username: author_username ?? '' },
    at: created_at,
    branch: push_data?.ref_type === 'branch' ? (push_data.ref ?? undefined) : undefined,
    action: push_data?.action ?? '',
  })),
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
export function pushesOf(notes: readonly Note[]): readonly Push[] {
  return notes
    .filter(({ system, body }) => system && pushNote.test(body))
    .map(({ author, created_at }) => ({ by: author, at: created_at }));
}

/** Each version but the first was pushed: from each on, there are as many notes of pushes as there are versions. GitLab writes the note last. */
export function isEveryPushAmong(pushes: readonly Push[], versions: readonly Version[]): boolean {
  return versions.every((version, at) => at === 0 || pushes.filter((push) => push.at >= version.createdAt).length >= versions.length - at);
}

/** Pushes that made the branch what the merge request had in the end: up to its last version, since the branch was there anew before the first. */
export function pushesTo(
  branch: string,
  [first, ...later]: readonly [Version, ...Version[]],
  events: readonly PushEvent[],
): readonly Push[] {
  const last = later.at(-1) ?? first;
  const ofBranch = events.filter((event) => event.branch === branch && event.at <= last.createdAt);
  const gone = ofBranch.findLastIndex(({ action, at }) => action === 'removed' && at <= first.createdAt);
  return ofBranch.slice(gone + 1).map(({ by, at }) => ({ by, at }));
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
