// What the commands have in common: how they are called, the host's configuration, and what they give back.
import type { Invocation } from './cli.ts';
import { Misuse } from './errors.ts';
import { forHost, goOnAsOwner, readConfiguration, refuseOthers, type Caller, type HostConfiguration } from './host.ts';
import { inOrder, parseGroupName, type GroupName } from './names.ts';
import type { Status } from './status.ts';
import { plain } from './text.ts';

export interface Printed {
  readonly text: string;
  readonly status: Status;
}

/** By the name of the command. */
export type Commands = Readonly<Record<string, (invocation: Invocation, caller: Caller) => Promise<Printed>>>;

export async function hostConfiguration(invocation: Invocation, caller: Caller): Promise<HostConfiguration> {
  const configuration = await configurationOf(invocation, caller);
  await goOnAsOwner(configuration, caller);
  refuseOthers(configuration);
  return configuration;
}

/** As whoever typed the command. */
export async function configurationOf({ options }: Invocation, caller: Caller): Promise<HostConfiguration> {
  return forHost(await readConfiguration(options['config'], caller));
}

export function groupOfHost(text: string, { directory }: HostConfiguration): GroupName {
  const group = parseGroupName(text);
  if (group && directory.groups.has(group)) return group;
  throw new Misuse(
    `"${plain(text)}" is not a group of this host; its groups: ${[...directory.groups.keys()].sort(inOrder).join(', ')}. For another one, the administrator of this host adds it to directory.groups in muster.yaml`,
  );
}

export function reasonOf(options: Invocation['options']): string {
  const reason = String(options['reason'] ?? '').trim();
  // Help and messages show "…" for what only a person can say.
  if (!/[\p{L}\p{N}]/u.test(reason)) throw new Misuse('--reason must say why, in words: it is kept in the record');
  return reason;
}
