// The lines of the record of judging: what the branch brought and what was decided about it. They are kept as these shapes, and read as
// nothing else.
import * as v from 'valibot';
import { notCountedReasons, signatureReasons, type ApprovalCount } from './approval-count.ts';
import { unboundReasons } from './approval-count.ts';
import { refusalCodes, type PolicyDelta, type Refusal, type Verdict } from './policy-state.ts';
import type { SshKey } from '../signing/ssh-key.ts';
import type { LandingEvidence } from '../evidence/evidence.ts';
import type { EndedGrant, GrantInForce } from './grants.ts';
import type { Approver, GrantFile, GroupRules, Rules } from '../policy/policy.ts';
import { isJudgingType, mostKept, type JudgingRecord, type KeptStatement } from './judging-record.ts';
import type { StatedChange, StatedFile } from '../signing/statement.ts';
import {
  blob,
  commit,
  digest,
  duration,
  end,
  fingerprint,
  group,
  instant,
  mapOf,
  natural,
  roster,
  signedBy,
  team,
  texts,
  uid,
  type Shape,
} from './shapes.ts';

const optionalText = v.exactOptional(v.string());
const number = v.nullable(natural);
const uids = v.array(uid);
/** At least one. */
const teams = v.tupleWithRest([team], team);
const entry = v.strictObject({ mode: v.string(), blob });

const limit = v.variant('kind', [
  v.strictObject({ kind: v.literal('count'), count: natural }),
  v.strictObject({ kind: v.literal('percent'), percent: natural }),
]);

const key: Shape<SshKey> = v.strictObject({ type: v.string(), key: v.string(), fingerprint: v.string() });
const approver: Shape<Approver> = v.strictObject({ uid, gitlab: v.array(natural), also: uids, keys: v.array(key) });

const groupRules: Shape<GroupRules> = v.strictObject({
  group,
  purpose: v.string(),
  owner: team,
  members: v.variant('kind', [v.strictObject({ kind: v.literal('grants') }), v.strictObject({ kind: v.literal('roster'), roster })]),
  approvers: teams,
  approvals: natural,
  signed: natural,
  longest: v.union([duration, v.literal('none')]),
  requires: v.array(v.picklist(['ticket', 'contact', 'understood'])),
  understood: v.exactOptional(v.strictObject({ text: v.string(), version: v.string() })),
  unexplained: v.picklist(['remove', 'report']),
  limits: v.strictObject({ removals: limit, additions: limit, minimum: natural }),
});

const rules: Shape<Rules> = v.strictObject({
  people: keyed(uid, approver, (one) => one.uid),
  teams: mapOf(team, uids),
  rules: v.strictObject({ approvers: teams, approvals: natural, signed: natural }),
  groups: keyed(group, groupRules, (one) => one.group),
});

const provenance = {
  ...{ commit, mergeRequest: number, approvedBy: uids, landedAt: instant },
  ...{ signedBy: v.exactOptional(signedBy), link: optionalText },
};

const grantFields = {
  group,
  uid,
  reason: v.string(),
  ticket: optionalText,
  contact: optionalText,
  understood: optionalText,
  from: v.exactOptional(instant),
  until: end,
};

const grantFile: Shape<GrantFile> = v.strictObject(grantFields);

const grant: Shape<GrantInForce> = v.strictObject({
  ...provenance,
  ...grantFields,
  path: v.string(),
  endorsedUntil: end,
  narrowedBy: v.exactOptional(commit),
});

const ended: Shape<EndedGrant> = v.strictObject({ grant, cause: v.picklist(['deleted', 'refused']), reviewed: v.boolean(), commit });

const refusal: Shape<Refusal> = v.strictObject({
  path: v.string(),
  commit,
  mergeRequest: number,
  code: v.picklist(refusalCodes),
  detail: v.string(),
  link: optionalText,
});

