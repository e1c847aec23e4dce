// A host that has changes of every kind to make in both groups, behind a proxy that can kill, race and stop it at any call.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { later, type Host, type World } from './world.ts';

/** What the groups hold at first. */
export const before = { stewards: ['base', 'hoo', 'melos'], 'klaxon-users': ['alice', 'martin'] };
/** What the policy and the roster want them to hold. */
export const after = { stewards: ['base', 'melos', 'radimer'], 'klaxon-users': ['alice', 'carol'] };

export interface ChangingHost {
  readonly host: Host;
  /** Directory and state as they were before the first change. */
  reset(): Promise<void>;
  membership(): Promise<typeof after>;
  /** Messages that an undisturbed run sends to the directory. */
  messages(): Promise<number>;
}

/** Martin's grant is over two days after noon; that is when the changes are due. */
export async function changingHost(world: World, proxy: TcpProxy): Promise<ChangingHost> {
  const host = await world.newHost({ roster: before.stewards, granted: ['alice'], directory: { url: proxy.url('ldap') } });
  host.grant('martin', '2026-11-24');
  await host.reconcile();
  host.setRoster(after.stewards);
  host.grant('carol');
  return {
    host,
    reset: wayBack(world, host, before),
    membership: async () => ({
      stewards: [...(await host.members('stewards'))],
      'klaxon-users': [...(await host.members('klaxon-users'))],
    }),
    messages: async () => {
      const sent = proxy.messages();
      await host.reconcile(later(2));
      return proxy.messages() - sent;
    },
  };
}

/** Brings state and directory back to what they are now, with these members. */
export function wayBack(world: World, host: Host, members: Readonly<Record<string, readonly string[]>>): () => Promise<void> {
  const kept = join(host.folder, 'kept');
  cpSync(host.state, kept, { recursive: true });
  return async () => {
    for (const [group, uids] of Object.entries(members)) await world.slapd.setMembers(group, uids);
    rmSync(host.state, { recursive: true });
    cpSync(kept, host.state, { recursive: true });
  };
}

export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The log without the administrator's own connections, which come over the socket. */
export function connectionsOf(log: string): string {
  const administrator = new Set([...log.matchAll(/conn=(\d+) fd=\d+ ACCEPT from PATH/g)].map(([, connection]) => connection));
  return log
    .split('\n')
    .filter((line) => !administrator.has(/conn=(\d+)/.exec(line)?.[1]))
    .join('\n');
}
