// The keys of the host's file and the kinds of their values.
import * as v from 'valibot';
import { dn, isBranchName, parseCommitId, parseGroupName, parseRosterName, type RosterName } from '../names.ts';
import { complaint } from '../policy/yaml-problems.ts';
import { groupName, kind, lengthOfTime, list, map, mapOf, natural, oldest, positive, rosterName, word } from '../policy/scalars.ts';

const line = (what: string, fix: string) =>
  kind({
    code: 'bad-value',
    what,
    fix,
    read: (text) => (text.trim() === text && text !== '' ? text : undefined),
    editor: { type: 'string' },
  });

const file = line('the name of a file', 'Write a path, such as /etc/muster/git-token.');
const folder = line('the name of a folder', 'Write a path, such as /var/lib/muster.');
const text = line('a text', 'Write one line.');
// RFC 4514, section 3, and the quotes of RFC 2253. The directory's adapter reads it more closely.
const attributeAndValue = String.raw`(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*) *= *(?:"(?:[^"\\]|\\.)*"|(?:[^,;+"\\<>]|\\.)+)`;
const distinguishedName = new RegExp(String.raw`^ *${attributeAndValue}(?: *[,;+] *${attributeAndValue})* *$`, 's');
const name = kind({
  code: 'bad-dn',
  what: 'a distinguished name',
  fix: 'Write it as in "ou=people,dc=example,dc=org".',
  read: (one) => (distinguishedName.test(one) ? dn(one) : undefined),
  editor: {},
});
const branch = kind({
  code: 'bad-value',
  what: 'the name of a branch',
  fix: 'Write it as in "main".',
  read: (one) => (isBranchName(one) ? one : undefined),
  editor: {},
});
const placeholder = kind({
  code: 'bad-word',
  what: 'what may stand in an empty group',
  fix: 'Write empty-dn, no-member, or a DN.',
  read: (one) => (one === 'empty-dn' || one === 'no-member' ? one : distinguishedName.test(one) ? dn(one) : undefined),
  editor: {},
});
const commit = kind({
  code: 'bad-commit',
  what: 'a commit',
  fix: 'Write the 40 hex digits that "git rev-parse COMMIT" prints.',
  read: parseCommitId,
  editor: {},
});
const rulesDigest = kind({
  code: 'bad-value',
  what: 'the digest of rules files',
  fix: 'Write the "sha256:…" that "muster plan" prints.',
  read: (one) => (/^sha256:[0-9a-f]{64}$/.test(one) ? one : undefined),
  editor: {},
});
const truth = kind({
  code: 'bad-word',
  what: '"true" or "false"',
  fix: 'Write "true" or "false".',
  read: (one) => (one === 'true' ? { is: true } : one === 'false' ? { is: false } : undefined),
  editor: {},
});

/** A URL of one of these schemes; plain http only to this very host. Credentials in it are told by themselves (configuration.ts). */
const url = (schemes: readonly string[], fix: string) =>
  kind({
    code: 'bad-url',
    what: `a URL (${schemes.map((scheme) => `${scheme}//`).join(', ')})`,
    fix,
    read: (one) => {
      const parsed = URL.canParse(one) ? new URL(one) : undefined;
      if (!parsed || !schemes.includes(parsed.protocol)) return undefined;
      return parsed.protocol !== 'http:' || isLoopback(parsed.hostname) ? one : undefined;
    },
    editor: {},
  });

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

const attributeName = kind({
  code: 'bad-value',
  what: 'the name of an attribute',
  fix: 'Write it as in "pwdPolicySubentry".',
  read: (one) => (/^[A-Za-z][A-Za-z0-9;-]{0,127}$/.test(one) ? one : undefined),
  editor: {},
});

const proxy = kind({
  code: 'bad-url',
  what: 'the address of a proxy (http://) without credentials',
  fix: 'Write it as in http://proxy.example:8080.',
  read: (one) => {
    const parsed = URL.canParse(one) ? new URL(one) : undefined;
    const isPlace = parsed?.protocol === 'http:' && parsed.username === '' && parsed.password === '' && parsed.pathname === '/';
    return isPlace && parsed.search === '' && parsed.hash === '' ? parsed.origin : undefined;
  },
  editor: {},
});

/** Of a server that is asked by https://. */
const wayThere = { 'ca-file': v.exactOptional(file), proxy: v.exactOptional(proxy) };

/** Where the members of a group may come from. */
export type Source = 'grants' | { readonly roster: RosterName };

const source = kind({
  code: 'bad-word',
  what: 'where members may come from',
  fix: 'Write "grants", or "roster steward".',
  read: (one): Source | undefined => {
    if (one === 'grants') return one;
    const named = parseRosterName(/^roster +(\S+)$/.exec(one)?.[1] ?? '');
    return named && { roster: named };
  },
  editor: {},
});