const delta: Shape<PolicyDelta> = v.strictObject({
  judged: commit,
  rules: v.exactOptional(rules),
  endorsed: changes(blob),
  inForce: changes(grant, ({ path }) => path),
  ended: changes(ended, (one) => one.grant.path),
  tree: changes(entry),
  unlisted: v.exactOptional(natural),
  refusals: changes(refusal, ({ path }) => path),
  usedMergeRequest: number,
  takenOut: v.exactOptional(uids),
});

/** What a path has now; null where it has it no more. */
function changes<Value extends object>(value: Shape<Value>, pathOf?: (one: Value) => string): Shape<[string, Value | null][]> {
  const pairs = v.array(v.strictTuple([v.string(), v.nullable(value)]));
  return pathOf
    ? v.pipe(
        pairs,
        v.everyItem(([path, one]) => one === null || pathOf(one) === path),
      )
    : pairs;
}

/** A map whose values say their key themselves. */
function keyed<Key, Value>(key: Shape<Key>, value: Shape<Value>, keyOf: (one: Value) => Key): Shape<Map<Key, Value>> {
  return v.pipe(
    mapOf(key, value),
    v.check((map) => [...map].every(([of, one]) => keyOf(one) === of)),
  );
}

const account = v.strictObject({ id: natural, username: v.string() });
const noCommit = v.nullable(commit);

const mergeRequest = v.strictObject({
  id: number,
  iid: natural,
  targetProject: natural,
  targetBranch: v.string(),
  sourceProject: number,
  state: v.picklist(['opened', 'closed', 'locked', 'merged']),
  author: v.nullable(account),
  imported: v.boolean(),
  head: noCommit,
  mergeCommit: noCommit,
  squashCommit: noCommit,
  mergedAt: v.nullable(instant),
  mergedBy: v.nullable(account),
  url: v.string(),
});

const approval = v.strictObject({ account, state: v.string(), at: instant });
const moved = { by: v.nullable(account), at: instant };

const review = v.strictObject({
  approvals: v.array(approval),
  versions: v.array(v.strictObject({ id: natural, base: noCommit, head: noCommit, start: noCommit, createdAt: instant })),
  pushes: v.array(v.strictObject({ ...moved, told: v.picklist(['note', 'event']), head: noCommit })),
  hiddenNotes: natural,
  eventsShown: v.boolean(),
  retargets: v.array(v.strictObject(moved)),
  stateEvents: v.array(
    v.strictObject({
      state: v.string(),
      at: instant,
      by: v.nullable(account),
      sourceCommit: v.nullable(v.string()),
      sourceMergeRequest: number,
    }),
  ),
});

const evidence: Shape<LandingEvidence> = v.strictObject({
  commit,
  candidates: v.array(v.strictObject({ mergeRequest, review: v.nullable(review) })),
});

const signature = { person: uid, fingerprint: v.string(), touched: v.boolean(), at: instant };

const approvalCount: Shape<ApprovalCount> = v.strictObject({
  enough: v.boolean(),
  approvals: v.array(
    v.variant('kind', [
      v.strictObject({ kind: v.literal('counted'), approval, person: uid, paths: texts }),
      v.strictObject({
        kind: v.literal('not-counted'),
        approval,
        person: v.exactOptional(uid),
        reason: v.picklist(notCountedReasons),
      }),
    ]),
  ),
  signatures: v.exactOptional(
    v.array(
      v.variant('kind', [
        v.strictObject({ kind: v.literal('counted'), ...signature, paths: texts }),
        v.strictObject({ kind: v.literal('not-counted'), ...signature, reason: v.picklist(signatureReasons), detail: optionalText }),
      ]),
    ),
  ),
  paths: v.array(
    v.strictObject({
      path: v.string(),
      teams: v.array(team),
      needed: natural,
      by: uids,
      signed: v.exactOptional(v.strictObject({ needed: natural, by: uids })),
    }),
  ),
});

const verdict: Shape<Verdict> = v.variant('kind', [
  v.strictObject({ kind: v.literal('endorsed'), reviewed: v.boolean(), ...provenance }),
  v.strictObject({
    kind: v.literal('refused'),
    code: v.picklist(refusalCodes),
    detail: v.string(),
    mergeRequest: number,
    link: optionalText,
    count: v.exactOptional(approvalCount),
    unbound: v.exactOptional(v.picklist(unboundReasons)),
  }),
]);

