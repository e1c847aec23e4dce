// Facts of a world in order, and one change at a time that a check must notice: the repository, GitLab, the people and the directory.
import { groupsArea, readingArea, writingArea, type GroupFacts } from '../../src/doctor/doctor-directory.ts';
import { serverArea } from '../../src/doctor/doctor-server.ts';
import { gitlabArea, type GitLabFacts, type MergeSettings, type Protection } from '../../src/doctor/doctor-gitlab.ts';
import { peopleArea, type ForgeAccount, type PeopleFacts } from '../../src/doctor/doctor-people.ts';
import { repositoryArea } from '../../src/doctor/doctor-repository.ts';
import { dn, dnKey, entryUuid, parseGroupName, parseTeamName, parseUid } from '../../src/names.ts';
import { defaultLimits, type GroupRules, type Rules } from '../../src/policy/policy.ts';
import { casesOf, denied, hours, known, noon, present, silent, start, steward, type Case } from './checkup-samples.ts';

const group = present(parseGroupName('klaxon-users'));
const other = present(parseGroupName('stewards'));
const sre = present(parseTeamName('sre'));
const rulesOf = (members: GroupRules['members'], name = group): Rules => ({
  people: new Map(),
  teams: new Map(),
  rules: { approvers: [sre], approvals: 1, signed: 0 },
  groups: new Map([
    [
      name,
      {
        group: name,
        purpose: 'x',
        owner: sre,
        members,
        approvers: [sre],
        approvals: 1,
        signed: 0,
        longest: 'none',
        requires: [],
        unexplained: 'remove',
        limits: defaultLimits,
      },
    ],
  ]),
});
/** The host asks for a signature on changes of the rules; each key is of a person of its own. */
function signing(...types: readonly string[]) {
  const names = ['alice', 'bob'].map((name) => present(parseUid(name)));
  const keyOf = (type: string | undefined, place: number) =>
    type === undefined ? [] : [{ type, key: 'AAAA', fingerprint: `SHA256:${place}` }];
  const people = new Map(
    names.map((uid, place) => [uid, { uid, gitlab: [place + 1], also: [], keys: keyOf(types[place], place) }] as const),
  );
  const rules: Rules = { ...rulesOf({ kind: 'roster', roster: steward }), people, teams: new Map([[sre, names]]) };
  return { rules, ceilings: { groups: new Map(), rules: 1 } };
}

const repository = casesOf(
  repositoryArea,
  {
    url: 'https://gitlab.example/x.git',
    branch: 'main',
    head: start,
    start,
    ancestry: 'on-chain',
    errors: 0,
    firstError: undefined,
    rules: rulesOf({ kind: 'roster', roster: steward }),
    managed: new Set([group]),
    rosters: new Set([steward]),
    ceilings: { groups: new Map(), rules: 0 },
    requireTouch: false,
  },
  [
    ['start', 'a start that is not on the branch', { ancestry: 'rewritten' }, 'error'],
    ['start', 'a start that was merged', { ancestry: 'off-chain' }, 'error'],
    ['policy', 'a policy with an error', { errors: 1, firstError: 'policy.yaml:3: no' }, 'error'],
    ['policy', 'no policy', { rules: undefined }, 'error'],
    ['groups-listed', 'a group that only the host names', { managed: new Set([group, other]) }, 'error'],
    ['groups-listed', 'a group that only the policy names', { managed: new Set() }, 'error'],
    ['rosters-listed', 'a roster that only the policy names', { rosters: new Set() }, 'error'],
    ['rosters-listed', 'a roster that nobody uses', { rules: rulesOf({ kind: 'grants' }) }, 'advice'],
    ['signers', 'a host that asks for a signature, and nobody has a key', signing(), 'error'],
    ['signers', 'one key, for one signature', signing('ssh-ed25519'), 'advice'],
    ['signers', 'keys, and none that is touched', { ...signing('ssh-ed25519', 'ssh-ed25519'), requireTouch: true }, 'error'],
    ['signers', 'one key that is touched', { ...signing('sk-ssh-ed25519@openssh.com', 'ssh-ed25519'), requireTouch: true }, 'advice'],
  ],
);

