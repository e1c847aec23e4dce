// Connections to the throwaway slapd, as muster's own account.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDirectory, type ConnectionSettings, type DirectoryConnection } from '../../src/directory/connection.ts';
import { directoryReader } from '../../src/directory/reader.ts';
import type { Directory } from '../../src/membership/proposal.ts';
import type { DirectoryLayout } from '../../src/directory/layout.ts';
import { dn, instant, parseGroupName, parseUid, type GroupName, type Uid } from '../../src/names.ts';
import { startSlapd, type Slapd, type SlapdOptions } from '../support/slapd.ts';

export const suffix = 'dc=wikimedia,dc=org';
export const people = `ou=people,${suffix}`;

/** slapd or another server (ds389.ts). */
type Server = Pick<Slapd, 'url' | 'writerDn' | 'writerPassword' | 'people' | 'suffix' | 'groupDn'>;

export function settingsFor(slapd: Server, more: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return { url: slapd.url, startTls: false, bind: { kind: 'simple', dn: slapd.writerDn, password: slapd.writerPassword }, ...more };
}

export function openAsWriter(slapd: Server, more: Partial<ConnectionSettings> = {}): Promise<DirectoryConnection> {
  return openDirectory(settingsFor(slapd, more));
}

export function layoutOf(slapd: Server, groups: readonly string[], more: Partial<DirectoryLayout> = {}): DirectoryLayout {
  return {
    people: dn(slapd.people),
    groups: new Map(groups.map((name) => [group(name), dn(slapd.groupDn(name))])),
    emptyGroup: 'empty-dn',
    attributes: new Map(),
    namedBy: 'uid',
    now: instant(Date.parse('2026-11-23T12:00:00Z')),
    disabled: { attribute: 'pwdPolicySubentry', is: [`cn=disabled,ou=ppolicies,${slapd.suffix}`] },
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
    session: connection.session,
    isLost: connection.isLost,
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
  // Its threads stop one after the other; until then it may still answer.
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await sleep(1);
  await sleep(20);
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

export interface Opened {
  readonly slapd: Slapd;
  readonly connection: DirectoryConnection;
  readonly reader: Directory;
  stop(): Promise<void>;
}

/** A slapd, one connection to it, and a reader of its groups and of some that it does not have. */
export async function openReader(options: SlapdOptions, layout: Partial<DirectoryLayout> = {}): Promise<Opened> {
  const slapd = await startSlapd(options);
  const connection = await openAsWriter(slapd);
  const names = [...Object.keys(options.groups ?? {}), 'ghost', 'unit', 'bare'];
  const stop = async () => {
    await connection.close();
    await slapd.stop();
  };
  return { slapd, connection, reader: directoryReader(connection, layoutOf(slapd, names, layout)), stop };
}
