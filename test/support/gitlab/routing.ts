// From a request to a route: authentication, authorization and pages as GitLab's Grape API does them.
import type { Forge } from './forge.ts';
import type { Json } from './entities.ts';
import type { Answer } from './faults.ts';
import { Moved, Refused, type MergeRequest, type Project, type Token, type User } from './world.ts';

export interface Call {
  readonly forge: Forge;
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
  readonly token: Token | null;
  /** The groups of the route's pattern, decoded. */
  readonly parts: readonly string[];
}

export type Reply =
  | { readonly kind: 'one'; readonly status: number; readonly body: Json; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'list'; readonly rows: readonly Row[] }
  | { readonly kind: 'empty'; readonly status: number };

/** null: counted, and left out of its page. What takes a while to be made is made for the page that shows it. */
type Row = Json | null | (() => Json | null);

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

export function one(body: Json, status = 200): Extract<Reply, { kind: 'one' }> {
  return { kind: 'one', status, body };
}

export function list(rows: readonly Row[]): Reply {
  return { kind: 'list', rows };
}

/** @returns null without a token, undefined with one that is not accepted: [C] revoked, or over since the first moment of the day it ends on */
export function authenticate(forge: Forge, headers: Readonly<Record<string, string | string[] | undefined>>): Token | null | undefined {
  const { authorization, 'private-token': privateToken } = headers;
  const value = typeof authorization === 'string' ? authorization.replace(/^Bearer /, '') : privateToken;
  if (value === undefined) return null;
  const isOver = ({ expiresAt }: Token) => expiresAt !== null && Date.parse(expiresAt) <= forge.clock.now();
  return forge.tokens.find((token) => token.value === value && !token.revoked && !isOver(token));
}

export function viewer(call: Call): User {
  if (!call.token) throw new Refused(401, '401 Unauthorized');
  return call.token.user;
}

export function maySee({ token }: Pick<Call, 'token'>, { visibility, members }: Project): boolean {
  return visibility === 'public' || (token !== null && members.has(token.user.id));
}

/** [C] What one may not see does not exist. */
export function visibleProject(call: Call, idOrPath = call.parts[0] ?? ''): Project {
  const movedTo = call.forge.moved.get(idOrPath);
  if (movedTo && maySee(call, movedTo) && !call.forge.kind.has('old-path-answers')) throw new Moved(movedTo);
  const project = movedTo ?? call.forge.project(idOrPath);
  if (!project || !maySee(call, project)) throw new Refused(404, '404 Project Not Found');
  return project;
}

/** 0 for who is no member, and for nobody in particular. */
export function roleIn(of: Project, { token }: Pick<Call, 'token'>): number {
  return token ? (of.members.get(token.user.id) ?? 0) : 0;
}

export function visibleMergeRequest(call: Call): MergeRequest {
  const found = visibleProject(call).mergeRequests.find(({ iid }) => String(iid) === call.parts[1]);
  if (!found) throw new Refused(404, '404 Not found');
  return found;
}

export async function answer(call: Omit<Call, 'parts'>, routes: readonly Route[], pathPrefix: string): Promise<Answer> {
  const path = call.path.slice(pathPrefix.length);
  const route = routes.find(({ method, pattern }) => method === call.method && pattern.test(path));
  // [C] An unknown route speaks of an error, a hidden resource of a message.
  if (!route) return json(404, { error: '404 Not Found' });
  const parts = (route.pattern.exec(path) ?? []).slice(1).map((part) => decodeURIComponent(part));
  const scopes = call.token?.scopes ?? [];
  const may = call.token === null || scopes.includes('api') || (call.method === 'GET' && scopes.includes('read_api'));
  if (!may)
    return json(403, {
      error: 'insufficient_scope',
      error_description: 'The request requires higher privileges than provided by the access token.',
      scope: 'api',
    });
  // [A] `before { authenticate_non_get! }`
  if (call.method !== 'GET' && call.token === null) return json(401, { message: '401 Unauthorized' });
  try {
    const reply = await route.handle({ ...call, parts });
    if (reply.kind === 'empty') return { status: reply.status, headers: {}, body: '' };
    return reply.kind === 'one' ? json(reply.status, reply.body, reply.headers) : page(call, reply.rows);
  } catch (error) {
    if (error instanceof Moved) {
      // [A] `redirect!` for GET; whatever writes is refused.
      if (call.method !== 'GET') return json(405, { message: 'Non GET methods are not allowed for moved projects' });
      const location = `${call.origin}${call.path.replace(/\/projects\/[^/]+/, `/projects/${error.project.id}`)}`;
      return json(301, { message: 'This resource has been moved temporarily' }, { location });
    }
    if (!(error instanceof Refused)) throw error;
    return json(error.status, { message: error.message });
  }
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** Offset pages: 20 unless asked for more, never more than 100, `Link` for what comes next. */
function page({ query, path, origin }: Omit<Call, 'parts'>, rows: readonly Row[]): Answer {
  const size = Math.min(Number(query.get('per_page') ?? 20), 100);
  const number = Number(query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(rows.length / size));
  const link = (to: number, relation: string): string => {
    const next = new URLSearchParams(query);
    next.set('page', String(to));
    next.set('per_page', String(size));
    return `<${origin}${path}?${next.toString()}>; rel="${relation}"`;
  };
  const links = [...(number < last ? [link(number + 1, 'next')] : []), link(1, 'first'), link(last, 'last')];
  const made = rows.slice((number - 1) * size, number * size).map((row) => (typeof row === 'function' ? row() : row));
  const shown = made.filter((row) => row !== null);
  return json(200, shown, {
    link: links.join(', '),
    'x-page': String(number),
    'x-per-page': String(size),
    'x-next-page': number < last ? String(number + 1) : '',
    // Left out on a real server for more than 10,000 rows.
    'x-total': String(rows.length),
    'x-total-pages': String(last),
  });
}
