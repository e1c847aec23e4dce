// What muster remembers: the fold over its ledger. The same records give the same memory.
import type { PolicyState } from '../record/policy-state.ts';
import { inForceOf, narrowAllowed } from './allowed.ts';
import { evidenceLine } from './evidence-lines.ts';
import { knownGroup, rememberGroup, type GroupRecord, type KnownGroup } from './group-memory.ts';
import type { Window } from '../record/grants.ts';
import { instant, type CommitId, type GroupName, type Instant, type RosterName, type Uid } from '../names.ts';
import {
  isTakenLine,
  type LedgerRecord,
  type TakenLine,
  type LiftRecord,
  type OverrideRecord,
  type RevocationRecord,
  type RosterRecord,
  type VerifiedRecord,
  type WhichRevocation,
} from './record.ts';
import { acceptProposed } from '../record/start-state.ts';
import { goOnWith, JudgedDraft, nothingJudged, type JudgedState } from '../record/judged-state.ts';
import type { Taken } from '../record/read-record.ts';
import { day } from '../time.ts';

export interface Memory {
  /** What was taken of the record of judging. */
  judged: JudgedState;
  /** How far it was taken; undefined: nothing yet. */
  taken: Taken | undefined;
  /** Bytes that were taken of records of judging in the day that began then. */
  intake: { readonly since: Instant; readonly bytes: number };
  readonly policy: PolicyState | undefined;
  /** When this ledger began; undefined while it is empty. */
  began: Instant | undefined;
  /** What waited for a verdict when it had first taken all that judging had; undefined before. */
  waited: readonly CommitId[] | undefined;
  /** What signatures give, as last worked out. */
  verified: VerifiedRecord | undefined;
  /** Lines so far that signatures are verified by, and whether any tells of a landing that had to be signed. */
  evidence: number;
  asksForSignatures: boolean;
  /** Digests of signatures that ssh-keygen was asked about, and whether each was good. */
  readonly checked: Map<string, boolean>;
  /** What root let in of a new start, by path, and nothing has taken away since. */
  readonly allowed: Map<string, Window>;
  readonly rosters: Map<RosterName, RosterRecord>;
  /** Throws Unusable where a line in `unread` cannot be understood: that is done when this is asked for. */
  readonly groups: Map<GroupName, KnownGroup>;
  /** About groups, in their order: a run that finds nothing to do asks for none. */
  unread: UnreadLine[];
  overrides: OverrideRecord[];
  /** Revocations on record that were not lifted, by whom they take what from. In force is what lies under state/revoked/. */
  readonly revoked: Map<string, readonly WhichRevocation[]>;
  /** The latest time in any record. */
  latest: Instant;
  records: number;
}

/** A line of the ledger about a group, to be understood when somebody asks for groups. */
export interface UnreadLine {
  readonly type: 'unread';
  readonly at: Instant;
  readonly read: () => GroupRecord;
}

export const overrideLasts = day;

export function emptyMemory(): Memory {
  const groups: Memory['groups'] = new Map();
  return {
    judged: nothingJudged,
    taken: undefined,
    intake: { since: instant(0), bytes: 0 },
    get policy() {
      return this.judged.policy;
    },
    began: undefined,
    waited: undefined,
    verified: undefined,
    evidence: 0,
    asksForSignatures: false,
    checked: new Map(),
    allowed: new Map(),
    rosters: new Map(),
    get groups() {
      for (const { read } of this.unread) {
        const record = read();
        rememberGroup(knownGroup({ groups }, record.group), record);
      }
      this.unread = [];
      return groups;
    },
    unread: [],
    overrides: [],
    revoked: new Map(),
    latest: instant(0),
    records: 0,
  };
}

/** Takes one more record in. `memory` is the builder's own and is changed in place. */
export function remember(memory: Memory, record: LedgerRecord): void {
  rememberAll(memory, [record]);
}