const settings: MergeSettings = {
  method: 'merge',
  automaticRebase: false,
  pipelineMustSucceed: true,
  skippedPipelineCounts: false,
  discussionsMustBeResolved: true,
  forkPipelinesRunHere: false,
};
const set = (change: Partial<MergeSettings>): Pick<GitLabFacts, 'settings'> => ({ settings: known({ ...settings, ...change }) });
const rule: Protection = { kind: 'rule', push: [0], merge: [40], deployKeys: 0, forcePush: false };
const ruled = (change: object): Pick<GitLabFacts, 'protection'> => ({ protection: known({ ...rule, ...change }) });
const token = (scopes: readonly string[], expiresAt = hours(24 * 200)) => known({ scopes, expiresAt });
const gitlab = casesOf<GitLabFacts>(
  gitlabArea,
  {
    project: { path: 'repos/sre/access', id: 7 },
    knownId: 7,
    version: known('18.6.2'),
    token: token(['read_api', 'read_repository']),
    commentToken: token(['api']),
    settings: known(settings),
    branch: 'main',
    protection: known(rule),
    now: noon,
  },
  [
    ['gitlab', 'a project of the same name', { knownId: 8 }, 'error'],
    ['gitlab', 'a first look', { knownId: undefined }, 'ok'],
    ['gitlab-version', '18.4', { version: known('18.4.0') }, 'advice'],
    ['gitlab-version', '17.11', { version: known('17.11.3-ee') }, 'error'],
    ['gitlab-version', 'one newer than any that was tried', { version: known('20.1.0') }, 'advice'],
    ['gitlab-version', 'the newest that was tried', { version: known('19.3.9') }, 'ok'],
    ['gitlab-version', 'a version that is not told', { version: denied }, 'unknown'],
    ['gitlab-token', 'none', { token: 'absent' }, 'error'],
    ['gitlab-token', 'one that may only read the repository', { token: token(['read_repository']) }, 'error'],
    ['gitlab-token', 'a fine-grained one', { token: token(['granular']) }, 'error'],
    ['gitlab-token', 'one that may do everything', { token: token(['api']) }, 'advice'],
    ['gitlab-token', 'one that ends in a week', { token: token(['read_api'], hours(24 * 7)) }, 'advice'],
    ['gitlab-token', 'one that ended', { token: token(['read_api'], noon) }, 'error'],
    ['gitlab-token', 'one that GitLab does not take', { token: denied }, 'error'],
    ['gitlab-token', 'no answer', { token: silent }, 'unknown'],
    ['gitlab-comment-token', 'none', { commentToken: 'absent' }, 'ok'],
    ['gitlab-comment-token', 'one that may only read', { commentToken: token(['read_api']) }, 'error'],
    ['automatic-rebase', 'a rebase while it merges', set({ automaticRebase: true }), 'error'],
    ['automatic-rebase', 'a GitLab that has none', set({ automaticRebase: undefined }), 'ok'],
    ['automatic-rebase', 'settings that are not shown', set({ automaticRebase: undefined, method: undefined }), 'unknown'],
    ['merge-method', 'fast-forward', set({ method: 'ff' }), 'advice'],
    ['merge-method', 'semi-linear history', set({ method: 'rebase_merge' }), 'ok'],
    ['merge-method', 'a setting that is not shown', set({ method: undefined }), 'unknown'],
    ['merge-method', 'no answer', { settings: silent }, 'unknown'],
    ['pipelines-must-succeed', 'pipelines that may fail', set({ pipelineMustSucceed: false }), 'advice'],
    ['pipelines-must-succeed', 'pipelines that may be skipped', set({ skippedPipelineCounts: true }), 'advice'],
    ['discussions-resolved', 'threads that may stay open', set({ discussionsMustBeResolved: false }), 'advice'],
    ['fork-pipelines', 'pipelines of forks in the project', set({ forkPipelinesRunHere: true }), 'advice'],
    ['fork-pipelines', 'a setting that is not shown', set({ forkPipelinesRunHere: undefined }), 'unknown'],
    ['protected-branch', 'no protection', { protection: known({ kind: 'none' }) }, 'error'],
    ['protected-branch', 'maintainers who push', ruled({ push: [0, 40] }), 'error'],
    ['protected-branch', 'a deploy key', ruled({ deployKeys: 1 }), 'error'],
    ['protected-branch', 'force pushes', ruled({ forcePush: true }), 'error'],
    ['protected-branch', 'nobody who merges', ruled({ merge: [0] }), 'error'],
    [
      'protected-branch',
      'half of the answer',
      { protection: known({ kind: 'summary', developersPush: false, developersMerge: true }) },
      'unknown',
    ],
    [
      'protected-branch',
      'developers who push',
      { protection: known({ kind: 'summary', developersPush: true, developersMerge: true }) },
      'error',
    ],
  ],
);

