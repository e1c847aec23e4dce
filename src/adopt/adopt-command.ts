// `muster adopt`: the members a group has now, as files of the policy or as a roster to begin with. Reads the branch, the directory and the
// revocations; writes nothing but the files it is asked for.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { writeMissing, type NewFile } from '../kept-files.ts';
import { readRevocations } from '../revocation/revocations.ts';
import type { Invocation } from '../cli.ts';
import { adoptMembers, renderAdoptedFiles, renderAdoptionNotes, type Adoption } from './adoption.ts';
import type { Rules } from '../policy/policy.ts';
import type { GroupName, Uid } from '../names.ts';
import { statusOf } from '../status.ts';
import { DirectoryUnusable, errnoOf, Misuse, Unusable } from '../errors.ts';
import { branchOf, openMirrorOf, readTip, withPrivateMirror } from '../history/branch.ts';
import { configurationOf, groupOfHost, type Printed } from '../command.ts';
import { directoryAccess } from '../directory/access.ts';
import { pathFrom, surroundingsOf, type Caller, type HostConfiguration } from '../host.ts';

export async function runAdopt(invocation: Invocation, caller: Caller): Promise<Printed> {
  // Not as the owner of the state folder: nothing is left there, and the files go where the caller may write.
  const configuration = await configurationOf(invocation, caller);
  const group = groupOfHost(invocation.operands[0] ?? '', configuration);
  const adoption = await adopt(group, configuration, caller);
  const files = await filesOf(group, adoption, configuration);
  const to = invocation.options['to'];
  if (typeof to === 'string') await writeNewFiles(pathFrom(caller, to), files);
  for (const note of renderAdoptionNotes(adoption)) caller.warn(note);
  return {
    text: typeof to === 'string' ? files.map(({ path }) => `${join(to, path)}\n`).join('') : renderAdoptedFiles(files),
    // Whoever has a grant already is as well off as the adopted.
    status: statusOf(adoption.leftOut.some(({ why }) => why !== 'has-grant') ? ['findings'] : []),
  };
}

interface PolicyAtTip {
  readonly rules: Rules | undefined;
  readonly granted: ReadonlySet<Uid>;
  readonly problem: string | undefined;
}

async function policyAtTip(group: GroupName, configuration: HostConfiguration, caller: Caller): Promise<PolicyAtTip> {
  const { repository, state } = configuration;
  return withPrivateMirror(caller, state, async (folder) => {
    const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller));
    const { reading } = await readTip(branchOf(mirror), repository.folder);
    const [finding] = reading.findings;
    return {
      rules: reading.rules?.rules,
      granted: new Set(reading.grants.flatMap(({ grant }) => (grant.group === group ? [grant.uid] : []))),
      problem: finding && `${finding.path}:${finding.line}: ${finding.message}`,
    };
  });
}

async function adopt(group: GroupName, configuration: HostConfiguration, caller: Caller): Promise<Adoption> {
  const { repository, directory: layout, state } = configuration;
  const { rules, granted, problem } = await policyAtTip(group, configuration, caller);
  if (!rules) throw new Unusable(`the policy on ${repository.branch} cannot be read: ${problem ?? 'it has no policy.yaml'}`);
  const ofGroup = rules.groups.get(group);
  if (!ofGroup)
    throw new Misuse(
      `the policy on ${repository.branch} has no groups/${group}.yaml: have it merged first, it says how long grants last and what they need`,
    );
  const { revocations } = await readRevocations(state);
  const directory = directoryAccess(layout, caller.now());
  try {
    // The server that is written: what is adopted must be what the first run finds there.
    const { reader } = await directory.openToWrite();
    const observed = await reader.group(group);
    if (observed.kind === 'unusable') throw new DirectoryUnusable(observed.message);
    const behind = await reader.membersBehind(observed.members);
    const ceiling = layout.ceilings.get(group)?.longest;
    return adoptMembers({ rules: ofGroup, observed, behind, revocations, granted, ceiling, now: caller.now() });
  } finally {
    await directory.close();
  }
}

async function filesOf(group: GroupName, adoption: Adoption, { repository }: HostConfiguration): Promise<readonly NewFile[]> {
  if (adoption.kind === 'roster')
    return adoption.uids.length === 0 ? [] : [{ path: `${adoption.roster}.txt`, text: adoption.uids.map((uid) => `${uid}\n`).join('') }];
  const { renderGrantText } = await import('../policy/grant-text.ts');
  return [...adoption.grants].map(([uid, grant]) => ({
    path: `${repository.folder}/grants/${group}/${uid}.yaml`,
    text: renderGrantText({ ...grant }),
  }));
}

/** All of them, or none where one is in the way. `path` is below `folder`; folders in between are made. Throws Misuse that names what is in the way, before anything is written. */
export async function writeNewFiles(folder: string, files: readonly NewFile[]): Promise<void> {
  const refuse = ({ path }: NewFile) => {
    throw new Misuse(`${join(folder, path)} is there already, and nothing is written over: take it away, or name another folder`);
  };
  files.filter(({ path }) => isThere(folder, path)).forEach(refuse);
  const written = writeMissing(folder, files);
  // Should somebody put one there meanwhile, theirs stays.
  files.filter(({ path }) => !written.includes(path)).forEach(refuse);
}

function isThere(folder: string, path: string): boolean {
  try {
    lstatSync(join(folder, path));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw new Misuse(`${path} cannot be looked for in that folder (${errnoOf(error)})`);
  }
}
