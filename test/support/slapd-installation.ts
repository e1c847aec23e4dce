// Where the OpenLDAP programs are: the installed ones, or those that scripts/prepare.mjs fetched. That script decides, and leaves a note.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface SlapdInstallation {
  readonly slapd: string;
  readonly slapadd: string;
  readonly ldapsearch: string;
  readonly ldapmodify: string;
  /** The folder with core.schema and its siblings. */
  readonly schema: string;
  /** The folder with slapd's loadable modules. */
  readonly modules: string;
  /** LD_LIBRARY_PATH for programs that were fetched and not installed; null for installed ones. */
  readonly loaderPath: string | null;
}

/** MUSTER_TEST_OPENLDAP names the note of another OpenLDAP, of the same form, for the tests to run against. */
const note = process.env['MUSTER_TEST_OPENLDAP'] ?? new URL('../../.cache/openldap/installation.json', import.meta.url);

/** Throws with the script's own words on stderr when there is no OpenLDAP and none can be fetched. */
export function slapdInstallation(): SlapdInstallation {
  return readNote() ?? (prepare(), readNote()) ?? fail();
}

/** The environment for the programs of an installation. */
export function slapdEnvironment(installation: SlapdInstallation): NodeJS.ProcessEnv {
  return installation.loaderPath === null ? process.env : { ...process.env, LD_LIBRARY_PATH: installation.loaderPath };
}

function readNote(): SlapdInstallation | undefined {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as SlapdInstallation;
  } catch {
    return undefined;
  }
}

function prepare(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/prepare.mjs', import.meta.url))], { stdio: 'inherit' });
}

function fail(): never {
  throw new Error('no OpenLDAP: scripts/prepare.mjs left no .cache/openldap/installation.json');
}
