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
const bad: readonly {
  readonly key: string;
  readonly line: string;
  readonly instead: string;
  readonly column: number;
  readonly says: RegExp;
}[] = [
  {
    key: 'repository.url',
    line: '  url: https://gitlab.example.org/repos',
    instead: '  url: ""',
    column: 8,
    says: /nothing is written here/,
  },
  {
    key: 'repository.url',
    line: '  url: https://gitlab.example.org/repos',
    instead: '  url: https://oauth2:s3cret@gitlab.example.org/a.git',
    column: 8,
    says: /credentials do not belong into the URL/,
  },
  {
    key: 'repository.url',
    line: '  url: https://gitlab.example.org/repos',
    instead: '  url: http://gitlab.example.org/a.git',
    column: 8,
    says: /use https/,
  },
  {
    key: 'repository.url',
    line: '  url: https://gitlab.example.org/repos',
    instead: '  url: ext::sh -c id',
    column: 8,
    says: /git is not asked to fetch by ext:/,
  },
  { key: 'repository.branch', line: '  branch:', instead: '  branch: [main]', column: 11, says: /the name of a branch is expected/ },
  { key: 'repository.branch', line: '  branch:', instead: '  branch: a..b', column: 11, says: /is not the name of a branch/ },
  { key: 'repository.branch', line: '  branch:', instead: '  branch: -x', column: 11, says: /is not the name of a branch/ },
  { key: 'repository.path', line: '  path:', instead: '  path: ../policy', column: 9, says: /a folder inside the repository/ },
  { key: 'repository.path', line: '  path:', instead: '  path: /policy', column: 9, says: /a folder inside the repository/ },
  { key: 'repository.path', line: '  path:', instead: '  path: .', column: 9, says: /the policy cannot be the root of its repository/ },
  { key: 'repository.path', line: '  path:', instead: '  path: /', column: 9, says: /the policy cannot be the root of its repository/ },
  { key: 'repository.ca-file', line: '  ca-file: git', instead: '  ca-file: []', column: 12, says: /the name of a file is expected/ },
  {
    key: 'repository.proxy',
    line: '  proxy: http://proxy.example.org:8080',
    instead: '  proxy: proxy:8080',
    column: 10,
    says: /address of a proxy/,
  },
  {
    key: 'repository.start',
    line: '  start:',
    instead: '  start: main',
    column: 10,
    says: /"main" is not a commit\. Write the 40 hex digits/,
  },
  { key: 'repository.start', line: '  start:', instead: `  start: ${start.slice(0, 12)}`, column: 10, says: /is not a commit/ },
  {
    key: 'repository.rules',
    line: '  rules:',
    instead: '  rules: 9b1e',
    column: 10,
    says: /is not the digest of rules files.*muster plan/,
  },
  {
    key: 'repository.token-file',
    line: '  token-file: git-token',
    instead: '  token-file: { path: x }',
    column: 15,
    says: /the name of a file is expected/,
  },
  {
    key: 'gitlab.url',
    line: '  url: https://gitlab.example.org/',
    instead: '  url: gitlab.example.org',
    column: 8,
    says: /is not a URL \(https:\/\/, http:\/\/\)/,
  },
  { key: 'gitlab.ca-file', line: '  ca-file: /etc/ssl', instead: '  ca-file: []', column: 12, says: /the name of a file is expected/ },
  {
    key: 'gitlab.proxy',
    line: '  proxy: http://proxy.example.org:8080/',
    instead: '  proxy: http://proxy.example.org/path',
    column: 10,
    says: /address of a proxy/,
  },
  { key: 'gitlab.project', line: '  project:', instead: '  project: ""', column: 12, says: /nothing is written here/ },
  {
    key: 'gitlab.token-file',
    line: '  token-file: gitlab-token',
    instead: '  token-file: " x"',
    column: 15,
    says: /is not the name of a file/,
  },
  {
    key: 'gitlab.comment-token-file',
    line: '  comment-token-file:',
    instead: '  comment-token-file: []',
    column: 23,
    says: /the name of a file is expected/,
  },
  { key: 'gitlab.concurrency', line: '  concurrency:', instead: '  concurrency: 0', column: 16, says: /"0" is not a whole number from 1/ },
  { key: 'evidence', line: 'evidence:', instead: 'evidence: github', column: 11, says: /"github" is not "gitlab" or "signed" or "none"/ },
  {
    key: 'directory.url',
    line: '  url: ldap:',
    instead: '  url: ldap-rw.example.org',
    column: 8,
    says: /is not a URL \(ldap:\/\/, ldaps:\/\/, ldapi:\/\/\)/,
  },
  {
    key: 'directory.url',
    line: '  url: ldap:',
    instead: '  url: ldaps://cn=x:secret@ldap-rw.example.org',
    column: 8,
    says: /credentials do not belong into the URL/,
  },
  {
    key: 'directory.url',
    line: '  url: ldap:',
    instead: '  url: ldaps://ldap-rw.example.org',
    column: 8,
    says: /start-tls is for ldap:\/\/ URLs/,
  },
  { key: 'directory.read-url', line: '  read-url:', instead: '  read-url: https://ldap-ro.example.org', column: 13, says: /is not a URL/ },
  { key: 'directory.credentials', line: '  bind-dn:', instead: '  credentials: ""', column: 16, says: /nothing is written here/ },
  { key: 'directory.bind-dn', line: '  bind-dn:', instead: '  bind-dn: muster', column: 12, says: /"muster" is not a distinguished name/ },
  {
    key: 'directory.password-file',
    line: '  password-file:',
    instead: '  password-file: []',
    column: 18,
    says: /the name of a file is expected/,
  },
  { key: 'directory.sasl', line: '  bind-dn:', instead: '  sasl: plain', column: 9, says: /"plain" is not "external"/ },
  { key: 'directory.ca-file', line: '  ca-file: ca.pem', instead: '  ca-file: []', column: 12, says: /the name of a file is expected/ },
  { key: 'directory.people', line: '  people:', instead: '  people: "ou=,dc=example"', column: 11, says: /is not a distinguished name/ },
  {
    key: 'directory.people',
    line: '  people:',
    instead: '  people: ou=people,,dc=example',
    column: 11,
    says: /is not a distinguished name/,
  },
  {
    key: 'directory.groups.klaxon-users',
    line: '    klaxon-users: cn',
    instead: '    klaxon-users: CN=Stewards, ou=groups,dc=example,dc=org',
    column: 19,
    says: /is the same entry of the directory as stewards/,
  },
  {
    key: 'directory.empty-group',
    line: '  empty-group:',
    instead: '  empty-group: uid=nobody,ou=people,dc=example,dc=org',
    column: 16,
    says: /lies under directory.people/,
  },
  { key: 'directory.people', line: '  people:', instead: '  people: people', column: 11, says: /is not a distinguished name/ },
  {
    key: 'directory.groups.stewards',
    line: '    stewards:',
    instead: '    stewards: stewards',
    column: 15,
    says: /is not a distinguished name/,
  },
  {
    key: 'directory.groups.Stewards',
    line: '    stewards:',
    instead: '    Stewards: cn=stewards',
    column: 5,
    says: /is not the name of a group/,
  },
  {
    key: 'directory.ceilings.stewart',
    line: '    klaxon-users: {',
    instead: '    stewart: { members: 1 }',
    column: 14,
    says: /not listed under directory\.groups/,
  },
  {
    key: 'directory.ceilings.klaxon-users.members',
    line: '    klaxon-users: {',
    instead: '    klaxon-users: { members: many }',
    column: 30,
    says: /is not a whole number/,
  },
  {
    key: 'directory.ceilings.klaxon-users.source',
    line: '    klaxon-users: {',
    instead: '    klaxon-users: { source: roster }',
    column: 29,
    says: /is not where members may come from.*roster steward/,
  },
  {
    key: 'directory.ceilings.klaxon-users.additions',
    line: '    klaxon-users: {',
    instead: '    klaxon-users: { additions: 20% }',
    column: 32,
    says: /is not a whole number/,
  },
  {
    key: 'directory.ceilings.klaxon-users.removals',
    line: '    klaxon-users: {',
    instead: '    klaxon-users: { removals: -1 }',
    column: 31,
    says: /is not a whole number/,
  },
  {
    key: 'directory.ceilings.klaxon-users.signed',
    line: '    klaxon-users: {',
    instead: '    klaxon-users: { signed: all }',
    column: 29,
    says: /is not a whole number/,
  },
  {
    key: 'directory.ceilings.rules',
    line: '    rules: {',
    instead: '    rules: { members: 4 }',
    column: 12,
    says: /only "signed" is said/,
  },
  {
    key: 'directory.ceilings.klaxon-users.longest',
    line: '    klaxon-users: {',
    instead: '    klaxon-users: { longest: none }',
    column: 30,
    says: /is not a length of time/,
  },
  {
    key: 'directory.empty-group',
    line: '  empty-group:',
    instead: '  empty-group: nobody',
    column: 16,
    says: /Write empty-dn, no-member, or a DN/,
  },
  { key: 'directory.start-tls', line: '  start-tls:', instead: '  start-tls: yes', column: 14, says: /"yes" is not "true" or "false"/ },
  {
    key: 'directory.disabled.value',
    line: '  disabled:',
    instead: '  disabled: { attribute: x, value: "" }',
    column: 36,
    says: /nothing is written here/,
  },
  { key: 'directory.disabled', line: '  disabled:', instead: '  disabled: { value: x }', column: 13, says: /"attribute" is missing/ },
  { key: 'rosters.Steward', line: '  steward:', instead: '  Steward: { from: x }', column: 3, says: /is not the name of a roster/ },
  { key: 'rosters.steward', line: '  steward:', instead: '  steward: { older-than: 1 day }', column: 12, says: /"from" is missing/ },
  {
    key: 'rosters.steward.from',
    line: '  steward:',
    instead: '  steward: { from: [x] }',
    column: 20,
    says: /where the roster lies is expected/,
  },
  {
    key: 'rosters.steward.from',
    line: '  steward:',
    instead: '  steward: { from: "http://h/steward.txt" }',
    column: 20,
    says: /one file is named/,
  },
  {
    key: 'rosters.steward.from',
    line: '  steward:',
    instead: '  steward: { from: "rsync://h/module" }',
    column: 20,
    says: /one file is named/,
  },
  {
    key: 'rosters.steward.from',
    line: '  steward:',
    instead: '  steward: { from: "rsync://h/module/" }',
    column: 20,
    says: /one file is named/,
  },
  {
    key: 'rosters.steward.from',
    line: '  steward:',
    instead: '  steward: { from: "rsync://u@h/module/steward.txt" }',
    column: 20,
    says: /one file is named/,
  },
  {
    key: 'rosters.steward.from',
    line: '  steward:',
    instead: '  steward: { from: "rsync://h/module/*.txt" }',
    column: 20,
    says: /one file is named/,
  },
  {
    key: 'rosters.steward.older-than',
    line: '  steward:',
    instead: '  steward: { from: x, older-than: 26 }',
    column: 35,
    says: /"26" is not a length of time.*or "none" where the time of the file means nothing/s,
  },
  {
    key: 'rosters.steward.checksum',
    line: '  steward:',
    instead: '  steward: { from: x, checksum: sha256 }',
    column: 33,
    says: /is not "none" or "required"/,
  },
  { key: 'mode', line: 'mode:', instead: 'mode: dry-run', column: 7, says: /is not "enforce" or "report"/ },
  { key: 'active.host', line: 'active:', instead: 'active: { host: "" }', column: 17, says: /nothing is written here/ },
  { key: 'active', line: 'active:', instead: 'active: [x]', column: 9, says: /a file or a host is expected/ },
  { key: 'state', line: 'state:', instead: 'state: " x"', column: 8, says: /is not the name of a folder/ },
  { key: 'require-touch', line: 'require-touch:', instead: 'require-touch: yes', column: 16, says: /"yes" is not "true" or "false"/ },
  { key: 'metrics', line: 'metrics:', instead: 'metrics: {}', column: 10, says: /the name of a file is expected/ },
  { key: 'report', line: 'report:', instead: 'report: ""', column: 9, says: /nothing is written here/ },
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
    const tried = bad.map((one) => withoutNames(one.key));
    expect(tried.some((one) => one === key || key.startsWith(`${one}.`))).toBe(true);
  });

  it.each(bad)('given "$instead", then $key is named with file, line and column', ({ key, line, instead, column, says }) => {
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
});
