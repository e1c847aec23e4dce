// `muster explain UID|GROUP`: why somebody is a member, or is not, and how that came to be. Everything it says was decided elsewhere.
import { place } from '../domain/effective.ts';
import type { DirectoryPerson } from '../domain/directory.ts';
import { inOrder, type Dn, type GroupName, type Uid } from '../domain/names.ts';
import type { GroupExplained, GroupStanding, PersonExplained } from '../domain/explained.ts';
import { personHistories } from '../domain/person-history.ts';
import type { LedgerRecord } from '../domain/record.ts';
import type { PlannedGroup, RunReport } from '../domain/run.ts';

/** `found`: what the directory has for the uid, whether or not anything names the person; `unanswered` when it did not say. */
/** How many letters must be put in, taken out or changed to make one name of the other (Levenshtein). */
export type Distance = (left: string, right: string) => number;

export function explainPerson(
  uid: Uid,
  report: RunReport,
  folder: string,
  records: Iterable<LedgerRecord>,
  found: DirectoryPerson | 'ambiguous' | 'unanswered' | undefined,
  distance: Distance,
): PersonExplained {
  const histories = personHistories(
    uid,
    report.groups.map(({ proposal }) => proposal.group),
    folder,
    records,
  );
  const planned = report.groups.flatMap(({ proposal }) => (proposal.kind === 'planned' ? [proposal] : []));
  const groups = report.groups.map(({ proposal }) => {
    const history = histories.get(proposal.group) ?? [];
    const ofPath = <One extends { readonly path: string }>(list: readonly One[] = []) =>
      list.filter(({ path }) => isAbout(path, folder, uid, proposal.group));
    const refused = ofPath(report.policy?.refused);
    const pending = ofPath(report.policy?.pending);
    if (proposal.kind !== 'planned')
      return {
        group: proposal.group,
        member: null,
        desired: false,
        because: null,
        withheld: null,
        refused,
        pending,
        planned: null,
        leaves: null,
        history,
      };
    return { ...standing(uid, proposal), refused, pending, history };
  });
  const shown = planned.map((one) => dnIn(uid, one)).find((dn) => dn !== null) ?? null;
  const isKnown = found !== undefined || shown !== null || groups.some(isToldOf);
  const near = isKnown ? [] : namesNear(uid, report, distance);
  return { kind: 'person', evidence: report.evidence, uid, dn: typeof found === 'object' ? found.dn : shown, groups, near };
}

function isToldOf({ because, withheld, refused, pending, history }: GroupStanding): boolean {
  return because !== null || withheld !== null || refused.length + pending.length + history.length > 0;
}

const mostNear = 3;

/** Names of groups and of people who are in one or are named for one, the most alike first. */
function namesNear(uid: Uid, { groups }: RunReport, distance: Distance): readonly string[] {
  const names = new Set<string>();
  for (const { proposal } of groups) {
    names.add(proposal.group);
    if (proposal.kind !== 'planned') continue;
    for (const { person } of proposal.desired.members.values()) names.add(person.uid);
    for (const one of [...proposal.desired.withheld, ...proposal.plan.remove]) names.add(one.uid);
  }
  // Two letters that changed places are two steps; in a short name so much makes another one of it.
  const most = Math.max(uid.length < 5 ? 1 : 2, Math.floor(uid.length / 4));
  const near = [...names].map((name) => ({ name, away: distance(uid, name) })).filter(({ away }) => away <= most);
  near.sort((left, right) => left.away - right.away || inOrder(left.name, right.name));
  return near.slice(0, mostNear).map(({ name }) => name);
}

function standing(uid: Uid, proposal: PlannedGroup): Omit<GroupStanding, 'refused' | 'pending' | 'history'> {
  const { desired, plan, guarded, observed, group } = proposal;
  const entitled = [...desired.members.values()].find(({ person, newStart }) => person.uid === uid && !newStart);
  const withheld = desired.withheld.find((one) => one.uid === uid);
  const leaving = plan.remove.find((one) => one.uid === uid);
  const other = [...plan.reported, ...plan.kept].some((one) => one.uid === uid);
  const member =
    leaving !== undefined || other || (entitled !== undefined && observed.members.some(({ key }) => key === entitled.person.key));
  const isHeld = guarded.held.some(({ add, remove }) => [...add, ...remove].some((one) => one.uid === uid));
  const coming = guarded.add.some((one) => one.uid === uid);
  const planned = isHeld ? 'held' : coming ? 'add' : leaving ? 'remove' : null;
  return {
    group,
    member,
    desired: entitled !== undefined,
    because: entitled?.because ?? null,
    planned,
    leaves: leaving?.because ?? null,
    withheld: withheld ? { reason: withheld.reason, because: withheld.because } : null,
  };
}

function dnIn(uid: Uid, { desired, plan }: PlannedGroup): Dn | null {
  const entitled = [...desired.members.values()].find(({ person }) => person.uid === uid);
  return entitled?.person.dn ?? [...plan.remove, ...plan.reported, ...plan.kept].find((one) => one.uid === uid)?.member.dn ?? null;
}

function isAbout(path: string, folder: string, uid: Uid, group: GroupName): boolean {
  const where = place(path, folder);
  return where.kind === 'grant' && where.uid === uid && where.group === group;
}

export function explainGroup(group: GroupName, report: RunReport): GroupExplained | undefined {
  const result = report.groups.find((one) => one.proposal.group === group);
  return result && { kind: 'group', group, result };
}