/** Takes more records in. What was judged is taken as one change, however much it is and whatever stands between its lines. */
export function rememberAll(memory: Memory, records: Iterable<LedgerRecord | UnreadLine>): void {
  let draft: JudgedDraft | undefined;
  const settle = (): void => {
    if (draft) memory.judged = draft.state;
    draft = undefined;
  };
  for (const record of records) {
    memory.records += 1;
    memory.began ??= record.at;
    memory.latest = instant(Math.max(memory.latest, record.at));
    if (record.type === 'unread') {
      memory.unread.push(record);
      continue;
    }
    if (evidenceLine(record)) memory.evidence += 1;
    if (isTakenLine(record)) {
      draft ??= new JudgedDraft(memory.judged, 'converging');
      const counted = draft.counts;
      draft.take(record);
      memory.asksForSignatures ||= record.type === 'signed';
      if (record.type === 'verdict' && draft.counts) narrowAllowed(memory.allowed, record.delta.inForce);
      // Of a record that root began anew nothing counted until now.
      if (!counted && draft.counts) narrowAllowed(memory.allowed, inForceOf(draft, memory.allowed.keys()));
      if (record.place) takePlace(memory, record.place, record.at);
    } else {
      // These are about what was judged before them.
      if (record.type === 'other-record' || record.type === 'override-used') settle();
      take(memory, record);
    }
  }
  settle();
}

function takePlace(memory: Memory, place: Taken, at: Instant): void {
  const { since, bytes } = intakeAt(memory, at);
  memory.intake = { since, bytes: bytes + place.offset - (memory.taken?.offset ?? 0) };
  memory.taken = place;
}

/** Of the day that runs at that moment. */
export function intakeAt({ intake }: Pick<Memory, 'intake'>, at: Instant): Memory['intake'] {
  return Math.abs(at - intake.since) < day ? intake : { since: at, bytes: 0 };
}

function take(memory: Memory, record: Exclude<LedgerRecord, TakenLine>): void {
  switch (record.type) {
    case 'other-record':
      memory.judged = goOnWith(memory.judged, record.how);
      memory.taken = undefined;
      return;
    case 'all-taken':
      memory.waited = record.waits;
      return;
    case 'roster':
      memory.rosters.set(record.roster, record);
      return;
    case 'refuse':
    case 'distrust':
      // Judging reads it in a file beside the ledger.
      return;
    case 'revocation':
      takeRevocation(memory, record);
      return;
    case 'lift':
      takeLift(memory, record);
      return;
    case 'override':
      memory.overrides.push(record);
      return;
    case 'verified':
      return void (memory.verified = record);
    case 'checked':
      for (const signature of record.bad ?? []) memory.checked.set(signature, false);
      for (const signature of record.signatures) memory.checked.set(signature, true);
      return;
    case 'override-used':
      for (const { path, from, until } of memory.policy?.proposed.values() ?? [])
        if (record.accepted.includes(path)) memory.allowed.set(path, { path, from, until });
      memory.overrides = memory.overrides.filter(({ digest, group }) => digest !== record.digest || group !== record.group);
      if (memory.policy && record.accepted.length > 0)
        memory.judged = { ...memory.judged, policy: acceptProposed(memory.policy, record.accepted) };
      return;
    default:
      rememberGroup(knownGroup(memory, record.group), record);
  }
}

function takeRevocation({ revoked }: Memory, { uid, from, at, dated = at, reason }: RevocationRecord): void {
  const key = revokedKey(uid, from);
  revoked.set(key, [...(revoked.get(key) ?? []), { at: dated, reason }]);
}

function takeLift({ revoked }: Memory, { uid, from, standing = [] }: LiftRecord): void {
  const key = revokedKey(uid, from);
  const left = (revoked.get(key) ?? []).filter((one) => standing.some((other) => isSameRevocation(one, other)));
  if (left.length > 0) revoked.set(key, left);
  else revoked.delete(key);
}

/** The file of a revocation tells its time to the second. */
export function isSameRevocation(one: WhichRevocation, other: WhichRevocation): boolean {
  return one.reason === other.reason && Math.floor(one.at / 1000) === Math.floor(other.at / 1000);
}

/** `from`: null for every managed group. */
export function revokedKey(uid: Uid, from: GroupName | null): string {
  return `${uid} ${from ?? ''}`;
}

/** Digests that a person allowed for a group and that still count. */
export function allowedDigests(memory: Memory, group: GroupName, now: Instant): ReadonlySet<string> {
  return new Set(
    memory.overrides.filter((one) => one.group === group && now - one.at < overrideLasts && now >= one.at).map(({ digest }) => digest),
  );
}
