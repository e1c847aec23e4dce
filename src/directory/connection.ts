// One connection to the directory, bound once as the account that was meant. Whatever is lost stays lost: an error, never
// a quiet second connection that nobody is bound on. Everything has a deadline.
import type { Socket } from 'node:net';
import { Client, ResultCodeError, type Change, type Control, type Entry, type SearchOptions } from 'ldapts';
import { DirectoryUnusable, Misuse, Unavailable } from '../errors.ts';
import { dnKeyOf } from './distinguished-names.ts';
import { refusal, resultCode } from './result-codes.ts';
import { refuseActiveDirectory } from './schema.ts';
import { openTransport, placeOf, emitWholeMessages, type TransportSettings } from './transport.ts';
import { distrustOf } from '../tls.ts';

export type Bind =
  | { readonly kind: 'simple'; readonly dn: string; readonly password: string }
  | { readonly kind: 'external' }
  /** As nobody, for a first look before there is an account; no configuration can say so. */
  | { readonly kind: 'anonymous' };

export interface ConnectionSettings extends TransportSettings {
  readonly bind: Bind;
  /** Milliseconds for TCP and TLS together, and then for the bind; 10 s unless told. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds for one answer to a search, a page of a paged one; 60 s unless told. */
  readonly readTimeoutMs?: number;
  /** Milliseconds for one modify; 5 minutes unless told: memberof writes every member to the disk before slapd answers. */
  readonly writeTimeoutMs?: number;
}

export type Question = Pick<SearchOptions, 'scope' | 'filter'> & {
  readonly attributes: readonly string[];
  readonly controls?: readonly Control[];
};

/**
 * Answers are whole or an error: `Unavailable` when none came in time, the connection is gone or the server is busy
 * (51, 52); what the server said no to is a `ResultCodeError` of ldapts, for the caller to judge.
 */
export interface DirectoryConnection {
  /** The authorization identity that the server itself names (RFC 4532): `dn:…` or `u:…`. */
  readonly identity: string;
  /** Another one each time that it was opened: what was asked before may not hold any more. */
  readonly session: number;
  /** It broke, or was given up after a time limit: every further question fails. */
  readonly isLost: boolean;
  search(base: string, question: Question): Promise<readonly Entry[]>;
  /** By pages (RFC 2696), which servers let past their size limit. */
  pages(base: string, question: Question, pageSize: number): AsyncGenerator<readonly Entry[]>;
  modify(dn: string, changes: readonly Change[], controls: readonly Control[]): Promise<void>;
  close(): Promise<void>;
}

