// Whom muster believes to be a server: those for whom an authority of the `ca-file` vouches, or one of this host's own store where none is
// named. Always verified, by nothing that stands in the environment; through a proxy only where the configuration names one.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { errnoOf, Misuse } from './errors.ts';

/** Where Debian, Fedora, SUSE and OpenSSL itself keep them in one file. Node brings a list of its own and looks at none of these. */
const stores = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'];

export type AuthoritiesKey = 'repository.ca-file' | 'gitlab.ca-file' | 'directory.ca-file';

/** Who may vouch for one server, and the way to it. */
export interface Trust {
  /** The file of those who may vouch (PEM). */
  readonly file: string;
  /** What the configuration calls it. */
  readonly key: AuthoritiesKey;
  readonly context: () => SecureContext;
  /** As in http://proxy.example:8080. */
  readonly proxy: string | undefined;
}

/** `named`: the file that the configuration names. Throws Misuse where it cannot be used. */
export function trustIn(named: string | undefined, key: AuthoritiesKey, proxy?: string): Trust {
  const file = named ?? stores.find((store) => existsSync(store));
  if (file === undefined)
    throw new Misuse(
      `${key}: this host has no list of authorities that may vouch for a server (${stores[0]}): install ca-certificates, or name a file`,
    );
  const ca = readAuthorities(file, key);
  let context: SecureContext | undefined;
  return { file, key, proxy, context: () => (context ??= contextOf(ca, file, key)) };
}

/** Without a certificate in it nobody would be trusted, and the server would seem to be at fault. */
function readAuthorities(file: string, key: AuthoritiesKey): string {
  const text = readText(file, key);
  if (/^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\r?$/m.test(text)) return text;
  throw new Misuse(`${key}: ${file} holds no certificate (PEM)`);
}

function readText(file: string, key: AuthoritiesKey): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'EISDIR') return '';
    throw new Misuse(`${key}: ${file} cannot be read (${errnoOf(error)})`);
  }
}

function contextOf(ca: string, file: string, key: AuthoritiesKey): SecureContext {
  try {
    // By itself a context leaves out, without a word, what it cannot read. The host's own store is not ours to look through.
    return createSecureContext({ ca: stores.includes(file) ? ca : certificatesIn(ca) });
  } catch (error) {
    throw new Misuse(`${key}: ${file} holds a certificate that cannot be read (${errnoOf(error)})`);
  }
}

function certificatesIn(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*(?:-----END [A-Z0-9 ]+-----)?/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).toString());
}

/** TLS on an open socket, verified against the host's name or address. Every failure is thrown as the socket gave it. */
export async function encrypt(socket: Socket, host: string, context: SecureContext): Promise<TLSSocket> {
  // RFC 6066, section 3: an address is not a server name.
  const named = isIP(host) === 0 ? { servername: host } : {};
  const secure = connectTls({ socket, host, secureContext: context, rejectUnauthorized: true, ...named });
  secure.on('error', () => undefined);
  await Promise.race([once(secure, 'secureConnect'), closeOf(socket)]);
  return secure;
}

export async function closeOf(socket: Socket): Promise<never> {
  // `once` rejects when the socket ends with an error.
  await once(socket, 'close');
  throw new Error('the server closed the connection');
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** The proxy did not let us through. `status`: what it answered to CONNECT (RFC 9110, section 9.3.6); without one it could not be reached. */
export class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused';
  readonly proxy: string;
  readonly status: number | undefined;

  constructor(proxy: string, status: number | undefined, reason: string) {
    super(reason);
    this.proxy = proxy;
    this.status = status;
  }
}

/** An open, verified connection. `signal` ends it at any stage. */
export async function openVerified(place: Place, { context, proxy }: Trust, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted();
  const socket = proxy === undefined ? connect(place.port, place.host) : await throughProxy(place, proxy, signal);
  const abandon = () => socket.destroy(new Error('no answer within the time allowed'));
  signal.addEventListener('abort', abandon, { once: true });
  socket.on('error', () => undefined);
  try {
    if (socket.connecting) await once(socket, 'connect');
    return await encrypt(socket, place.host, context());
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

function throughProxy({ host, port }: Place, proxy: string, signal: AbortSignal): Promise<Socket> {
  const { hostname, port: proxyPort } = new URL(proxy);
  const path = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const refuse = (status: number | undefined, reason: string) => reject(new ProxyRefused(proxy, status, reason));
    const asked = request({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(proxyPort || 80),
      method: 'CONNECT',
      path,
      headers: { host: path, 'user-agent': 'muster' },
      agent: false,
      signal,
    });
    asked.on('connect', ({ statusCode = 0 }, socket, head) => {
      if (statusCode >= 200 && statusCode <= 299 && head.length === 0) return resolve(socket);
      socket.destroy();
      refuse(statusCode, `it answers ${statusCode}`);
    });
    asked.on('response', (response) => {
      response.destroy();
      refuse(response.statusCode, `it answers ${response.statusCode}`);
    });
    asked.on('error', (error) => refuse(undefined, errnoOf(error)));
    asked.end();
  });
}

