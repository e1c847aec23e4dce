// What the directory, and GitLab, have now: the groups with people in them, who these people are, and who could approve. Reads only.
import type { DirectoryConfiguration } from '../config/configuration.ts';
import { readSecret } from '../config/secret-files.ts';
import { openConnection } from '../directory/access.ts';
import type { DirectoryConnection } from '../directory/connection.ts';
import type { MemberEntry, ObservedGroup } from '../directory/directory.ts';
import { dnKeyOf, isWithin } from '../directory/distinguished-names.ts';
import { pagesOf, valuesOf } from '../directory/entries.ts';
import { configuredKey, type DirectoryLayout } from '../directory/layout.ts';
import { directoryReader } from '../directory/reader.ts';
import type { Directory } from '../membership/proposal.ts';
import { answered, hasResultCode, refusal, resultCode } from '../directory/result-codes.ts';
import { Misuse } from '../errors.ts';
import { forgeSettings, openGitLab } from '../gitlab/gitlab.ts';
import { openSettings } from '../gitlab/settings.ts';
import type { Configuration } from '../config/configuration.ts';
import { dn, inOrder, parseGroupName, parseUid, type Dn, type DnKey, type GroupName, type Instant, type Uid } from '../names.ts';
import { plain } from '../text.ts';
import { renderSearch, type FoundGroup, type FoundLock, type Typed } from './beginning.ts';

export interface DirectoryFound {
  readonly namedBy: string;
  readonly groups: readonly (FoundGroup & { readonly observed: ObservedGroup; readonly behind: ReadonlyMap<DnKey, MemberEntry> })[];
  /** Groups that are not taken, and why. */
  readonly leftOut: readonly { readonly dn: string; readonly why: string }[];
  /** Those of the uids that somebody has. */
  readonly known: ReadonlySet<Uid>;
  /** What is on some people and usually means that they are locked. */
  readonly locks: readonly FoundLock[];
}

interface Candidate {
  readonly group: GroupName;
  readonly dn: Dn;
  readonly description: string | undefined;
  /** It was named, so that it must be there. */
  readonly isNamed: boolean;
}

/** More are not begun with by accident, and each is a question or two. */
const mostGroups = 50;

export async function lookIntoDirectory(
  configuration: DirectoryConfiguration,
  typed: Typed,
  wanted: ReadonlyMap<GroupName, Dn>,
  uids: readonly Uid[],
  now: Instant,
): Promise<DirectoryFound> {
  const connection = await openConnection(configuration.url, configuration, typed.bind ? undefined : { kind: 'anonymous' });
  try {
    const namedBy = await namingAttribute(connection, configuration.people, typed);
    const { candidates, leftOut } = wanted.size > 0 ? named(wanted) : await search(connection, configuration, typed);
    const layout: DirectoryLayout = {
      ...configuration,
      namedBy,
      now,
      groups: new Map(candidates.map(({ group, dn: name }) => [group, name])),
    };
    const reader = directoryReader(connection, layout);
    const groups: DirectoryFound['groups'][number][] = [];
    for (const candidate of candidates) {
      const seen = await look(reader, configuration.people, candidate);
      if ('why' in seen) leftOut.push({ dn: candidate.dn, why: seen.why });
      else groups.push(seen);
    }
    const known = new Set((await reader.people(uids)).keys());
    return { namedBy, groups, leftOut, known, locks: await locksOf(connection, configuration.people) };
  } finally {
    await connection.close();
  }
}

/** What most people's entries are named by; a hundred tell. Throws Misuse where nobody stands there. */
async function namingAttribute(connection: DirectoryConnection, people: Dn, typed: Typed): Promise<string> {
  const counts = new Map<string, number>();
  try {
    for await (const page of connection.pages(people, { scope: 'sub', filter: '(uid=*)', attributes: ['1.1'] }, 100)) {
      for (const entry of page) {
        const attribute = /^ *([A-Za-z][A-Za-z0-9-]*) *=/.exec(entry.dn)?.[1]?.toLowerCase();
        if (attribute !== undefined) counts.set(attribute, (counts.get(attribute) ?? 0) + 1);
      }
      break;
    }
  } catch (error) {
    if (!hasResultCode(error, resultCode.noSuchObject)) throw refusal(error, `search ${people}`);
    throw new Misuse(
      `--people: the directory has no entry ${people}, or hides it from ${reader(typed)}. ${await whereElse(connection, typed)}`,
    );
  }
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  if (!most)
    throw new Misuse(
      `--people: below ${people} the directory shows ${reader(typed)} nobody who has a uid. ${await whereElse(connection, typed)}`,
    );
  return most[0];
}

