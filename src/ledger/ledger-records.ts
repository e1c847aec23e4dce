// Records of converging: what was found in the directory, intended, done, held, allowed and revoked. Kept as these shapes, and read as nothing else.
import * as v from 'valibot';
import { holdCodes } from '../membership/guard.ts';
import type { RemovalCause } from '../membership/plan.ts';
import { isTakenLine, type LedgerRecord, type OwnRecord, type TakenLine } from './record.ts';
import { askedFrom, renderAsked, signedGroup, window } from '../signing/verify-question.ts';
import type { Taken } from '../record/read-record.ts';
import {
  commit,
  digest,
  dn,
  fingerprint,
  group,
  hex64,
  instant,
  natural,
  roster,
  texts,
  uid,
  uids,
  uuid,
  uuids,
  type Shape,
} from '../record/shapes.ts';
import { isJudgingType } from '../record/judging-record.ts';
import { because, parseJudgingRecord, renderJudgingRecord } from '../record/judging-shapes.ts';

const removalCause: Shape<RemovalCause> = v.variant('kind', [
  v.strictObject({ kind: v.literal('expired'), path: v.string(), at: instant }),
  v.strictObject({ kind: v.literal('revoked'), at: v.exactOptional(instant) }),
  v.strictObject({ kind: v.picklist(['deleted', 'refused']), path: v.string(), commit }),
  v.strictObject({ kind: v.literal('left-roster'), roster, sha256: hex64 }),
  v.strictObject({ kind: v.picklist(['unexplained', 'locked', 'dangling']) }),
]);

const changes = {
  add: v.array(v.strictObject({ because, limited: v.boolean(), members: v.array(v.strictObject({ uid, dn, uuid })) })),
  remove: v.array(
    v.strictObject({ because: removalCause, limited: v.boolean(), members: v.array(v.strictObject({ uid: v.string(), dn })) }),
  ),
};

/** Which entry each uid means: as two lists, for a list of pairs takes twice the room. */
const bound = v.pipe(
  v.strictObject({ uids, entries: uuids }),
  v.check((lists) => lists.uids.length === lists.entries.length),
);

/** The thousands that one run may find in a group are told by their cause. */
const appeared = v.array(v.strictObject({ because: v.nullable(because), names: texts }));

const code = v.picklist(holdCodes);

const inGroup = { at: instant, group };
/** Why, and who typed it (step-down.ts), as text. Only a revocation may have nobody: its file can be of another make. */
const word = { reason: v.string(), by: v.exactOptional(v.string()) };
/** `from`: null for every managed group; under another name than in other records, for it is no record of the group. */
const revocation = { at: instant, uid, from: v.nullable(group), ...word };

const takenShape: Shape<Taken> = v.strictObject({
  id: v.string(),
  head: v.strictObject({ count: natural, hash: hex64 }),
  offset: natural,
});

