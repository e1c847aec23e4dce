// What a first configuration and a policy project say, of what was found: every line with its reason beside it. Nothing here asks or writes.
import { duration, inOrder, instant, type CommitId, type Dn, type Duration, type GroupName, type Instant, type Uid } from '../names.ts';
import { renderLastEnd } from '../policy/policy-rules-grants.ts';
import { plain } from '../text.ts';
import { count, day, renderInstant } from '../time.ts';

/** What was typed, with absolute paths. */
export interface Typed {
  readonly url: string;
  readonly people: string;
  readonly startTls: boolean;
  readonly authoritiesFile: string | undefined;
  /** Undefined: as nobody. */
  readonly bind: { readonly dn: string; readonly passwordFile: string } | 'external' | undefined;
  readonly gitlab:
    | {
        readonly url: string;
        /** Its number, once that is known. */
        readonly project: string;
        readonly path: string;
        readonly tokenFile: string;
        readonly authoritiesFile: string | undefined;
      }
    | undefined;
}

/** How a person looks into the directory as muster does: what is missing is the base and the filter. */
export function renderSearch({ url, startTls, bind }: Typed): string {
  const account = bind === 'external' ? '-Y EXTERNAL -Q' : bind ? `-x -D ${quoted(bind.dn)} -W` : '-x';
  return `ldapsearch ${account}${startTls ? ' -ZZ' : ''} -H ${url}`;
}

export interface FoundGroup {
  readonly group: GroupName;
  readonly dn: Dn;
  readonly description: string | undefined;
  /** Its class wants a member always. */
  readonly needsValue: boolean;
}

/** A value that some people have, at most as many as were looked at. */
export interface FoundLock {
  readonly attribute: string;
  readonly value: string;
  readonly people: number;
}

/** Somebody who may approve; a stand-in is nobody, and holds the place of somebody. */
export interface FoundApprover {
  readonly uid: string;
  readonly gitlab: number;
  readonly isStandIn: boolean;
}

/** No account has such a number yet: GitLab counts from 1, and gitlab.com is at some tens of millions. */
const idOfNobody = 999_999_000;

/** One more than an approval needs, for nobody approves their own change: stand-ins where there are fewer. */
export function withStandIns(known: readonly { readonly uid: Uid; readonly gitlab: number }[]): readonly FoundApprover[] {
  const real = known.map((one) => ({ ...one, isStandIn: false })).sort((left, right) => inOrder(left.uid, right.uid));
  const missing = [1, 2].slice(Math.min(real.length, 2));
  return [...real, ...missing.map((number) => ({ uid: `approver-${number}`, gitlab: idOfNobody + number, isStandIn: true }))];
}

export function renderPolicy(approvers: readonly FoundApprover[]): string {
  const people = approvers.map(
    ({ uid, gitlab, isStandIn }) =>
      `  ${uid}: { gitlab: ${gitlab} }${isStandIn ? ' # nobody: put the uid and the number of somebody who may approve' : ''}\n`,
  );
  return `# yaml-language-server: $schema=../.muster/schema/policy.schema.json
# Who approves what. A change of this file, or of a file under groups/, must be approved by the people named under
# "rules", as they were before the change.
version: 1 # of this format

# Everybody who may approve: the uid in the directory, and the numeric id of the GitLab account (its profile page shows it).
people:
${people.join('')}
# People in teams. Groups and rules name teams, never people.
teams:
  access-owners: [${approvers.map(({ uid }) => uid).join(', ')}]

# Who may change this file and groups/. One person more than approvals are needed: nobody approves their own change.
rules:
  approvers: [access-owners]
  approvals: 1
`;
}

