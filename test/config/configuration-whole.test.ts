// What is said of a file whose parts do not go together.
import { describe, expect, it } from 'vitest';
import { complaintAbout, file, full, minimal } from './configuration-samples.ts';

describe('what is said of the whole file', () => {
  it.each([
    {
      given: 'gitlab over plain http',
      text: full.replace('url: https://gitlab.example.org/\n', 'url: http://gitlab.example.org/\n'),
      says: 'gitlab.url: ',
    },
    { given: 'gitlab without a project', text: full.replace(/ {2}project:.*\n/, ''), says: 'gitlab: "project" is missing' },
    { given: 'no repository', text: 'evidence: none\n', says: '"repository" is missing' },
    { given: 'no start', text: 'repository: { url: x }\nevidence: none\n', says: 'repository: "start" is missing' },
    { given: 'no evidence and no gitlab', text: minimal.replace('evidence: none\n', ''), says: 'there is no "gitlab" section' },
    { given: 'no people', text: minimal.replace(/ {2}people:.*\n/, ''), says: 'directory: "people" is missing' },
    { given: 'no way to bind', text: minimal.replace(/ {2}credentials:.*\n/, ''), says: 'directory: say once how to bind' },
    {
      given: 'two ways to bind',
      text: minimal.replace('  people:', '  sasl: external\n  people:'),
      says: 'directory: say once how to bind',
    },
    {
      given: 'a DN to bind with and no password',
      text: minimal.replace('credentials: /etc/ldapvi.conf', 'bind-dn: cn=muster'),
      says: '"bind-dn" and "password-file" belong together',
    },
    {
      given: 'a password and no DN to bind with',
      text: minimal.replace('credentials: /etc/ldapvi.conf', 'password-file: x'),
      says: '"bind-dn" and "password-file" belong together',
    },
    {
      given: 'SASL EXTERNAL over the network',
      text: minimal.replace('credentials: /etc/ldapvi.conf', 'sasl: external'),
      says: 'directory.sasl: it is for ldapi:// URLs, and url is none',
    },
    {
      given: 'a password over plain ldap',
      text: minimal.replace('ldaps:', 'ldap:'),
      says: 'directory.url: plain ldap:// would show the password',
    },
    { given: 'a misspelled key', text: `${minimal}metric: x\n`, says: 'Did you mean "metrics"?' },
    { given: 'a key of another section', text: `${minimal}branch: main\n`, says: 'is not a key that muster knows here' },
    { given: 'a key twice', text: `${minimal}state: /x\n`, says: `${file}:11:1: ` },
    { given: 'a tab', text: `${minimal}\tmode: report\n`, says: `${file}:11:1: ` },
    { given: 'nothing', text: '', says: `${file}:1:1: ` },
    { given: 'a list', text: '- repository\n', says: 'keys are expected here' },
  ])('given $given, then it says $says', ({ text, says }) => {
    const complaint = complaintAbout(text);
    expect(complaint).toContain(says);
    for (const line of complaint.split('\n')) expect(line).toMatch(/^\/etc\/muster\/muster\.yaml:\d+:\d+: /);
  });

  it('given several mistakes, then each has its line', () => {
    const text = full.replace('mode: report', 'mode: dry-run').replace('concurrency: 4', 'concurrency: x');
    expect(
      complaintAbout(text)
        .split('\n')
        .map((line) => line.split(' ')[1]),
    ).toEqual(['gitlab.concurrency:', 'mode:']);
  });

  it('given a URL with a password that cannot be used, then the password is not repeated', () => {
    expect(
      complaintAbout(full.replace('https://gitlab.example.org/repos', 'https://oauth2:s3cret@gitlab.example.org/repos')),
    ).not.toContain('s3cret');
    expect(complaintAbout(full.replace('ldap://ldap-rw.example.org', 'ldap://cn=x:s3cret@ldap-rw.example.org'))).not.toContain('s3cret');
  });
});
