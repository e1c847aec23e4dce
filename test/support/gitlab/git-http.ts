// Git over HTTP on the same origin, through git's own `git http-backend` (a CGI program), with GitLab's Basic authentication.
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Forge } from './forge.ts';
import { received } from './pushing.ts';
import type { Project, Token } from './world.ts';

const pattern = /^\/(.+?)\.git\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** @returns false when the path is no repository's */
export async function serveGit(forge: Forge, request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
  const [, path, rest] = pattern.exec(decodeURIComponent(url.pathname)) ?? [];
  if (path === undefined || rest === undefined) return false;
  const moved = forge.moved.get(path);
  if (moved) {
    response.writeHead(301, { location: url.href.replace(path, moved.path) }).end();
    return true;
  }
  const writes = rest === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack';
  const token = basicToken(forge, request.headers.authorization);
  const project = forge.project(path);
  // The same answer for a wrong token and for a project one may not see.
  if (!project || !mayUse(project, token, writes)) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="GitLab"', 'content-type': 'text/plain' });
    response.end('HTTP Basic: Access denied\n');
    return true;
  }
  const pushes = rest === 'git-receive-pack' && token !== undefined;
  const before = pushes ? await branches(project) : new Map<string, string>();
  const answer = await runBackend(project, rest, url, request);
  // Before the answer: whoever pushed may look at once.
  if (pushes) await noticePush(forge, project, token, before);
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
  return true;
}

/** Any user name will do with a token, `oauth2` among them. */
function basicToken(forge: Forge, header: string | undefined): Token | undefined {
  const encoded = /^Basic (\S+)$/.exec(header ?? '')?.[1] ?? '';
  const value = Buffer.from(encoded, 'base64').toString('utf8').split(':').slice(1).join(':');
  return forge.tokens.find((token) => token.value === value && !token.revoked);
}

function mayUse(project: Project, token: Token | undefined, writes: boolean): boolean {
  const role = (token && project.members.get(token.user.id)) ?? 0;
  const scopes = token?.scopes ?? [];
  if (writes) return role >= 30 && (scopes.includes('api') || scopes.includes('write_repository'));
  return (
    project.visibility === 'public' || (role > 0 && scopes.some((scope) => ['api', 'read_repository', 'write_repository'].includes(scope)))
  );
}

async function branches(project: Project): Promise<ReadonlyMap<string, string>> {
  const listed = await project.git.git('for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads');
  return new Map(listed.split('\n').map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
}

async function noticePush(forge: Forge, project: Project, token: Token, before: ReadonlyMap<string, string>): Promise<void> {
  const now = await branches(project);
  const names = [...new Set([...before.keys(), ...now.keys()])].filter((branch) => branch !== '' && before.get(branch) !== now.get(branch));
  const changes = names.map((branch) => ({ branch, before: before.get(branch), after: now.get(branch) }));
  await received(forge, project, token.user, changes);
}

/** Branches that nobody may push to cannot be changed: receive-pack does not touch hidden refs. */
function protection(project: Project): Record<string, string> {
  const closed = project.protectedBranches.filter(({ push }) => push === 0);
  const settings = closed.flatMap(({ name }, place) => [
    [`GIT_CONFIG_KEY_${place}`, 'receive.hideRefs'],
    [`GIT_CONFIG_VALUE_${place}`, `refs/heads/${name}`],
  ]);
  return { GIT_CONFIG_COUNT: String(closed.length), ...Object.fromEntries(settings) };
}

interface BackendAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

async function runBackend(project: Project, rest: string, url: URL, request: IncomingMessage): Promise<BackendAnswer> {
  const { 'content-type': type = '', 'content-encoding': encoding = '', 'git-protocol': protocol = '' } = request.headers;
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: project.git.path,
      PATH_INFO: `/${rest}`,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: type,
      HTTP_CONTENT_ENCODING: encoding,
      GIT_PROTOCOL: typeof protocol === 'string' ? protocol : '',
      REMOTE_USER: 'somebody',
      ...protection(project),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout) pieces.push(piece);
  return parseAnswer(Buffer.concat(pieces));
}

/** RFC 3875, section 6: header fields, an empty line, the body; `Status` is one of the fields. */
function parseAnswer(output: Buffer): BackendAnswer {
  const end = output.indexOf('\r\n\r\n');
  const lines = output.subarray(0, end).toString('latin1').split('\r\n');
  const fields = lines
    .map((line) => /^([^:]+): (.*)$/.exec(line) ?? [])
    .map(([, name = '', value = '']) => [name.toLowerCase(), value] as const);
  const status = Number.parseInt(fields.find(([name]) => name === 'status')?.[1] ?? '200', 10);
  return { status, headers: Object.fromEntries(fields.filter(([name]) => name !== 'status')), body: output.subarray(end + 4) };
}
