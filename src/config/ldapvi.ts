// Profiles of ldapvi.conf(5): `profile NAME`, then `key: value` lines up to a blank one. Only how to bind is taken from them; where to
// is said by directory.url. What is not understood and matters is an error: better no connection than another one than was meant.
import { Misuse } from '../errors.ts';

/** How the profile binds: by name and password, or as whoever owns the socket (SASL EXTERNAL). */
export type ProfileBind = { readonly kind: 'simple'; readonly dn: string; readonly password: string } | { readonly kind: 'external' };

interface Entry {
  readonly line: number;
  readonly key: string;
  readonly value: string;
}

/** Options of ldapvi that change what it shows or asks, and not to whom it speaks or as whom. `host` and `base` are said by the configuration. */
const harmless = new Set([
  'host',
  'base',
  'scope',
  'sort',
  'filter',
  'ad',
  'class',
  'discover',
  'quiet',
  'verbose',
  'may',
  'encoding',
  'deref',
  'chase',
  'noquestions',
  'noninteractive',
  'continuous',
  'continue',
  'empty',
  'ldif',
  'ldapvi',
  'config',
  'unpaged-help',
  'bind-dialog',
  'tls',
  'starttls',
  'managedsait',
]);

/** Throws Misuse that names file, line and key; never shows a value. */
export function readLdapviProfile(text: string, file: string, profile: string): ProfileBind {
  const entries = entriesOf(text, file, profile);
  const single = (key: string): Entry | undefined => entries.findLast((one) => one.key === key);
  for (const { key, line, value } of entries) {
    if (understood.has(key) || harmless.has(key)) continue;
    if (key === 'ldap-conf' && value === 'no') continue;
    throw new Misuse(
      `${file}:${line}: ${key} in the profile "${profile}" is not understood here, and it may matter; use directory.bind-dn with password-file instead`,
    );
  }
  const mechanism = single('sasl-mech');
  if (mechanism?.value.toUpperCase() === 'EXTERNAL') return { kind: 'external' };
  if (mechanism) throw new Misuse(`${file}:${mechanism.line}: sasl-mech: only EXTERNAL is understood`);
  const bind = single('bind');
  if (bind && bind.value.toLowerCase() !== 'simple')
    throw new Misuse(`${file}:${bind.line}: bind: only "simple", or sasl-mech EXTERNAL, is understood`);
  const user = single('user');
  if (!user?.value) throw new Misuse(`${file}: the profile "${profile}" names no user`);
  if (user.value.startsWith('(')) throw new Misuse(`${file}:${user.line}: user: a search filter is not understood; write the DN`);
  return { kind: 'simple', dn: user.value, password: passwordOf(single('password'), file, profile) };
}

const understood = new Set(['user', 'password', 'bind', 'sasl-mech']);

function passwordOf(entry: Entry | undefined, file: string, profile: string): string {
  if (!entry?.value) throw new Misuse(`${file}: the profile "${profile}" has no password; muster asks nobody for one`);
  return entry.value;
}

function entriesOf(text: string, file: string, profile: string): readonly Entry[] {
  const found: Entry[][] = [];
  let current: Entry[] | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.startsWith('#')) continue;
    if (line.trim() === '') {
      current = undefined;
      continue;
    }
    const named = /^profile (\S.*?) *$/.exec(line)?.[1];
    if (named !== undefined) {
      current = [];
      if (named === profile) found.push(current);
      continue;
    }
    const entry = entryOf(line, index + 1, file);
    if (!current) throw new Misuse(`${file}:${entry.line}: ${entry.key} stands in no profile`);
    current.push(entry);
  }
  const [entries, duplicate] = found;
  if (duplicate) throw new Misuse(`${file}: the profile "${profile}" stands there twice`);
  if (!entries) throw new Misuse(`${file}: there is no profile "${profile}"`);
  return entries;
}

function entryOf(line: string, number: number, file: string): Entry {
  // Other forms of ldapvi's syntax (base64, files, continued lines) are errors: a password read wrongly locks the account.
  const [, key, value] = /^([a-z][a-z-]*):[ \t]+(.*)$/.exec(line) ?? [];
  if (key === undefined || value === undefined) throw new Misuse(`${file}:${number}: this line is not of the form "key: value"`);
  return { line: number, key, value: value.trimEnd() === value || key === 'password' ? value : value.trimEnd() };
}