const alice = present(parseUid('alice'));
const test = present(parseUid('alice-test'));
const entry = (locked: boolean) => ({ uid: alice, dn: dn('uid=alice'), key: dnKey('uid=alice'), uuid: entryUuid('1'), locked });
const account = (change: Partial<ForgeAccount>): PeopleFacts['accounts'] =>
  known(new Map([[42, { username: 'alice', state: 'active', role: 30, ...change }]]));
const people = casesOf<PeopleFacts>(
  peopleArea,
  {
    approvers: [{ uid: alice, gitlab: [42], also: [], keys: [] }],
    directory: known(new Map([[alice, entry(false)]])),
    accounts: account({}),
    evidence: 'gitlab',
  },
  [
    ['approver-in-directory', 'somebody unknown', { directory: known(new Map()) }, 'error'],
    ['approver-in-directory', 'somebody unknown, before anybody is asked', { directory: known(new Map()), evidence: 'none' }, 'advice'],
    ['approver-in-directory', 'somebody unknown who signs', { directory: known(new Map()), evidence: 'signed' }, 'error'],
    ['approver-in-directory', 'two entries', { directory: known(new Map([[alice, 'ambiguous' as const]])) }, 'error'],
    ['approver-in-directory', 'a locked account', { directory: known(new Map([[alice, entry(true)]])) }, 'error'],
    ['approver-in-directory', 'no answer', { directory: silent }, 'unknown'],
    [
      'approver-in-directory',
      'another uid that is unknown',
      { approvers: [{ uid: alice, gitlab: [42], also: [test], keys: [] }] },
      'advice',
    ],
    ['approver-account', 'an id of somebody else', { accounts: account({ username: 'mallory' }) }, 'error'],
    ['approver-account', 'upper case', { accounts: account({ username: 'Alice' }) }, 'ok'],
    ['approver-account', 'an id of nobody', { accounts: known(new Map()) }, 'error'],
    ['approver-account', 'a blocked account', { accounts: account({ state: 'blocked' }) }, 'error'],
    ['approver-account', 'no answer', { accounts: silent }, 'unknown'],
    ['approver-account', 'no forge', { accounts: 'none' }, 'ok'],
    ['approver-role', 'a reporter', { accounts: account({ role: 20 }) }, 'error'],
    ['approver-role', 'no member', { accounts: account({ role: undefined }) }, 'error'],
  ],
);

const connection = { url: 'ldaps://ldap.example', encryption: 'tls' as const, identity: 'dn:cn=scriptuser' };
const connections = [
  ...casesOf(writingArea, connection, [['tls', 'none', { encryption: 'none' }, 'advice']]),
  ...casesOf(readingArea, connection, [['read-tls', 'none', { encryption: 'none' }, 'advice']]),
];

