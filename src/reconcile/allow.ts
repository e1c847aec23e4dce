// `muster allow GROUP DIGEST`: lets exactly one held set through, once, at whichever run it comes up within 24 hours.
import { knownGroup, type Memory } from '../ledger/memory.ts';
import type { GroupName, Instant } from '../names.ts';
import type { GroupProposal } from './run.ts';
import type { Journal } from './ports.ts';

export interface Allowance {
  readonly kind: 'allowed' | 'not-held' | 'not-allowable';
  readonly message: string;
}

/** `propose` makes the plan anew. What the last run held counts only where no plan can be made now. */
export async function allow(
  group: GroupName,
  digest: string,
  reason: string,
  memory: Memory,
  journal: Journal,
  now: Instant,
  by: string,
  propose: () => Promise<readonly GroupProposal[]>,
): Promise<Allowance> {
  const proposal = (await propose()).find((one) => one.group === group);
  if (proposal?.kind === 'planned' && proposal.guarded.used.includes(digest))
    return { kind: 'allowed', message: `${group}: exactly this set is allowed already; the run that makes it lets it through.` };
  const held = proposal?.kind === 'planned' ? proposal.guarded.held : knownGroup(memory, group).holds;
  const code = held.find((hold) => hold.digest === digest)?.code;
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
  await journal.append([{ type: 'override', at: now, group, code, digest, reason, by }]);
  return {
    kind: 'allowed',
    message: `${group}: allowed (${code}): exactly this set, once, at any run within 24 hours.\nNo command takes it back: it ends by itself.`,
  };
}
