// The configuration of a throwaway slapd, in the shape of the production directory: same overlays, limits and rights.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SlapdInstallation } from './slapd-installation.ts';

export const overlayNames = ['memberof', 'ppolicy', 'syncprov', 'unique', 'deref'] as const;
export type OverlayName = (typeof overlayNames)[number];

export interface SlapdSettings {
  /** Overlays that are on; all of them when left out. */
  readonly overlays?: readonly OverlayName[];
  /** The soft and hard limit of unpaged searches for everybody but the administrator. */
  readonly sizeLimit?: number;
  /** Seconds after which slapd closes a connection without work. */
  readonly idleTimeout?: number;
  /** `memberof-dangling`: what happens to a member value without an entry. */
  readonly dangling?: 'ignore' | 'drop' | 'error';
  /** Every commit reaches the disk. Off makes tests quick and still survives kill -9 of slapd. */
  readonly durable?: boolean;
  /** slapd.conf(5) lines that replace the access rules. */
  readonly access?: readonly string[];
  /** More slapd.conf(5) lines before the database, and at its end. */
  readonly globalLines?: readonly string[];
  readonly databaseLines?: readonly string[];
}

export interface ConfigurationFacts {
  readonly folder: string;
  readonly installation: SlapdInstallation;
  readonly suffix: string;
  readonly adminDn: string;
  readonly adminPassword: string;
  readonly writerDn: string;
  /** The account on the ldapi socket that SASL EXTERNAL takes for the writer. */
  readonly externalWriter: { readonly uid: number; readonly gid: number } | undefined;
  readonly certificates: { readonly ca: string; readonly certificate: string; readonly key: string } | undefined;
}

const ownSchemas = ['posix', 'person'].map((name) => fileURLToPath(new URL(`./schema/${name}.schema`, import.meta.url)));

/** The text of slapd.conf(5). */
export function renderConfiguration(facts: ConfigurationFacts, settings: SlapdSettings): string {
  const overlays = settings.overlays ?? overlayNames;
  return [
    ...globalLines(facts, settings, overlays),
    ...(settings.globalLines ?? []),
    ...databaseLines(facts, settings),
    ...(settings.access ?? accessLines(facts)),
    ...overlays.flatMap((name) => overlayLines(name, facts, settings)),
    ...(settings.databaseLines ?? []),
    '',
  ].join('\n');
}

function globalLines(facts: ConfigurationFacts, settings: SlapdSettings, overlays: readonly OverlayName[]): readonly string[] {
  const { installation, folder, externalWriter, certificates } = facts;
  const shippedSchemas = ['core', 'cosine', 'inetorgperson'].map((name) => join(installation.schema, `${name}.schema`));
  return [
    `modulepath ${installation.modules}`,
    'moduleload back_mdb.so',
    ...overlays.map((name) => `moduleload ${name}.so`),
    ...[...shippedSchemas, ...ownSchemas].map((path) => `include ${path}`),
    `pidfile ${join(folder, 'slapd.pid')}`,
    'threads 4',
    'tool-threads 2',
    'writetimeout 30',
    `idletimeout ${settings.idleTimeout ?? 600}`,
    ...(externalWriter
      ? [
          `authz-regexp "gidNumber=${externalWriter.gid}[+]uidNumber=${externalWriter.uid},cn=peercred,cn=external,cn=auth" "${facts.writerDn}"`,
        ]
      : []),
    ...(certificates
      ? [
          `TLSCACertificateFile ${certificates.ca}`,
          `TLSCertificateFile ${certificates.certificate}`,
          `TLSCertificateKeyFile ${certificates.key}`,
        ]
      : []),
  ];
}

function databaseLines(
  { folder, suffix, adminDn, adminPassword, writerDn }: ConfigurationFacts,
  settings: SlapdSettings,
): readonly string[] {
  const limit = settings.sizeLimit ?? 2048;
  return [
    'database mdb',
    `directory ${join(folder, 'data')}`,
    'maxsize 4294967296',
    `suffix "${suffix}"`,
    `rootdn "${adminDn}"`,
    `rootpw ${adminPassword}`,
    ...(settings.durable ? [] : ['dbnosync']),
    'index objectClass,uid,cn,member,memberOf,uidNumber,gidNumber,entryCSN,entryUUID eq',
    `limits dn.exact="${writerDn}" size.soft=${limit} size.hard=${limit} size.pr=noEstimate size.prtotal=unlimited`,
    `limits * size.soft=${limit} size.hard=${limit}`,
  ];
}

/** The writer reads everything and changes members of groups; whether an account is locked is not for everybody to see. */
function accessLines({ suffix, writerDn }: ConfigurationFacts): readonly string[] {
  return [
    'access to attrs=userPassword by anonymous auth by self =xw by * none',
    `access to attrs=pwdPolicySubentry,pwdAccountLockedTime by dn.exact="${writerDn}" read by * none`,
    `access to dn.one="ou=groups,${suffix}" attrs=member by dn.exact="${writerDn}" write by * read`,
    'access to * by * read',
  ];
}

function overlayLines(name: OverlayName, { suffix }: ConfigurationFacts, settings: SlapdSettings): readonly string[] {
  switch (name) {
    case 'memberof':
      return ['overlay memberof', `memberof-dangling ${settings.dangling ?? 'ignore'}`];
    case 'ppolicy':
      return ['overlay ppolicy'];
    case 'syncprov':
      return ['overlay syncprov', 'syncprov-checkpoint 100 10'];
    case 'unique':
      return [
        'overlay unique',
        `unique_uri ldap:///ou=people,${suffix}?uidNumber,cn?sub`,
        `unique_uri ldap:///ou=groups,${suffix}?gidNumber,cn?sub`,
      ];
    case 'deref':
      return ['overlay deref'];
  }
}
