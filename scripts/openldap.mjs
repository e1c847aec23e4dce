// OpenLDAP for the tests: the installed one, or Debian's packages unpacked under .cache/openldap, without root and without a system daemon.
// Leaves .cache/openldap/installation.json, which the tests read.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages, libraryFolders } from './fetch-debian.mjs';

const cache = fileURLToPath(new URL('../.cache/openldap', import.meta.url));
const note = join(cache, 'installation.json');

/** MUSTER_FETCH_SLAPD=1 takes the fetched one even where slapd is installed. */
export function prepareOpenldap() {
  const fetched = process.env.MUSTER_FETCH_SLAPD === '1';
  if (noteHolds(fetched)) return;
  const found = (fetched ? undefined : installed()) ?? unpacked() ?? (fetchDebianPackages(['slapd', 'ldap-utils'], cache), unpacked());
  if (!found) throw new Error('the fetched OpenLDAP packages do not hold slapd where it was expected');
  mkdirSync(cache, { recursive: true });
  // Several test processes may do this at once: whoever reads sees a whole file.
  const draft = `${note}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(found, null, 2)}\n`);
  renameSync(draft, note);
}

function noteHolds(fetched) {
  if (!existsSync(note)) return false;
  const known = JSON.parse(readFileSync(note, 'utf8'));
  // As an earlier version left it.
  if (known.loaderPath === undefined) return false;
  if (fetched && known.loaderPath === null) return false;
  if (!fetched && known.loaderPath !== null && installed()) return false;
  return [known.slapd, known.slapadd, known.ldapsearch, known.ldapmodify, known.schema, known.modules].every((path) => existsSync(path));
}

function installed() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/libexec'];
  const program = (name) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return complete({
    slapd: program('slapd'),
    slapadd: program('slapadd'),
    ldapsearch: program('ldapsearch'),
    ldapmodify: program('ldapmodify'),
    schema: ['/etc/ldap/schema', '/etc/openldap/schema'].find((path) => existsSync(path)),
    modules: ['/usr/lib/ldap', '/usr/lib64/openldap', '/usr/lib/openldap'].find((path) => existsSync(path)),
    loaderPath: null,
  });
}

function unpacked() {
  const root = join(cache, 'root');
  const present = (path) => [join(root, path)].find((full) => existsSync(full));
  return complete({
    slapd: present('usr/sbin/slapd'),
    slapadd: present('usr/sbin/slapadd'),
    ldapsearch: present('usr/bin/ldapsearch'),
    ldapmodify: present('usr/bin/ldapmodify'),
    schema: present('etc/ldap/schema'),
    modules: present('usr/lib/ldap'),
    loaderPath: libraryFolders(root).join(':'),
  });
}

function complete(installation) {
  return Object.values(installation).includes(undefined) ? undefined : installation;
}
