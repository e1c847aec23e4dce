// Opens the byte stream to the directory, encrypted and verified where it is to be, before any LDAP library sees it:
// ldap, ldap with StartTLS (RFC 4513, section 3), ldaps, and ldapi on a Unix socket; and hands it on in whole messages.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BerReader, ExtendedRequest, ExtendedResponse } from 'ldapts';
import { Misuse } from '../errors.ts';
import { closeOf, encrypt, type Trust } from '../tls.ts';

export interface TransportSettings {
  /** `ldap://host:port`, `ldaps://host:port`, or `ldapi://` and the path of a socket, percent-encoded or not. */
  readonly url: string;
  /** For `ldap://` only: upgrade the connection, or fail. */
  readonly startTls: boolean;
  /** Who may vouch for the server: needed wherever there is TLS. */
  readonly trust?: Trust | undefined;
}

type Place =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'host'; readonly host: string; readonly port: number; readonly encryption: 'none' | 'tls' | 'start-tls' };

const startTlsOid = '1.3.6.1.4.1.1466.20037';

/** Where the URL leads. Throws `Misuse` for a URL that cannot be meant. */
export function placeOf({ url, startTls }: TransportSettings): Place {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const scheme = parsed?.protocol;
  if (parsed && scheme === 'ldapi:') {
    // A path that nobody encoded begins with the third slash.
    const path = decodeURIComponent(/^ldapi:\/\/(\/[^?]+|[^/?]*)/.exec(url)?.[1] ?? '');
    return { kind: 'socket', path: path === '' ? '/var/run/slapd/ldapi' : path };
  }
  if (!parsed || (scheme !== 'ldap:' && scheme !== 'ldaps:') || parsed.hostname === '')
    throw new Misuse(`the directory's URL is none of ldap://HOST, ldaps://HOST, ldapi://PATH`);
  if (parsed.username !== '' || parsed.password !== '') throw new Misuse('the URL of the directory must not hold credentials');
  if (scheme === 'ldaps:' && startTls) throw new Misuse('start-tls is for ldap:// URLs: ldaps:// is encrypted from the first byte');
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const encryption = scheme === 'ldaps:' ? 'tls' : startTls ? 'start-tls' : 'none';
  return { kind: 'host', host, port: Number(parsed.port || (scheme === 'ldaps:' ? 636 : 389)), encryption };
}

/** An open stream. Every failure is thrown as the socket gave it; `signal` ends it at any stage, the handshakes too. */
export async function openTransport(settings: TransportSettings, signal: AbortSignal): Promise<Socket> {
  const place = placeOf(settings);
  signal.throwIfAborted();
  const socket = place.kind === 'socket' ? connect({ path: place.path }) : connect({ host: place.host, port: place.port });
  const abandon = () => socket.destroy(new Error('no answer within the time allowed'));
  signal.addEventListener('abort', abandon, { once: true });
  // A late error of a socket that was given up must not end the process.
  socket.on('error', () => undefined);
  try {
    socket.setNoDelay(true);
    await once(socket, 'connect');
    if (place.kind === 'socket' || place.encryption === 'none') return socket;
    if (place.encryption === 'start-tls') await askForTls(socket);
    if (!settings.trust) throw new Misuse('directory.ca-file is missing: no authority is known that may vouch for the server');
    return await encrypt(socket, place.host, settings.trust.context());
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

async function askForTls(socket: Socket): Promise<void> {
  const gathering = new Gathering();
  const answered = new Promise<Buffer>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      try {
        const answer = gathering.take(chunk);
        if (answer === undefined) return;
        socket.off('data', listen);
        socket.pause();
        resolve(answer);
      } catch (error) {
        reject(error instanceof Error ? error : new Error('the stream is not LDAP'));
      }
    };
    socket.on('data', listen);
  });
  socket.write(new ExtendedRequest({ messageId: 1, oid: startTlsOid }).write());
  const answer = await Promise.race([answered, closeOf(socket)]);
  if (!accepts(answer)) throw new Error('the server refused StartTLS');
}

/** Exactly one message, and it says success: bytes after it would be somebody's who wants them taken for encrypted ones. */
function accepts(answer: Buffer): boolean {
  const reader = new BerReader(answer);
  reader.readSequence();
  if (reader.length !== reader.remain || reader.readInt() !== 1) return false;
  const response = new ExtendedResponse({ messageId: 1 });
  if (reader.readSequence() !== response.protocolOperation) return false;
  response.parseMessage(reader);
  return response.status === 0;
}

// Larger than any entry a directory can hold; a length beyond it means that the stream is not LDAP.
const largestMessage = 256 * 1024 * 1024;

/**
 * From now on the socket emits `data` at the ends of LDAP messages (RFC 4511, section 5.1) only. ldapts joins what it has with every chunk that
 * comes, which is quadratic in the size of a message: a group with 100 000 members then costs more than all else together. Where a runtime reads
 * in a way that passes this by, the data comes in chunks as before: slower, and just as right.
 */
export function emitWholeMessages(socket: Socket): void {
  const gathering = new Gathering();
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown): boolean => {
    if (!Buffer.isBuffer(chunk)) return push(chunk);
    try {
      const whole = gathering.take(chunk);
      return whole === undefined || push(whole);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined);
      return false;
    }
  };
}

/** The bytes since the last end of a message. */
export class Gathering {
  #chunks: Buffer[] = [];
  #gathered = 0;
  /** How many gathered bytes end the message that has begun; 0 while its header is not complete. */
  #wanted = 0;

  /** All messages that are complete with this chunk, as one buffer; undefined while none is. Throws when it is not LDAP. */
  take(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk);
    this.#gathered += chunk.length;
    if (this.#gathered < this.#wanted) return undefined;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#gathered);
    let end = 0;
    let length = messageLength(bytes, 0);
    while (length > 0 && end + length <= bytes.length) {
      end += length;
      length = messageLength(bytes, end);
    }
    const rest = bytes.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#gathered = rest.length;
    this.#wanted = length;
    return end > 0 ? bytes.subarray(0, end) : undefined;
  }
}

/** Header and content of the message that begins here (X.690, section 8.1.3); 0 while too little of it is there. */
function messageLength(bytes: Buffer, start: number): number {
  if (bytes.length < start + 2) return 0;
  if (bytes[start] !== 0x30) throw new Error('the stream is not LDAP');
  const first = bytes.readUInt8(start + 1);
  if (first < 0x80) return 2 + first;
  const octets = first - 0x80;
  if (octets === 0 || octets > 4) throw new Error('the stream is not LDAP');
  if (bytes.length < start + 2 + octets) return 0;
  const length = bytes.readUIntBE(start + 2, octets);
  if (length > largestMessage) throw new Error('the stream is not LDAP');
  return 2 + octets + length;
}
