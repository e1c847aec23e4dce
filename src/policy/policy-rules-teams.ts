// The rules that people, teams and groups must keep between them, one row each.
import { inOrder, type GroupName, type TeamName, type Uid } from '../names.ts';
import { isOnlySigned, leastSigners, membersOf, type Approver, type Rules } from './policy.ts';
import type { RulesObjection } from './policy-rules.ts';
import { count } from '../time.ts';

/** A row of the table gives the code; this is the rest. */
type Complaint = Omit<RulesObjection, 'code'>;

export interface RulesRule {
  readonly code: string;
  readonly object: (rules: Rules, onlySigned: boolean) => readonly Complaint[];
}

export const rulesRules: readonly RulesRule[] = [
  { code: 'unknown-person', object: unknownPeople },
  { code: 'cannot-approve', object: cannotApprove },
  { code: 'shared-account', object: sharedAccounts },
  { code: 'unknown-team', object: unknownTeams },
  { code: 'understood-undefined', object: understoodUndefined },
  { code: 'too-few-approvers', object: tooFewApprovers },
  { code: 'shared-key', object: sharedKeys },
  { code: 'too-many-signed', object: tooManySigned },
  { code: 'too-few-signers', object: tooFewSigners },
  { code: 'too-few-keys', object: tooFewKeys },
];

function unknownPeople({ people, teams }: Rules): readonly Complaint[] {
  return [...teams].flatMap(([team, members]) =>
    members.flatMap((uid, position) =>
      people.has(uid)
        ? []
        : [
            {
              key: ['teams', team, position],
              message: `"${uid}" is on the team "${team}" and not among the people`,
              fix: `Add "${uid}" under "people", or take it off the team.`,
            },
          ],
    ),
  );
}

/** Somebody whom GitLab does not know might be the author of everything. */
function cannotApprove(rules: Rules): readonly Complaint[] {
  const isWithoutForge = isOnlySigned(rules);
  return [...rules.people.values()]
    .filter(({ gitlab, keys }) => (isWithoutForge ? keys.length === 0 : gitlab.length === 0))
    .map(({ uid }) => ({
      key: ['people', uid],
      message: isWithoutForge
        ? `"${uid}" has no key, and where nobody has a GitLab id nothing but signatures approves`
        : `"${uid}" has no GitLab id, and others have one`,
      fix: isWithoutForge
        ? 'Write the line that "ssh-keygen -y" prints under "keys", as in "alice: { keys: ["ssh-ed25519 AAAA…"] }".'
        : 'Write the number of the account, as in "alice: { gitlab: 42 }". Where approvals come without GitLab, nobody has one.',
    }));
}

/** One account that counts for two persons would be two approvals by one. */
function sharedAccounts({ people }: Rules): readonly Complaint[] {
  const holders = new Map<string, Uid>();
  const complaints: Complaint[] = [];
  for (const person of [...people.values()].sort((left, right) => inOrder(left.uid, right.uid))) {
    for (const { account, key } of accountsOf(person)) {
      const holder = holders.get(account);
      if (holder === undefined) holders.set(account, person.uid);
      else if (holder !== person.uid)
        complaints.push({
          key: ['people', person.uid, ...key],
          message: `${account} belongs to "${holder}" already`,
          fix: 'Name every account once; accounts of one person go under one name, with "also" and a list of GitLab ids.',
        });
    }
  }
  return complaints;
}

function accountsOf(person: Approver): readonly { readonly account: string; readonly key: readonly string[] }[] {
  return [
    { account: `the uid "${person.uid}"`, key: [] },
    ...person.also.map((uid) => ({ account: `the uid "${uid}"`, key: ['also'] })),
    ...person.gitlab.map((id) => ({ account: `the GitLab id ${id}`, key: ['gitlab'] })),
  ];
}

function unknownTeams(rules: Rules): readonly Complaint[] {
  const ofRules = rules.rules.approvers.map((team, position) => teamComplaint(rules, team, ['rules', 'approvers', position]));
  const ofGroups = [...rules.groups.values()].flatMap(({ group, owner, approvers }) => [
    teamComplaint(rules, owner, ['owner'], group),
    // The owner stands in where no approvers are named, and has been looked at.
    ...approvers.map((team, position) => (team === owner ? undefined : teamComplaint(rules, team, ['approvers', position], group))),
  ]);
  return [...ofRules, ...ofGroups].filter((complaint) => complaint !== undefined);
}

function teamComplaint({ teams }: Rules, team: TeamName, key: readonly (string | number)[], group?: GroupName): Complaint | undefined {
  if (teams.has(team)) return undefined;
  return {
    group,
    key,
    message: `there is no team "${team}"`,
    fix: teams.size === 0 ? 'Add the team to policy.yaml.' : `The teams of policy.yaml are: ${[...teams.keys()].sort(inOrder).join(', ')}.`,
  };
}

function understoodUndefined({ groups }: Rules): readonly Complaint[] {
  return [...groups.values()]
    .filter(({ requires, understood }) => requires.includes('understood') && !understood)
    .map(({ group }) => ({
      group,
      key: ['requires'],
      message: 'the group requires "understood", and does not say what people must have read',
      fix: 'Add "understood:" with the address of the text under "text" and its "version".',
    }));
}

