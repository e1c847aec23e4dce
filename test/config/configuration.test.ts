import { describe, expect, it } from 'vitest';
import { file, full, minimal, parsed, rules, start } from './configuration-samples.ts';

describe('given the least that is needed', () => {
  it('then everything else has its default', () => {
    expect(parsed(minimal)).toEqual({
      file,
      repository: { url: '/srv/git/access.git', branch: 'main', folder: 'policy', start, rules: undefined, tokenFile: undefined },
      gitlab: undefined,
      evidence: 'none',
      directory: {
        url: 'ldaps://ldap.example.org',
        readUrl: undefined,
        credentials: { kind: 'profile', file: '/etc/ldapvi.conf', profile: 'default' },
        authoritiesFile: undefined,
        people: 'ou=people,dc=example,dc=org',
        groups: new Map([['stewards', 'cn=stewards,ou=groups,dc=example,dc=org']]),
        ceilings: new Map(),
        emptyGroup: 'empty-dn',
        startTls: false,
        disabled: undefined,
        namedBy: 'uid',
        attributes: new Map(),
      },
      rosters: new Map(),
      mode: 'enforce',
      active: { kind: 'always' },
      state: '/var/lib/muster',
      judged: '/var/lib/muster/judged',
      requireTouch: false,
      signed: { groups: new Map(), rules: 0 },
      metrics: undefined,
      report: undefined,
    });
  });

  it('when only merge requests are reviewed, then repository and gitlab are enough', () => {
    const text = `repository: { url: a, start: ${start} }\ngitlab: { url: "https://gitlab.example.org", project: 7 }\n`;
    expect(parsed(text)).toMatchObject({
      evidence: 'gitlab',
      directory: undefined,
      state: undefined,
      gitlab: { project: '7', concurrency: 8 },
    });
  });
});

it('given every key, then each is read, and relative paths are taken from the folder of the file', () => {
  expect(parsed(full)).toMatchObject({
    repository: { branch: 'production', folder: 'access/policy', rules, tokenFile: '/etc/muster/git-token' },
    gitlab: {
      url: 'https://gitlab.example.org',
      project: 'repos/sre/access',
      tokenFile: '/etc/muster/gitlab-token',
      commentTokenFile: '/run/secrets/comment-token',
      concurrency: 4,
    },
    evidence: 'gitlab',
    directory: {
      readUrl: 'ldap://ldap-ro.example.org',
      credentials: { kind: 'password', dn: 'cn=muster,dc=example,dc=org', file: '/etc/muster/ldap-password' },
      authoritiesFile: '/etc/muster/ca.pem',
      ceilings: new Map<string, unknown>([
        ['klaxon-users', { source: 'grants', members: 40, longest: 180 * 24 * 60 * 60 * 1000, additions: 10, removals: 0, signed: 1 }],
        ['stewards', { source: { roster: 'steward' } }],
      ]),
      emptyGroup: 'cn=nobody,dc=example,dc=org',
      startTls: true,
      disabled: { attribute: 'pwdPolicySubentry', is: ['cn=disabled,ou=ppolicies,dc=example,dc=org'] },
    },
    rosters: new Map([
      ['steward', { from: '/etc/muster/exports/steward.txt', olderThan: 'none', checksum: 'required' }],
      ['oversight', { from: 'rsync://files.example.org/lists/oversight.txt', olderThan: 26 * 60 * 60 * 1000, checksum: 'none' }],
    ]),
    mode: 'report',
    active: { kind: 'file', file: '/etc/muster/active' },
    state: '/etc/muster/state',
    requireTouch: true,
    signed: { rules: 2 },
    metrics: '/etc/muster/muster.prom',
    report: '/etc/muster/report/index.html',
  });
});

describe('variants that are good', () => {
  it.each([
    { given: 'a relative path', url: 'access.git', gives: '/etc/muster/access.git' },
    { given: 'an absolute path', url: '/srv/access.git', gives: '/srv/access.git' },
    { given: 'a file URL', url: 'file:///srv/access.git', gives: 'file:///srv/access.git' },
    { given: 'an ssh URL with a user', url: 'ssh://git@gitlab.example.org/access.git', gives: 'ssh://git@gitlab.example.org/access.git' },
    { given: 'the short form of ssh', url: 'git@gitlab.example.org:sre/access.git', gives: 'git@gitlab.example.org:sre/access.git' },
    { given: 'http on this very host', url: 'http://127.0.0.1:8080/access.git', gives: 'http://127.0.0.1:8080/access.git' },
    { given: 'http on this very host, IPv6', url: 'http://[::1]/access.git', gives: 'http://[::1]/access.git' },
  ])('given $given for the repository, then git is asked for $gives', ({ url, gives }) => {
    expect(parsed(minimal.replace('/srv/git/access.git', `"${url}"`)).repository.url).toBe(gives);
  });

  it.each([
    {
      given: 'a profile',
      bind: 'credentials: ldapvi.conf#ops',
      gives: { kind: 'profile', file: '/etc/muster/ldapvi.conf', profile: 'ops' },
    },
    { given: 'the socket', bind: 'sasl: external', url: 'ldapi://%2Frun%2Fldapi', gives: { kind: 'external' } },
  ])('given $given to bind with, then it is that', ({ bind, url = 'ldaps://ldap.example.org', gives }) => {
    const text = minimal.replace('credentials: /etc/ldapvi.conf', bind).replace('ldaps://ldap.example.org', url);
    expect(parsed(text).directory?.credentials).toEqual(gives);
  });

  it.each(['ldapi:///var/run/slapd/ldapi', 'ldap://127.0.0.1:3890', 'ldap://localhost', 'ldap://[::1]'])(
    'given %s, then no TLS is asked for',
    (url) => {
      expect(parsed(minimal.replace('ldaps://ldap.example.org', url)).directory).toMatchObject({ url, startTls: false });
    },
  );

  it('given a host to be active on, then it is that', () => {
    expect(parsed(`${minimal}active: { host: ldap-maint1001 }\n`).active).toEqual({ kind: 'host', host: 'ldap-maint1001' });
  });

  it('given a file named without a folder, then relative paths are taken from where the caller is', () => {
    expect(parsed(minimal.replace('/var/lib/muster', 'state'), 'muster.yaml').state).toBe(`${process.cwd()}/state`);
  });
});
