// What a group that was kept by hand becomes when muster takes it over: a reason for everybody who is in it today, so that the first
// run changes nobody. Whoever muster would not keep is left out, and
// said. And how `muster adopt` prints it.
import type { Revocation } from '../membership/desired.ts';
import type { MemberEntry, ObservedGroup } from '../directory/directory.ts';
import { inOrder, type DnKey, type Duration, type GroupName, type Instant, type RosterName, type Uid } from '../names.ts';
import { renderLastEnd, tighter } from '../policy/policy-rules-grants.ts';
import type { GroupRules, RequirableField } from '../policy/policy.ts';
import { count, renderInstant } from '../time.ts';
import type { NewFile } from '../kept-files.ts';
import { plain } from '../text.ts';

export type LeftOutReason = 'locked' | 'revoked' | 'absent' | 'no-person' | 'has-grant';

export interface LeftOut {
  /** The uid, or the value of the group where no person stands behind it. */
  readonly name: string;
  readonly why: LeftOutReason;
}

/** As a grant file says it. */
export interface AdoptedGrant {
  readonly reason: string;
  readonly ticket?: string;
  readonly contact?: string;
  readonly until?: string;
}

export type Adoption = { readonly leftOut: readonly LeftOut[] } & (
  | { readonly kind: 'roster'; readonly roster: RosterName; readonly uids: readonly Uid[] }
  | {
      readonly kind: 'grants';
      readonly grants: ReadonlyMap<Uid, AdoptedGrant>;
      /** What the group requires and nobody but the person can say: it stays empty, and `muster check` asks for it. */
      readonly unsaid: readonly RequirableField[];
    }
);

export interface AdoptionFacts {
  readonly rules: GroupRules;
  readonly observed: ObservedGroup;
  readonly behind: ReadonlyMap<DnKey, MemberEntry>;
  readonly revocations: readonly Revocation[];
  /** People with a grant file for this group on the branch. */
  readonly granted: ReadonlySet<Uid>;
  /** The host's ceiling on the length of grants in this group. */
  readonly ceiling: Duration | undefined;
  readonly now: Instant;
}

export function adoptMembers(facts: AdoptionFacts): Adoption {
  const { rules } = facts;
  const uids: Uid[] = [];
  const leftOut: LeftOut[] = [];
  for (const { dn, key, text } of facts.observed.members) {
    const entry = facts.behind.get(key) ?? { kind: 'no-person' };
    if (entry.kind !== 'person') leftOut.push({ name: text ?? dn, why: entry.kind });
    else {
      const { uid, locked } = entry.person;
      const why = reasonToLeaveOut(uid, locked, facts);
      if (why) leftOut.push({ name: uid, why });
      else uids.push(uid);
    }
  }
  uids.sort(inOrder);
  leftOut.sort((left, right) => inOrder(left.name, right.name));
  if (rules.members.kind === 'roster') return { kind: 'roster', roster: rules.members.roster, uids, leftOut };
  const grant = grantFor(facts);
  return {
    kind: 'grants',
    grants: new Map(uids.map((uid) => [uid, grant])),
    unsaid: rules.requires.filter((field) => field === 'understood'),
    leftOut,
  };
}

function reasonToLeaveOut(uid: Uid, locked: boolean, { revocations, granted, rules }: AdoptionFacts): LeftOutReason | undefined {
  if (revocations.some((one) => one.uid === uid && coversGroup(one, rules.group))) return 'revoked';
  if (locked) return 'locked';
  return rules.members.kind === 'grants' && granted.has(uid) ? 'has-grant' : undefined;
}

function coversGroup({ group }: Revocation, name: GroupName): boolean {
  return group === undefined || group === name;
}

/** True, and no more than is known: that somebody was a member on that day. Nobody is said to have read anything. */
function grantFor({ rules, ceiling, now }: AdoptionFacts): AdoptedGrant {
  const today = renderInstant(now).slice(0, 10);
  const notKnown = `not known, adopted on ${today}; to be filled in when the grant is renewed`;
  const longest = tighter(rules.longest, ceiling);
  return {
    reason: `Was a member of ${rules.group} when muster took the group over; adopted on ${today}.`,
    ...(rules.requires.includes('ticket') ? { ticket: notKnown } : {}),
    ...(rules.requires.includes('contact') ? { contact: notKnown } : {}),
    ...(longest === 'none' ? {} : { until: renderLastEnd(now, longest) }),
  };
}

const why: Readonly<Record<LeftOut['why'], string>> = {
  locked: 'the account is locked in the directory; the first run would take it out',
  revoked: 'revoked on this host',
  absent: 'the directory has no entry of this name; the first run would take it out',
  'no-person': 'this is not one person under the people base (an account of a service, or another group); the first run would take it out',
  'has-grant': 'has a grant file on the branch already',
};

/** One file after the other, each below a comment with its path: also good YAML, and a good roster. */
export function renderAdoptedFiles(files: readonly NewFile[]): string {
  return files.map(({ path, text }) => `# ${path}\n${text}`).join('\n');
}

export function renderLeftOut(one: LeftOut): string {
  return `${plain(one.name)}: ${why[one.why]}`;
}

/** For people, a line each. */
export function renderAdoptionNotes(adoption: Adoption): readonly string[] {
  const { leftOut } = adoption;
  const isHeld = leftOut.some((one) => one.why !== 'has-grant');
  const adopted = adoption.kind === 'roster' ? adoption.uids.length : adoption.grants.size;
  return [
    `${count(adopted, 'member')} adopted, ${leftOut.length} left out`,
    ...leftOut.map((one) => `left out: ${renderLeftOut(one)}`),
    ...(isHeld ? ['the first run will hold what it would take out, until somebody looks at it and allows it (first-run)'] : []),
    ...(adoption.kind === 'grants' && adoption.unsaid.length > 0 && adopted > 0
      ? ['the group requires "understood", and only the person can say what they have read: "muster check" names the files that lack it']
      : []),
  ];
}
