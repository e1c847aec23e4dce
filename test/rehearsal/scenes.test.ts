// The scenes, played on the stand-in: so that it cannot be kinder than the list that a real GitLab is held against.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeHere } from './judges.ts';
import { kindnesses, type Kindness } from '../support/gitlab/kindnesses.ts';
import { playAll } from './play.ts';
import { scenes, type Scene } from './scenes.ts';
import type { Style } from '../support/gitlab/shapes.ts';
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
  'first-version-at-once': 'approved before its first version is written',
  'limits-say-when': 'asked too often',
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

/** As servers of either edition, in other zones, or without fractions of a second, answer: each scene is played as one of them. */
const styles: readonly Style[] = [
  { edition: 'ce', times: 'fractions' },
  { edition: 'ce', times: 'whole-seconds' },
  { edition: 'ce', times: 'offset' },
  { edition: 'ee', times: 'fractions' },
];

async function reasonsOf(scene: Scene, judge = stage.house.judge): Promise<readonly string[]> {
  stage.gitlab.clock.advance(60_000);
  const [outcome] = await playAll([scene], { ...stage.house, judge }, { sideBySide: 1 });
  if (!outcome) throw new Error('nothing was played');
  return outcome.kind === 'as-assumed' ? [] : [outcome.kind, ...outcome.reasons];
}

describe('given the stand-in', () => {
  it.each(scenes.map((scene, place) => ({ name: scene.name, scene, style: styles[place % styles.length] })))(
    'when the scene is: $name, then all is as assumed',
    async ({ scene, style }) => {
      Object.assign(stage.gitlab.forge.style, style);
      expect(await reasonsOf(scene)).toEqual([]);
    },
  );

  it.each(Object.entries(noticedBy) as [Kindness, string][])(
    'when it is kinder than GitLab, %s, then a scene notices: %s',
    async (kindness, name) => {
      const scene = scenes.find((one) => one.name === name);
      if (!scene) throw new Error(`there is no scene ${name}`);
      stage.gitlab.forge.kind.add(kindness);
      const reasons = await reasonsOf(scene, () => Promise.resolve({ verdicts: [], waits: [], problems: [], told: [] }));
      stage.gitlab.forge.kind.delete(kindness);
      expect(reasons).toContainEqual(expect.stringMatching(/^not so: /));
    },
  );

  it('when it can be kinder, then there is a scene for that', () => {
    expect(Object.keys(noticedBy).sort()).toEqual(Object.keys(kindnesses).sort());
  });
});