function reader({ bind }: Typed): string {
  if (bind === undefined) return 'whoever asks without an account';
  return bind === 'external' ? 'this account' : bind.dn;
}

/** Below which entries people stand, in what the server names as its own; how to find out, where it shows nobody. */
async function whereElse(connection: DirectoryConnection, typed: Typed): Promise<string> {
  const found = [];
  for (const context of await contexts(connection)) found.push(...branchesOf(await somePeople(connection, context, '(uid=*)'), context));
  const most = found.sort((left, right) => right.entries - left.entries).slice(0, 3);
  if (most.length > 0)
    return `Who has a uid stands below ${most.map(({ dn: below, entries }) => `${plain(below)} (${entries})`).join(', ')}`;
  return typed.bind
    ? `To find it, look up one person: ${renderSearch(typed)} -b SUFFIX uid=SOMEBODY dn`
    : 'Name an account that may read it: --bind-dn DN --password-file FILE';
}

/** For each entry directly below the context, the deepest one below which all of these stand that stand there. */
function branchesOf(names: readonly string[], context: string): readonly { readonly dn: string; readonly entries: number }[] {
  const rdns = (name: string) => (name.match(/(?:\\.|[^,\\])+/gs) ?? []).map((rdn) => rdn.trim());
  const depth = rdns(context).length;
  const branches = new Map<string, readonly string[][]>();
  for (const name of names) {
    const above = rdns(name).slice(1).reverse();
    const branch = above.slice(depth, depth + 1).join();
    branches.set(branch, [...(branches.get(branch) ?? []), above]);
  }
  return [...branches.values()].map((entries) => {
    const [first = []] = entries;
    const apart = first.findIndex((rdn, at) => entries.some((other) => other[at] !== rdn));
    return {
      dn: first
        .slice(0, apart < 0 ? undefined : apart)
        .reverse()
        .join(','),
      entries: entries.length,
    };
  });
}

/** 389 Directory Server and FreeIPA; OpenLDAP's ppolicy for whom a person locked, not a wrong password; shadow(5). */
const usualLocks = [
  { attribute: 'nsAccountLock', value: 'TRUE' },
  { attribute: 'pwdAccountLockedTime', value: '000001010000Z' },
  { attribute: 'shadowExpire', value: '1' },
] as const;

async function locksOf(connection: DirectoryConnection, people: Dn): Promise<readonly FoundLock[]> {
  const found: FoundLock[] = [];
  for (const lock of usualLocks) {
    const { length } = await somePeople(connection, people, `(&(uid=*)(${lock.attribute}=${lock.value}))`);
    if (length > 0) found.push({ ...lock, people: length });
  }
  return found;
}

const mostPeople = 500;

/** Names of entries, at most a page; none where the server says no, for they are a hint only. */
async function somePeople(connection: DirectoryConnection, base: string, filter: string): Promise<readonly string[]> {
  try {
    for await (const page of connection.pages(base, { scope: 'sub', filter, attributes: ['1.1'] }, mostPeople))
      return page.map((entry) => entry.dn);
    return [];
  } catch (error) {
    if (refusal(error, 'show anybody') === error) throw error;
    return [];
  }
}

/** Below which the server has entries, as it names them (RFC 4512, section 5.1). */
async function contexts(connection: DirectoryConnection): Promise<readonly string[]> {
  const question = { scope: 'base' as const, filter: '(objectClass=*)', attributes: ['namingContexts'] };
  const [root] = await answered(connection.search('', question), 'show its root DSE');
  return root ? valuesOf(root, 'namingContexts') : [];
}

interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly leftOut: { readonly dn: string; readonly why: string }[];
}

function named(wanted: ReadonlyMap<GroupName, Dn>): Candidates {
  return { candidates: [...wanted].map(([group, name]) => ({ group, dn: name, description: undefined, isNamed: true })), leftOut: [] };
}

const groupClasses = ['groupOfNames', 'groupOfUniqueNames', 'groupOfMembers', 'groupOfEntries', 'posixGroup'];

