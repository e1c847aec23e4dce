// Values that are well-formed and wrong all the same: each is told as the fault of its key by the run that meets it, and doctor finds it first.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { type Host, type Section, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld({ tls: true }));

interface Wrong {
  readonly key: string;
  readonly given: string;
  readonly section: (host: Host) => { readonly repository?: Section; readonly directory?: Section } & Section;
  /** The status of a run, and words of it on either stream; and of doctor, where that may be another one. */
  readonly status: number;
  readonly says: string | RegExp;
  readonly doctor: number;
}

const overTls = (more: Section) => ({ directory: { url: world.slapd.ldapsUrl, ...more } });
const byProfile = (credentials: string) => ({ directory: { 'bind-dn': undefined, 'password-file': undefined, credentials } });

/** A file beside the configuration. */
function file(host: Host, name: string, text: string, mode = 0o600): string {
  writeFileSync(join(host.folder, name), text, { mode });
  return name;
}

const wrong: readonly Wrong[] = [
  ...[{ given: 'that nobody serves', url: 'http://127.0.0.1:1/x.git', says: /git did not answer: http:\/\/127\.0\.0\.1:1\/x\.git/ }].map(
    ({ given, url, says }) => ({
      ...{ key: 'repository.url', given, says, status: 75, doctor: 75 },
      section: () => ({ repository: { url } }),
    }),
  ),
  {
    ...{ key: 'repository.url', given: 'a folder that is no repository', status: 5, doctor: 1 },
    ...{ says: /\/etc cannot be read as a repository .*does not appear to be a git repository.* mends repository\.url/ },
    section: () => ({ repository: { url: '/etc' } }),
  },
  {
    ...{ key: 'repository.branch', given: 'that is not there', status: 5, doctor: 1 },
    ...{ says: 'has no branch nope, and has main: the administrator of this host names the right one as repository.branch' },
    section: () => ({ repository: { branch: 'nope' } }),
  },
  {
    ...{ key: 'repository.path', given: 'that is not there', status: 5, doctor: 1 },
    ...{ says: /the policy at start [0-9a-f]{40} cannot be used: nope\/policy\.yaml/ },
    section: () => ({ repository: { path: 'nope' } }),
  },
  {
    ...{ key: 'repository.start', given: 'that is in no history', status: 5, doctor: 1 },
    ...{ says: `start ${'a'.repeat(40)} is not in the history of the branch: write a commit` },
    section: () => ({ repository: { start: 'a'.repeat(40) } }),
  },
  {
    ...{ key: 'repository.token-file', given: 'that is not there', status: 2, doctor: 1 },
    ...{ says: /there is no file \S*nope, which is to hold a secret/ },
    section: () => ({ repository: { 'token-file': 'nope' } }),
  },
  {
    ...{ key: 'directory.url', given: 'that nobody serves', status: 75, doctor: 75 },
    ...{ says: 'no connection to ldap://127.0.0.1:1 (ECONNREFUSED)' },
    section: () => ({ directory: { url: 'ldap://127.0.0.1:1' } }),
  },
  {
    ...{ key: 'directory.read-url', given: 'that nobody serves', status: 75, doctor: 75 },
    ...{ says: 'no connection to ldap://127.0.0.1:1 (ECONNREFUSED)' },
    section: () => ({ directory: { 'read-url': 'ldap://127.0.0.1:1' } }),
  },
  {
    ...{ key: 'directory.credentials', given: 'without the profile', status: 2, doctor: 1, says: 'vi: there is no profile "ops"' },
    section: (host) => byProfile(`${file(host, 'vi', 'profile default\nuser: cn=x,dc=wikimedia,dc=org\npassword: y\n')}#ops`),
  },
  {
    ...{
      key: 'directory.bind-dn',
      given: 'that is nobody',
      status: 6,
      doctor: 1,
      says: 'the directory did not let cn=nobody,dc=wikimedia,dc=org in',
    },
    section: () => ({ directory: { 'bind-dn': 'cn=nobody,dc=wikimedia,dc=org' } }),
  },
  {
    ...{ key: 'directory.password-file', given: 'that is a folder', status: 2, doctor: 1, says: 'state is not a regular file' },
    section: () => ({ directory: { 'password-file': 'state' } }),
  },
  ...[
    { given: 'that is not there', ca: () => 'nope.pem', says: /directory\.ca-file: \S+nope\.pem cannot be read \(ENOENT\)/ },
    { given: 'that is a folder', ca: () => 'state', says: /directory\.ca-file: \S+state holds no certificate \(PEM\)/ },
    { given: 'without a certificate', ca: (host: Host) => file(host, 'ca.pem', 'x\n'), says: /ca\.pem holds no certificate \(PEM\)/ },
  ].map(({ given, ca, says }) => ({
    ...{ key: 'directory.ca-file', given, says, status: 2, doctor: 1 },
    section: (host: Host) => overTls({ 'ca-file': ca(host) }),
  })),
  {
    ...{ key: 'directory.ca-file', given: 'of another authority', status: 6, doctor: 1 },
    ...{ says: /no authority\s+that\s+this\s+host\s+trusts\s+vouches[^]*names\s+it\s+as\s+directory\.ca-file/ },
    section: () => overTls({}),
  },
  {
    ...{ key: 'directory.people', given: 'that is not there', status: 6, doctor: 1 },
    ...{ says: /did not show people under ou=nope,dc=wikimedia,dc=org: there is no such/ },
    section: () => ({ directory: { people: 'ou=nope,dc=wikimedia,dc=org' } }),
  },
  {
    ...{ key: 'directory.groups', given: 'one that is not there', status: 6, doctor: 1, says: 'cn=nope,ou=groups,dc=wikimedia,dc=org' },
    section: () => ({
      directory: { groups: { stewards: 'cn=nope,ou=groups,dc=wikimedia,dc=org', 'klaxon-users': world.slapd.groupDn('klaxon-users') } },
    }),
  },
  {
    ...{ key: 'directory.groups', given: 'the same one in two spellings', status: 2, doctor: 2 },
    ...{ says: /directory\.groups: .* are the same entry of the directory/ },
    section: () => {
      const other = world.slapd.groupDn('klaxon-users').replace('cn=klaxon', String.raw`cn=\6blaxon`);
      return { directory: { groups: { stewards: other, 'klaxon-users': world.slapd.groupDn('klaxon-users') } } };
    },
  },
  {
    ...{
      key: 'directory.start-tls',
      given: 'with an authority that nobody vouches for',
      status: 6,
      doctor: 1,
      says: 'directory.ca-file',
    },
    section: () => ({ directory: { 'start-tls': true } }),
  },
  {
    ...{
      key: 'directory.disabled',
      given: 'an attribute that nobody has',
      status: 6,
      doctor: 1,
      says: 'the schema of the directory has no attribute nosuch, so nobody can be locked by it',
    },
    section: () => ({ directory: { disabled: { attribute: 'nosuch', value: 'x' } } }),
  },
  {
    ...{
      key: 'rosters',
      given: 'a name that no group has',
      status: 5,
      doctor: 1,
      says: 'has no roster steward: its administrator adds it under rosters',
    },
    section: () => ({ rosters: { other: { from: 'steward.txt', 'older-than': 'none' } } }),
  },
  {
    ...{ key: 'rosters.from', given: 'a daemon that is not there', status: 5, doctor: 1, says: 'ROSTER     steward: UNREADABLE' },
    section: () => ({ rosters: { steward: { from: 'rsync://127.0.0.1:1/x/steward.txt', 'older-than': 'none' } } }),
  },
  {
    ...{ key: 'active', given: 'below a file', status: 75, doctor: 75, says: /the active flag \S+password\/active cannot be looked at/ },
    section: () => ({ active: 'password/active' }),
  },
  ...(['metrics', 'report'] as const).flatMap((key) => [
    {
      ...{
        key,
        given: 'in a folder that is not there',
        status: 0,
        doctor: 1,
        says: /^muster: the (?:page|file of metrics) \S+nope\/x could not be written \(ENOENT\)\. The administrator of this host/m,
      },
      section: () => ({ [key]: 'nope/x' }),
    },
    {
      ...{ key, given: 'that is a folder', status: 0, doctor: 1, says: /folder could not be written/ },
      section: (host: Host) => {
        mkdirSync(join(host.folder, 'folder'));
        return { [key]: 'folder' };
      },
    },
  ]),
];

describe('given a configuration that is well-formed and wrong', () => {
  it.each(wrong)(
    'when $key is one $given, then run and doctor say so, and it is nobody’s bug',
    async ({ section, status, says, doctor }) => {
      const host = await world.newHost({ roster: ['base'] });
      const { repository, ...rest } = section(host);
      host.configure({ ...rest, ...(repository ? { repository: { ...startOf(host), ...repository } } : {}) });

      const examined = await host.run(['doctor']);
      const run = await host.run(['reconcile']);

      expect({ doctor: examined.status, run: run.status }).toEqual({ doctor, run: status });
      expect(`${run.stdout}${run.stderr}`.replaceAll(/\n {11}/g, ' ')).toMatch(says);
      expect(`${examined.stdout}${examined.stderr}`).toMatch(/ERROR|unknown|muster: /);
    },
  );
});

function startOf({ config }: Host): Section {
  return JSON.parse(readFileSync(config, 'utf8')).repository;
}