const server = casesOf(
  serverArea,
  {
    asserts: true,
    keepsMark: true,
    people: known(30_000),
    claims: known([]),
    disabledVisible: known(30_000),
    locked: known(7),
  },
  [
    ['controls', 'neither control nor entryCSN', { asserts: false }, 'ok'],
    ['context-csn', 'none', { keepsMark: false }, 'advice'],
    ['size-limit', 'a limit', { people: denied }, 'advice'],
    ['size-limit', 'nobody', { people: known(0) }, 'error'],
    ['size-limit', 'no answer', { people: silent }, 'unknown'],
    [
      'uid-claims',
      'one',
      {
        claims: known([{ uid: alice, dn: dn('uid=mallory'), changedAt: '20261123120000Z', changedBy: 'uid=mallory' }]),
      },
      'advice',
    ],
    ['disabled-attribute', 'not configured', { disabledVisible: 'not-configured' }, 'advice'],
    ['disabled-attribute', 'hidden from the account', { disabledVisible: known(0) }, 'error'],
    ['disabled-attribute', 'hidden of one', { disabledVisible: known(29_999) }, 'error'],
    ['disabled-attribute', 'no answer', { disabledVisible: silent }, 'unknown'],
    ['disabled-attribute', 'a value that nobody has', { locked: known(0) }, 'advice'],
  ],
);

const usable: Extract<GroupFacts['usable'], { kind: 'known' }>['value'] = {
  attribute: 'member',
  members: 2,
  persons: 2,
  locked: 0,
  placeholder: false,
  unwritten: [],
  needsMember: true,
  memberOf: 2,
};
const managed = (change: Partial<typeof usable>): { groups: readonly GroupFacts[] } => ({
  groups: [{ group: 'stewards', usable: known({ ...usable, ...change }), mayWriteMember: 'may' }],
});
const unseen = { groups: [{ group: 'stewards', usable: denied, mayWriteMember: { untold: 'not asked' } }] } as const;
const untried = (mayWriteMember: GroupFacts['mayWriteMember']) => ({
  groups: [{ group: 'stewards', usable: known(usable), mayWriteMember }],
});
const groups = casesOf(
  groupsArea,
  { ...managed({}), emptyGroup: 'empty-dn', others: [{ what: 'a person', permission: 'may-not' as const }] },
  [
    ['group', 'one that is not there', unseen, 'error'],
    ['placeholder', 'a class that wants a member and a host that writes none', { emptyGroup: 'no-member' }, 'error'],
    ['placeholder', 'a group that is not there', unseen, 'unknown'],
    ['members', 'a member without a person', managed({ members: 3 }), 'advice'],
    ['members', 'a locked member', managed({ locked: 1 }), 'advice'],
    ['members', 'a group that is not there', unseen, 'unknown'],
    ['memberof', 'an overlay that missed a change', managed({ memberOf: 1 }), 'error'],
    ['memberof', 'no overlay', managed({ memberOf: 0 }), 'advice'],
    ['memberof', 'a group of uids, which no overlay knows', managed({ memberOf: 0, attribute: 'memberUid' }), 'ok'],
    ['memberof', 'an empty group', managed({ memberOf: 0, persons: 0, members: 0 }), 'ok'],
    ['may-write-member', 'no right', untried('may-not'), 'error'],
    ['may-write-member', 'a server without no-op', untried({ untold: 'no control' }), 'unknown'],
    ['may-write-else', 'a right too many', { others: [{ what: 'a person', permission: 'may' }] }, 'advice'],
    ['may-write-else', 'another group', { others: [{ what: 'member of cn=ops', permission: 'may' }] }, 'error'],
    ['may-write-else', 'a server without no-op', { others: [{ what: 'a person', permission: { untold: 'no control' } }] }, 'unknown'],
  ],
);

export const remoteCases: readonly Case[] = [...repository, ...gitlab, ...people, ...connections, ...server, ...groups];

/** Rows that only tell something: to be reached at all is what they check. */
export const tellingOnly = [
  'controls',
  'configuration',
  'active',
  'repository',
  'directory',
  'bind-identity',
  'directory-read',
  'read-identity',
];
