// What `muster init` prints: what it wrote, what it could not find and how to find that, and what to type next.
import { renderLeftOut, type LeftOut } from '../adopt/adoption.ts';
import { inOrderOfPath, type CommitId, type GroupName } from '../names.ts';
import { membersOf, type Rules } from '../policy/policy.ts';
import { hang, plain } from '../text.ts';
import { count } from '../time.ts';
import { renderSearch, repositoryUrl, type FoundApprover, type FoundGroup, type FoundLock, type Typed } from './beginning.ts';

export interface Written {
  readonly start: CommitId;
  readonly adopted: readonly { readonly group: GroupName; readonly grants: readonly unknown[]; readonly leftOut: readonly LeftOut[] }[];
  readonly hasProgram: boolean;
}

interface Begun extends Written {
  readonly project: string;
  readonly file: string;
  readonly typed: Typed;
  readonly found: {
    readonly groups: readonly FoundGroup[];
    readonly locks: readonly FoundLock[];
    readonly leftOut: readonly { readonly dn: string; readonly why: string }[];
  };
  readonly people: readonly FoundApprover[];
  /** Accounts that may approve on GitLab, or were named, and are nobody in the directory. */
  readonly strangers: readonly string[];
  readonly notUids: readonly string[];
}

const mostShown = 20;

/** Who may approve what: as CODEOWNERS would say it, out of the rules themselves. */
export interface Owners {
  readonly path: string;
  readonly teams: readonly string[];
  readonly people: readonly string[];
  readonly approvals: number;
}

export function ownersOf(rules: Rules, folder: string): readonly Owners[] {
  const owners = (path: string, { approvers, approvals }: Rules['rules']): Owners => ({
    path: `${folder}/${path}`,
    teams: approvers,
    people: membersOf(rules, approvers),
    approvals,
  });
  const groups = [...rules.groups.values()].filter(({ members }) => members.kind === 'grants');
  return [
    ...['policy.yaml', 'groups/'].map((path) => owners(path, rules.rules)),
    ...groups.map((group) => owners(`grants/${group.group}/`, group)).sort(inOrderOfPath),
  ];
}

function renderOwners(all: readonly Owners[]): string {
  const width = Math.max(...all.map(({ path }) => path.length));
  const lines = all.map(({ path, teams, people, approvals }) => {
    const names = people.length <= 5 ? people.join(', ') : `${people.slice(0, 5).join(', ')} and ${people.length - 5} more`;
    return hang(`  ${path.padEnd(width)}  `, `${teams.join(' or ')} (${names}), ${count(approvals, 'approval')}`);
  });
  return `Who may approve what:\n${lines.join('')}`;
}

/** Texts of what was looked at in the end: `check`: what "muster check" says of the new policy, `plan`: what "muster plan" says of it all. */
interface Ended {
  readonly check: string;
  readonly plan: string;
  readonly owners: readonly Owners[];
}

export function renderBegun(begun: Begun, { check, plan, owners }: Ended): string {
  const { file, project, start, adopted, found } = begun;
  const groups = adopted.map(({ group, grants }) => `  ${group}: ${count(grants.length, 'grant')}\n`).join('');
  const leftOut = [
    ...adopted.flatMap(({ group, leftOut: members }) => members.map((one) => `${group}: ${renderLeftOut(one)}`)),
    ...renderGroupsLeftOut(found.leftOut),
  ];
  const more = leftOut.length > mostShown ? [`and ${leftOut.length - mostShown} more`] : [];
  return [
    `Written: ${file} (mode: report), and ${project}, a git repository whose commit "start" is ${start.slice(0, 12)}.`,
    `Every line says in a comment what it is for. ${count(found.groups.length, 'group')}:\n${groups}`,
    ...list('Left out:', [...leftOut.slice(0, mostShown), ...more]),
    ...list('Not found, and how to find it:', missing(begun)),
    renderOwners(owners),
    `${check}\n${plan}\nNext:\n${next(begun)}`,
  ].join('\n');
}

/** What is so of several groups is one line. */
function renderGroupsLeftOut(groups: Begun['found']['leftOut']): readonly string[] {
  const together = new Map<string, readonly string[]>();
  for (const { dn, why } of groups) together.set(why, [...(together.get(why) ?? []), plain(dn)]);
  return [...together].map(([why, dns]) => {
    const more = dns.length > mostTogether ? ` and ${dns.length - mostTogether} more` : '';
    return `${dns.slice(0, mostTogether).join('; ')}${more}: ${plain(why)}`;
  });
}

