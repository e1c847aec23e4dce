// What came into force by signatures that count no more (`muster distrust`): it stays until somebody takes it away.
import type { CommitId } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import type { Distrusted } from '../record/approval-count.ts';
import type { GrantInForce } from '../record/grants.ts';
import type { KeptStatement } from '../record/judging-record.ts';
import type { PolicyState } from '../record/policy-state.ts';
import type { DistrustRecord, LedgerRecord } from './record.ts';

export interface DistrustStory {
  readonly record: DistrustRecord;
  /** The rules in force name such a key still. */
  readonly named: boolean;
  /** In force, by the path of its file. */
  readonly grants: readonly GrantInForce[];
  /** Landings that changed the rules. */
  readonly rules: readonly CommitId[];
}

export function distrustStory(record: DistrustRecord, records: Iterable<LedgerRecord>, policy: PolicyState | undefined): DistrustStory {
  const signed = new Set<CommitId>();
  const rules: CommitId[] = [];
  for (const one of records) {
    if (one.type === 'signed' && one.statements.some((statement) => isOf(record, statement))) signed.add(one.commit);
    if (one.type === 'verdict' && one.verdict.kind === 'endorsed' && one.delta.rules && signed.has(one.commit)) rules.push(one.commit);
  }
  const grants = [...(policy?.inForce.values() ?? [])].filter(({ commit }) => signed.has(commit));
  return {
    record,
    named: policy !== undefined && isNamed(record, policy.rules),
    grants: grants.sort((left, right) => (left.path < right.path ? -1 : 1)),
    rules,
  };
}

export function distrustStories(records: () => Iterable<LedgerRecord>, policy: PolicyState | undefined): readonly DistrustStory[] {
  const said: DistrustRecord[] = [];
  for (const record of records()) if (record.type === 'distrust') said.push(record);
  return said.map((record) => distrustStory(record, records(), policy));
}

/** Nothing of it is left to be done by a person. */
export function isSettled({ named, grants }: DistrustStory): boolean {
  return !named && grants.length === 0;
}

function isOf({ person, fingerprint, since }: Distrusted, statement: KeptStatement): boolean {
  const [, signer] = /^signer (.*)$/m.exec(statement.text) ?? [];
  return signer === person && (fingerprint ?? statement.fingerprint) === statement.fingerprint && statement.firstSeen > since;
}

function isNamed({ person, fingerprint }: Distrusted, { people }: Rules): boolean {
  return people.get(person)?.keys.some((key) => fingerprint === undefined || key.fingerprint === fingerprint) ?? false;
}
