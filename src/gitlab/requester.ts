// The only place that talks HTTP to GitLab. gitbeaker builds the paths and follows the pages; its own requester is not used, because it retries
// writes, follows redirects with the token, takes HTML for data and prints the token in its errors. Node's http and not its fetch: that one
// compiles a parser of its own in every process, which costs a run more than all of GitLab's answers together.
import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { createRequesterFn, type FormattedResponse } from '@gitbeaker/requester-utils';
import { Unavailable, Untrusted } from '../errors.ts';
import { connectionProblem, distrustOf, openVerified, type Trust } from '../tls.ts';
import { Declined, Malformed, TooLong } from './failure.ts';
import { checkBudget, mostAttempts, spend, type Gate } from './budget.ts';

export interface RequesterSettings {
  /** The server's address, with its path prefix if it has one. The token goes to this origin and to no other. */
  readonly server: URL;
  readonly token: string | undefined;
  /** Undefined for http://, which is this very host. */
  readonly trust: Trust | undefined;
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

type Response = http.IncomingMessage;

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

type Attempt =
  { readonly kind: 'answered'; readonly answer: FormattedResponse; readonly bytes: number } | ({ readonly kind: 'failed' } & Refusal);

/** @returns what gitbeaker takes as `requesterFn`. Calls fail with Unavailable, Declined or Malformed, and nothing in these names the token. */
export function requester(settings: RequesterSettings): RequesterFn {
  const ask = connector(settings);
  return createRequesterFn(
    async (_, options) => options,
    async (endpoint, options) => send(outgoing(settings, endpoint, options ?? {}), settings, ask),
  );
}

/**
 * Resolves with the head of the answer, rejects when the connection fails or the signal says that it has been long enough.
 * `again`: an earlier attempt failed, perhaps for the connection it was made on.
 */
type Ask = (request: Outgoing, signal: AbortSignal, again: boolean) => Promise<Response>;

function connector(settings: RequesterSettings): Ask {
  const { trust, timeout } = settings;
  const open = trust ? https.request : http.request;
  const agentOf = (keepAlive: boolean) => (trust ? new VerifyingAgent(trust, timeout, keepAlive) : new http.Agent({ keepAlive }));
  const agent = agentOf(true);
  return (request, signal, again) =>
    new Promise((resolve, reject) => {
      const asked = open(request.url, {
        method: request.method,
        headers: headers(request, settings),
        // The server may be about to close a connection that is kept; a read is asked again, on a new one, and a write is not.
        agent: request.method === 'GET' && !again ? agent : agentOf(false),
        signal,
      });
      // Their length is bounded, their number need not be: what comes after the last that counts would be left out without a word.
      asked.maxHeadersCount = 0;
      // A server that changes the protocol unasked, with 101, ends a request with neither an answer nor an error.
      asked.on('close', () => reject(new Error('closed without an answer')));
      asked.on('response', resolve).on('error', reject).end(request.body);
    });
}

/** Every connection is verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says, and goes through the configured proxy. */
class VerifyingAgent extends https.Agent {
  readonly #trust: Trust;
  readonly #timeout: number;

  constructor(trust: Trust, timeout: number, keepAlive: boolean) {
    super({ keepAlive });
    this.#trust = trust;
    this.#timeout = timeout;
  }

