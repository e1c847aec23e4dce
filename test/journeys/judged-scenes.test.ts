// What GitLab does to a policy, judged by the built command: a scene of each case and of each class of verdict. All scenes are judged in the tests'
// own process (test/rehearsal/scenes.test.ts), and more of what people do there (test/journeys/evidence).
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shippedJudge } from '../rehearsal/judges.ts';
import { playAll } from '../rehearsal/play.ts';
import { scenes, type Scene } from '../rehearsal/scenes.ts';
import { approved } from '../rehearsal/scenes-merging.ts';
import { openStandIn, type StandInHouse } from '../rehearsal/stand-in.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';

let stage: StandInHouse;
beforeAll(async () => {
  stage = await openStandIn(shippedJudge(true));
});
afterAll(() => stage.stop());

async function reasonsOf(scene: Scene): Promise<readonly string[]> {
  stage.gitlab.clock.advance(60_000);
  const [outcome] = await playAll([scene], stage.house, { sideBySide: 1 });
  return outcome ? [outcome.kind, ...outcome.reasons] : [];
}

it.each([
  ['case 71', 'a commit with a time zone that no clock has'],
  ['case 76', 'fast-forward of three commits'],
  ['case 96', 'a commit title that names what the reader cannot see'],
  ['case 97', 'approved at once'],
  ['case 98', 'a merge that does not end'],
  ['case 98', 'a merge that did not end, and was freed'],
  ['case 98', 'rebased while it was merged'],
  ['case 99', 'the account of one who pushed, deleted'],
  ['case 100', 'four branches in one push, by the approver'],
  ['case 116', 'fast-forward stacked on another'],
  ['case 119', 'asked with a token that may only fetch'],
  ['case 122', 'taken off the approvers, and back by a push'],
  ['case 123', 'approved, then rebased by the approver'],
  ['a branch that is rewound', 'a push, judged, and taken back by force'],
])('%s: given the scene "%s", when it is judged by the built command, then all is as assumed', async (_, name) => {
  const scene = scenes.find((one) => one.name === name);
  expect(scene && (await reasonsOf(scene))).toEqual(['as-assumed']);
});

describe('given what only a server can do', () => {
  const requested = (iid: number): MergeRequest => {
    const found = stage.gitlab.forge.mergeRequests().find((one) => one.iid === iid && one.project.id === stage.house.project.id);
    if (!found) throw new Error(`there is no !${iid}`);
    return found;
  };

  it('case 72: when the history of what was approved holds a large file that is gone, then it counts', async () => {
    const scene: Scene = {
      name: 'a large file that is gone again',
      gives: ['endorsed by alice'],
      async play(played) {
        const iid = await approved(played);
        const { project, head, sourceBranch, author } = requested(iid);
        await project.git.git('config', 'core.compression', '0');
        const command = `head -c 70000000 /dev/urandom | git -C '${project.git.path}' hash-object -w --stdin`;
        const file = spawnSync('sh', ['-c', command]).stdout.toString('utf8').trim();
        const tree = spawnSync('git', ['-C', project.git.path, 'mktree'], { input: `100644 blob ${file}\tnoise\n` });
        const noisy = await project.git.commit({ parents: [head], tree: tree.stdout.toString('utf8').trim() });
        const clean = await project.git.commit({ parents: [noisy], tree: await project.git.tree(head) });
        await stage.gitlab.push(project, author, sourceBranch, clean);
        await played.written(iid, clean);
        await played.lookAtIt();
        await played.second.done('POST', played.path(`merge_requests/${iid}/unapprove`));
        await played.approve(played.second, iid);
        await played.merge(iid, { method: 'ff', squash: true });
      },
    };
    expect(await reasonsOf(scene)).toEqual(['as-assumed']);
  });

  it('case 73: when a merge request has 30 000 notes, then it is refused for that', async () => {
    const scene: Scene = {
      name: 'thirty thousand notes',
      gives: ['refused unanswered'],
      async play(played) {
        const iid = await approved(played);
        const { notes, author } = requested(iid);
        const at = stage.gitlab.clock.now();
        for (let place = 0; place < 30_000; place += 1)
          notes.push({ id: 1_000_000 + place, body: 'mentioned in commit', system: true, author, at, updatedAt: at });
        await played.merge(iid);
      },
    };
    expect(await reasonsOf(scene)).toEqual(['as-assumed']);
  });

  it('case 74: when it never answers well about one, and well about others, then that one is refused after six hours', async () => {
    const scene: Scene = {
      name: 'a malformed note',
      gives: ['refused unanswered'],
      later: 7 * 3_600_000,
      async play(played) {
        const iid = await approved(played);
        await played.merge(iid);
        stage.gitlab.faults.add(new RegExp(`merge_requests/${iid}/notes`), { kind: 'answer', status: 200, body: '[7]' });
      },
    };
    const reasons = await reasonsOf(scene);
    stage.gitlab.faults.clear();
    expect(reasons).toEqual(['as-assumed']);
  });
});
