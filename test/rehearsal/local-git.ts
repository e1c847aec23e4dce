// What can only be done by git itself: commits of a shape that no button makes, forced pushes, and several branches in one push.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Repository, type CommitOptions } from '../support/gitlab/repository.ts';
import { environment } from '../support/repositories.ts';
import { NotDone, type Account } from './account.ts';

export class LocalGit {
  readonly #url: string;
  readonly #repository: Repository;

  private constructor(url: string, repository: Repository) {
    this.#url = url;
    this.#repository = repository;
  }

  static async open(folder: string, url: string): Promise<LocalGit> {
    return new LocalGit(url, Repository.create(join(folder, 'local.git')));
  }

  async remove(): Promise<void> {
    await rm(this.#repository.path, { recursive: true, force: true });
  }

  /** On no branch yet. Parents must have been fetched. */
  async commit(options: CommitOptions): Promise<string> {
    return this.#repository.commit(options);
  }

  async mergedTree(ours: string, theirs: string): Promise<string> {
    return this.#repository.mergedTree(ours, theirs);
  }

  /** The same commit with a time zone that no clock has, as old tools wrote it. */
  async withBadZone(commit: string): Promise<string> {
    const content = await this.#run(['cat-file', 'commit', commit]);
    const other = content.replace(/^(author|committer) (.*) \+0000$/gm, '$1 $2 +051800');
    return (await this.#run(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], undefined, other)).trim();
  }

  async fetch(as: Account, ...revisions: readonly string[]): Promise<void> {
    await this.#run(['fetch', '--quiet', '--no-write-fetch-head', this.#url, ...revisions], as);
  }

  /** In one push, forwards or not; undefined takes a branch away. @throws NotDone where the server refuses */
  async push(as: Account, branches: Readonly<Record<string, string | undefined>>): Promise<void> {
    const specs = Object.entries(branches).map(([branch, commit]) => `+${commit ?? ''}:refs/heads/${branch}`);
    await this.#run(['push', '--quiet', this.#url, ...specs], as);
  }

  #run(args: readonly string[], as?: Account, input = ''): Promise<string> {
    // The token stays out of the arguments, which everybody on this machine can read.
    const basic = Buffer.from(`oauth2:${as?.token ?? ''}`).toString('base64');
    const login = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
      ...(process.env['NODE_EXTRA_CA_CERTS'] === undefined ? {} : { GIT_SSL_CAINFO: process.env['NODE_EXTRA_CA_CERTS'] }),
    };
    return new Promise((resolve, reject) => {
      const child = spawn('git', ['-C', this.#repository.path, ...args], { env: environment(as ? login : {}), stdio: 'pipe' });
      const output: Buffer[] = [];
      const complaints: Buffer[] = [];
      child.stdout.on('data', (piece: Buffer) => output.push(piece));
      child.stderr.on('data', (piece: Buffer) => complaints.push(piece));
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      child.on('error', reject);
      child.on('close', (status) => {
        if (status === 0) resolve(Buffer.concat(output).toString('utf8'));
        else reject(new NotDone(`git ${args[0]} ended with ${status}: ${Buffer.concat(complaints).toString('utf8').slice(0, 300)}`));
      });
    });
  }
}