  override createConnection({ host, port }: https.RequestOptions, done: Done = () => undefined): undefined {
    const place = { host: String(host).replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
    void this.#open(place, done);
  }

  async #open(place: Parameters<typeof openVerified>[0], done: Done): Promise<void> {
    let socket: Awaited<ReturnType<typeof openVerified>>;
    try {
      socket = await openVerified(place, this.#trust, AbortSignal.timeout(this.#timeout));
    } catch (error) {
      // Without a socket there is none to give, whatever its type says.
      Reflect.apply(done, undefined, [error]);
      return;
    }
    done(null, socket);
  }
}

type Done = NonNullable<Parameters<https.Agent['createConnection']>[1]>;

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

async function send(request: Outgoing, settings: RequesterSettings, ask: Ask): Promise<FormattedResponse> {
  // A write that got no answer may have been done: a second try could do it twice.
  const attempts = request.method === 'GET' ? mostAttempts(settings.attempts) : 1;
  for (let attempt = 1; ; attempt += 1) {
    const result = await settings.gate(async () => (settings.mayAsk() ? metered(request, settings, ask, attempt > 1) : outOfTime(request)));
    if (result.kind === 'answered') return result.answer;
    const wait = result.wait ?? settings.firstPause * 2 ** (attempt - 1);
    if (!result.again || attempt >= attempts || wait > settings.longestPause) throw result.error;
    await pause(wait);
  }
}

async function metered(request: Outgoing, settings: RequesterSettings, ask: Ask, again: boolean): Promise<Attempt> {
  checkBudget(request.name);
  const begun = performance.now();
  const attempt = await once(request, settings, ask, again);
  const isAnswered = attempt.kind === 'answered';
  spend({ answers: isAnswered ? 1 : 0, bytes: isAnswered ? attempt.bytes : 0, milliseconds: performance.now() - begun });
  return attempt;
}

async function once(request: Outgoing, settings: RequesterSettings, ask: Ask, again: boolean): Promise<Attempt> {
  const limit = AbortSignal.timeout(settings.timeout);
  const signal = request.signal ? AbortSignal.any([limit, request.signal]) : limit;
  try {
    const response = await ask(request, signal, again);
    settings.onDate(response.headers.date ?? null);
    const attempt = await readAnswer(request, response, settings.largestAnswer);
    // An answer without a length ends where its connection does, also when that is our own doing.
    return signal.aborted ? tookTooLong(request) : attempt;
  } catch (error) {
    if (signal.aborted) return tookTooLong(request);
    if (error instanceof Malformed) return { kind: 'failed', error, again: false };
    const distrust = settings.trust && distrustOf(error, settings.server.hostname, settings.trust.key);
    if (distrust !== undefined) return { kind: 'failed', error: new Untrusted(`${settings.server.origin}: ${distrust}`), again: false };
    return failed(`${settings.server.origin}: ${connectionProblem(error)} (${request.name})`, true);
  }
}

function tookTooLong({ name }: Outgoing): Attempt {
  return failed(`${name} took too long`, false);
}

function outOfTime({ name }: Outgoing): Attempt {
  return failed(`${name} was left for the next run: this one has asked for long enough`, false);
}

function failed(detail: string, again: boolean, wait?: number): Attempt {
  const error = new Unavailable('gitlab', detail);
  return wait === undefined ? { kind: 'failed', error, again } : { kind: 'failed', error, again, wait };
}

function headers(request: Outgoing, { token }: RequesterSettings): http.OutgoingHttpHeaders {
  return {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'muster',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    // Node tells the length by itself for some methods only, and not for DELETE, to which gitbeaker gives a body.
    ...(request.body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(request.body)) }),
  };
}

async function readAnswer(request: Outgoing, response: Response, largest: number): Promise<Attempt> {
  const status = response.statusCode ?? 0;
  if (status === 403) return { kind: 'failed', error: new Declined(request.name, status, await lackOf(request, response)), again: false };
  if (status === 204) {
    response.resume();
    return { kind: 'answered', answer: { body: null, status, headers: {} }, bytes: 0 };
  }
  // No redirect is ever followed: it is an answer with status 3xx, and refused as such.
  if (status < 200 || status > 299) {
    discard(response);
    if (status === 429 || status >= 500) return failed(`${request.name} was answered with status ${status}`, true, retryAfter(response));
    const movedTo = /\/projects\/([1-9]\d{0,14})(?![^/?])/.exec(response.headers.location ?? '')?.[1];
    return {
      kind: 'failed',
      error: new Declined(request.name, status, undefined, movedTo === undefined ? undefined : Number(movedTo)),
      again: false,
    };
  }
  const { body, bytes } = await readJson(request, response, largest);
  return { kind: 'answered', answer: { body, status, headers: singleHeaders(response) }, bytes };
}

/** A short body is let pass, so that the connection can be used again. */
function discard(response: Response): void {
  if (Number(response.headers['content-length']) <= largestRefusal) response.resume();
  else response.destroy();
}

function singleHeaders(response: Response): Record<string, string> {
  const headers = Object.entries(response.headers);
  return Object.fromEntries(headers.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

/** RFC 6750, section 3.1; GitLab says it in the body only. Nothing else of a refusal is read: a project's name may be in it. */
async function lackOf(request: Outgoing, response: Response): Promise<Declined['lacks']> {
  try {
    const { body }: { body: unknown } = await readJson(request, response, largestRefusal);
    const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
    if (error === 'insufficient_scope') return 'scope';
    return error === 'insufficient_granular_scope' ? 'permission' : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Bytes. */
const largestRefusal = 16 * 1024;

/** RFC 9110, section 10.2.3: seconds, or a date, which GitLab does not use. */
function retryAfter(response: Response): number | undefined {
  const header = response.headers['retry-after'];
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

async function readJson(request: Outgoing, response: Response, largest: number) {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    response.destroy();
    throw new Malformed(request.name, 'it is compressed, which was not asked for. Is there a proxy in between that does it?');
  }
  const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim();
  if (type !== 'application/json') {
    response.destroy();
    throw new Malformed(request.name, 'it is not JSON. Is there a login page or a proxy in between?');
  }
  const text = await readText(request, response, largest);
  try {
    return { body: JSON.parse(text), bytes: text.length };
  } catch {
    throw new Malformed(request.name, 'its JSON does not parse');
  }
}

async function readText(request: Outgoing, response: Response, largest: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > largest) throw new TooLong(request.name, `it is longer than ${largest} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
