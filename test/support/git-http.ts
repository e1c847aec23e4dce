// A git server over real HTTP: git's own `http-backend` as a CGI program (git-http-backend(1)) behind node:http.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { environment } from './repositories.ts';

/** `down` refuses connections, `hang` never answers, `html` answers every request with a page and status 200, `error` with status 500. */
export type GitServerMode = 'up' | 'down' | 'hang' | 'html' | 'error';

export interface GitServer {
  readonly port: number;
  /** The URL of a repository: its path below the served folder. */
  url(repository: string): string;
  set(mode: GitServerMode): Promise<void>;
  /** Method and path of every request so far. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

export interface GitServerOptions {
  /** The folder whose bare repositories are served. */
  readonly folder: string;
  /** Basic authentication as `oauth2:TOKEN`; without it everybody may read and push. */
  readonly token?: string;
}

export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  let mode: GitServerMode = 'up';
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (mode === 'hang') return;
    if (mode === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Sign in</title>');
    if (mode === 'error') return void response.writeHead(500).end();
    if (!isAllowed(request, options.token)) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    serve(request, response, options.folder);
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: (repository) => `http://127.0.0.1:${port}/${repository}`,
    requests: () => requests,
    set: async (next) => {
      mode = next;
      if (next === 'down') await close(server);
      else if (!server.listening) await listen(server, port);
    },
    stop: () => close(server),
  };
}

function isAllowed({ headers }: IncomingMessage, token: string | undefined): boolean {
  return token === undefined || headers.authorization === `Basic ${Buffer.from(`oauth2:${token}`).toString('base64')}`;
}

function serve(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const backend = spawn('git', ['-c', 'http.receivepack=true', '-c', 'uploadpack.allowAnySHA1InWant=true', 'http-backend'], {
    env: environment({
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REMOTE_ADDR: '127.0.0.1',
    }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A client or a backend that goes away in the middle takes the other with it.
  backend.stdin.on('error', () => undefined);
  backend.on('error', () => response.destroy());
  response.on('close', () => backend.kill());
  request.pipe(backend.stdin);
  void answer(backend.stdout, response);
}

/** A CGI answer (RFC 3875, section 6): header lines, an empty line, the body. */
async function answer(output: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  let head = Buffer.alloc(0);
  try {
    for await (const bytes of output) {
      if (response.headersSent) {
        response.write(bytes);
        continue;
      }
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) continue;
      writeHead(head.subarray(0, end).toString('latin1'), response);
      response.write(head.subarray(end + 4));
    }
    response.end();
  } catch {
    response.destroy();
  }
}

function writeHead(lines: string, response: ServerResponse): void {
  let status = 200;
  for (const line of lines.split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (name !== '') response.setHeader(name, value);
  }
  response.writeHead(status);
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