/** The first page of the project. It is written once: whom people tell is for somebody to fill in. */
export function renderFirstPage(groups: readonly FoundGroup[], { gitlab }: Typed, now: Instant): string {
  const names = groups.map(({ group }) => `[${group}](policy/groups/${group}.yaml)`);
  return `# Access

The files of this project say who is in these groups of the directory, and muster keeps the groups so: ${names.join(', ')}.

${gitlab ? pageWithGitLab : pageWithoutGitLab(renderInstant(instant(now + 14 * day)).slice(0, 10))}
What these files may say: [the policy](.muster/docs/policy.md).
`;
}

const pageWithGitLab = `- **To ask for access, for more time, or for its end**: [six steps](.muster/docs/requesting.md). Give the link of the merge request to (write here whom).
- **To approve**: [the two-minute check](.muster/docs/approving.md). Who may approve what stands in \`policy/policy.yaml\` and \`policy/groups/\`.
- **Somebody must lose access now**: tell (write here whom, and how). They type \`muster revoke UID --reason "…"\` on the host that runs muster.
`;

function pageWithoutGitLab(until: string): string {
  return `There is no GitLab yet: whatever is committed on \`main\` counts, and nobody is asked for an approval. To have changes approved without GitLab, people sign them: \`evidence: signed\` in \`muster.yaml\`.

1. **Somebody gets access.** Write \`policy/grants/GROUP/UID.yaml\`, and commit it on \`main\`:

   \`\`\`yaml
   reason: Moves the ticket system to its new host.
   until: ${until}
   \`\`\`

   \`muster check\` says what is wrong with it, and \`muster plan\` what would come of it. \`muster reconcile\` puts the person in, once \`muster.yaml\` says \`mode: enforce\`.

2. **It ends** by itself after that day. To end it sooner, delete the file, and commit that.
3. **Somebody must be out now**: \`muster revoke UID --reason "…"\`. It lasts until \`muster lift UID --reason "…"\`.
`;
}

export const longest = '365 days';

export function renderGroup({ group, dn, description }: FoundGroup, owner: string): string {
  const purpose = plain(description ?? '').trim() || `The members of ${plain(dn)}.`;
  return `# yaml-language-server: $schema=../../.muster/schema/group.schema.json
# The name of this file is the name of the group in muster.yaml. ${description === undefined ? 'The directory does not say what the group is for: write it here.' : 'The purpose is the description in the directory.'}
purpose: ${JSON.stringify(purpose)}
owner: ${owner} # the team that answers for the group, and approves its grants
members: grants # one file per person, grants/${group}/UID.yaml
approvals: 1 # how many people must approve a grant
longest: ${longest} # a grant must end within this time of its merge. The ends of the present members are spread over it
# What every grant must say besides its reason. The present members have not said it: ask them first, then take away the "#".
# requires: [contact]
unexplained: remove # a member whom no grant explains is taken out
`;
}

/** Ends from a quarter of the longest time on, evenly: so that not all are to be renewed on one day, and none at once. */
export function spreadEnds(uids: readonly Uid[], within: Duration | 'none', now: Instant): ReadonlyMap<Uid, string> {
  if (within === 'none') return new Map();
  const sorted = [...uids].sort(inOrder);
  return new Map(
    sorted.map((uid, at) => [uid, renderLastEnd(now, duration(Math.floor(within * (0.25 + (0.75 * (at + 1)) / sorted.length))))]),
  );
}

