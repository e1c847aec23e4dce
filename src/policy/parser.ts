// The policy folder as values: every file read strictly, then put together. Paths of findings are those of the files.
import type { GenericSchema, InferOutput } from 'valibot';
import { parseExactUid, parseGroupName, type GroupName, type Uid } from '../names.ts';
import {
  byPlace,
  defaultLimits,
  placeOf,
  type Approver,
  type Finding,
  type GrantFile,
  type GroupRules,
  type Parsed,
  type Place,
  type PolicyFile,
  type Rules,
} from './policy.ts';
import type { LocatedGrant, PolicyReading } from './policy-rules.ts';
import { wholeFile } from './yaml-problems.ts';
import { grantSchema, groupSchema, policySchema } from './schemas.ts';
import { readStrictYaml, type Located } from './strict.ts';

/** What `files` say, and everything wrong with their form. What must hold between them is the rules' business (policy-rules.ts). */
export function readPolicy(files: readonly PolicyFile[], folder: string): PolicyReading {
  const placed = files.map((file) => ({ file, place: placeIn(file.path, folder) }));
  const findings: Finding[] = placed
    .filter(({ place }) => place.kind === 'other')
    .map(({ file }) =>
      wholeFile(
        file.path,
        'unexpected-file',
        'no policy file has this path',
        'Policy files are policy.yaml, groups/<group>.yaml and grants/<group>/<uid>.yaml, never .yml. Move or delete this one.',
      ),
    );
  const rules = readRules(
    placed.filter(({ place }) => place.kind === 'policy' || place.kind === 'group'),
    folder,
  );
  const grants: LocatedGrant[] = [];
  for (const { file, place } of placed) {
    if (place.kind !== 'grant') continue;
    const grant = readGrant(file, place);
    if (grant.kind === 'valid') grants.push({ path: file.path, grant: grant.value.value, at: grant.value.at });
    else findings.push(...grant.findings);
  }
  if (rules.kind === 'invalid') return { findings: [...findings, ...rules.findings].sort(byPlace), grants };
  return { findings: findings.sort(byPlace), rules: rules.value, grants };
}

/**
 * The rules that `policy.yaml` and the files under `groups/` make together; other files are left alone.
 * Well-formed only: ask `rulesObjections` whether they hold together.
 */
export function parseRules(files: readonly PolicyFile[], folder: string): Parsed<Rules> {
  const placed = files.map((file) => ({ file, place: placeIn(file.path, folder) }));
  const rules = readRules(
    placed.filter(({ place }) => place.kind === 'policy' || place.kind === 'group'),
    folder,
  );
  return rules.kind === 'valid' ? { kind: 'valid', value: rules.value.rules } : rules;
}

/** One grant file, without knowledge of the rules. */
export function parseGrant(file: PolicyFile, folder: string): Parsed<GrantFile> {
  const place = placeIn(file.path, folder);
  if (place.kind !== 'grant')
    return {
      kind: 'invalid',
      findings: [wholeFile(file.path, 'unexpected-file', 'no grant has this path', 'Grants are grants/<group>/<uid>.yaml.')],
    };
  const grant = readGrant(file, place);
  return grant.kind === 'valid' ? { kind: 'valid', value: grant.value.value } : grant;
}

interface Placed {
  readonly file: PolicyFile;
  readonly place: Place;
}

function placeIn(path: string, folder: string): Place {
  if (folder === '') return placeOf(path);
  return path.startsWith(`${folder}/`) ? placeOf(path.slice(folder.length + 1)) : { kind: 'other' };
}

function missingPolicy(folder: string): Finding {
  const path = folder === '' ? 'policy.yaml' : `${folder}/policy.yaml`;
  return wholeFile(path, 'missing-file', 'there is no policy.yaml', 'Add it: it says who approves (docs/policy.md).');
}

function readRules(placed: readonly Placed[], folder: string): Parsed<NonNullable<PolicyReading['rules']>> {
  const findings: Finding[] = [];
  const groups = new Map<GroupName, GroupRules>();
  const files = new Map<GroupName | 'policy', { readonly path: string; readonly at: Located<unknown>['at'] }>();
  let base: Omit<Rules, 'groups'> | undefined;
  for (const { file, place } of placed) {
    const name = place.kind === 'group' ? parseGroupName(place.name) : undefined;
    if (place.kind === 'group' && name === undefined) {
      findings.push(badName(file.path, 'a group'));
      continue;
    }
    const read = name === undefined ? located(file, policySchema, rulesOf) : located(file, groupSchema, (text) => groupOf(name, text));
    if (read.kind === 'invalid') findings.push(...read.findings);
    else {
      files.set(name ?? 'policy', { path: file.path, at: read.value.at });
      if ('purpose' in read.value.value) groups.set(read.value.value.group, read.value.value);
      else base = read.value.value;
    }
  }
  if (!placed.some(({ place }) => place.kind === 'policy')) findings.push(missingPolicy(folder));
  const [first, ...others] = findings.sort(byPlace);
  if (first || !base) return { kind: 'invalid', findings: [first ?? missingPolicy(folder), ...others] };
  return { kind: 'valid', value: { rules: { ...base, groups }, files } };
}

function readGrant(file: PolicyFile, place: Extract<Place, { kind: 'grant' }>): Parsed<Located<GrantFile>> {
  const group = parseGroupName(place.group);
  const uid = parseExactUid(place.uid);
  if (group === undefined) return { kind: 'invalid', findings: [badName(file.path, 'a group')] };
  if (uid === undefined) return { kind: 'invalid', findings: [badName(file.path, 'a uid')] };
  return located(file, grantSchema, ({ until, ...rest }): GrantFile => ({ group, uid, until: until ?? 'open', ...rest }));
}

function badName(path: string, what: string): Finding {
  return wholeFile(
    path,
    'bad-path',
    `the path does not name ${what}`,
    'Names are lower-case ASCII: a-z, 0-9, ".", "_" and "-", at most 64 letters. Rename the file.',
  );
}

function located<Text, Value>(file: PolicyFile, schema: GenericSchema<unknown, Text>, make: (text: Text) => Value): Parsed<Located<Value>> {
  const read = readStrictYaml(file, schema);
  return read.kind === 'valid' ? { kind: 'valid', value: { value: make(read.value.value), at: read.value.at } } : read;
}

function rulesOf(text: InferOutput<typeof policySchema>): Omit<Rules, 'groups'> {
  const people = new Map<Uid, Approver>();
  for (const [uid, { gitlab = [], also = [], keys = [] }] of text.people)
    people.set(uid, { uid, gitlab: typeof gitlab === 'number' ? [gitlab] : gitlab, also, keys });
  return { people, teams: text.teams, rules: text.rules };
}

function groupOf(group: GroupName, text: InferOutput<typeof groupSchema>): GroupRules {
  const { members, approvers, requires, limits, understood, ...rest } = text;
  return {
    ...rest,
    group,
    members: members === 'grants' ? { kind: 'grants' } : { kind: 'roster', roster: members.roster },
    approvers: approvers ?? [text.owner],
    requires: requires ?? [],
    limits: limits ?? defaultLimits,
    understood,
  };
}