const mostTogether = 5;

function list(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}\n${lines.map((line) => hang('  - ', line)).join('')}`];
}

function missing({ typed, people, strangers, notUids, found, hasProgram }: Begun): readonly string[] {
  const standIns = people.filter(({ isStandIn }) => isStandIn).map(({ uid }) => uid);
  const unsaid = found.groups.filter(({ description }) => description === undefined).map(({ group }) => group);
  const lost = [...strangers, ...notUids];
  return [
    ...(typed.bind
      ? []
      : [
          'The account that muster binds as (directory.bind-dn and password-file in muster.yaml). The administrator of the directory makes one that may read people and groups, and later write the members of these groups. Without it "muster plan" cannot begin.',
        ]),
    ...(standIns.length === 0
      ? []
      : [
          `Who may approve: ${standIns.join(' and ')} in policy/policy.yaml ${standIns.length === 1 ? 'is nobody, and holds a place' : 'are nobody, and hold places'}. The number of an account stands on its profile page on GitLab, and in GITLAB/api/v4/users?username=NAME.`,
        ]),
    ...(lost.length === 0
      ? []
      : [
          `Who these accounts are in the directory: ${lost.slice(0, mostShown).join(', ')}. Look for their name or mail with ldapsearch, and write uid and number into policy/policy.yaml where they may approve.`,
        ]),
    ...(typed.gitlab
      ? [
          'Whom people give the link of a merge request to, and whom they tell when somebody must lose access now: README.md of the project, its first page on GitLab, has a place for each.',
        ]
      : [
          'Who approved what: without GitLab (--gitlab URL --project PATH) whatever is on the branch counts ("evidence: none"). muster.yaml says beside that line what to write once there is a project.',
        ]),
    found.locks.length > 0
      ? `Whether these are locked: ${found.locks.map(({ attribute, value, people }) => `${count(people, 'person has', 'people have')} ${attribute}: ${value}`).join(', ')}. If so, take away the "#" of directory.disabled in muster.yaml.`
      : `Who counts as locked (directory.disabled): compare an account that is locked with one that is not, ${renderSearch(typed)} -b ${JSON.stringify(typed.people)} uid=SOMEBODY '*' '+'.`,
    ...(unsaid.length === 0
      ? []
      : [`What these groups are for ("purpose" in policy/groups/): ${unsaid.join(', ')}. Ask whoever had them made.`]),
    'What every grant must say ("requires" in policy/groups/): ask the present members, for instance for a contact, and then take away the "#".',
    ...(hasProgram
      ? []
      : [
          'The program for CI (.muster/): this muster runs from its sources. Run "npm run build", then dist/main.js init with the same options.',
        ]),
  ];
}

function next({ typed, project, file }: Begun): string {
  const push = typed.gitlab ? [`  git -C ${project} push ${repositoryUrl(typed.gitlab)} main`] : [];
  const bind = typed.bind ? [] : [`  (write bind-dn and password-file into ${file})`];
  const plan =
    push.length + bind.length > 0 ? [`  muster --config ${file} plan       # reads only, and should find nothing to change`] : [];
  return [
    ...push,
    ...bind,
    `  muster --config ${file} doctor     # is everything set up as the policy assumes?`,
    ...plan,
    `  muster --config ${file} reconcile  # in report mode: records, and writes nothing to the directory`,
    `How somebody gets access then, and loses it: ${project}/README.md`,
    '',
  ].join('\n');
}

export function renderRefreshed(one: {
  readonly project: string;
  readonly file: string;
  readonly written: readonly string[];
  readonly hasProgram: boolean;
  readonly owners: readonly Owners[];
}): string {
  const { project, file, written, hasProgram, owners } = one;
  const lines = [...(hasProgram ? ['.muster/'] : []), ...written].map((path) => `  ${path}\n`).join('');
  return [
    `${file} is there already: nothing was read, and nothing of it or of the policy was touched. Other options count once it is taken away; the policy stays.`,
    ...(lines === '' ? [] : [`Written in ${project}, for you to commit where it changed (git status):\n${lines}`]),
    renderOwners(owners),
    '',
  ].join('\n');
}