/** Connects, binds and asks the server who it thinks we are. Throws `Unavailable`, `Unusable` or, for settings that cannot be meant, `Misuse`. */
export async function openDirectory(settings: ConnectionSettings): Promise<DirectoryConnection> {
  refuseUnsafe(settings);
  const connectTimeout = settings.connectTimeoutMs ?? 10_000;
  const socket = await connectWithin(settings, connectTimeout);
  try {
    emitWholeMessages(socket);
    const client = clientOn(socket);
    const line = new Line(client, socket, settings);
    await line
      .ask('bind', connectTimeout, () => bind(client, settings.bind))
      .catch((error: unknown) => {
        // Shown only behind the handshake (RFC 8446, section 4.4.2), and by OpenLDAP without a word.
        if (error instanceof Unavailable && settings.trust && line.isLost)
          throw new Unavailable('directory', `${error.detail}; it may want a certificate of this host, and muster has none to show`, error);
        throw refusal(error, `let ${accountOf(settings.bind)} in`);
      });
    const identity = await line
      .ask('whoami', connectTimeout, () => client.exop(whoAmIOid))
      .catch(async (error: unknown) => {
        if (error instanceof ResultCodeError) {
          const root = { scope: 'base' as const, attributes: ['supportedCapabilities'] };
          refuseActiveDirectory((await line.ask('search', connectTimeout, () => client.search('', root))).searchEntries);
        }
        throw refusal(
          error,
          'say whose connection it is (“Who am I?”, RFC 4532), so that nobody else’s rights are taken for this account’s',
        );
      });
    line.identity = verified(identity.value ?? '', settings.bind);
    return line;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const whoAmIOid = '1.3.6.1.4.1.4203.1.11.3';

function refuseUnsafe(settings: ConnectionSettings): void {
  const place = placeOf(settings);
  if (settings.bind.kind === 'anonymous') return;
  if (settings.bind.kind === 'external') {
    if (place.kind !== 'socket') throw new Misuse('sasl: external is for ldapi:// URLs');
    return;
  }
  // RFC 4513, sections 5.1.1 and 5.1.2: without a name or a password the server answers success and means nobody.
  if (settings.bind.dn === '' || settings.bind.password === '')
    throw new Misuse('the directory needs a bind DN and a password: muster does not bind anonymously');
  if (place.kind === 'host' && place.encryption === 'none' && !/^(?:127\.[\d.]+|::1|localhost)$/.test(place.host)) {
    throw new Misuse('a password must not cross the network in the clear: use ldaps:// or start-tls');
  }
}

async function connectWithin(settings: ConnectionSettings, milliseconds: number): Promise<Socket> {
  try {
    return await openTransport(settings, AbortSignal.timeout(milliseconds));
  } catch (error) {
    if (error instanceof Misuse) throw error;
    const distrust = distrustOf(error, new URL(settings.url).hostname, 'directory.ca-file');
    if (distrust !== undefined) throw new DirectoryUnusable(`${settings.url}: ${distrust}`, { cause: error });
    throw new Unavailable('directory', `no connection to ${settings.url} (${reasonOf(error)})`, error);
  }
}

/** ldapts gets the open socket at its first call and nothing at any later one: it would reconnect as nobody. */
function clientOn(socket: Socket): Client {
  let isHandedOver = false;
  return new Client({
    // The name is never looked up: the socket stands already.
    url: 'ldap://directory.invalid',
    createConnection: () => {
      if (isHandedOver) throw new Error('the connection is lost');
      isHandedOver = true;
      return socket;
    },
  });
}

async function bind(client: Client, as: Bind): Promise<void> {
  if (as.kind === 'external') await client.bindSASL('EXTERNAL');
  else if (as.kind === 'anonymous') await client.bind('', '');
  else await client.bind(as.dn, as.password);
}

function accountOf(as: Bind): string {
  if (as.kind === 'anonymous') return 'anybody without a name (anonymous)';
  return as.kind === 'simple' ? as.dn : 'the account of this process (SASL EXTERNAL)';
}

function verified(identity: string, as: Bind): string {
  if (as.kind === 'anonymous') return identity;
  if (identity === '' || identity === 'dn:')
    throw new DirectoryUnusable('the directory took the bind for an anonymous one: look at its configuration and at the credentials');
  if (as.kind === 'external') return identity;
  const meant = dnKeyOf(as.dn);
  if (identity.startsWith('dn:') && meant !== undefined && dnKeyOf(identity.slice(3)) !== meant) {
    throw new DirectoryUnusable(`the directory took ${as.dn} for somebody else: look at its identity mapping`);
  }
  return identity;
}

/** Asks one thing at a time limit of its own; the limit ends the connection, since an answer that comes late has no place. */
class Line implements DirectoryConnection {
  identity = '';
  readonly session = 1;
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #readTimeout: number;
  readonly #writeTimeout: number;
  /** slapd keeps the place of one paged search for each connection: the next waits until the one before is through. */
  #paging: Promise<void> = Promise.resolve();

  constructor(client: Client, socket: Socket, { readTimeoutMs = 60_000, writeTimeoutMs = 300_000 }: ConnectionSettings) {
    this.#client = client;
    this.#socket = socket;
    this.#readTimeout = readTimeoutMs;
    this.#writeTimeout = writeTimeoutMs;
  }

  get isLost(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  async ask<Answer>(what: string, milliseconds: number, question: () => Promise<Answer>): Promise<Answer> {
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      this.#socket.destroy();
    }, milliseconds);
    try {
      return await question();
    } catch (error) {
      throw this.#translate(error, isLate ? `no answer to ${what} within ${milliseconds / 1000} s` : `${what} failed`);
    } finally {
      clearTimeout(deadline);
    }
  }

  async close(): Promise<void> {
    const deadline = setTimeout(() => this.#socket.destroy(), 1000);
    await this.#client.unbind().catch(() => undefined);
    clearTimeout(deadline);
    this.#socket.destroy();
  }

  #translate(error: unknown, detail: string): unknown {
    if (error instanceof ResultCodeError) {
      const isBusy = error.code === resultCode.busy || error.code === resultCode.unavailable;
      return isBusy ? new Unavailable('directory', `it is busy (${error.code})`, error) : error;
    }
    // Mistakes of our own stay what they are; all else that is not an answer is a connection that failed.
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return error;
    return new Unavailable('directory', `${detail} (${reasonOf(this.#socket.errored ?? error)})`, error);
  }

  async search(base: string, question: Question): Promise<readonly Entry[]> {
    const { searchEntries, searchReferences } = await this.ask('search', this.#readTimeout, () =>
      this.#client.search(base, this.#options(question), question.controls && [...question.controls]),
    );
    return wholeOf(searchEntries, searchReferences);
  }

  async *pages(base: string, question: Question, pageSize: number): AsyncGenerator<readonly Entry[]> {
    const before = this.#paging;
    let finish = () => {};
    this.#paging = new Promise((resolve) => (finish = resolve));
    await before;
    try {
      const pages = this.#client.searchPaginated(base, { ...this.#options(question), paged: { pageSize } });
      for (;;) {
        const answer = await this.ask('search', this.#readTimeout, () => pages.next());
        if (answer.done === true) return;
        yield wholeOf(answer.value.searchEntries, answer.value.searchReferences);
      }
    } finally {
      finish();
    }
  }

  async modify(dn: string, changes: readonly Change[], controls: readonly Control[]): Promise<void> {
    await this.ask('modify', this.#writeTimeout, () => this.#client.modify(dn, [...changes], [...controls]));
  }

  // Never a size limit of ours: with one, ldapts takes a list that the server cut short for a whole one.
  #options({ attributes, controls: _, ...question }: Question): SearchOptions {
    return { ...question, attributes: [...attributes], timeLimit: Math.ceil(this.#readTimeout / 1000) };
  }
}

function wholeOf(entries: readonly Entry[], references: readonly string[]): readonly Entry[] {
  if (references.length > 0)
    throw new DirectoryUnusable(
      'the directory refers to other servers for a part of the answer: configure a server that holds all people and groups',
    );
  return entries;
}

/** The code of a failed system call or TLS handshake, or the first line of the message: neither holds a secret. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.message.split('\n', 1)[0] ?? '';
}
