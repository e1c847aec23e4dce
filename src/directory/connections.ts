// The connections of one run, one to a server: opened when it is needed, opened anew when it broke, closed at the end. And how much is asked at once.
import type { Change, Control, Entry } from 'ldapts';
import { Unavailable } from '../errors.ts';
import type { DirectoryConnection, Question } from './connection.ts';

export interface Connections {
  /** The one to this server. A question whose connection broke is asked once more on a new one; a change is not: what became of it must be looked at. */
  to(url: string): Promise<DirectoryConnection>;
  close(): Promise<void>;
}

/** A server that let nobody in so often in a row is not asked again in this run: each time may cost its time limit. */
const mostFailures = 2;

export function openConnections(open: (url: string) => Promise<DirectoryConnection>): Connections {
  const lines = new Map<string, Reopening>();
  return {
    to: (url) => {
      const line = lines.get(url) ?? new Reopening(() => open(url));
      lines.set(url, line);
      return line.opened();
    },
    close: async () => {
      for (const line of lines.values()) await line.close();
    },
  };
}

class Reopening implements DirectoryConnection {
  readonly #open: () => Promise<DirectoryConnection>;
  #current: Promise<DirectoryConnection> | undefined;
  #now: DirectoryConnection | undefined;
  #failures = 0;
  session = 0;

  constructor(open: () => Promise<DirectoryConnection>) {
    this.#open = open;
  }

  async opened(): Promise<this> {
    await this.#standing();
    return this;
  }

  get identity(): string {
    return this.#now?.identity ?? '';
  }

  get isLost(): boolean {
    return this.#now?.isLost ?? true;
  }

  search(base: string, question: Question): Promise<readonly Entry[]> {
    return this.#twice((connection) => connection.search(base, question));
  }

  async *pages(base: string, question: Question, pageSize: number): AsyncGenerator<readonly Entry[]> {
    // What has been handed on already cannot be begun again.
    const first = await this.#twice(async (connection) => {
      const pages = connection.pages(base, question, pageSize);
      return { pages, page: await pages.next() };
    });
    if (first.page.done === true) return;
    yield first.page.value;
    yield* first.pages;
  }

  async modify(dn: string, changes: readonly Change[], controls: readonly Control[]): Promise<void> {
    await (await this.#standing()).modify(dn, changes, controls);
  }

  async close(): Promise<void> {
    // One that never opened has nothing to close.
    await this.#current?.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }

  async #twice<Answer>(ask: (connection: DirectoryConnection) => Promise<Answer>): Promise<Answer> {
    const connection = await this.#standing();
    try {
      return await ask(connection);
    } catch (error) {
      if (!(error instanceof Unavailable) || !connection.isLost) throw error;
      return ask(await this.#standing());
    }
  }

  async #standing(): Promise<DirectoryConnection> {
    if (this.#now?.isLost === true) this.#forget();
    this.#current ??= this.#open().catch((error: unknown) => {
      if (error instanceof Unavailable) return this.#open();
      throw error;
    });
    const opening = this.#current;
    try {
      this.#now = await opening;
      this.#failures = 0;
      return this.#now;
    } catch (error) {
      // All who waited for this attempt hear of it, and it counts once.
      if (this.#current === opening) {
        this.#failures += 1;
        if (error instanceof Unavailable && this.#failures < mostFailures) this.#forget();
      }
      throw error;
    }
  }

  #forget(): void {
    this.session += 1;
    this.#now = undefined;
    this.#current = undefined;
  }
}

/** Does the work for each thing, at most `limit` at once. After an error nothing new is begun; it is thrown when the rest has settled. */
export async function eachOf<Thing>(things: readonly Thing[], limit: number, work: (thing: Thing) => Promise<void>): Promise<void> {
  const queue = things.values();
  const errors: unknown[] = [];
  const drain = async () => {
    for (const thing of queue) {
      if (errors.length > 0) return;
      await work(thing).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, things.length) }, drain));
  if (errors.length > 0) throw errors[0];
}
