// The host's file twice: with the least that is needed, and with every key there is.
import { parseConfiguration, type Configuration } from '../../src/config/configuration.ts';
import { Misuse } from '../../src/errors.ts';

export const file = '/etc/muster/muster.yaml';
export const start = '0123456789abcdef0123456789abcdef01234567';
export const rules = `sha256:${'9b'.repeat(32)}`;

/** The least that plan and reconcile run with. */
export const minimal = `repository:
  url: /srv/git/access.git
  start: ${start}
evidence: none
directory:
  url: ldaps://ldap.example.org
  credentials: /etc/ldapvi.conf
  people: ou=people,dc=example,dc=org
  groups: { stewards: "cn=stewards,ou=groups,dc=example,dc=org" }
state: /var/lib/muster
`;

/** Every key there is. */
export const full = `repository:
  url: https://gitlab.example.org/repos/sre/access.git
  branch: production
  path: access/policy/
  start: ${start}
  rules: ${rules}
  token-file: git-token
  ca-file: git-ca.pem
  proxy: http://proxy.example.org:8080
gitlab:
  url: https://gitlab.example.org/
  project: repos/sre/access
  token-file: gitlab-token
  comment-token-file: /run/secrets/comment-token
  concurrency: 4
  ca-file: /etc/ssl/gitlab-ca.pem
  proxy: http://proxy.example.org:8080/
evidence: gitlab
directory:
  url: ldap://ldap-rw.example.org
  read-url: ldap://ldap-ro.example.org
  bind-dn: cn=muster,dc=example,dc=org
  password-file: ldap-password
  ca-file: ca.pem
  people: ou=people,dc=example,dc=org
  groups:
    stewards: cn=stewards,ou=groups,dc=example,dc=org
    klaxon-users: cn=klaxon-users,ou=groups,dc=example,dc=org
  ceilings:
    klaxon-users: { source: grants, members: 40, longest: 180 days, additions: 10, removals: 0, signed: 1 }
    stewards: { source: roster steward }
    rules: { signed: 2 }
  empty-group: cn=nobody,dc=example,dc=org
  start-tls: true
  disabled: { attribute: pwdPolicySubentry, value: "cn=disabled,ou=ppolicies,dc=example,dc=org" }
rosters:
  steward: { from: exports/steward.txt, older-than: none, checksum: required }
  oversight: { from: "rsync://files.example.org/lists/oversight.txt" }
mode: report
active: active
state: state
require-touch: true
metrics: muster.prom
report: report/index.html
`;

export function parsed(text: string, named = file): Configuration {
  return parseConfiguration(named, new TextEncoder().encode(text));
}

/** What somebody reads who wrote this. */
export function complaintAbout(text: string): string {
  try {
    parsed(text);
  } catch (error) {
    if (error instanceof Misuse) return error.message;
    throw error;
  }
  throw new Error(`nothing was said against\n${text}`);
}