const ceilings = map({
  source: v.exactOptional(source),
  members: v.exactOptional(positive),
  longest: v.exactOptional(lengthOfTime),
  // In 24 hours, whatever was approved.
  additions: v.exactOptional(natural),
  removals: v.exactOptional(natural),
  // The least number of signatures on a grant.
  signed: v.exactOptional(natural),
});

/** The host's word on a group, against a policy gone wrong and a judge that was taken over; the tighter of it and the policy wins. */
export type Ceilings = Readonly<v.InferOutput<typeof ceilings>>;

const aGroup = complaint(
  'wrong-type',
  'a DN, or a DN with the attribute that holds the members, is expected here',
  'Write "stewards: cn=stewards,ou=groups,dc=example,dc=org", or "stewards: { dn: …, attribute: memberUid }".',
);

/** A value, several of them, or a time that has (not) passed. */
const lockValue = v.pipe(
  v.union(
    [text, list(text, '[locked, disabled]')],
    complaint('wrong-type', 'a value or a list of values is expected here', 'Write one line, or a list.'),
  ),
  v.transform((given): 'future' | 'past' | readonly string[] =>
    given === 'future' || given === 'past' ? given : typeof given === 'string' ? [given] : given,
  ),
);

const repository = map({
  url: line('where git fetches from', 'Write a URL or a path, without credentials: those come from token-file.'),
  branch: v.optional(branch, 'main'),
  path: v.optional(line('a folder inside the repository', 'Write it as in "policy".'), 'policy'),
  start: commit,
  rules: v.exactOptional(rulesDigest),
  'token-file': v.exactOptional(file),
  ...wayThere,
});

const gitlab = map({
  url: url(['https:', 'http:'], 'Write the address of the server; http:// only where it is this very host.'),
  project: text,
  'token-file': v.exactOptional(file),
  'comment-token-file': v.exactOptional(file),
  ...wayThere,
  concurrency: v.exactOptional(positive),
});

const ldapUrl = url(['ldap:', 'ldaps:', 'ldapi:'], 'Write ldaps://HOST, ldap://HOST with start-tls, or ldapi://PATH.');

const directory = map({
  url: ldapUrl,
  'read-url': v.exactOptional(ldapUrl),
  credentials: v.exactOptional(file),
  'bind-dn': v.exactOptional(name),
  'password-file': v.exactOptional(file),
  sasl: v.exactOptional(word('external')),
  'ca-file': v.exactOptional(file),
  people: name,
  'named-by': v.optional(attributeName, 'uid'),
  groups: mapOf(
    groupName,
    parseGroupName,
    v.union([name, map({ dn: name, attribute: v.exactOptional(word('member', 'uniqueMember', 'memberUid')) })], aGroup),
    'Write "stewards: cn=stewards,ou=groups,dc=example,dc=org", one group a line.',
  ),
  ceilings: v.exactOptional(
    mapOf(
      groupName,
      parseGroupName,
      ceilings,
      'Write "klaxon-users: { source: grants, members: 40, longest: 180 days, additions: 10, removals: 10 }".',
    ),
  ),
  'empty-group': v.optional(placeholder, 'empty-dn'),
  'start-tls': v.optional(truth, 'false'),
  disabled: v.exactOptional(map({ attribute: attributeName, value: v.exactOptional(lockValue) })),
});

const roster = map({
  from: line('where the roster lies', 'Write a path, or rsync://host/module/path.'),
  'older-than': v.optional(oldest, '26 hours'),
  checksum: v.optional(word('none', 'required'), 'none'),
});

export const configurationSchema = map({
  repository,
  gitlab: v.exactOptional(gitlab),
  evidence: v.optional(word('gitlab', 'signed', 'none'), 'gitlab'),
  directory: v.exactOptional(directory),
  rosters: v.exactOptional(mapOf(rosterName, parseRosterName, roster, 'Write "steward: { from: /srv/exports/ldap_group/steward.txt }".')),
  mode: v.optional(word('enforce', 'report'), 'enforce'),
  active: v.exactOptional(
    v.union(
      [file, map({ host: text })],
      complaint('wrong-type', 'a file or a host is expected here', 'Write "active: /etc/muster/active" or "active: { host: NAME }".'),
    ),
  ),
  state: v.exactOptional(folder),
  judged: v.exactOptional(folder),
  'require-touch': v.optional(truth, 'false'),
  metrics: v.exactOptional(file),
  report: v.exactOptional(file),
});

export type ConfigurationFile = v.InferOutput<typeof configurationSchema>;