/** No file of a policy has more than 16 KiB. */
const longestContent = 24 * 1024;

const stated: Shape<StatedFile> = v.strictObject({ mode: v.picklist(['100644', '100755', '120000', '160000']), sha256: digest });
const statedChange: Shape<StatedChange> = v.pipe(
  v.strictObject({ path: v.string(), before: v.exactOptional(stated), after: v.exactOptional(stated) }),
  v.check(({ before, after }) => before !== undefined || after !== undefined),
);
const statement: Shape<KeptStatement> = v.strictObject({
  text: v.pipe(v.string(), v.maxLength(64 * 1024)),
  signature: v.pipe(v.string(), v.maxLength(8 * 1024)),
  fingerprint,
  firstSeen: instant,
});

const at = { at: instant };
const tree = v.array(v.strictTuple([v.string(), entry]));

/** By type. */
export const judgingShapes = {
  record: v.strictObject({ type: v.literal('record'), ...at, id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)), head: commit }),
  start: v.strictObject({ type: v.literal('start'), ...at, commit, committedAt: instant, rules, tree, parts: natural }),
  'start-part': v.strictObject({
    type: v.literal('start-part'),
    ...at,
    tree,
    grants: v.array(v.strictTuple([v.string(), grantFile])),
  }),
  verdict: v.strictObject({
    type: v.literal('verdict'),
    ...at,
    commit,
    covers: v.exactOptional(v.array(commit)),
    verdict,
    evidence: v.nullable(evidence),
    delta,
  }),
  judged: v.strictObject({ type: v.literal('judged'), ...at, commit }),
  seen: v.strictObject({ type: v.literal('seen'), ...at, commit, head: v.exactOptional(v.boolean()) }),
  unanswered: v.strictObject({ type: v.literal('unanswered'), ...at, commit, others: v.boolean() }),
  project: v.strictObject({ type: v.literal('project'), ...at, project: natural }),
  'caught-up': v.strictObject({ type: v.literal('caught-up'), ...at, commit }),
  content: v.strictObject({
    type: v.literal('content'),
    ...at,
    sha256: digest,
    base64: v.pipe(v.string(), v.maxLength(longestContent), v.base64()),
  }),
  'rules-files': v.strictObject({
    type: v.literal('rules-files'),
    ...at,
    rules: digest,
    files: v.array(v.strictTuple([v.string(), stated])),
  }),
  'statements-seen': v.strictObject({ type: v.literal('statements-seen'), ...at, statements: v.array(digest) }),
  signed: v.strictObject({
    type: v.literal('signed'),
    ...at,
    commit,
    firstSeen: v.nullable(instant),
    rules: digest,
    changes: v.array(statedChange),
    statements: v.pipe(v.array(statement), v.maxLength(mostKept)),
  }),
} satisfies { readonly [Type in JudgingRecord['type']]: Shape<Extract<JudgingRecord, { readonly type: Type }>> };

/** Undefined: of a type or a shape that judging does not write. */
export function parseJudgingRecord(kept: unknown): JudgingRecord | undefined {
  const type: unknown = typeof kept === 'object' && kept !== null && 'type' in kept ? kept.type : undefined;
  if (typeof type !== 'string' || !isJudgingType(type)) return undefined;
  const parsed = v.safeParse(judgingShapes[type], kept, { abortEarly: true, abortPipeEarly: true });
  return parsed.success ? parsed.output : undefined;
}

export function renderJudgingRecord(record: JudgingRecord): object {
  if (record.type === 'start') return { ...record, rules: renderRules(record.rules) };
  if (record.type !== 'verdict') return record;
  const { delta: of, ...rest } = record;
  return { ...rest, delta: { ...of, ...(of.rules && { rules: renderRules(of.rules) }) } };
}

function renderRules(of: Rules): object {
  return { ...of, people: [...of.people], teams: [...of.teams], groups: [...of.groups] };
}