/** One more than needed: the author of a change, and who benefits from it, cannot approve it. */
function tooFewApprovers(rules: Rules, onlySigned: boolean): readonly Complaint[] {
  const { approvers, approvals } = rules.rules;
  const ofRules = shortage(rules, { approvers, approvals: Math.max(approvals, mostSigned(rules, onlySigned)) }, ['rules', 'approvals']);
  const ofGroups = [...rules.groups.values()].map((group) => shortage(rules, group, ['approvals'], group.group));
  return [ofRules, ...ofGroups].filter((complaint) => complaint !== undefined);
}

function shortage(
  rules: Rules,
  { approvers, approvals }: Pick<Rules['rules'], 'approvers' | 'approvals'>,
  key: readonly string[],
  group?: GroupName,
): Complaint | undefined {
  const persons = membersOf(rules, approvers).filter((uid) => rules.people.has(uid)).length;
  if (persons > approvals) return undefined;
  const teams = approvers.join(', ');
  return {
    group,
    key,
    message: `${count(approvals, 'approval')} needed and ${count(persons, 'person', 'persons')} who can give them (${teams}): at least one more than needed must be there`,
    fix: 'Put more people on these teams, name further teams, or ask for fewer approvals.',
  };
}

/** One key for two persons would be two signatures by one. */
function sharedKeys({ people }: Rules): readonly Complaint[] {
  const holders = new Map<string, Uid>();
  const complaints: Complaint[] = [];
  for (const { uid, keys } of [...people.values()].sort((left, right) => inOrder(left.uid, right.uid))) {
    for (const [position, { fingerprint }] of keys.entries()) {
      const holder = holders.get(fingerprint);
      holders.set(fingerprint, holder ?? uid);
      if (holder !== undefined)
        complaints.push({
          key: ['people', uid, 'keys', position],
          message: holder === uid ? `the key ${fingerprint} stands here twice` : `the key ${fingerprint} belongs to "${holder}" already`,
          fix: 'Name every key once; each person signs with keys of their own.',
        });
    }
  }
  return complaints;
}

type Asks = Pick<Rules['rules'], 'approvers' | 'approvals' | 'signed'> & { readonly group?: GroupName };

/** Who asks for approvals, with where that stands. */
function asksOf({ rules, groups }: Rules): readonly (Asks & { readonly key: readonly string[] })[] {
  return [{ ...rules, key: ['rules', 'signed'] }, ...[...groups.values()].map((group) => ({ ...group, key: ['signed'] }))];
}

/** Where nothing but signatures approves, every approval is one. */
function signaturesAsked(rules: Rules, onlySigned: boolean): ReturnType<typeof asksOf> {
  const asks = asksOf(rules);
  if (!onlySigned) return asks;
  return asks
    .filter(({ group }) => group === undefined || rules.groups.get(group)?.members.kind === 'grants')
    .map(({ approvals, signed, ...rest }) => ({ ...rest, approvals, signed: Math.max(approvals, signed) }));
}

/** What a change of the rules needs: as many as the group that needs most. */
function mostSigned(rules: Rules, onlySigned: boolean): number {
  return Math.max(...signaturesAsked(rules, onlySigned).map(({ signed }) => signed));
}

/** Whoever wrote the change may be the one who signs it, and nobody else would have looked. */
function tooFewSigners(rules: Rules, onlySigned: boolean): readonly Complaint[] {
  if (!onlySigned) return [];
  return signaturesAsked(rules, onlySigned)
    .filter(({ signed }) => signed < leastSigners)
    .map(({ group, signed }) => ({
      group,
      key: group === undefined ? ['rules', 'approvals'] : ['approvals'],
      message: `without GitLab every approval is a signature, and nobody knows who wrote a change: ${leastSigners} people must sign it, and ${group === undefined ? 'the rules ask' : `"${group}" asks`} for ${signed}`,
      fix: `Write "approvals: ${leastSigners}".`,
    }));
}

function tooManySigned(rules: Rules): readonly Complaint[] {
  return asksOf(rules)
    .filter(({ signed, approvals }) => signed > approvals)
    .map(({ group, key, signed, approvals }) => ({
      group,
      key,
      message: `${signed} of ${count(approvals, 'approval')} cannot be signed`,
      fix: 'Ask for more approvals, or for fewer of them to be signed.',
    }));
}

/** Nobody could approve any more. */
function tooFewKeys(rules: Rules, onlySigned: boolean): readonly Complaint[] {
  return signaturesAsked(rules, onlySigned).flatMap(({ group, key, approvers, signed: own }) => {
    const signed = group === undefined ? mostSigned(rules, onlySigned) : own;
    const persons = membersOf(rules, approvers).filter((uid) => (rules.people.get(uid)?.keys.length ?? 0) > 0).length;
    if (persons >= signed) return [];
    const what = group === undefined ? 'changes of the rules need' : 'its grants need';
    return [
      {
        group,
        key,
        message: `${what} ${count(signed, 'signature')}, and ${count(persons, 'person has a key', 'persons have a key')} (${approvers.join(', ')})`,
        fix: 'First give people on these teams "keys", in a change of its own; then ask for signatures.',
      },
    ];
  });
}
