// `npm run rehearse` as somebody types it. What scenes come to is in judged-scenes.test.ts, and in test/rehearsal/scenes.test.ts.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { shippedJudge } from '../rehearsal/judges.ts';
import { openStandIn, type StandInHouse } from '../rehearsal/stand-in.ts';
import { runNode, type CommandResult } from '../support/command.ts';

let folder: string;
let stage: StandInHouse;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehearsal-test-'));
  stage = await openStandIn(shippedJudge(true));
  for (const [name, token] of Object.entries(stage.tokens)) writeFileSync(join(folder, name), `${token}\n`);
});
afterAll(async () => {
  await stage.stop();
  rmSync(folder, { recursive: true, force: true });
});

function rehearse(...args: readonly string[]): Promise<CommandResult> {
  return runNode(['--import', 'tsx', 'test/rehearsal/rehearse.ts', ...args], {});
}

const here = (project = stage.house.project.path): readonly string[] => [
  ...['--url', stage.gitlab.url, '--project', project, '--token-file', join(folder, 'token')],
  ...['--second-token-file', join(folder, 'secondToken')],
];

describe('given somebody who types npm run rehearse', () => {
  it('when no server is named, then it says what it needs, and nothing is done', async () => {
    const { status, stdout } = await rehearse();
    expect(status).toBe(2);
    await expect(stdout).toMatchFileSnapshot('../golden/rehearse.txt');
  });

  it('when the server does not answer, then it says so', async () => {
    const { status, stderr } = await rehearse('--url', 'http://127.0.0.1:9', '--project', 'a/b', '--token-file', join(folder, 'token'));
    expect([status, stderr]).toEqual([2, expect.stringContaining('fetch failed')]);
  });

  it('when the project is not empty, then it is refused, and nothing in it is changed', async () => {
    const owner = stage.gitlab.forge.users.find(({ username }) => username === 'carol');
    const used = await stage.gitlab.forge.createProject('carol/in-use-moved', { members: owner ? [[owner, 50]] : [] });
    const before = await used.git.git('for-each-ref');
    const { status, stderr } = await rehearse(...here('carol/in-use-moved'));
    expect([status, stderr]).toEqual([2, expect.stringContaining('the project carol/in-use-moved is not empty')]);
    expect([await used.git.git('for-each-ref'), used.members.size, used.path]).toEqual([before, 1, 'carol/in-use-moved']);
  });

  const branches = async (): Promise<readonly string[]> => {
    const project = stage.gitlab.forge.projects.find(({ id }) => id === stage.house.project.id);
    return (await project?.git.git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads'))?.split('\n') ?? [];
  };

  it('when it is stopped, then it takes away what it made; when it is killed, then the next one does', async () => {
    stage.gitlab.clock.follow();
    const scene = ['--only', 'approved by nobody'];
    const untilPlaying = async (signal: NodeJS.Signals): Promise<CommandResult> => {
      const before = stage.gitlab.forge.mergeRequests().length;
      let send: (of: NodeJS.Signals) => void = () => undefined;
      const ended = runNode(['--import', 'tsx', 'test/rehearsal/rehearse.ts', ...here(), ...scene], { started: (kill) => (send = kill) });
      await vi.waitUntil(() => stage.gitlab.forge.mergeRequests().length > before, { timeout: 60_000 });
      send(signal);
      return ended;
    };
    const stopped = await untilPlaying('SIGINT');
    expect([stopped.status, stopped.stdout.split('\n').at(-2)]).toEqual([130, 'GitLab 18.6.2: 0 of 1 as assumed']);
    expect(await branches()).toEqual(['main']);
    expect((await untilPlaying('SIGKILL')).signal).toBe('SIGKILL');
    expect((await branches()).length).toBe(3);
    expect((await rehearse(...here(), '--only', 'a direct push')).status).toBe(0);
    expect([await branches(), stage.gitlab.forge.mergeRequests().filter(({ state }) => state === 'opened')]).toEqual([['main'], []]);
  });

  it('when scenes are played, then it tells of each, skips what it has no token for, and leaves no branch behind', async () => {
    stage.gitlab.clock.follow();
    const files = ['--junit', join(folder, 'junit.xml'), '--fixtures', join(folder, 'fixtures')];
    const token = await rehearse(...here(), ...files, '--only', 'a direct push');
    const { status, stdout, stderr } = await rehearse(...here(), ...files, '--only', 'the account of the author');
    expect([token.status, token.stdout.replaceAll(/ +\d+ s/g, ' N s'), token.stderr]).toEqual([
      0,
      'as assumed N s  a direct push\nGitLab 18.6.2: 1 of 1 as assumed\n',
      '',
    ]);
    expect([status, stderr, stdout]).toEqual([
      1,
      '',
      "skipped        0 s  the account of the author, deleted\n                    it needs an administrator's token\nGitLab 18.6.2: 0 of 0 as assumed, 1 skipped\n",
    ]);
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain('<skipped message="it needs an administrator\'s token" />');
    const fixture = readFileSync(join(folder, 'fixtures', 'a-direct-push.json'), 'utf8');
    expect(fixture).toContain('"method": "POST"');
    for (const secret of [...Object.values(stage.tokens), 'carol', stage.gitlab.url]) expect(fixture).not.toContain(secret);
    expect(readdirSync(join(folder, 'fixtures')).length).toBe(2);
    expect(await branches()).toEqual(['main']);
  });
});
