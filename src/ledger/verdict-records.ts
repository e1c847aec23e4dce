// Records of judging: what the branch brought and what was decided about it. They are kept as these shapes, and read as nothing else.
import * as v from 'valibot';
import { notCountedReasons, type ApprovalCount } from '../evidence/approval.ts';
import { unboundReasons } from '../evidence/binding.ts';
import { refusalCodes, type PolicyDelta, type PolicyState, type Refusal, type Verdict } from '../judge/effective.ts';
import type { LandingEvidence } from '../evidence/evidence.ts';
import type { EndedGrant, GrantInForce } from '../judge/grants.ts';
import type { Approver, GroupRules, Rules } from '../policy/policy.ts';
import type { StartRecord, VerdictRecord, VerdictRecords } from './record.ts';
import { blob, commit, duration, end, group, instant, mapOf, natural, roster, team, texts, uid, type Shape } from './shapes.ts';

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

const approver: Shape<Approver> = v.strictObject({ uid, gitlab: v.array(natural), also: uids });

const groupRules: Shape<GroupRules> = v.strictObject({
  group,
  purpose: v.string(),
  owner: team,
  members: v.variant('kind', [v.strictObject({ kind: v.literal('grants') }), v.strictObject({ kind: v.literal('roster'), roster })]),
  approvers: teams,
  approvals: natural,
  longest: v.union([duration, v.literal('none')]),
  requires: v.array(v.picklist(['ticket', 'contact', 'understood'])),
  understood: v.exactOptional(v.strictObject({ text: v.string(), version: v.string() })),
  unexplained: v.picklist(['remove', 'report']),
  limits: v.strictObject({ removals: limit, additions: limit, minimum: natural }),
});

const rules: Shape<Rules> = v.strictObject({
  people: keyed(uid, approver, (one) => one.uid),
  teams: mapOf(team, uids),
  rules: v.strictObject({ approvers: teams, approvals: natural }),
  groups: keyed(group, groupRules, (one) => one.group),
});

const provenance = { commit, mergeRequest: number, approvedBy: uids, landedAt: instant, link: optionalText };

const grant: Shape<GrantInForce> = v.strictObject({
  ...provenance,
  group,
  uid,
  path: v.string(),
  reason: v.string(),
  ticket: optionalText,
  contact: optionalText,
  understood: optionalText,
  from: v.exactOptional(instant),
  until: end,
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

const inForceByPath = keyed(v.string(), grant, ({ path }) => path);

const state: Shape<PolicyState> = v.strictObject({
  start: commit,
  judged: commit,
  rules,
  endorsed: mapOf(v.string(), blob),
  inForce: inForceByPath,
  ended: keyed(v.string(), ended, (one) => one.grant.path),
  tree: mapOf(v.string(), entry),
  unlisted: natural,
  refusals: keyed(v.string(), refusal, ({ path }) => path),
  usedMergeRequests: mapOf(natural, commit),
  proposed: inForceByPath,
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
  paths: v.array(v.strictObject({ path: v.string(), teams: v.array(team), needed: natural, by: uids })),
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

/** By type. */
export const verdictRecordShapes = {
  start: v.strictObject({ type: v.literal('start'), at: instant, state }),
  verdict: v.strictObject({
    type: v.literal('verdict'),
    at: instant,
    commit,
    covers: v.exactOptional(v.array(commit)),
    verdict,
    evidence: v.nullable(evidence),
    delta,
  }),
  judged: v.strictObject({ type: v.literal('judged'), at: instant, commit }),
  seen: v.strictObject({ type: v.literal('seen'), at: instant, commit, head: v.exactOptional(v.boolean()) }),
  unanswered: v.strictObject({ type: v.literal('unanswered'), at: instant, commit, others: v.boolean() }),
  project: v.strictObject({ type: v.literal('project'), at: instant, project: natural }),
} satisfies { readonly [Type in VerdictRecords['type']]: Shape<Extract<VerdictRecords, { readonly type: Type }>> };

export function renderStart(record: StartRecord): object {
  const { state: of } = record;
  const maps = {
    endorsed: [...of.endorsed],
    inForce: [...of.inForce],
    ended: [...of.ended],
    tree: [...of.tree],
    refusals: [...of.refusals],
    usedMergeRequests: [...of.usedMergeRequests],
    proposed: [...of.proposed],
  };
  return { ...record, state: { ...of, ...maps, rules: renderRules(of.rules) } };
}

export function renderVerdict({ delta, ...record }: VerdictRecord): object {
  return { ...record, delta: { ...delta, ...(delta.rules && { rules: renderRules(delta.rules) }) } };
}

function renderRules(of: Rules): object {
  return { ...of, people: [...of.people], teams: [...of.teams], groups: [...of.groups] };
}
