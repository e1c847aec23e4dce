// A real slapd for one test file: started from nothing in a temporary folder, shaped like the production directory, gone with the test.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { administrator, type Administrator } from './slapd-administrator.ts';
import { makeCertificates, type Certificates } from './certificates.ts';
import { overlayNames, renderConfiguration, type SlapdSettings } from './slapd-configuration.ts';
import { groupDn, memberDn, renderEntries, type PersonEntry } from './slapd-entries.ts';
import { slapdEnvironment, slapdInstallation } from './slapd-installation.ts';
import { listenSomewhere } from './slapd-process.ts';

export interface SlapdOptions extends SlapdSettings {
  readonly people?: readonly (PersonEntry | string)[];
  /** By cn: uids or raw DNs. A group without any holds the empty DN value. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** LDIF that is loaded after people and groups: whatever they cannot say. */
  readonly ldif?: string;
  readonly suffix?: string;
  /** ldaps and StartTLS with a private authority; the names are those of the certificate. */
  readonly tls?: boolean | { readonly names: readonly string[] };
  /** SASL EXTERNAL on the ldapi socket is the writer. */
  readonly external?: boolean;
  /** slapd's log level; `stats`, one line for each operation, unless told. `none` is quicker. */
  readonly log?: 'stats' | 'none';
}

export interface Slapd extends Administrator {
  /** ldap://127.0.0.1:PORT */
  readonly url: string;
  readonly port: number;
  readonly ldapiPath: string;
  /** With `tls`: ldaps://localhost:PORT, the port, and the authority's certificate (PEM file). */
  readonly ldapsUrl: string | undefined;
  readonly ldapsPort: number | undefined;
  readonly caFile: string | undefined;
  readonly suffix: string;
  readonly people: string;
  readonly adminDn: string;
  readonly adminPassword: string;
  readonly writerDn: string;
  readonly writerPassword: string;
  readonly folder: string;
  groupDn(name: string): string;
  personDn(uid: string): string;
  /** All that slapd logged so far. */
  logs(): string;
  /** An orderly end; the folder stays until `stop`. */
  halt(): Promise<void>;
  kill9(): Promise<void>;
  /** Starts it again on the same ports with the same data, whether it runs or not. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-slapd-'));
  try {
    const suffix = options.suffix ?? 'dc=wikimedia,dc=org';
    const accounts = {
      suffix,
      adminDn: `cn=admin,${suffix}`,
      adminPassword: 'admin-secret',
      writerDn: `cn=scriptuser,ou=profile,${suffix}`,
      writerPassword: 'writer-secret',
    };
    const names = typeof options.tls === 'object' ? options.tls.names : ['localhost', '127.0.0.1'];
    const certificates = options.tls ? makeCertificates(folder, names) : undefined;
    load(folder, accounts, certificates, options);
    return await serve(folder, accounts, certificates, options.log ?? 'stats');
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function serve(folder: string, accounts: Accounts, certificates: Certificates | undefined, log: 'stats' | 'none'): Promise<Slapd> {
  const { suffix } = accounts;
  const ldapiPath = join(folder, 'ldapi');
  const admin = administrator({ ...accounts, ldapiPath });
  const answers = () => admin.withClient(async () => undefined);
  const { port, ldapsPort, daemon } = await listenSomewhere({ folder, ldapiPath, tls: certificates !== undefined, log, answers });
  return {
    ...admin,
    ...accounts,
    url: `ldap://127.0.0.1:${port}`,
    port,
    ldapiPath,
    ldapsUrl: ldapsPort === undefined ? undefined : `ldaps://localhost:${ldapsPort}`,
    ldapsPort,
    caFile: certificates?.ca,
    people: `ou=people,${suffix}`,
    folder,
    groupDn: (name) => groupDn(name, suffix),
    personDn: (uid) => memberDn(uid, suffix),
    logs: daemon.logs,
    halt: () => daemon.end('SIGTERM'),
    kill9: () => daemon.end('SIGKILL'),
    restart: async () => {
      await daemon.end('SIGTERM');
      await daemon.start();
    },
    stop: async () => {
      await daemon.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Accounts = Pick<Slapd, 'suffix' | 'adminDn' | 'adminPassword' | 'writerDn' | 'writerPassword'>;

function load(folder: string, accounts: Accounts, certificates: Certificates | undefined, options: SlapdOptions): void {
  const installation = slapdInstallation();
  const overlays = options.overlays ?? overlayNames;
  const externalWriter = options.external ? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } : undefined;
  mkdirSync(join(folder, 'data'));
  writeFileSync(
    join(folder, 'slapd.conf'),
    renderConfiguration({ ...accounts, folder, installation, externalWriter, certificates }, options),
  );
  const entries = renderEntries({
    ...accounts,
    people: options.people ?? [],
    groups: options.groups ?? {},
    ppolicy: overlays.includes('ppolicy'),
    memberof: overlays.includes('memberof'),
  });
  writeFileSync(join(folder, 'entries.ldif'), `${entries}\n${options.ldif ?? ''}`);
  execFileSync(installation.slapadd, ['-q', '-w', '-f', join(folder, 'slapd.conf'), '-l', join(folder, 'entries.ldif')], {
    env: slapdEnvironment(installation),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