/** By type. */
export const ledgerRecordShapes = {
  /** Another record of judging lies there: on root's word it counts once it has caught up, or it must come to the same. */
  'other-record': v.strictObject({
    type: v.literal('other-record'),
    at: instant,
    id: v.string(),
    how: v.picklist(['succeeds', 'repeats']),
  }),
  /** All that judging had recorded was taken for the first time; what waited for its verdict then. */
  'all-taken': v.strictObject({ type: v.literal('all-taken'), at: instant, waits: v.array(commit) }),
  roster: v.strictObject({ type: v.literal('roster'), at: instant, roster, sha256: hex64, people: natural, producedAt: instant }),
  /** What is about to be done: on disk before it is done. */
  intent: v.strictObject({
    type: v.literal('intent'),
    ...inGroup,
    revision: v.string(),
    /** Allowed sets that this uses up once something of it is done. */
    allowed: v.array(digest),
    /** Grants that a new start had proposed and that are in force from then on. */
    accepted: v.exactOptional(texts),
    ...changes,
  }),
  /** What the directory showed afterwards. */
  outcome: v.strictObject({
    type: v.literal('outcome'),
    ...inGroup,
    /** `revoked`: done by `revoke`, beside whatever run was under way. */
    result: v.picklist(['done', 'failed', 'recovered', 'revoked']),
    message: v.exactOptional(v.string()),
    members: natural,
    ...changes,
  }),
  /**
   * What a run found in a group besides its own work: from then on these members are known. The first one of a group takes it over.
   * Persons are named by uid, other values by DN.
   */
  membership: v.strictObject({ type: v.literal('membership'), ...inGroup, appeared, vanished: texts, members: natural }),
  /** Which entry each uid means, for as long as its reason lasts; `released`: the reason has ended. */
  bindings: v.strictObject({
    type: v.literal('bindings'),
    ...inGroup,
    basis: v.string(),
    bound,
    released: uids,
  }),
  held: v.strictObject({
    type: v.literal('held'),
    ...inGroup,
    holds: v.array(v.strictObject({ code, digest, add: texts, remove: texts })),
  }),
  override: v.strictObject({ type: v.literal('override'), ...inGroup, code, digest, ...word }),
  /** An allowed set was let through, or what it acknowledged was taken note of. `accepted`: as in an intent. */
  'override-used': v.strictObject({ type: v.literal('override-used'), ...inGroup, code, digest, accepted: texts }),
  /** A person turned a landing that waits into a refused one. */
  refuse: v.strictObject({ type: v.literal('refuse'), at: instant, commit, ...word }),
  /** What signatures give in the groups that must be signed, as the program that verifies them worked it out. */
  verified: v.strictObject({
    type: v.literal('verified'),
    at: instant,
    /** Stands for all that it was worked out from. */
    basis: v.string(),
    /** Where statements counted. */
    signedFor: v.strictObject({ project: v.string(), branch: v.string(), start: commit }),
    groups: v.array(signedGroup),
    windows: v.array(window),
    /** What the host asked for, from which line on. */
    asked: v.exactOptional(v.array(askedFrom)),
  }),
  /** Signatures that ssh-keygen found good, by their digests: it is not asked about them again. `bad`: those that it found bad. */
  checked: v.strictObject({ type: v.literal('checked'), at: instant, signatures: v.array(digest), bad: v.exactOptional(v.array(digest)) }),
  /** A person said that signatures of somebody count for nothing, where they were first seen after `since`. */
  distrust: v.strictObject({
    type: v.literal('distrust'),
    at: instant,
    person: uid,
    /** Of one key; without it, of any. */
    fingerprint: v.exactOptional(fingerprint),
    since: instant,
    ...word,
  }),
  /** Somebody's access was taken away on this host, until lifted. `dated`: the time in its file, where that was still to come. */
  revocation: v.strictObject({ type: v.literal('revocation'), ...revocation, dated: v.exactOptional(instant) }),
  /** `standing`: those of the same person from the same that it did not end, for they came meanwhile. */
  lift: v.strictObject({
    type: v.literal('lift'),
    ...revocation,
    standing: v.exactOptional(v.array(v.strictObject({ at: instant, reason: v.string() }))),
  }),
};

const shapes: { readonly [Type in OwnRecord['type']]: Shape<OwnRecord> } = ledgerRecordShapes;

export function renderRecord(record: LedgerRecord): object {
  if (isTakenLine(record)) return { ...renderJudgingRecord(record), place: record.place };
  return record.type === 'verified' && record.asked ? { ...record, asked: record.asked.map(renderAsked) } : record;
}

/** Undefined: of a type or a shape that muster does not write. */
export function parseRecord(kept: unknown): LedgerRecord | undefined {
  if (typeof kept !== 'object' || kept === null || !('type' in kept) || typeof kept.type !== 'string') return undefined;
  if (isJudgingType(kept.type)) return parseTakenLine(kept);
  if (!isOwnType(kept.type)) return undefined;
  const parsed = v.safeParse(shapes[kept.type], kept, { abortEarly: true, abortPipeEarly: true });
  return parsed.success ? parsed.output : undefined;
}

function parseTakenLine(kept: object): TakenLine | undefined {
  const place = v.safeParse(takenShape, Reflect.get(kept, 'place'), { abortEarly: true });
  const record = parseJudgingRecord(Object.fromEntries(Object.entries(kept).filter(([key]) => key !== 'place')));
  return record && place.success ? { ...record, place: place.output } : undefined;
}

function isOwnType(type: string): type is OwnRecord['type'] {
  return Object.hasOwn(shapes, type);
}
