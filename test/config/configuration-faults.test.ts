// What is said to the host's administrator of each mistake in the file.
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { complaintAbout, file, full, minimal, parsed, rules, start } from './configuration-samples.ts';

/** The full file with one line written otherwise; `line` is found again whole, or by its beginning. */
function withLine(line: string, instead: string): { readonly text: string; readonly number: number } {
  const lines = full.split('\n');
  const at = lines.includes(line) ? lines.indexOf(line) : lines.findIndex((one) => one.startsWith(line));
  if (at === -1) throw new Error(`there is no line ${line}`);
  return { text: lines.with(at, instead).join('\n'), number: at + 1 };
}

/** One bad value for every key of the file: the line as it stands in the full file, what is written instead, and where it is wrong. */
const bad: readonly (readonly [key: string, line: string, instead: string, column: number, says: RegExp])[] = [
  ['repository.url', '  url: https://gitlab.example.org/repos', '  url: ""', 8, /nothing is written here/],
  [
    'repository.url',
    '  url: https://gitlab.example.org/repos',
    '  url: https://oauth2:s3cret@gitlab.example.org/a.git',
    8,
    /credentials do not belong into the URL/,
  ],
  ['repository.url', '  url: https://gitlab.example.org/repos', '  url: http://gitlab.example.org/a.git', 8, /use https/],
  ['repository.url', '  url: https://gitlab.example.org/repos', '  url: ext::sh -c id', 8, /git is not asked to fetch by ext:/],
  ['repository.branch', '  branch:', '  branch: [main]', 11, /the name of a branch is expected/],
  ['repository.branch', '  branch:', '  branch: a..b', 11, /is not the name of a branch/],
  ['repository.branch', '  branch:', '  branch: -x', 11, /is not the name of a branch/],
  ['repository.path', '  path:', '  path: ../policy', 9, /a folder inside the repository/],
  ['repository.path', '  path:', '  path: /policy', 9, /a folder inside the repository/],
  ['repository.path', '  path:', '  path: .', 9, /the policy cannot be the root of its repository/],
  ['repository.path', '  path:', '  path: /', 9, /the policy cannot be the root of its repository/],
  ['repository.ca-file', '  ca-file: git', '  ca-file: []', 12, /the name of a file is expected/],
  ['repository.proxy', '  proxy: http://proxy.example.org:8080', '  proxy: proxy:8080', 10, /address of a proxy/],
  ['repository.start', '  start:', '  start: main', 10, /"main" is not a commit\. Write the 40 hex digits/],
  ['repository.start', '  start:', `  start: ${start.slice(0, 12)}`, 10, /is not a commit/],
  ['repository.rules', '  rules:', '  rules: 9b1e', 10, /is not the digest of rules files.*muster plan/],
  ['repository.token-file', '  token-file: git-token', '  token-file: { path: x }', 15, /the name of a file is expected/],
  ['gitlab.url', '  url: https://gitlab.example.org/', '  url: gitlab.example.org', 8, /is not a URL \(https:\/\/, http:\/\/\)/],
  ['gitlab.ca-file', '  ca-file: /etc/ssl', '  ca-file: []', 12, /the name of a file is expected/],
  ['gitlab.proxy', '  proxy: http://proxy.example.org:8080/', '  proxy: http://proxy.example.org/path', 10, /address of a proxy/],
  ['gitlab.project', '  project:', '  project: ""', 12, /nothing is written here/],
  ['gitlab.token-file', '  token-file: gitlab-token', '  token-file: " x"', 15, /is not the name of a file/],
  ['gitlab.comment-token-file', '  comment-token-file:', '  comment-token-file: []', 23, /the name of a file is expected/],
  ['gitlab.concurrency', '  concurrency:', '  concurrency: 0', 16, /"0" is not a whole number from 1/],
  ['evidence', 'evidence:', 'evidence: github', 11, /"github" is not "gitlab" or "signed" or "none"/],
  ['directory.url', '  url: ldap:', '  url: ldap-rw.example.org', 8, /is not a URL \(ldap:\/\/, ldaps:\/\/, ldapi:\/\/\)/],
  ['directory.url', '  url: ldap:', '  url: ldaps://cn=x:secret@ldap-rw.example.org', 8, /credentials do not belong into the URL/],
  ['directory.url', '  url: ldap:', '  url: ldaps://ldap-rw.example.org', 8, /start-tls is for ldap:\/\/ URLs/],
  ['directory.read-url', '  read-url:', '  read-url: https://ldap-ro.example.org', 13, /is not a URL/],
  ['directory.credentials', '  bind-dn:', '  credentials: ""', 16, /nothing is written here/],
  ['directory.bind-dn', '  bind-dn:', '  bind-dn: muster', 12, /"muster" is not a distinguished name/],
  ['directory.password-file', '  password-file:', '  password-file: []', 18, /the name of a file is expected/],
  ['directory.sasl', '  bind-dn:', '  sasl: plain', 9, /"plain" is not "external"/],
  ['directory.ca-file', '  ca-file: ca.pem', '  ca-file: []', 12, /the name of a file is expected/],
  ['directory.people', '  people:', '  people: "ou=,dc=example"', 11, /is not a distinguished name/],
  ['directory.people', '  people:', '  people: ou=people,,dc=example', 11, /is not a distinguished name/],
  [
    'directory.groups.klaxon-users',
    '    klaxon-users: cn',
    '    klaxon-users: CN=Stewards, ou=groups,dc=example,dc=org',
    19,
    /is the same entry of the directory as stewards/,
  ],
  ['directory.empty-group', '  empty-group:', '  empty-group: uid=nobody,ou=people,dc=example,dc=org', 16, /lies under directory.people/],
  ['directory.people', '  people:', '  people: people', 11, /is not a distinguished name/],
  ['directory.groups.stewards', '    stewards:', '    stewards: stewards', 15, /is not a distinguished name/],
  ['directory.groups.Stewards', '    stewards:', '    Stewards: cn=stewards', 5, /is not the name of a group/],
  ['directory.ceilings.stewart', '    klaxon-users: {', '    stewart: { members: 1 }', 14, /not listed under directory\.groups/],
  ['directory.ceilings.klaxon-users.members', '    klaxon-users: {', '    klaxon-users: { members: many }', 30, /is not a whole number/],
  [
    'directory.ceilings.klaxon-users.source',
    '    klaxon-users: {',
    '    klaxon-users: { source: roster }',
    29,
    /is not where members may come from.*roster steward/,
  ],
  ['directory.ceilings.klaxon-users.additions', '    klaxon-users: {', '    klaxon-users: { additions: 20% }', 32, /is not a whole number/],
  ['directory.ceilings.klaxon-users.removals', '    klaxon-users: {', '    klaxon-users: { removals: -1 }', 31, /is not a whole number/],
  ['directory.ceilings.klaxon-users.signed', '    klaxon-users: {', '    klaxon-users: { signed: all }', 29, /is not a whole number/],
  ['directory.ceilings.rules', '    rules: {', '    rules: { members: 4 }', 12, /only "signed" is said/],
  ['directory.ceilings.klaxon-users.longest', '    klaxon-users: {', '    klaxon-users: { longest: none }', 30, /is not a length of time/],
  ['directory.empty-group', '  empty-group:', '  empty-group: nobody', 16, /Write empty-dn, no-member, or a DN/],
  ['directory.start-tls', '  start-tls:', '  start-tls: yes', 14, /"yes" is not "true" or "false"/],
  ['directory.disabled.value', '  disabled:', '  disabled: { attribute: x, value: "" }', 36, /nothing is written here/],
  ['directory.disabled', '  disabled:', '  disabled: { value: x }', 13, /"attribute" is missing/],
  ['rosters.Steward', '  steward:', '  Steward: { from: x }', 3, /is not the name of a roster/],
  ['rosters.steward', '  steward:', '  steward: { older-than: 1 day }', 12, /"from" is missing/],
  ['rosters.steward.from', '  steward:', '  steward: { from: [x] }', 20, /where the roster lies is expected/],
  ['rosters.steward.from', '  steward:', '  steward: { from: "http://h/steward.txt" }', 20, /one file is named/],
  ['rosters.steward.from', '  steward:', '  steward: { from: "rsync://h/module" }', 20, /one file is named/],
  ['rosters.steward.from', '  steward:', '  steward: { from: "rsync://h/module/" }', 20, /one file is named/],
  ['rosters.steward.from', '  steward:', '  steward: { from: "rsync://u@h/module/steward.txt" }', 20, /one file is named/],
  ['rosters.steward.from', '  steward:', '  steward: { from: "rsync://h/module/*.txt" }', 20, /one file is named/],
  [
    'rosters.steward.older-than',
    '  steward:',
    '  steward: { from: x, older-than: 26 }',
    35,
    /"26" is not a length of time.*or "none" where the time of the file means nothing/s,
  ],
  ['rosters.steward.checksum', '  steward:', '  steward: { from: x, checksum: sha256 }', 33, /is not "none" or "required"/],
  ['mode', 'mode:', 'mode: dry-run', 7, /is not "enforce" or "report"/],
  ['active.host', 'active:', 'active: { host: "" }', 17, /nothing is written here/],
  ['active', 'active:', 'active: [x]', 9, /a file or a host is expected/],
  ['state', 'state:', 'state: " x"', 8, /is not the name of a folder/],
  ['require-touch', 'require-touch:', 'require-touch: yes', 16, /"yes" is not "true" or "false"/],
  ['metrics', 'metrics:', 'metrics: {}', 10, /the name of a file is expected/],
  ['report', 'report:', 'report: ""', 9, /nothing is written here/],
];

