// What root allowed of a new start goes no further than judging has it since.
import { describe, expect, it } from 'vitest';
import { emptyMemory, rememberAll } from '../../src/ledger/memory.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import type { Instant } from '../../src/names.ts';
import { commit } from '../evidence/evidence-samples.ts';
import { grantOf, hours, klaxon, now, sha256 } from '../membership/membership-samples.ts';
import { endorsed, refused, startOf } from '../reconcile/judging-samples.ts';

describe('what root let in of a new start', () => {
  const path = 'policy/grants/klaxon-users/hoo.yaml';
  const grant = (until: Instant) => ({ ...grantOf('hoo', { until }), path });
  const starts = [
    ...startOf(),
    { type: 'caught-up', at: now, commit: commit('1') },
    { type: 'other-record', at: now, id: 'cd'.repeat(16), how: 'succeeds' },
    ...startOf(grant(hours(48))),
    { type: 'caught-up', at: now, commit: commit('1') },
    { type: 'override-used', at: now, group: klaxon, code: 'new-start', digest: sha256('one'), accepted: [path] },
  ] as const satisfies readonly LedgerRecord[];
  const allowed = (...records: readonly LedgerRecord[]) => {
    const memory = emptyMemory();
    rememberAll(memory, [...starts, ...records]);
    return [...memory.allowed.values()];
  };

  it('given that it was allowed, then it goes as far as it was proposed', () => {
    expect(allowed()).toEqual([{ path, until: hours(48) }]);
  });

  it('given that judging ends or shortens it later, then it goes no further, also where judging says more after that', () => {
    const shorter = endorsed(commit('2'), [grant(hours(24))]);
    const longer = endorsed(commit('3'), [grant(hours(96))]);
    const over = refused(commit('2'), [[path, null]]);
    expect(allowed(shorter)).toEqual([{ path, until: hours(24) }]);
    expect(allowed(longer)).toEqual([{ path, until: hours(48) }]);
    expect(allowed(shorter, longer)).toEqual([{ path, until: hours(24) }]);
    expect(allowed(over, endorsed(commit('3'), [grant(hours(24))]))).toEqual([]);
  });

  it('given another record that has still to show itself, then what that says of the past takes nothing away', () => {
    const repeats: LedgerRecord = { type: 'other-record', at: now, id: 'ef'.repeat(16), how: 'repeats' };
    const past = [...startOf(grant(hours(48))), refused(commit('2'), [[path, null]])];
    expect(allowed(endorsed(commit('3'), []), repeats, ...past)).toEqual([{ path, until: hours(48) }]);
  });
});
