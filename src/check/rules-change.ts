// What a change of the rules does: who gains or loses a say, and what a group asks for from then on. Between two sets of rules that are understood.
import { inOrder, type Duration, type GroupName, type TeamName, type Uid } from '../names.ts';
import type { GroupRules, Rules } from '../policy/policy.ts';

export type RulesChange =
  | {
      readonly kind: 'team';
      readonly team: TeamName;
      readonly before: number;
      readonly after: number;
      readonly joins: readonly Uid[];
      readonly leaves: readonly Uid[];
      /** Groups for which its people may approve afterwards; `rules`: they may approve changes of the rules. */
      readonly approves: readonly GroupName[];
      readonly rules: boolean;
    }
  /** `other`: other accounts, uids or keys count as this person. */
  | { readonly kind: 'person'; readonly uid: Uid; readonly what: 'new' | 'gone' | 'other' }
  | { readonly kind: 'group'; readonly group: GroupName; readonly what: 'new' | 'gone' }
  | {
      readonly kind: 'approvers';
      readonly of: GroupName | 'rules';
      readonly before: readonly TeamName[];
      readonly after: readonly TeamName[];
    }
  | { readonly kind: 'approvals'; readonly of: GroupName | 'rules'; readonly before: number; readonly after: number }
  | { readonly kind: 'longest'; readonly group: GroupName; readonly before: Duration | 'none'; readonly after: Duration | 'none' }
  | { readonly kind: 'members' | 'unexplained'; readonly group: GroupName }
  /** What else there is: owner, purpose, what a grant must have, limits. */
  | { readonly kind: 'other'; readonly of: GroupName | 'rules' };

export function rulesChanges(before: Rules, after: Rules): readonly RulesChange[] {
  const groups = [...new Set([...before.groups.keys(), ...after.groups.keys()])].sort(inOrder);
  return [
    ...teamChanges(before, after),
    ...personChanges(before, after),
    ...sayChanges('rules', before.rules, after.rules),
    ...groups.flatMap((group) => groupChanges(group, before.groups.get(group), after.groups.get(group))),
  ];
}

function teamChanges(before: Rules, after: Rules): readonly RulesChange[] {
  const teams = [...new Set([...before.teams.keys(), ...after.teams.keys()])].sort(inOrder);
  return teams.flatMap((team): readonly RulesChange[] => {
    const [was, is] = [before.teams.get(team) ?? [], after.teams.get(team) ?? []];
    const joins = is.filter((uid) => !was.includes(uid));
    const leaves = was.filter((uid) => !is.includes(uid));
    if (joins.length + leaves.length === 0) return [];
    const approves = [...after.groups.values()].filter(({ approvers, members }) => members.kind === 'grants' && approvers.includes(team));
    return [
      {
        ...{ kind: 'team', team, before: was.length, after: is.length, joins, leaves },
        ...{ approves: approves.map(({ group }) => group).sort(inOrder), rules: after.rules.approvers.includes(team) },
      },
    ];
  });
}

function personChanges(before: Rules, after: Rules): readonly RulesChange[] {
  const onTeams = new Set([...after.teams.values(), ...before.teams.values()].flat());
  const uids = [...new Set([...before.people.keys(), ...after.people.keys()])].sort(inOrder);
  return uids.flatMap((uid): readonly RulesChange[] => {
    const [was, is] = [before.people.get(uid), after.people.get(uid)];
    if (was && is) return isOther(was, is) ? [{ kind: 'person', uid, what: 'other' }] : [];
    // Whoever comes to a team, or leaves one, is told there.
    return onTeams.has(uid) ? [] : [{ kind: 'person', uid, what: is ? 'new' : 'gone' }];
  });
}

function sayChanges(of: GroupName | 'rules', before: Say, after: Say): readonly RulesChange[] {
  const { approvers: teamsBefore, approvals: numberBefore, ...restBefore } = before;
  const { approvers: teamsAfter, approvals: numberAfter, ...restAfter } = after;
  return [
    ...(isOther(teamsBefore, teamsAfter) ? [{ kind: 'approvers', of, before: teamsBefore, after: teamsAfter } as const] : []),
    ...(numberBefore === numberAfter ? [] : [{ kind: 'approvals', of, before: numberBefore, after: numberAfter } as const]),
    ...(isOther(restBefore, restAfter) ? [{ kind: 'other', of } as const] : []),
  ];
}

type Say = Rules['rules'];

function groupChanges(group: GroupName, before: GroupRules | undefined, after: GroupRules | undefined): readonly RulesChange[] {
  if (!before || !after) return before || after ? [{ kind: 'group', group, what: after ? 'new' : 'gone' }] : [];
  const { members: sourceBefore, longest: longestBefore, unexplained: restBefore, ...sayBefore } = before;
  const { members: sourceAfter, longest: longestAfter, unexplained: restAfter, ...sayAfter } = after;
  return [
    ...(isOther(sourceBefore, sourceAfter) ? [{ kind: 'members', group } as const] : []),
    ...(longestBefore === longestAfter ? [] : [{ kind: 'longest', group, before: longestBefore, after: longestAfter } as const]),
    ...(restBefore === restAfter ? [] : [{ kind: 'unexplained', group } as const]),
    ...sayChanges(group, sayBefore, sayAfter),
  ];
}

function isOther(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}
