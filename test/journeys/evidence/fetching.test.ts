// What GitLab's own server lets pass is fetched, and of merge requests no more than is needed (cases 71 to 73).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MergeRequest } from '../../support/gitlab/world.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { lookingTime, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');

/** An object written as it is, whatever git thinks of it. */
function written(scene: Scene, type: 'commit' | 'tree', content: Buffer | string): string {
  const args = ['-C', scene.project.git.path, 'hash-object', '--literally', '-w', '-t', type, '--stdin'];
  const { stdout, stderr } = spawnSync('git', args, { input: content });
  const id = stdout.toString('utf8').trim();
  if (!/^[0-9a-f]{40}$/.test(id)) throw new Error(stderr.toString('utf8'));
  return id;
}

async function commitOf(scene: Scene, tree: string, date: string): Promise<string> {
  const who = `Carol <carol@example.org>${date}`;
  return written(
    scene,
    'commit',
    `tree ${tree}\nparent ${await scene.project.git.head('main')}\nauthor ${who}\ncommitter ${who}\n\na grant\n`,
  );
}

describe('case 71: given an approved merge request', () => {
  it.each([
    { what: 'with a time zone that is none', date: ' 1795168800 +051800', mode: '100644' },
    { what: 'with no blank before the time', date: '1795168800 +0000', mode: '100644' },
    { what: 'with a zero-padded mode in its tree', date: ' 1795168800 +0000', mode: '0100644' },
  ])('when its commit was made $what, then it is fetched and counts', async ({ date, mode }) => {
    const scene = await world.scene();
    const { git } = scene.project;
    const plain = await git.commit({ parents: [await git.head('main')], changes: { [urbanecm]: grantFile(scene.day(14)) } });
    const entries = (await git.git('ls-tree', plain)).split('\n').map((line) => /^(\d+) (\w+) (\w+)\t(.+)$/.exec(line) ?? []);
    const tree = Buffer.concat(
      [
        ...entries.map(([, of = '', , id = '', name = '']) => ({ of: of.replace(/^0/, ''), id, name })),
        { of: mode, id: await git.git('hash-object', '-w', '/dev/null'), name: 'zero' },
      ].map(({ of, id, name }) => Buffer.concat([Buffer.from(`${of} ${name}\0`), Buffer.from(id, 'hex')])),
    );
    // Another file would be none of a policy's: a padded mode stands in the history of the branch, and the grant above it.
    const odd = await commitOf(scene, mode === '0100644' ? written(scene, 'tree', tree) : await git.tree(plain), date);
    const head = mode === '0100644' ? await git.commit({ parents: [odd], tree: await git.tree(plain) }) : odd;
    await world.gitlab.push(scene.project, world.carol, 'odd', head);
    const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author: world.carol, sourceBranch: 'odd' });
    scene.wait(lookingTime);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    const run = await scene.reconcile();
    expect([run.status.all, refusals(run), await scene.members()]).toEqual([['in order'], [], ['urbanecm']]);
  });
});

describe('case 72: given an approved and squashed merge request whose history holds a large file that the next commit takes back', () => {
  /** It cannot be made smaller on the way, and nobody tries. */
  async function largeFile({ project: { git } }: Scene): Promise<string> {
    await git.git('config', 'core.compression', '0');
    const made = spawnSync('sh', ['-c', `head -c 70000000 /dev/urandom | git -C '${git.path}' hash-object -w --stdin`]);
    return made.stdout.toString('utf8').trim();
  }

  async function heavy(): Promise<MergeRequest> {
    const { git } = scene.project;
    const file = await largeFile(scene);
    const grant = await git.commit({ parents: [await git.head('main')], changes: { [urbanecm]: grantFile(scene.day(14)) } });
    const tree = await git.tree(grant);
    const heavyTree = written(scene, 'tree', Buffer.concat([Buffer.from('100644 heavy\0'), Buffer.from(file, 'hex')]));
    const middle = await git.commit({ parents: [grant], tree: heavyTree });
    await world.gitlab.push(scene.project, world.carol, 'heavy', await git.commit({ parents: [middle], tree }));
    const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author: world.carol, sourceBranch: 'heavy' });
    scene.wait(lookingTime);
    scene.approve(mergeRequest, world.alice);
    return mergeRequest;
  }
  const size = (folder: string): number => Number(spawnSync('du', ['-sk', folder]).stdout.toString('utf8').split('\t')[0]);

  let scene: Scene;
  beforeEach(async () => {
    scene = await world.scene();
  });

  it('when it is judged, then only what is compared is fetched, and it counts', async () => {
    await scene.merge(await heavy(), { method: 'squash' });
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
    expect(size(scene.state)).toBeLessThan(20_000);
  });

  it('when the server leaves no contents out, and what is compared holds the file itself, then the answer is final, and nothing is left behind', async () => {
    const { git } = scene.project;
    await git.git('config', 'uploadpack.allowFilter', 'false');
    const file = await largeFile(scene);
    const grant = await git.commit({ parents: [await git.head('main')], changes: { [urbanecm]: grantFile(scene.day(14)) } });
    const seen = await git.commit({
      parents: [grant],
      tree: written(scene, 'tree', Buffer.concat([Buffer.from('100644 heavy\0'), Buffer.from(file, 'hex')])),
    });
    await world.gitlab.push(scene.project, world.carol, 'heavy', seen);
    const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author: world.carol, sourceBranch: 'heavy' });
    scene.wait(lookingTime);
    scene.approve(mergeRequest, world.alice);
    await world.gitlab.push(scene.project, world.carol, 'heavy', await git.commit({ parents: [seen], tree: await git.tree(grant) }));
    scene.wait(lookingTime);
    await scene.merge(mergeRequest, { method: 'squash' });

    const run = await scene.reconcile();

    expect([refusals(run), run.policy.pending]).toEqual([[`no-approval ${urbanecm}`], []]);
    const folder = readdirSync(scene.state, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('.versions')) ?? '';
    const packs = join(scene.state, folder, 'objects', 'pack');
    expect([existsSync(packs), readdirSync(packs).filter((name) => name.startsWith('tmp_'))]).toEqual([true, []]);
    expect(size(scene.state)).toBeLessThan(20_000);
  });

  it('when it is still open, and the server leaves no contents out, then review says that it is too much, and what to do', async () => {
    await scene.project.git.git('config', 'uploadpack.allowFilter', 'false');
    const { iid } = await heavy();
    const { status, stderr } = await scene.run('review', String(iid));
    expect([status, stderr]).toEqual([5, expect.stringContaining('larger than what is read of one')]);
    expect(stderr).toContain('a new branch, with the change alone');
  });
});

it('case 73: given a merge request with 30 000 notes, when it lands, then it is refused for that at once, and nobody else waits for it', async () => {
  const scene = await world.scene();
  for (const uid of ['h2o', 'urbanecm', 'hoo']) await scene.land({ [grantPath(uid)]: grantFile(scene.day(14)) });
  const [, flooded] = scene.project.mergeRequests;
  const at = world.gitlab.clock.now();
  for (let place = 0; place < 30_000; place += 1)
    flooded?.notes.push({ id: 10_000 + place, body: 'mentioned in commit', system: true, author: world.mallory, at, updatedAt: at });
  const run = await scene.reconcile();
  expect([refusals(run), run.policy.pending, await scene.members()]).toEqual([[`unanswered ${urbanecm}`], [], ['h2o', 'hoo']]);
  expect(world.gitlab.faults.count(/merge_requests\/2\/notes/)).toBeLessThan(100);
});
