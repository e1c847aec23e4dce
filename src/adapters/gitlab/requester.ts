// The only place that talks HTTP to GitLab. gitbeaker builds the paths and follows the pages; its own requester is not used, because it retries
// writes, follows redirects with the token, takes HTML for data and prints the token in its errors.
import { setTimeout as pause } from 'node:timers/promises';
import { createRequesterFn, type FormattedResponse } from '@gitbeaker/requester-utils';
import { Unavailable } from '../../failures.ts';
import { Declined, Malformed, TooLong } from './failure.ts';
import type { Gate } from './gate.ts';

export interface RequesterSettings {
  /** The server's address, with its path prefix if it has one. The token goes to this origin and to no other. */
  readonly server: URL;
  readonly token: string | undefined;
  readonly gate: Gate;
  /** Milliseconds for one request, its body included. */
  readonly timeout: number;
  /** How often a request that only reads is tried in all. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled before each further one. */
  readonly firstPause: number;
  /** The longest `Retry-After` that is waited for, in milliseconds; with a longer one the request fails at once. */
  readonly longestPause: number;
  /** Bytes. */
  readonly largestAnswer: number;
  /** False once the time for questions is over: those that are still to be asked fail, so that what is known goes on. */
  readonly mayAsk: () => boolean;
  /** Told of the `Date` header of every answer. */
  readonly onDate: (header: string | null) => void;
}

type RequesterFn = ReturnType<typeof createRequesterFn>;

interface Outgoing {
  /** For messages: method and path, never a header. */
  readonly name: string;
  readonly url: URL;
  readonly method: string;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Whether another attempt makes sense, and how long the server asks us to wait before it. */
interface Refusal {
  readonly error: Error;
  readonly again: boolean;
  readonly wait?: number;
}

type Attempt = { readonly kind: 'answered'; readonly answer: FormattedResponse } | ({ readonly kind: 'failed' } & Refusal);

/** @returns what gitbeaker takes as `requesterFn`. Calls fail with Unavailable, Declined or Malformed, and nothing in these names the token. */
export function requester(settings: RequesterSettings): RequesterFn {
  return createRequesterFn(
    async (_, options) => options,
    async (endpoint, options) => send(outgoing(settings, endpoint, options ?? {}), settings),
  );
}

function outgoing({ server }: RequesterSettings, endpoint: string, options: Record<string, unknown>): Outgoing {
  const { prefixUrl, searchParams, body, signal, method } = options;
  const url = new URL(endpoint, `${String(prefixUrl).replace(/\/+$/, '')}/`);
  if (url.origin !== server.origin) throw new Error('a request to another server than the configured one was stopped');
  url.search = typeof searchParams === 'string' ? searchParams : '';
  const verb = typeof method === 'string' ? method : 'GET';
  return {
    name: `${verb} ${url.pathname}`,
    url,
    method: verb,
    body: typeof body === 'string' ? body : undefined,
    signal: signal instanceof AbortSignal ? signal : undefined,
  };
}

async function send(request: Outgoing, settings: RequesterSettings): Promise<FormattedResponse> {
  // A write that got no answer may have been done: a second try could do it twice.
  const attempts = request.method === 'GET' ? settings.attempts : 1;
  for (let attempt = 1; ; attempt += 1) {
    const result = await settings.gate(async () => (settings.mayAsk() ? once(request, settings) : outOfTime(request)));
    if (result.kind === 'answered') return result.answer;
    const wait = result.wait ?? settings.firstPause * 2 ** (attempt - 1);
    if (!result.again || attempt >= attempts || wait > settings.longestPause) throw result.error;
    await pause(wait);
  }
}

async function once(request: Outgoing, settings: RequesterSettings): Promise<Attempt> {
  const limit = AbortSignal.timeout(settings.timeout);
  const signal = request.signal ? AbortSignal.any([limit, request.signal]) : limit;
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: headers(request, settings),
      body: request.body ?? null,
      // Handed back as an answer with status 3xx, and refused as such below: no redirect is ever followed.
      redirect: 'manual',
      signal,
    });
    settings.onDate(response.headers.get('date'));
    return await readAnswer(request, response, settings.largestAnswer);
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'failed', error, again: false };
    if (signal.aborted) return failed(`${request.name} took too long`, false);
    return failed(`${request.name}: ${connectionProblem(error)}`, true);
  }
}

function outOfTime({ name }: Outgoing): Attempt {
  return failed(`${name} was left for the next run: this one has asked for long enough`, false);
}

function failed(detail: string, again: boolean, wait?: number): Attempt {
  const error = new Unavailable('gitlab', detail);
  return wait === undefined ? { kind: 'failed', error, again } : { kind: 'failed', error, again, wait };
}

function headers(request: Outgoing, { token }: RequesterSettings): Record<string, string> {
  return {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
  };
}

async function readAnswer(request: Outgoing, response: Response, largest: number): Promise<Attempt> {
  const { status } = response;
  if (status === 429 || status >= 500) {
    await response.body?.cancel();
    return failed(`${request.name} was answered with status ${status}`, true, retryAfter(response));
  }
  if (status === 403)
    return { kind: 'failed', error: new Declined(request.name, status, await lacksScope(request, response)), again: false };
  if (!response.ok) {
    await response.body?.cancel();
    return { kind: 'failed', error: new Declined(request.name, status), again: false };
  }
  const body = status === 204 ? null : await readJson(request, response, largest);
  return { kind: 'answered', answer: { body, status, headers: Object.fromEntries(response.headers) } };
}

/** RFC 6750, section 3.1; GitLab says it in the body only. Nothing else of a refusal is read: a project's name may be in it. */
async function lacksScope(request: Outgoing, response: Response): Promise<boolean> {
  try {
    const answer: unknown = await readJson(request, response, largestRefusal);
    return typeof answer === 'object' && answer !== null && 'error' in answer && answer.error === 'insufficient_scope';
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** Bytes. */
const largestRefusal = 16 * 1024;

/** RFC 9110, section 10.2.3: seconds, or a date, which GitLab does not use. */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

async function readJson(request: Outgoing, response: Response, largest: number) {
  const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim();
  if (type !== 'application/json') {
    await response.body?.cancel();
    throw new Malformed(request.name, 'it is not JSON. Is there a login page or a proxy in between?');
  }
  const text = await readText(request, response, largest);
  try {
    return JSON.parse(text);
  } catch {
    throw new Malformed(request.name, 'its JSON does not parse');
  }
}

async function readText(request: Outgoing, response: Response, largest: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.byteLength;
    if (size > largest) throw new TooLong(request.name, `it is longer than ${largest} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The system's own code, such as ECONNREFUSED. The error itself stays behind: it may quote the request. */
function connectionProblem(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return 'the connection failed';
}