/** `start` is 40 zeros until there is one: then it is only read, to see whether what was typed can be meant. */
export function renderConfiguration(
  typed: Typed,
  found: { namedBy: string; groups: readonly FoundGroup[]; locks: readonly FoundLock[] },
  { start, now }: { start: CommitId | string; now: Instant },
): string {
  const { namedBy, groups, locks } = found;
  const mayBeEmpty = groups.length > 0 && groups.every(({ needsValue }) => !needsValue);
  return `# How muster runs on this host, made by "muster init" on ${renderInstant(now).slice(0, 10)}. It is not part of the policy project: it limits the policy,
# which can touch no other groups than those listed here. muster.yaml(5) has every key; so has packaging/etc/muster.yaml.example in the sources.

repository:
${typed.gitlab ? '  url: ' + quoted(repositoryUrl(typed.gitlab)) + ' # where git fetches the policy from' : '  url: policy-project # the folder beside this file; the https:// address once the project is on a server'}
  branch: main
  path: policy # the folder inside the repository
  start: ${start} # its policy is taken as it is; what comes after it needs evidence
${typed.gitlab ? gitlabLines('repository', typed.gitlab) : ''}
${evidenceLines(typed)}
directory:
  url: ${quoted(typed.url)}
${typed.startTls ? '  start-tls: true # an ldap:// connection is encrypted, always\n' : ''}${bindLines(typed.bind)}${typed.authoritiesFile === undefined ? '' : `  ca-file: ${quoted(typed.authoritiesFile)} # who vouches for the server\n`}  people: ${quoted(typed.people)} # everybody stands below it
  named-by: ${namedBy} # the attribute in the name (RDN) of most people's entries
  groups:${groups.length === 0 ? ' {}' : ''} # all that muster may ever touch
${groups.map(({ group, dn }) => `    ${group}: ${quoted(dn)}\n`).join('')}  empty-group: ${mayBeEmpty ? 'no-member # the class of these groups allows an entry without members' : 'empty-dn # what stands in a group without members: their class wants a value'}
${lockLines(locks)}
mode: report # plan and record, and write nothing to the directory; "enforce" writes
state: state # revocations and the record; on a host of its own /var/lib/muster
`;
}

function lockLines(locks: readonly FoundLock[]): string {
  if (locks.length === 0)
    return `  # Who counts as locked, and is taken out. Nothing in the directory says which attribute means that:
  # disabled: { attribute: pwdPolicySubentry, value: "cn=disabled,ou=ppolicies,…" }
`;
  const lines = locks.map(
    ({ attribute, value, people }) =>
      `  # disabled: { attribute: ${attribute}, value: ${quoted(value)} } # ${count(people, 'person has', 'people have')} this\n`,
  );
  return `  # Who counts as locked, and is taken out. Where that is meant by it, take away the first "#":\n${lines.join('')}`;
}

function evidenceLines({ gitlab }: Typed): string {
  if (!gitlab)
    return `# Whatever is on the branch counts, and every run warns of that. With GitLab, where merge requests are approved, write
# "evidence: gitlab" and a section "gitlab" with url, project and token-file (scope read_api). Without it, where people sign changes with SSH
# keys, write "evidence: signed" (docs/signing.md, "Without GitLab").
evidence: none
`;
  return `gitlab:
  url: ${quoted(gitlab.url)}
  project: ${quoted(gitlab.project)} # its number stays when the project moves
${gitlabLines('gitlab', gitlab)}evidence: gitlab # a change counts when an authorised person approved its merge request there
`;
}

type Forge = NonNullable<Typed['gitlab']>;

function gitlabLines(section: 'repository' | 'gitlab', { tokenFile, authoritiesFile }: Forge): string {
  const scope = section === 'gitlab' ? 'read_api' : 'read_repository';
  const authorities = authoritiesFile === undefined ? '' : `  ca-file: ${quoted(authoritiesFile)} # who vouches for the server\n`;
  return `  token-file: ${quoted(tokenFile)} # scope ${scope}; one line\n${authorities}`;
}

export function repositoryUrl({ url, path }: Forge): string {
  return `${url.replace(/\/+$/, '')}/${path}.git`;
}

function bindLines(bind: Typed['bind']): string {
  if (bind === 'external') return '  sasl: external # as the account that runs muster\n';
  if (bind) return `  bind-dn: ${quoted(bind.dn)}\n  password-file: ${quoted(bind.passwordFile)} # one line, for its owner only\n`;
  return `  # muster plans and writes as an account of its own, never as nobody. Put it here:
  # bind-dn: "cn=muster,…"
  # password-file: password
`;
}

/** JSON is YAML. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
