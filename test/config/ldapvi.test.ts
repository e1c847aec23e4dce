import { describe, expect, it } from 'vitest';
import { readLdapviProfile } from '../../src/config/ldapvi.ts';
import { Misuse } from '../../src/errors.ts';

const wikimedia = `profile default
unpaged-help: yes
host: ldap-rw.eqiad.wikimedia.org
user: cn=scriptuser,ou=profile,dc=wikimedia,dc=org
base: dc=wikimedia,dc=org
password: open sesame

profile socket
sasl-mech: EXTERNAL
`;

describe('given a file of ldapvi profiles', () => {
  it('when a profile names a user and a password, then they are how to bind', () => {
    expect(readLdapviProfile(wikimedia, 'ldapvi.conf', 'default')).toEqual({
      kind: 'simple',
      dn: 'cn=scriptuser,ou=profile,dc=wikimedia,dc=org',
      password: 'open sesame',
    });
  });

  it('when a profile binds by SASL EXTERNAL, then no password is needed', () => {
    expect(readLdapviProfile(wikimedia, 'ldapvi.conf', 'socket')).toEqual({ kind: 'external' });
  });

  it.each([
    { given: 'no such profile', text: wikimedia, profile: 'other', says: 'there is no profile "other"' },
    { given: 'the profile twice', text: `${wikimedia}\n${wikimedia}`, profile: 'default', says: 'stands there twice' },
    {
      given: 'an option that may matter',
      text: 'profile default\nuser: cn=x\nsasl-realm: y\n',
      profile: 'default',
      says: 'ldapvi.conf:3: sasl-realm',
    },
    {
      given: 'settings of libldap',
      text: 'profile default\nldap-conf: yes\nuser: cn=x\n',
      profile: 'default',
      says: 'ldapvi.conf:2: ldap-conf',
    },
    { given: 'another mechanism', text: 'profile default\nsasl-mech: GSSAPI\n', profile: 'default', says: 'only EXTERNAL' },
    { given: 'a search for the user', text: 'profile default\nuser: (uid=x)\npassword: y\n', profile: 'default', says: 'write the DN' },
    { given: 'no password', text: 'profile default\nuser: cn=x\n', profile: 'default', says: 'no password' },
    { given: 'a line without a profile', text: 'user: cn=x\n', profile: 'default', says: 'stands in no profile' },
    { given: 'base64', text: 'profile default\npassword:: c2VjcmV0\n', profile: 'default', says: 'not of the form' },
  ])('when there is $given, then the error names file and place and shows no value', ({ text, profile, says }) => {
    const read = () => readLdapviProfile(text, 'ldapvi.conf', profile);
    expect(read).toThrow(Misuse);
    expect(read).toThrow(says);
    expect(read).not.toThrow(/sesame|c2VjcmV0/);
  });
});