/** `directory.groups.stewards` as `directory.groups.*`: what a group or roster is called is the host's own. */
function withoutNames(key: string): string {
  return key.replace(/^(directory\.(?:groups|ceilings)|rosters)\.[\w-]+/, '$1.*');
}

function keysOf(node: unknown, path = ''): readonly string[] {
  if (typeof node !== 'object' || node === null) return [path];
  return Object.entries(node).flatMap(([key, value]) => keysOf(value, path === '' ? key : `${path}.${key}`));
}

describe('what is said of a bad value', () => {
  // Those that exclude another one of the full file, and a section that has a place of its own for what is wrong in it.
  const keys = new Set([...keysOf(parse(full)), 'directory.credentials', 'directory.sasl', 'active.host'].map(withoutNames));

  it.each([...keys])('given the key %s, then there is a bad value for it here', (key) => {
    const tried = bad.map(([of]) => withoutNames(of));
    expect(tried.some((one) => one === key || key.startsWith(`${one}.`))).toBe(true);
  });

  const rows = bad.map(([key, line, instead, column, says]) => ({ key, line, instead, column, says }));

  it.each(rows)('given "$instead", then $key is named with file, line and column', ({ key, line, instead, column, says }) => {
    const { text, number } = withLine(line, instead);
    const [complaint = ''] = complaintAbout(text).split('\n');
    expect(complaint.startsWith(`${file}:${number}:${column}: ${key}: `)).toBe(true);
    expect(complaint).toMatch(says);
  });
});

