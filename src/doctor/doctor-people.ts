// The people of the policy in a checkup: whoever may approve must be somebody, in the directory and on GitLab, and the same one in both.
import { advice, error, failed, ok, orOk, type Answer, type Area, type Verdict } from './doctor.ts';
import type { People } from '../directory/directory.ts';
import { inOrder, type Uid } from '../names.ts';
import type { EvidenceKind } from '../evidence/evidence.ts';
import type { Approver } from '../policy/policy.ts';
import { count } from '../time.ts';

const owners = 'the owners of the policy';

export interface ForgeAccount {
  readonly username: string;
  /** `active`, `blocked`, `deactivated`, … */
  readonly state: string;
  /** In the project: 10 guest to 50 owner; undefined for an account that is no member. */
  readonly role: number | undefined;
}

export interface PeopleFacts {
  readonly approvers: readonly Approver[];
  readonly directory: Answer<People>;
  /** By numeric id; an id that is not there belongs to nobody. `none` without a forge. */
  readonly accounts: Answer<ReadonlyMap<number, ForgeAccount>> | 'none';
  readonly evidence: EvidenceKind;
}

export const peopleArea: Area<PeopleFacts> = {
  area: 'People who approve',
  fixer: owners,
  checks: [
    { code: 'approver-in-directory', look: inDirectory },
    { code: 'approver-account', look: onForge(accountsOf, 'every account is active, and of the person it stands for') },
    { code: 'approver-role', look: onForge(rolesOf, 'everybody’s role lets them approve') },
  ],
};

function inDirectory({ approvers, evidence, directory }: PeopleFacts): readonly Verdict[] {
  if (directory.kind !== 'known')
    return [failed(directory, { who: 'the administrator of this host', how: 'Mend the errors of the directory below.' })];
  const verdicts = approvers.flatMap(({ uid, also }) => [
    ...standingOf(uid, directory.value).map((found) => (evidence === 'none' ? unasked(found) : found)),
    ...also.flatMap((other) =>
      directory.value.has(other)
        ? []
        : [advice(`"also" names ${other}, whom the directory does not know`, owners, 'Correct or remove it.', uid)],
    ),
  ]);
  return orOk(verdicts, `${count(approvers.length, 'person', 'people')}, all known and none locked`);
}

function standingOf(uid: Uid, people: People): readonly Verdict[] {
  const person = people.get(uid);
  const remove = 'Correct the uid under "people" in policy.yaml, or take the person off the teams.';
  if (person === undefined) return [error('the directory knows nobody of this uid', owners, remove, uid)];
  if (person === 'ambiguous')
    return [error('more than one entry has this uid', 'the administrator of the directory', 'Let one entry have it.', uid)];
  return person.locked ? [error('the account is locked in the directory', owners, remove, uid)] : [];
}

/** Who may approve matters only once somebody is asked. */
function unasked(found: Verdict): Verdict {
  return { ...found, severity: 'advice', message: `${found.message}; nobody is asked to approve yet` };
}

type Accounts = ReadonlyMap<number, ForgeAccount>;

function onForge(
  judge: (approver: Approver, accounts: Accounts) => readonly Verdict[],
  inOrderMessage: string,
): (facts: PeopleFacts) => readonly Verdict[] {
  return ({ approvers, accounts, evidence }) => {
    if (accounts === 'none')
      return [ok(`no GitLab is configured: ${evidence === 'signed' ? 'people approve with their keys' : 'nobody is asked to approve'}`)];
    if (accounts.kind !== 'known') return [failed(accounts, { who: 'the administrator of this host', how: 'See "gitlab-token".' })];
    const verdicts = [...approvers].sort((left, right) => inOrder(left.uid, right.uid)).flatMap((one) => judge(one, accounts.value));
    return orOk(verdicts, inOrderMessage);
  };
}

/** The number decides whose approval counts: one that belongs to somebody else lends them this person's voice. */
function accountsOf({ uid, also, gitlab }: Approver, accounts: Accounts): readonly Verdict[] {
  return gitlab.flatMap((id) => {
    const account = accounts.get(id);
    if (!account)
      return [error(`GitLab knows no account ${id}`, owners, 'Correct "gitlab": the number stands on the person’s GitLab page.', uid)];
    const names: readonly string[] = [uid, ...also];
    if (!names.includes(account.username.toLowerCase()))
      return [
        error(
          `account ${id} is called ${account.username} on GitLab`,
          owners,
          'Find out whose it is: correct "gitlab", or name that uid under "also" of the person.',
          uid,
        ),
      ];
    if (account.state === 'active') return [];
    return [
      error(
        `account ${id} is ${account.state}: its approvals do not count`,
        owners,
        'Take the person off the teams, or have the account activated.',
        uid,
      ),
    ];
  });
}

const developer = 30;

function rolesOf({ uid, gitlab }: Approver, accounts: Accounts): readonly Verdict[] {
  const known = gitlab.flatMap((id) => accounts.get(id) ?? []);
  if (known.length === 0 || known.some(({ role }) => (role ?? 0) >= developer)) return [];
  return [
    error(
      'no account of this person is a Developer or more in the project, so GitLab lets it approve nothing',
      'a maintainer of the GitLab project',
      'Make the account a member of the project, as Developer.',
      uid,
    ),
  ];
}
