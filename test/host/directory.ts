// The directory of the plays: Debian's own slapd, started by its own unit, in the shape of the production directory.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderConfiguration } from '../support/slapd-configuration.ts';
import { renderEntries } from '../support/slapd-entries.ts';
import type { Machine } from './machine.ts';

export const suffix = 'dc=wikimedia,dc=org';
export const accounts = {
  suffix,
  adminDn: `cn=admin,${suffix}`,
  adminPassword: 'admin-secret',
  writerDn: `cn=scriptuser,ou=profile,${suffix}`,
  writerPassword: 'writer-secret',
};

/** As Debian installs it. */
export const installation = {
  slapd: '/usr/sbin/slapd',
  slapadd: '/usr/sbin/slapadd',
  ldapsearch: '/usr/bin/ldapsearch',
  ldapmodify: '/usr/bin/ldapmodify',
  schema: '/etc/ldap/schema',
  modules: '/usr/lib/ldap',
  loaderPath: null,
};

/** Groups by cn, with the uids of their members. */
export async function serveDirectory(
  machine: Machine,
  people: readonly string[],
  groups: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const folder = '/var/lib/ldap/muster';
  const own = fileURLToPath(new URL('../support/schema/', import.meta.url));
  for (const name of readdirSync(own)) machine.write(`/etc/ldap/schema/own/${name}`, readFileSync(join(own, name), 'utf8'));
  const facts = { ...accounts, folder, installation, externalWriter: undefined, certificates: undefined };
  machine.write('/etc/ldap/slapd.conf', renderConfiguration(facts, {}).replaceAll(own, '/etc/ldap/schema/own/'));
  machine.write('/etc/ldap/entries.ldif', renderEntries({ ...accounts, people, groups, ppolicy: true, memberof: true }));
  const settings = machine.read('/etc/default/slapd');
  machine.write(
    '/etc/default/slapd',
    settings
      .replace(/^SLAPD_CONF=.*$/m, 'SLAPD_CONF=/etc/ldap/slapd.conf')
      .replace(/^SLAPD_SERVICES=.*$/m, 'SLAPD_SERVICES="ldap://127.0.0.1/"'),
  );
  await machine.must(
    `install -d -o openldap -g openldap ${folder} ${folder}/data && slapadd -q -w -f /etc/ldap/slapd.conf -l /etc/ldap/entries.ldif && chown -R openldap: ${folder} && systemctl start slapd`,
  );
}
