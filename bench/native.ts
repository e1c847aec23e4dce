// The native pipeline (native.sh) as a command for a world.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { slapdInstallation } from '../test/support/slapd-installation.ts';
import type { Command } from './measure.ts';
import type { World } from './world.ts';

const script = fileURLToPath(new URL('./native.sh', import.meta.url));

export function nativeCommand({ slapd, folder, groups }: World): Command {
  const { ldapsearch, ldapmodify, loaderPath } = slapdInstallation();
  const mirror = join(folder, 'native.git');
  if (!existsSync(mirror)) {
    execFileSync('git', ['init', '--quiet', '--bare', mirror]);
    execFileSync('git', [`--git-dir=${mirror}`, 'remote', 'add', 'origin', join(folder, 'policy.git')]);
  }
  writeFileSync(join(folder, 'groups'), groups.map((name) => `${name}\n`).join(''));
  // ldapsearch takes the whole file for the password, a newline too.
  writeFileSync(join(folder, 'password'), slapd.writerPassword, { mode: 0o600 });
  return {
    program: '/bin/bash',
    args: [script],
    environment: {
      FOLDER: folder,
      LC_ALL: 'C',
      URL: slapd.url,
      BIND: slapd.writerDn,
      PEOPLE: slapd.people,
      GROUPS_BASE: `ou=groups,${slapd.suffix}`,
      LDAPSEARCH: ldapsearch,
      LDAPMODIFY: ldapmodify,
      ...(loaderPath === null ? {} : { LD_LIBRARY_PATH: loaderPath }),
    },
  };
}
