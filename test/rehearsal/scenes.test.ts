// The scenes, played on the stand-in: so that it cannot be kinder than the list that a real GitLab is held against.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeHere } from './judges.ts';
import { kindnesses, type Kindness } from '../support/gitlab/kindnesses.ts';
import { playAll } from './play.ts';
import { scenes, type Scene } from './scenes.ts';
import { openStandIn, type StandInHouse } from './stand-in.ts';

/** The scene that notices it. Another may too. */
const noticedBy: Readonly<Record<Kindness, string>> = {
  'notes-never-hidden': 'a commit title that names what the reader cannot see',
  'hidden-notes-not-counted': 'a commit title that names what the reader cannot see',
  'notes-without-token': 'asked without a token',
  'bulk-push-named': 'four branches in one push, by the approver',
  'old-path-answers': 'the project renamed',
  'push-resets-approvals': 'approved, then pushed',
  'merged-commit-shown': 'fast-forward of one commit',
  'author-cannot-approve': 'approved by the author',
  'versions-at-once': 'approved, then pushed',
  'approving-again-renews': 'approved, then pushed',
  'pushed-merge-unsourced': 'the head of an approved merge request, pushed',
  'deleted-accounts-stay': 'the account of the author, deleted',
};

let stage: StandInHouse;
beforeAll(async () => {
  stage = await openStandIn(judgeHere);
});
afterAll(() => stage.stop());

async function reasonsOf(scene: Scene): Promise<readonly string[]> {
  const [outcome] = await playAll([scene], stage.house, { sideBySide: 1 });
  if (!outcome) throw new Error('nothing was played');
  return outcome.kind === 'as-assumed' ? [] : [outcome.kind, ...outcome.reasons];
}

describe('given the stand-in', () => {
  it.each(scenes.map((scene) => ({ name: scene.name, scene })))('when the scene is: $name, then all is as assumed', async ({ scene }) => {
    stage.gitlab.clock.advance(60_000);
    expect(await reasonsOf(scene)).toEqual([]);
  });

  it.each([
    { edition: 'ce', times: 'whole-seconds' },
    { edition: 'ce', times: 'offset' },
    { edition: 'ee', times: 'fractions' },
  ] as const)('when it answers as $edition, with $times, then the verdicts are the same', async (style) => {
    const { forge } = stage.gitlab;
    const before = { ...forge.style };
    Object.assign(forge.style, style);
    const chosen = [
      'fast-forward of three commits',
      'approved at once',
      'approved, pushed, revoked, approved again',
      'pushed and approved by the same person',
    ];
    const outcomes = await playAll(
      scenes.filter(({ name }) => chosen.includes(name)),
      stage.house,
      { sideBySide: 1 },
    );
    Object.assign(forge.style, before);
    expect(outcomes.map(({ kind, reasons }) => [kind, ...reasons])).toEqual(chosen.map(() => ['as-assumed']));
  });

  it('when it is kinder than GitLab, then a scene notices: every one of the kindnesses', async () => {
    const unnoticed: Record<string, readonly string[]> = {};
    for (const [kindness, name] of Object.entries(noticedBy) as [Kindness, string][]) {
      const scene = scenes.find((one) => one.name === name);
      if (!scene) throw new Error(`there is no scene ${name}`);
      stage.gitlab.forge.kind.add(kindness);
      const reasons = await reasonsOf(scene);
      stage.gitlab.forge.kind.delete(kindness);
      if (!reasons.some((reason) => reason.startsWith('not so: '))) unnoticed[kindness] = reasons;
    }
    expect([Object.keys(noticedBy), unnoticed]).toEqual([Object.keys(kindnesses), {}]);
  });
});
