// The scenes: what people do to a policy on GitLab, what the code rests on that GitLab answers then, and what the judge must say. One list, two
// servers: the stand-in of the tests, and a real GitLab by `npm run rehearse`.
import { accountScenes, answerScenes } from './scenes-accounts.ts';
import { approvingScenes } from './scenes-approving.ts';
import { mergingScenes } from './scenes-merging.ts';
import { pushingScenes } from './scenes-pushing.ts';
import { waitingScenes } from './scenes-waiting.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly name: string;
  /** Tokens besides the first. */
  readonly needs?: readonly ('second' | 'admin' | 'inside')[];
  /** Accounts that are made for it, and deleted. */
  readonly guests?: number;
  /** It changes the project, or tells of others' branches: nothing else is played meanwhile. */
  readonly alone?: true;
  /** The verdicts about its landings, oldest first. Without them nothing is judged. */
  readonly gives?: readonly string[];
  /** Milliseconds until the second look, where something waits; a quarter of an hour without it. */
  readonly later?: number;
  /** Codes of what is not decided, at the second look either. */
  readonly waits?: readonly string[];
  readonly problems?: readonly string[];
  readonly play: (stage: Stage) => Promise<void>;
}

export const scenes: readonly Scene[] = [
  ...mergingScenes,
  ...approvingScenes,
  ...pushingScenes,
  ...accountScenes,
  ...answerScenes,
  ...waitingScenes,
];
