// The policy repository in a checkup: does the branch hold a policy that can be used, and do it and this host's configuration fit together?
import { requirement, type SignedCeilings } from '../evidence/approval.ts';
import { advice, error, ok, orOk, type Area, type Verdict } from './doctor.ts';
import type { Ancestry } from '../history/landing.ts';
import { inOrder, type CommitId, type GroupName, type RosterName } from '../names.ts';
import { membersOf, type Rules } from '../policy/policy.ts';
import { count } from '../time.ts';

const administrator = 'the administrator of this host';
const owners = 'the owners of the policy';

export interface RepositoryFacts {
  readonly url: string;
  readonly branch: string;
  readonly head: CommitId;
  readonly start: CommitId;
  /** Of `start` and the tip. */
  readonly ancestry: Ancestry;
  /** What `muster check` has against the files at the tip; findings and rules, as in `check`. */
  readonly errors: number;
  readonly firstError: string | undefined;
  readonly rules: Rules | undefined;
  readonly managed: ReadonlySet<GroupName>;
  readonly rosters: ReadonlySet<RosterName>;
  readonly ceilings: SignedCeilings;
  readonly requireTouch: boolean;
}

export const repositoryArea: Area<RepositoryFacts> = {
  area: 'Repository',
  fixer: administrator,
  remedy:
    'Correct "repository.url", "repository.branch" or "repository.path", the token in the file that "repository.token-file" names, or "ca-file" and "proxy" under "repository".',
  checks: [
    { code: 'repository', look: ({ url, branch, head }) => [ok(`${url} answers; ${branch} is at ${head}`)] },
    { code: 'start', look: (facts) => [startOf(facts)] },
    { code: 'policy', look: (facts) => [policyOf(facts)] },
    { code: 'groups-listed', look: groupsListed },
    { code: 'rosters-listed', look: rostersListed },
    { code: 'signers', look: signersOf },
  ],
};

function startOf({ start, ancestry, branch }: RepositoryFacts): Verdict {
  if (ancestry === 'on-chain') return ok(`${start} is on the first-parent chain of ${branch}`);
  return error(
    `${start} is ${ancestry === 'off-chain' ? 'in the history, but not on the first-parent chain' : 'not in the history'} of ${branch}`,
    administrator,
    `Set repository.start to a commit that "git log --first-parent ${branch}" shows and that you trust.`,
  );
}

function policyOf({ errors, firstError, rules }: RepositoryFacts): Verdict {
  if (errors === 0 && rules) return ok(`in order: ${count(rules.groups.size, 'group')}, ${count(rules.people.size, 'approver')}`);
  return error(
    `${count(errors, 'error')} at the tip, the first: ${firstError ?? 'there is no policy'}`,
    owners,
    'Run "muster check" in a clone and mend what it names.',
  );
}

/** Which groups are touched is said twice, by the host and by the policy: what only one of them names is left alone. */
function groupsListed({ rules, managed }: RepositoryFacts): readonly Verdict[] {
  const inPolicy = new Set(rules?.groups.keys());
  const unlisted = [...inPolicy].filter((group) => !managed.has(group)).sort(inOrder);
  const unknownToPolicy = [...managed].filter((group) => rules && !inPolicy.has(group)).sort(inOrder);
  const verdicts = [
    ...unlisted.map((group) =>
      error(
        'the policy has this group and the host does not list it',
        administrator,
        'Add it under directory.groups, or take its file away.',
        group,
      ),
    ),
    ...unknownToPolicy.map((group) =>
      error(
        'the host lists this group and the policy has no file for it',
        owners,
        `Add groups/${group}.yaml, or take it off directory.groups.`,
        group,
      ),
    ),
  ];
  return orOk(verdicts, rules ? 'host and policy name the same groups' : 'nothing to compare: there is no policy');
}

function rostersListed({ rules, rosters }: RepositoryFacts): readonly Verdict[] {
  const wanted = new Map<RosterName, GroupName>();
  for (const { group, members } of rules?.groups.values() ?? []) if (members.kind === 'roster') wanted.set(members.roster, group);
  const missing = [...wanted].filter(([roster]) => !rosters.has(roster));
  const unused = [...rosters].filter((roster) => rules && !wanted.has(roster));
  const verdicts = [
    ...missing.map(([roster, group]) =>
      error(`${group} is made from this roster and the host knows none of that name`, administrator, 'Add it under "rosters".', roster),
    ),
    ...unused.map((roster) => advice('no group is made from this roster', administrator, 'Take it off "rosters", or use it.', roster)),
  ];
  return orOk(verdicts, rules ? 'every roster that the policy names is configured' : 'nothing to compare: there is no policy');
}

/** `check` sees whether there are keys enough for what the policy asks. The host may ask for more, and one key that is lost must not end everything. */
function signersOf({ rules, ceilings, requireTouch }: RepositoryFacts): readonly Verdict[] {
  const asks = [
    { subject: 'rules', path: 'policy.yaml' },
    ...[...(rules?.groups.keys() ?? [])].map((group) => ({ subject: group, path: `grants/${group}/nobody.yaml` })),
  ];
  const verdicts = asks.flatMap(({ subject, path }): readonly Verdict[] => {
    const asked = rules && requirement(rules, path, ceilings);
    if (!rules || !asked || asked.signed === 0) return [];
    const people = membersOf(rules, asked.teams);
    const without = people.filter((uid) => !rules.people.get(uid)?.keys.some(({ type }) => !requireTouch || type.startsWith('sk-')));
    const signers = people.length - without.length;
    const has = `${count(asked.signed, 'signature')} needed, and ${count(signers, 'person has', 'people have')} a key${requireTouch ? ' that is touched' : ''} (without: ${without.join(', ') || 'nobody'})`;
    const how = 'Have more of them put their keys under "people" in policy.yaml (docs/signing.md).';
    if (signers < asked.signed) return [error(`${has}: nothing can be approved`, owners, how, subject)];
    return signers === asked.signed
      ? [
          advice(
            `${has}: nobody may lose theirs, or ${ceilings.only ? 'gain by the change' : 'open a merge request'}`,
            owners,
            how,
            subject,
          ),
        ]
      : [];
  });
  return orOk(verdicts, 'wherever signatures are asked for, more people have a key than are needed');
}
