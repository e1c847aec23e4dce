// Plans and circumstances for the guard's tests: so many come, so many go, for such a cause.
import type { Guarded, GuardCircumstances, HoldCode } from '../../src/membership/guard.ts';
import type { Addition, GroupPlan, Removal, RemovalCause } from '../../src/membership/plan.ts';
import { defaultLimits, type Limit, type Limits } from '../../src/policy/policy.ts';
import { removalOf } from '../support/arbitraries.ts';
import { becauseOf, becauseRoster, generation, grantOf, klaxon, person, sha256, steward } from './membership-samples.ts';

export const names = Array.from({ length: 60 }, (_, at) => `user${String(at).padStart(2, '0')}`);
const list = generation('user00');
export const left: RemovalCause = { kind: 'left-roster', roster: steward, sha256: list.sha256 };
export const locked: RemovalCause = { kind: 'locked' };

export function leaving(number: number, because: RemovalCause = left, limited = true, skip = 0): readonly Removal[] {
  return names.slice(skip, skip + number).map((name) => removalOf(name, because, limited));
}

export function coming(number: number, changes: Partial<Addition> = {}): readonly Addition[] {
  return names.slice(-number).map((name) => {
    const { uid, dn, key, uuid } = person(name);
    return { uid, member: { dn, key }, uuid, because: becauseRoster(list), limited: true, newStart: false, ...changes };
  });
}

export function granted(number: number, newStart = false): readonly Addition[] {
  return coming(number, { because: becauseOf(grantOf('urbanecm')), limited: false, newStart });
}

export function planOf(changes: Partial<GroupPlan>): GroupPlan {
  return { add: [], remove: [], lengthen: [], reported: [], kept: [], present: 0, ...changes };
}

/** Circumstances of a group that is known, with nothing special about them. */
export function at(
  members: number,
  changes: Partial<Omit<GuardCircumstances, 'limits'>> & { readonly limits?: Partial<Limits> } = {},
): GuardCircumstances {
  return {
    group: klaxon,
    members,
    counted: members,
    takenOver: true,
    renewable: undefined,
    recent: { removals: 0, additions: 0 },
    done: { removals: 0, additions: 0 },
    ceilings: {},
    isDue: ({ because }) => because.kind === 'expired' || because.kind === 'revoked',
    begun: undefined,
    clock: { kind: 'sound' },
    allowed: new Set(),
    hash: sha256,
    ...changes,
    limits: { ...defaultLimits, ...changes.limits },
  };
}

export function codes({ held }: Guarded): readonly HoldCode[] {
  return held.map(({ code }) => code);
}

/** The same, and a person has allowed everything that was held. */
export function allowing(circumstance: GuardCircumstances, ...guarded: readonly Guarded[]): GuardCircumstances {
  return { ...circumstance, allowed: new Set(guarded.flatMap(({ held }) => held.map(({ digest }) => digest))) };
}

export const percent = (number: number): Limit => ({ kind: 'percent', percent: number });
export const exactly = (number: number): Limit => ({ kind: 'count', count: number });
