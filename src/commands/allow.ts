// `muster allow GROUP DIGEST`: lets exactly one held set through, once, within 24 hours, at the next run.
import type { HoldCode } from '../domain/guard.ts';
import { knownGroup, type Memory } from '../domain/memory.ts';
import type { GroupName, Instant } from '../domain/names.ts';
import type { GroupProposal } from '../domain/run.ts';
import type { Journal } from '../reconcile.ts';

export interface Allowance {
  readonly kind: 'allowed' | 'not-held' | 'not-allowable';
  readonly message: string;
}

/** `propose` makes the plan anew; it is asked only when the last run recorded no such hold. */
export async function allow(
  group: GroupName,
  digest: string,
  reason: string,
  memory: Memory,
  journal: Journal,
  now: Instant,
  propose: () => Promise<readonly GroupProposal[]>,
): Promise<Allowance> {
  const code = recordedHold(memory, group, digest) ?? (await plannedHold(group, digest, propose));
  if (!code)
    return {
      kind: 'not-held',
      message: `${group} holds no set with the digest ${digest} now. "muster plan" shows what is held; a digest stands for exactly one set of changes.`,
    };
  if (code === 'ceiling')
    return {
      kind: 'not-allowable',
      message: `the ceiling on ${group} is set in this host's configuration (directory.ceilings); raise it there.`,
    };
  await journal.append([{ type: 'override', at: now, group, code, digest, reason }]);
  return {
    kind: 'allowed',
    message: `${group}: allowed (${code}): exactly this set, once, at the next run within 24 hours.`,
  };
}

function recordedHold(memory: Memory, group: GroupName, digest: string): HoldCode | undefined {
  return knownGroup(memory, group).holds.find((hold) => hold.digest === digest)?.code;
}

async function plannedHold(
  group: GroupName,
  digest: string,
  propose: () => Promise<readonly GroupProposal[]>,
): Promise<HoldCode | undefined> {
  const proposal = (await propose()).find((one) => one.group === group);
  return proposal?.kind === 'planned' ? proposal.guarded.held.find((hold) => hold.digest === digest)?.code : undefined;
}
