// What goes wrong on the way to GitLab and back, by request. Each fault answers in place of the server, or spoils its answer.
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

export interface LoggedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: boolean;
  readonly privateToken: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Harm =
  | { readonly kind: 'answer'; readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** A proxy's or a login page. */
  | { readonly kind: 'html'; readonly status?: number }
  /** [B] Plain text, not JSON. */
  | { readonly kind: 'rate-limit'; readonly retryAfter: number }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Answers as it should, after that time, or sooner once that has happened. */
  | { readonly kind: 'wait'; readonly milliseconds: number; readonly until: Promise<void> }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'drop' }
  /** Sends the head of the answer and half of its body, then cuts the connection. */
  | { readonly kind: 'truncate' }
  /** As proxies do that were not asked to. */
  | { readonly kind: 'compress' }
  | { readonly kind: 'rewrite'; readonly change: (body: unknown) => unknown }
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string | null>> };

export interface Fault {
  /** Looked for in path and query. */
  readonly where: RegExp;
  readonly method?: string;
  readonly harm: Harm;
  /** How many requests are hit; all of them where it is left out. */
  times?: number;
}

export class Faults {
  #faults: Fault[] = [];
  readonly log: LoggedRequest[] = [];

  add(where: RegExp, harm: Harm, options: { readonly times?: number; readonly method?: string } = {}): void {
    this.#faults.push({ where, harm, ...options });
  }

  clear(): void {
    this.#faults = [];
  }

  /** Requests since the log was last emptied whose path matches. */
  count(where = /./): number {
    return this.log.filter(({ path }) => where.test(path)).length;
  }

  forget(): void {
    this.log.length = 0;
  }

  find(method: string, path: string): Harm | undefined {
    const fault = this.#faults.find((one) => (one.times ?? 1) > 0 && (one.method ?? method) === method && one.where.test(path));
    if (fault?.times !== undefined) fault.times -= 1;
    return fault?.harm;
  }
}

/** Writes the answer, or what the fault makes of it. */
export async function deliver(response: ServerResponse, answer: Answer, harm: Harm | undefined): Promise<void> {
  if (harm === undefined) return send(response, answer);
  switch (harm.kind) {
    case 'answer':
      return send(response, {
        status: harm.status,
        headers: { 'content-type': 'application/json', ...harm.headers },
        body: harm.body ?? '{"message":"500 Internal Server Error"}',
      });
    case 'html':
      return send(response, {
        status: harm.status ?? 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<!DOCTYPE html><title>Sign in</title>',
      });
    case 'rate-limit':
      return send(response, {
        status: 429,
        headers: { 'content-type': 'text/plain', 'retry-after': String(harm.retryAfter) },
        body: 'Retry later\n',
      });
    case 'delay':
      await pause(harm.milliseconds);
      return send(response, answer);
    case 'wait':
      await Promise.race([pause(harm.milliseconds, undefined, { ref: false }), harm.until]);
      return send(response, answer);
    case 'hang':
      return undefined;
    case 'drop':
      response.destroy();
      return undefined;
    case 'truncate':
      response.writeHead(answer.status, { ...answer.headers, 'content-length': String(Buffer.byteLength(answer.body)) });
      response.write(answer.body.slice(0, answer.body.length / 2), () => response.destroy());
      return undefined;
    case 'compress':
      return send(response, { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' }, body: gzipSync(answer.body) });
    case 'rewrite':
      return send(response, { ...answer, body: JSON.stringify(harm.change(JSON.parse(answer.body))) });
    case 'headers':
      return send(response, { ...answer, headers: replaced(answer.headers, harm.headers) });
  }
}

function send(response: ServerResponse, { status, headers, body }: Omit<Answer, 'body'> & { readonly body: string | Uint8Array }): void {
  response.writeHead(status, headers);
  response.end(status === 204 || status === 304 ? undefined : body);
}

function replaced(headers: Readonly<Record<string, string>>, by: Readonly<Record<string, string | null>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !(name in by));
  const added = Object.entries(by).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return Object.fromEntries([...kept, ...added]);
}
