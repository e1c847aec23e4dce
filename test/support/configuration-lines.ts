// Sections of a host's configuration, for worlds that are laid out by hand. The files `password` and `token` lie beside it.
import type { Slapd } from './slapd.ts';

export function forgeLines({
  url,
  project,
  start,
}: {
  readonly url: string;
  readonly project: string;
  readonly start: string;
}): readonly string[] {
  return [
    'repository:',
    `  url: ${url}/${project}.git`,
    `  start: ${start}`,
    '  token-file: token',
    'gitlab:',
    `  url: ${url}`,
    `  project: ${project}`,
    '  token-file: token',
  ];
}

export function directoryLines(slapd: Pick<Slapd, 'url' | 'writerDn' | 'people' | 'groupDn'>, group: string): readonly string[] {
  return [
    'directory:',
    `  url: ${slapd.url}`,
    `  bind-dn: "${slapd.writerDn}"`,
    '  password-file: password',
    `  people: "${slapd.people}"`,
    `  groups: { ${group}: "${slapd.groupDn(group)}" }`,
  ];
}
