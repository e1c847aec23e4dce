// A stand-in for GitLab whose project has landed thousands of approved merge requests, in a process of its own: what it takes to answer is
// not muster's time. Its parent is told where it listens, gets its tally for every message, and ends it by leaving.
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { startGitLab } from '../test/support/gitlab/gitlab.ts';
import { landAll, type Landed, type LandingOrder } from './landed.ts';

/** What the parent wants, as the one argument. */
export interface ForgeOrder extends LandingOrder {
  /** Milliseconds for which every answer is kept back. */
  readonly delay: number;
}

export interface ForgeAddress extends Landed {
  readonly url: string;
}

/** Of requests to the API, since there is something to answer. */
export interface ForgeTally {
  readonly requests: number;
  /** Mean time from a request's arrival to the end of its answer. */
  readonly milliseconds: number;
  /** Of this process: git, which it starts for fetches, not counted. */
  readonly processorSeconds: number;
}

const order: ForgeOrder = JSON.parse(process.argv[2] ?? '');
const gitlab = await startGitLab();
gitlab.faults.add(/^\/api\//, { kind: 'delay', milliseconds: order.delay });
const landed = await landAll(gitlab.forge, order);
const tally = countRequests();
process.on('message', () => process.send?.(tally()));
process.on('disconnect', () => void gitlab.stop());
process.send?.({ url: gitlab.url, ...landed } satisfies ForgeAddress);

/** Node tells of every request that its servers take and finish. */
function countRequests(): () => ForgeTally {
  const began = new WeakMap<object, number>();
  const before = process.cpuUsage();
  let requests = 0;
  let total = 0;
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { readonly request: IncomingMessage; readonly response: object };
    if (request.url?.startsWith('/api/')) began.set(response, performance.now());
  });
  subscribe('http.server.response.finish', (message) => {
    const at = began.get((message as { readonly response: object }).response);
    if (at === undefined) return;
    requests += 1;
    total += performance.now() - at;
  });
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { requests, milliseconds: total / Math.max(1, requests), processorSeconds: (user + system) / 1e6 };
  };
}
