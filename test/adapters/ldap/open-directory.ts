// Connections to the throwaway slapd, as muster's own account.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory, type ConnectionSettings, type DirectoryConnection } from '../../../src/adapters/ldap/connection.ts';
import type { DirectoryLayout } from '../../../src/adapters/ldap/layout.ts';
import { dn, parseGroupName, parseUid, type GroupName, type Uid } from '../../../src/domain/names.ts';
import type { Slapd } from '../../support/slapd.ts';

export function settingsFor(slapd: Slapd, more: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return { url: slapd.url, startTls: false, bind: { kind: 'simple', dn: slapd.writerDn, password: slapd.writerPassword }, ...more };
}

export function openAsWriter(slapd: Slapd, more: Partial<ConnectionSettings> = {}): Promise<DirectoryConnection> {
  return openDirectory(settingsFor(slapd, more));
}

export function layoutOf(slapd: Slapd, groups: readonly string[], more: Partial<DirectoryLayout> = {}): DirectoryLayout {
  return {
    people: dn(slapd.people),
    groups: new Map(groups.map((name) => [group(name), dn(slapd.groupDn(name))])),
    emptyGroup: 'empty-dn',
    disabled: { attribute: 'pwdPolicySubentry', value: `cn=disabled,ou=ppolicies,${slapd.suffix}` },
    ...more,
  };
}

export function group(name: string): GroupName {
  const parsed = parseGroupName(name);
  if (parsed === undefined) throw new Error(`${name} is no name of a group`);
  return parsed;
}

export function uid(text: string): Uid {
  const parsed = parseUid(text);
  if (parsed === undefined) throw new Error(`${text} is no uid`);
  return parsed;
}

/** The methods of a connection as a plain object, for a wrapper that changes one of them. */
export function seenThrough(connection: DirectoryConnection): DirectoryConnection {
  return {
    identity: connection.identity,
    search: (...question) => connection.search(...question),
    pages: (...question) => connection.pages(...question),
    modify: (...request) => connection.modify(...request),
    close: () => connection.close(),
  };
}

/** slapd keeps its connections and says nothing until the work has settled. */
export async function whileFrozen<Result>(slapd: Slapd, work: () => Promise<Result>): Promise<Result> {
  const pid = Number(readFileSync(join(slapd.folder, 'slapd.pid'), 'utf8'));
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