/** Asks the server of an https:// URL for nothing in particular: what a person has to mend first, in words, where that is what keeps it from answering. */
export async function distrustIn(url: URL, trust: Trust): Promise<string | undefined> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const signal = AbortSignal.timeout(10_000);
  try {
    const secure = await openVerified({ host, port: Number(url.port || 443) }, trust, signal);
    try {
      // Whether a certificate of ours is wanted shows only behind the handshake (RFC 8446, section 4.4.2).
      secure.write(`HEAD / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
      await Promise.race([once(secure, 'data', { signal }), once(secure, 'close', { signal })]);
    } finally {
      secure.destroy();
    }
    return undefined;
  } catch (error) {
    return distrustOf(error, host, trust.key);
  }
}

/** What a person has to mend before the server can be asked at all, in words; undefined where another try may do. */
export function distrustOf(error: unknown, host: string, key: AuthoritiesKey): string | undefined {
  if (error instanceof Misuse) return error.message;
  if (error instanceof ProxyRefused) return refusalOf(error, key);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = faults.find(([pattern]) => pattern.test(code))?.[1];
  return words && `${words(host, key)} (${code})`;
}

type Words = (host: string, key: AuthoritiesKey) => string;

const unknownAuthority: Words = (_, key) =>
  `no authority that this host trusts vouches for its certificate: the administrator of this host puts the certificate of the right authority into a file and names it as ${key}`;

/** X509_verify_cert_error_string(3), as Node names them, the alerts of RFC 8446, section 6.2, and what OpenSSL calls an answer that is none. */
const faults: readonly (readonly [code: RegExp, Words])[] = [
  [/^CERT_HAS_EXPIRED$/, () => 'its certificate has expired: whoever runs that server renews it, or the clock of this host is wrong'],
  [/^CERT_NOT_YET_VALID$/, () => 'its certificate is not valid yet: look at the clock of this host'],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    (host) => `its certificate is for another name than ${host}: the URL names another server than the one that answers`,
  ],
  [
    /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER_CERT|GET_ISSUER_CERT_LOCALLY|VERIFY_LEAF_SIGNATURE)|CERT_UNTRUSTED)$/,
    unknownAuthority,
  ],
  [
    /^(?:CERT_|UNABLE_TO_|INVALID_|PATH_LENGTH_|ERROR_IN_CERT_|HOSTNAME_MISMATCH|CRL_|ERR_TLS_CERT_)/,
    () => 'its certificate cannot be believed',
  ],
  [/^ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/, () => 'it wants a certificate of this host, and muster has none to show'],
  [
    /^ERR_SSL_(?:SSLV3_ALERT_HANDSHAKE_FAILURE|SSL\/TLS_ALERT_HANDSHAKE_FAILURE|SSLV3_ALERT_BAD_CERTIFICATE|SSL\/TLS_ALERT_BAD_CERTIFICATE)$/,
    () => 'it refuses the handshake: it may want a certificate of this host, and muster has none to show',
  ],
  [
    /^(?:ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST)$/,
    () => 'it does not speak TLS at this port: look at the URL',
  ],
];

function refusalOf({ proxy, status, message }: ProxyRefused, key: AuthoritiesKey): string | undefined {
  // Silence, and a proxy that cannot reach the server now: another try may do.
  if (status === undefined || status >= 500) return undefined;
  return `the proxy ${proxy} does not let this host through: ${message}. The administrator of this host mends ${key.replace('ca-file', 'proxy')}, or asks whoever runs the proxy`;
}

/** What failed on the way, where a person need not mend it: the system's own code, and whose it is. The error itself may quote the request. */
export function connectionProblem(error: unknown): string {
  if (error instanceof ProxyRefused) return `the proxy ${error.proxy} did not let this host through: ${error.message}`;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'the connection failed';
}
