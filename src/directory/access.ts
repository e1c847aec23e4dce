// Connections to the directory, opened when first needed and closed at the end of the run.
import { openDirectory, type Bind, type DirectoryConnection } from './connection.ts';
import { openConnections } from './connections.ts';
import { isWithin } from './distinguished-names.ts';
import { configuredKey, placeholderKey, type DirectoryLayout } from './layout.ts';
import { directoryReader } from './reader.ts';
import { directoryWriter } from './writer.ts';
import { readLdapviProfile } from '../config/ldapvi.ts';
import { readPrivateText, readSecret } from '../config/secret-files.ts';
import type { DirectoryConfiguration } from '../config/configuration.ts';
import type { DnKey, GroupName, Instant } from '../names.ts';
import { Misuse } from '../errors.ts';
import { trustIn } from '../tls.ts';
import type { Directory } from '../membership/proposal.ts';
import type { WritableDirectory } from '../reconcile/ports.ts';

export interface DirectoryAccess {
  openToRead(): Promise<Directory>;
  openToWrite(): Promise<WritableDirectory>;
  /** The connection that is written on, for looks that decide nothing. */
  connection(): Promise<DirectoryConnection>;
  readonly readsElsewhere: boolean;
  close(): Promise<void>;
}

export function directoryAccess(configuration: DirectoryConfiguration, now: Instant): DirectoryAccess {
  const layout = layoutOf(configuration, now);
  const readUrl = configuration.readUrl ?? configuration.url;
  const connections = openConnections((url) => openConnection(url, configuration));
  return {
    readsElsewhere: readUrl !== configuration.url,
    openToRead: async () => directoryReader(await connections.to(readUrl), layout),
    connection: () => connections.to(configuration.url),
    async openToWrite() {
      const connection = await connections.to(configuration.url);
      return { reader: directoryReader(connection, layout), writer: directoryWriter(connection, layout) };
    },
    close: connections.close,
  };
}

/** Throws Misuse where two groups are one, or where a person would stand for nobody. */
export function layoutOf(configuration: DirectoryConfiguration, now: Instant): DirectoryLayout {
  const { people, groups, emptyGroup } = configuration;
  const named = new Map<DnKey, GroupName>();
  for (const [group, dn] of groups) {
    const other = named.get(configuredKey(dn));
    if (other !== undefined) throw new Misuse(`directory.groups: ${other} and ${group} are the same entry of the directory`);
    named.set(configuredKey(dn), group);
  }
  const placeholder = placeholderKey(emptyGroup);
  if (isWithin(placeholder, configuredKey(people)))
    throw new Misuse('directory.empty-group: this DN lies under directory.people; choose one that can be no person');
  return { ...configuration, now };
}

/** A connection that is bound as the configuration says, or as the caller does. */
export async function openConnection(url: string, configuration: DirectoryConfiguration, as?: Bind): Promise<DirectoryConnection> {
  const { authoritiesFile, startTls } = configuration;
  const trust = startTls || url.startsWith('ldaps:') ? trustIn(authoritiesFile, 'directory.ca-file') : undefined;
  return openDirectory({ url, startTls, bind: as ?? (await bindOf(configuration)), trust });
}

async function bindOf({ credentials }: DirectoryConfiguration): Promise<Bind> {
  switch (credentials.kind) {
    case 'external':
      return { kind: 'external' };
    case 'password':
      return { kind: 'simple', dn: credentials.dn, password: await readSecret(credentials.file) };
    case 'profile':
      return readLdapviProfile(await readPrivateText(credentials.file), credentials.file, credentials.profile);
  }
}