it.each([
  { given: 'a group', ceilings: 'stewards: { signed: 1 }' },
  { given: 'the rules', ceilings: 'rules: { signed: 1 }' },
])('given a ceiling that asks for signatures on $given, then the digest of the rules at start is asked for', ({ ceilings }) => {
  const text = minimal.replace('\nstate:', `\n  ceilings: { ${ceilings} }\nstate:`);
  expect(complaintAbout(text)).toMatch(/muster\.yaml:2:3: repository: the ceilings ask for signatures.*"muster plan" prints it/);
  expect(parsed(text.replace('  start:', `  rules: ${rules}\n  start:`)).repository.rules).toBe(rules);
});

it('given a group that is called as the rules are in the ceilings, then that is said', () => {
  const text = full.replaceAll('klaxon-users:', 'rules:').replace('    rules: { signed: 2 }\n', '');
  expect(complaintAbout(text)).toMatch(/directory\.ceilings\.rules: these are the rules of the policy, so no group may be called that/);
});

describe('given a host that takes nothing but signatures', () => {
  const pinned = `  rules: ${rules}\n  start:`;
  const signed = minimal.replace('evidence: none', 'evidence: signed');

  it('when the rules at start are not pinned, or there is a section "gitlab", then that is said', () => {
    expect(complaintAbout(signed)).toMatch(
      /muster\.yaml:2:3: repository: with "evidence: signed" the rules at "start" say whose keys count/,
    );
    const both = full.replace(/^evidence: .*$/m, 'evidence: signed');
    expect(complaintAbout(both)).toMatch(/gitlab: with "evidence: signed" no forge is asked: leave this section out/);
  });

  it('when they are, then every group that it manages needs two, and so do the rules', () => {
    const text = signed.replace('  start:', pinned).replace('\nstate:', '\n  ceilings: { stewards: { signed: 3 } }\nstate:');
    const { groups, ...rest } = parsed(text).signed;
    expect([[...groups].map(([, { signed: least }]) => least), rest]).toEqual([[3], { rules: 2, only: true }]);
  });

  it.each([
    { given: 'no source', ceilings: '{ signed: 3 }', source: 'grants' },
    { given: 'a source', ceilings: '{ signed: 3, source: roster steward }', source: { roster: 'steward' } },
    { given: 'no signatures', ceilings: '{ signed: 0 }', source: undefined },
  ])('when the ceilings of a group have $given, then its members come from grants where they are signed', ({ ceilings, source }) => {
    const text = signed.replace('  start:', pinned).replace('\nstate:', `\n  ceilings: { stewards: ${ceilings} }\nstate:`);
    const [of] = [...(parsed(text).directory?.ceilings.values() ?? [])];
    expect(of?.source).toEqual(source);
  });
});
