// A stand-in for GitLab CE, over real HTTP and real Git, behaving as `docs` and source say where it hurts: approvals that survive pushes, merge
// requests that become merged by a push, versions written late, lists in pages. [A] is read in GitLab's source, [B] documented, [C] believed.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from './entities.ts';
import { Clock } from './clock.ts';
import { deliver, Faults } from './faults.ts';
import { Forge } from './forge.ts';
import { serveGit } from './git-http.ts';
import { mergeRequestRoutes } from './merge-request-routes.ts';
import { applySuggestion, merge, rebase, updateFromTarget, type MergeOptions } from './merging.ts';
import { playRoutes } from './play-routes.ts';
import { projectRoutes } from './project-routes.ts';
import { push } from './pushing.ts';
import type { FileChanges } from './repository.ts';
import { approve, close, openMergeRequest, reopen, retarget, settle, unapprove, type OpenOptions } from './reviewing.ts';
import { answer, authenticate, json } from './routing.ts';
import { styled } from './shapes.ts';
import type { MergeRequest, Project, User } from './world.ts';

const routes = [...projectRoutes, ...mergeRequestRoutes, ...playRoutes];
const api = '/api/v4';

export interface StandInOptions {
  /** Where time begins, and stays until the test moves it; the machine's time without it. */
  readonly now?: string;
}

/** What a test does in the browser of the people in it, and to the server. */
export class GitLabStandIn {
  readonly faults = new Faults();
  readonly forge: Forge;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #folder: string;
  #origin = '';

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.forge = new Forge(folder, clock);
  }

  get clock(): Clock {
    return this.forge.clock;
  }

  /** `http://127.0.0.1:port` */
  get url(): string {
    return this.#origin;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
    this.#origin = `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async push(project: Project, user: User, branch: string, commit: string): Promise<string> {
    return push(this.forge, project, user, branch, commit);
  }

  /** A commit on top of a branch, which is made from main where it does not exist, and its push. @returns the commit */
  async commitAndPush(project: Project, user: User, branch: string, changes: FileChanges, message = 'a change'): Promise<string> {
    const parent = (await project.git.find(`refs/heads/${branch}`)) ?? (await project.git.head('main'));
    const author = { name: user.name, email: `${user.username}@example.org` };
    return this.push(
      project,
      user,
      branch,
      await project.git.commit({ parents: [parent], changes, message, author, at: this.clock.now() }),
    );
  }

  async openMergeRequest(project: Project, options: OpenOptions): Promise<MergeRequest> {
    return openMergeRequest(this.forge, project, options);
  }

  /** @param at milliseconds; now without it */
  approve(mergeRequest: MergeRequest, user: User, at?: number): void {
    approve(this.forge, mergeRequest, user, at);
  }

  unapprove(mergeRequest: MergeRequest, user: User): void {
    unapprove(this.forge, mergeRequest, user);
  }

  async retarget(mergeRequest: MergeRequest, user: User, branch: string): Promise<void> {
    await retarget(this.forge, mergeRequest, user, branch);
  }

  close(mergeRequest: MergeRequest, user: User): void {
    close(this.forge, mergeRequest, user);
  }

  async reopen(mergeRequest: MergeRequest, user: User): Promise<void> {
    await reopen(this.forge, mergeRequest, user);
  }

  /** @returns the target branch's new tip */
  async merge(mergeRequest: MergeRequest, user: User, options: MergeOptions = {}): Promise<string> {
    return merge(this.forge, mergeRequest, user, options);
  }

  async rebase(mergeRequest: MergeRequest, user: User): Promise<string> {
    return rebase(this.forge, mergeRequest, user);
  }

  async updateFromTarget(mergeRequest: MergeRequest, user: User, changes: Readonly<Record<string, string | null>> = {}): Promise<string> {
    return updateFromTarget(this.forge, mergeRequest, user, changes);
  }

  async suggestionApplied(mergeRequest: MergeRequest, suggestion: Parameters<typeof applySuggestion>[2]): Promise<string> {
    return applySuggestion(this.forge, mergeRequest, suggestion);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      settle(this.forge);
      await this.#dispatch(request, response);
    } catch (error) {
      console.error('the stand-in failed:', error);
      await deliver(response, json(500, { message: '500 Internal Server Error' }), undefined);
    }
  }

  async #dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: target = '/' } = request;
    const { authorization, 'private-token': privateToken } = request.headers;
    this.faults.log.push({ method, path: target, authorization: authorization !== undefined, privateToken: privateToken !== undefined });
    response.sendDate = false;
    response.setHeader('date', this.clock.header());
    const harm = this.faults.find(method, target);
    const url = new URL(target, this.#origin);
    if (!url.pathname.startsWith(api) && harm === undefined && (await serveGit(this.forge, request, response, url))) return;
    const token = authenticate(this.forge, request.headers);
    const body = await readBody(request);
    if (token === undefined) return deliver(response, json(401, { message: '401 Unauthorized' }), harm);
    const call = { forge: this.forge, origin: this.#origin, method, path: url.pathname, query: url.searchParams, body, token };
    return deliver(response, styled(await answer(call, routes, api), url.pathname, this.forge.style), harm);
  }
}

async function readBody(request: IncomingMessage): Promise<Json> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('utf8');
  const parsed: unknown = text === '' ? {} : JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {};
}

export async function startGitLab(options: StandInOptions = {}): Promise<GitLabStandIn> {
  const standIn = new GitLabStandIn(await mkdtemp(join(tmpdir(), 'gitlab-')), new Clock(options.now));
  await standIn.listen();
  return standIn;
}
