// An account on a GitLab: what it asks over the API, and what it is answered, whatever that is. Tokens go into headers and nowhere else.
import { setTimeout as wait } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export type Fields = Readonly<Record<string, unknown>>;

/** What was asked and answered, for whoever wants to keep it. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly total: string | null;
  readonly body: unknown;
}

/** GitLab answered, and not with what the next step needs. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
}

export class Account {
  readonly server: string;
  readonly token: string | undefined;
  readonly #record: (one: Recorded) => void;
  id = 0;
  username = '';
  /** In pages of so many. */
  readonly perPage = 100;

  constructor(server: string, token: string | undefined, record: (one: Recorded) => void = () => undefined) {
    this.server = server.replace(/\/+$/, '');
    this.token = token;
    this.#record = record;
  }

  static async of(server: string, token: string, record?: (one: Recorded) => void): Promise<Account> {
    const account = new Account(server, token, record);
    const { id, username } = fields((await account.done('GET', 'user')).body);
    return Object.assign(account, { id, username });
  }

  /** The same account, whose answers are kept elsewhere. */
  recordingTo(record: (one: Recorded) => void): Account {
    return Object.assign(new Account(this.server, this.token, record), { id: this.id, username: this.username });
  }

  /** The same account, of which nothing is kept. */
  unrecorded(): Account {
    return this.recordingTo(() => undefined);
  }

  /** Whoever is told to come later does. */
  async ask(method: string, path: string, body?: Fields): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.askOnce(method, path, body);
      if (answer.status !== 429 || attempt === 5) return answer;
      await wait(Math.min(60, Number(answer.headers.get('retry-after') ?? 10)) * 1000);
    }
  }

  async askOnce(method: string, path: string, body?: Fields): Promise<Answer> {
    const response = await fetch(`${this.server}/api/v4/${path}`, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
    const answer = { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
    this.#record({ method, path, status: answer.status, total: response.headers.get('x-total'), body: answer.body });
    return answer;
  }

  /** @throws NotDone unless it is a yes */
  async done(method: string, path: string, body?: Fields): Promise<Answer> {
    const answer = await this.ask(method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new NotDone(`${method} ${path} was answered with ${answer.status}: ${JSON.stringify(answer.body).slice(0, 200)}`);
  }

  async one(path: string): Promise<Fields> {
    return fields((await this.done('GET', path)).body);
  }

  /** Every page; with how many there are by the server's own count. */
  async list(path: string): Promise<{ readonly rows: readonly Fields[]; readonly total: number | undefined }> {
    const rows: Fields[] = [];
    for (let page = '1'; ;) {
      const { headers, body } = await this.done('GET', `${path}${path.includes('?') ? '&' : '?'}per_page=${this.perPage}&page=${page}`);
      if (!Array.isArray(body)) throw new NotDone(`GET ${path} was not answered with a list`);
      rows.push(...body.map(fields));
      const total = headers.get('x-total');
      page = headers.get('x-next-page') ?? '';
      if (page === '') return { rows, total: total === null ? undefined : Number(total) };
    }
  }
}

export function fields(value: unknown): Fields & { readonly id: number; readonly username: string } {
  return (typeof value === 'object' && value !== null ? value : {}) as Fields & { readonly id: number; readonly username: string };
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
