// Plays scenes, and says of each whether the server answered what the code rests on and whether the judge said what it must.
import { fields, NotDone, text, Account, type Recorded } from './account.ts';
import type { Scene } from './scenes.ts';
import type { House } from './house.ts';
import { Skipped, Stage, type Assumption } from './stage.ts';

export interface Outcome {
  readonly scene: string;
  /** `different`: the server or the judge said something else. `broken`: it could not be played to its end. */
  readonly kind: 'as-assumed' | 'different' | 'broken' | 'skipped';
  /** Why it is not as assumed, or was skipped. */
  readonly reasons: readonly string[];
  readonly assumptions: readonly Assumption[];
  readonly recorded: readonly Recorded[];
  readonly seconds: number;
}

/** Side by side as far as they let each other be; `told` as each ends. */
export async function playAll(
  scenes: readonly Scene[],
  house: House,
  terms: { readonly sideBySide: number; readonly told?: (outcome: Outcome) => void; readonly goOn?: () => boolean },
): Promise<readonly Outcome[]> {
  const { sideBySide, told, goOn = () => true } = terms;
  const outcomes = new Map<Scene, Outcome>();
  const take = async (queue: Scene[]): Promise<void> => {
    for (let scene = queue.shift(); scene && goOn(); scene = queue.shift()) {
      const outcome = await play(scene, house);
      outcomes.set(scene, outcome);
      told?.(outcome);
    }
  };
  const together = scenes.filter(({ alone }) => alone !== true);
  await Promise.all(Array.from({ length: sideBySide }, () => take(together)));
  await take(scenes.filter(({ alone }) => alone === true));
  return scenes.flatMap((scene) => outcomes.get(scene) ?? []);
}

const needed = {
  inside: 'it needs the stand-in of the tests: nobody who uses a server can make it do that',
  admin: "it needs an administrator's token",
  second: 'it needs a second token',
} as const;

async function play(scene: Scene, house: House): Promise<Outcome> {
  const stage = new Stage(house, scene.name);
  const begun = performance.now();
  const reasons: string[] = [];
  const end = (kind: Outcome['kind']): Outcome => ({
    ...{ scene: scene.name, kind, reasons, assumptions: stage.assumptions, recorded: stage.recorded },
    seconds: (performance.now() - begun) / 1000,
  });
  const lacking = (['inside', 'admin', 'second'] as const).filter((need) => scene.needs?.includes(need) && house[need] === undefined);
  if (lacking.length > 0) {
    reasons.push(...lacking.slice(0, 1).map((need) => needed[need]));
    return end('skipped');
  }
  try {
    for (let guest = 1; guest <= (scene.guests ?? 0); guest += 1) stage.guests.push(await makeGuest(stage, guest));
    await stage.begin();
    await scene.play(stage);
    reasons.push(
      ...stage.assumptions.filter(({ holds }) => !holds).map(({ what, seen }) => `not so: ${what}${seen === '' ? '' : ` (${seen})`}`),
    );
    if (scene.gives !== undefined) reasons.push(...(await judged(stage, scene)));
    return end(reasons.length === 0 ? 'as-assumed' : 'different');
  } catch (error) {
    reasons.push(...stage.assumptions.filter(({ holds }) => !holds).map(({ what }) => `not so: ${what}`), renderError(error));
    return end(error instanceof Skipped ? 'skipped' : 'broken');
  } finally {
    // What cannot be taken away now is taken away with all the rest.
    await leave(stage).catch((error: unknown) => reasons.push(`something is left behind: ${renderError(error)}`));
  }
}

async function leave(stage: Stage): Promise<void> {
  await stage.end();
  for (const guest of stage.guests) await stage.admin.ask('DELETE', `users/${guest.id}?hard_delete=true`);
}

/** A fault of the scene itself shows where it is. */
function renderError(error: unknown): string {
  if (error instanceof NotDone || error instanceof Skipped) return error.message;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : (error.stack ?? error.message);
}

async function judged(stage: Stage, { gives = [], waits = [], problems = [], later }: Scene): Promise<readonly string[]> {
  const found = await stage.judge(later);
  const differs = (what: string, is: readonly string[], must: readonly string[]): readonly string[] =>
    is.length === must.length && must.every((one, place) => matches(is[place] ?? '', one))
      ? []
      : [`the judge says ${what} ${JSON.stringify(is)}, and must say ${JSON.stringify(must)}`];
  return [
    ...differs('of the landings', found.verdicts, gives),
    ...differs('that these wait:', found.waits, waits),
    ...differs(`of problems${found.told.map((words) => ` (${words})`).join('')}`, found.problems, problems),
  ];
}

/** `(…` stands for more reasons before the one that is named. */
function matches(is: string, must: string): boolean {
  const [begin = '', end] = must.split('…');
  return end === undefined ? is === must : is.startsWith(begin) && is.endsWith(end);
}

/** An account of the scene's own, with a token, that may push and approve. */
async function makeGuest({ house, admin, first, recorded }: Stage, place: number): Promise<Account> {
  const username = `${house.prefix}-guest-${Math.random().toString(36).slice(2, 8)}`;
  const { body } = await admin.done('POST', 'users', {
    ...{ username, name: `Guest ${place} of a rehearsal`, email: `${username}@example.org` },
    ...{ force_random_password: true, skip_confirmation: true },
  });
  const { id } = fields(body);
  const made = await admin.done('POST', `users/${id}/personal_access_tokens`, {
    ...{ name: 'rehearsal', scopes: ['api'] },
    expires_at: new Date(house.time.now() + 2 * 86_400_000).toISOString().slice(0, 10),
  });
  await first.done('POST', `projects/${house.project.id}/members`, { user_id: id, access_level: 30 });
  return Account.of(first.server, text(fields(made.body)['token']), (one) => void recorded.push(one));
}
