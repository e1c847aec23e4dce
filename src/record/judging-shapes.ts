// The lines of the record of judging: what the branch brought and what was decided about it. They are kept as these shapes, and read as
// nothing else.
import * as v from 'valibot';
import { approvalCount, signedBy, unboundReasons } from './approval-count.ts';
import { refusalCodes } from './policy-state.ts';
import type { SshKey } from '../signing/ssh-key.ts';
import { evidence } from './kept-evidence.ts';
import type { EndedGrant, GrantInForce } from './grants.ts';
import type { Because } from '../membership/desired.ts';
import type { Approver, GrantFile, GroupRules, Rules } from '../policy/policy.ts';
import { isJudgingType, type JudgingRecord } from './judging-record.ts';
import type { StatedChange, StatedFile } from '../signing/statement.ts';
import {
  blob,
  commit,
  digest,
  duration,
  end,
  fingerprint,
  group,
  hex64,
  instant,
  mapOf,
  natural,
  roster,
  team,
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

/** Why a path is not in force; `link` is the page of the merge request. */
const refusal = v.strictObject({
  path: v.string(),
  commit,
  mergeRequest: number,
  code: v.picklist(refusalCodes),
  detail: v.string(),
  link: optionalText,
});

/** What one landing changes: null takes the path out. */
const delta = v.strictObject({
  judged: commit,
  rules: v.exactOptional(rules),
  endorsed: changes(blob),
  inForce: changes(grant, ({ path }) => path),
  ended: changes(ended, (one) => one.grant.path),
  tree: changes(entry),
  /** All in all, after it; left out: as before. */
  unlisted: v.exactOptional(natural),
  refusals: changes(refusal, ({ path }) => path),
  usedMergeRequest: number,
  /** All of them, where it changes who they are. */
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

const verdict = v.variant('kind', [
  /** `reviewed`: false where `evidence: none` endorsed it unseen. */
  v.strictObject({ kind: v.literal('endorsed'), reviewed: v.boolean(), ...provenance }),
  v.strictObject({
    kind: v.literal('refused'),
    code: v.picklist(refusalCodes),
    detail: v.string(),
    mergeRequest: number,
    link: optionalText,
    /** Which approvals counted and which did not, where they were what was missing. Paths are inside the policy folder. */
    count: v.exactOptional(approvalCount),
    /** How the merge request, or the commit, is not what it must be. */
    unbound: v.exactOptional(v.picklist(unboundReasons)),
  }),
]);

/** No file of a policy has more than 16 KiB. */
const longestContent = 24 * 1024;

/** Statements of one landing: more than any policy asks for, and no more than a line of the record holds. */
export const mostKept = 12;

const stated: Shape<StatedFile> = v.strictObject({ mode: v.picklist(['100644', '100755', '120000', '160000']), sha256: digest });
const statedChange: Shape<StatedChange> = v.pipe(
  v.strictObject({ path: v.string(), before: v.exactOptional(stated), after: v.exactOptional(stated) }),
  v.check(({ before, after }) => before !== undefined || after !== undefined),
);
/** A statement that counted, whole. */
const statement = v.strictObject({
  text: v.pipe(v.string(), v.maxLength(64 * 1024)),
  /** Armoured anew: one block, and nothing else. */
  signature: v.pipe(v.string(), v.maxLength(8 * 1024)),
  /** Of the key that made it. */
  fingerprint,
  firstSeen: instant,
});

const at = { at: instant };
const tree = v.array(v.strictTuple([v.string(), entry]));

/** By type. */
export const judgingShapes = {
  /** The first line: the name by which a record is known again, and the branch's head when it began. */
  record: v.strictObject({ type: v.literal('record'), ...at, id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)), head: commit }),
  /** The configured `start`, taken as it is: its rules, the tree of the rules files, and how many parts with its grants follow. */
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
    /** The other commits of a fast-forward that is judged as one landing. */
    covers: v.exactOptional(v.array(commit)),
    verdict,
    /** What GitLab and Git said when it was judged; null where nobody was asked, and in what converging takes. */
    evidence: v.nullable(evidence),
    delta,
  }),
  /** Landings up to this commit change nothing under the policy folder. */
  judged: v.strictObject({ type: v.literal('judged'), ...at, commit }),
  /** The first time this host saw a landing that waits, or where the branch stood (`head`) while something waits. */
  seen: v.strictObject({ type: v.literal('seen'), ...at, commit, head: v.exactOptional(v.boolean()) }),
  /** A look in which the question of this landing had no good answer; `others`: the same was answered about another landing. */
  unanswered: v.strictObject({ type: v.literal('unanswered'), ...at, commit, others: v.boolean() }),
  /** The project's numeric id, resolved once: another one later is an error. */
  project: v.strictObject({ type: v.literal('project'), ...at, project: natural }),
  /** Judging has passed the commit that was the branch's head when the record began. */
  'caught-up': v.strictObject({ type: v.literal('caught-up'), ...at, commit }),
  /** What a digest in a line behind it means: a file of the policy, once in a record. */
  content: v.strictObject({
    type: v.literal('content'),
    ...at,
    sha256: digest,
    base64: v.pipe(v.string(), v.maxLength(longestContent), v.base64()),
  }),
  /** The rules files that were in force before a landing, by the digest that statements have; once in a record. Their contents stand before it. */
  'rules-files': v.strictObject({
    type: v.literal('rules-files'),
    ...at,
    rules: digest,
    files: v.array(v.strictTuple([v.string(), stated])),
  }),
  /** The first time this host saw these statements: SHA-256 of text and signature, as they are kept. */
  'statements-seen': v.strictObject({ type: v.literal('statements-seen'), ...at, statements: v.array(digest) }),
  /**
   * Before each verdict, as long as anything has to be signed: what the landing changes. It uses up every statement for the same, whatever its
   * verdict is. With statements, all that they speak of stands before it as `content` and `rules-files`.
   */
  signed: v.strictObject({
    type: v.literal('signed'),
    ...at,
    commit,
    /** When this host first saw the landing; null for one from before a record that began anew. */
    firstSeen: v.nullable(instant),
    /** The digest of the rules files in force before it. */
    rules: digest,
    /** All that it changes. */
    changes: v.array(statedChange),
    /** Those that counted. */
    statements: v.pipe(v.array(statement), v.maxLength(mostKept)),
  }),
};

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

export const because: Shape<Because> = v.variant('kind', [
  v.strictObject({
    kind: v.literal('grant'),
    path: v.string(),
    commit,
    mergeRequest: v.nullable(natural),
    approvedBy: v.array(uid),
    signedBy: v.exactOptional(signedBy),
    until: end,
    landedAt: v.exactOptional(instant),
    link: v.exactOptional(v.string()),
  }),
  v.strictObject({ kind: v.literal('roster'), roster, sha256: hex64 }),
]);
