// A scene in which the host and the pipeline have a token for notes: what people read on a merge request.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { MergeRequest, User } from '../../support/gitlab/world.ts';
import type { Scene, SceneOptions, World } from './world.ts';

const botName = 'muster-bot';

/** The account that the notes are written by: one for the whole world. */
export function botOf({ gitlab }: World): User {
  return gitlab.forge.users.find(({ username }) => username === botName) ?? gitlab.forge.createUser(botName, { id: 91 });
}

export async function sceneWithNotes(world: World, options: SceneOptions = {}): Promise<Scene> {
  const bot = botOf(world);
  const scene = await world.scene(options);
  scene.project.members.set(bot.id, 20);
  const token = world.gitlab.forge.createToken(bot, ['api']).value;
  writeFileSync(join(scene.folder, 'comment-token'), `${token}\n`, { mode: 0o600 });
  const config = join(scene.folder, 'muster.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('gitlab:\n', 'gitlab:\n  comment-token-file: comment-token\n'));
  return scene;
}

export function notesOn({ notes }: MergeRequest): readonly string[] {
  return notes.filter(({ system, author }) => !system && author.username === botName).map(({ body }) => body);
}

/** The one note. */
export function noteOn(mergeRequest: MergeRequest): string {
  const [note = '', ...others] = notesOn(mergeRequest);
  expect(others).toEqual([]);
  return note;
}

export function opened({ project }: Scene, number: number): MergeRequest {
  const found = project.mergeRequests.find(({ iid }) => iid === number);
  if (!found) throw new Error(`there is no merge request !${number}`);
  return found;
}