async function search(connection: DirectoryConnection, { people }: DirectoryConfiguration, typed: Typed): Promise<Candidates> {
  // The own groups of accounts are as many as these, and have no member.
  const filter = `(&(|${groupClasses.map((name) => `(objectClass=${name})`).join('')})(|(member=*)(uniqueMember=*)(memberUid=*)))`;
  const candidates = new Map<GroupName, Candidate>();
  const leftOut: Candidates['leftOut'] = [];
  const base = await suffixOf(connection, people);
  const question = { scope: 'sub' as const, filter, attributes: ['cn', 'description'] };
  for await (const page of pagesOf(connection, base, question, 500, `search ${base} for groups`)) {
    for (const entry of page) {
      const [cn = ''] = valuesOf(entry, 'cn');
      const group = nameOf(cn);
      const other = group && candidates.get(group);
      if (!group) leftOut.push({ dn: entry.dn, why: `its cn makes no name of a file; take it with --group NAME=DN` });
      else if (other) leftOut.push({ dn: entry.dn, why: `${other.dn} has the same name; take it with --group NAME=DN` });
      else candidates.set(group, { group, dn: dn(entry.dn), description: valuesOf(entry, 'description')[0], isNamed: false });
    }
    if (candidates.size + leftOut.length > mostGroups)
      throw new Misuse(
        `${base} has more than ${mostGroups} groups: say which of them muster is to manage, each with --group NAME=DN. To see them: ${renderSearch(typed)} -b ${JSON.stringify(base)} ${JSON.stringify(filter)} dn`,
      );
  }
  return { candidates: [...candidates.values()].sort((left, right) => inOrder(left.group, right.group)), leftOut };
}

/** As the file of the group is called: `VPN Users` becomes `vpn-users`. */
function nameOf(cn: string): GroupName | undefined {
  return parseGroupName(
    cn
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, '-')
      .replaceAll(/^[^a-z0-9]+|-+$/g, ''),
  );
}

/** The naming context that people are in. */
async function suffixOf(connection: DirectoryConnection, people: Dn): Promise<string> {
  const within = (await contexts(connection)).find((context) => {
    const key = dnKeyOf(context);
    return key !== undefined && key !== '' && isWithin(configuredKey(people), key);
  });
  if (within !== undefined) return within;
  throw new Misuse(
    `the directory does not say which suffix ${people} is in, so groups cannot be looked for: name each with --group NAME=DN`,
  );
}

async function look(
  reader: Directory,
  people: Dn,
  { group, dn: name, description, isNamed }: Candidate,
): Promise<DirectoryFound['groups'][number] | { readonly why: string }> {
  const observed = await reader.group(group);
  if (observed.kind === 'unusable') {
    if (isNamed) throw new Misuse(`--group ${group}: ${observed.message}`);
    return { why: observed.message };
  }
  const behind = await reader.membersBehind(observed.members);
  const kindOf = ({ key }: { readonly key: DnKey }) => behind.get(key)?.kind;
  if (!isNamed && !observed.members.some((one) => kindOf(one) === 'person'))
    return { why: 'no person is a member of it; take it with --group NAME=DN' };
  const stranger = observed.members.find((one) => kindOf(one) === 'no-person');
  if (!isNamed && stranger)
    return {
      why: `its member ${stranger.dn} is not one person below ${people} (an account of a service, another group, or what stands in empty groups), and muster would take that out; take the group with --group NAME=DN, or name a wider --people`,
    };
  return { group, dn: name, description, needsValue: observed.needsValue, observed, behind };
}

export interface ForgeFound {
  readonly id: number;
  readonly path: string;
  /** Members who may approve, by the uid that their username is. */
  readonly members: ReadonlyMap<Uid, number>;
  readonly notUids: readonly string[];
}

/** Developer: with less nobody can approve where the project asks for rights (docs.gitlab.com/user/permissions). */
const developer = 30;

export async function lookIntoGitLab(gitlab: NonNullable<Configuration['gitlab']>, now: () => Instant): Promise<ForgeFound> {
  const token = gitlab.tokenFile === undefined ? {} : { token: await readSecret(gitlab.tokenFile) };
  const settings = { ...forgeSettings(gitlab, now), ...token };
  const { id: project, path } = await openGitLab(settings).project();
  const members = await openSettings(settings).members();
  const found = new Map<Uid, number>();
  const notUids: string[] = [];
  for (const [id, { username, state, role = 0 }] of members) {
    if (state !== 'active' || role < developer) continue;
    const uid = parseUid(username);
    if (uid) found.set(uid, id);
    else notUids.push(plain(username));
  }
  return { id: project, path, members: found, notUids: notUids.sort(inOrder) };
}
