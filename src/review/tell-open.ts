// After judging: the one note on merge requests that are open. GitLab is asked once what was updated since the last look, and only what came of that,
// or depends on what moved meanwhile (the branch, the directory's answers, the day), is read anew. Whoever opens or updates a great many of them
// waits with their own: the one that has waited longest comes first, and a look reads no more than a few.
import * as v from 'valibot';
import type { Effect } from '../check/proposed-change.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { instant, type CommitId, type Instant, type Uid } from '../names.ts';
import type { OpenEffect } from '../record/now.ts';
import { group, instant as moment, uid, type Kept } from '../record/shapes.ts';
import type { Presence } from '../record/standing.ts';
import { day, minute, second } from '../time.ts';
import type { Updates } from '../gitlab/notes.ts';
import { renderNote, type Reviewed } from './note.ts';

export const openRequest = v.strictObject({
  /** By GitLab's clock. */
  updatedAt: moment,
  /** From then on it waits to be read; null: it does not. */
  due: v.nullable(moment),
  /** It was not read yet as it is now. */
  fresh: v.boolean(),
  /** Of what else the note depends on. */
  basis: v.string(),
  /** Of the note that was written last; null where there is none. */
  said: v.nullable(v.string()),
  effects: v.array(v.strictObject({ group, uid, effect: v.picklist(['gains', 'loses', 'shortens', 'extends']) })),
});

type OpenRequest = Kept<typeof openRequest>;

export interface OpenRequests {
  /** The last update that was heard of; null before the first question. */
  readonly since: Instant | null;
  readonly requests: ReadonlyMap<number, OpenRequest>;
}

export const noneOpen: OpenRequests = { since: null, requests: new Map() };

export interface OpenPorts {
  /** Null: of all that are open. Throws Unavailable and Unusable. */
  readonly updatedSince: (since: Instant | null) => Promise<Updates>;
  /** Throws as `muster review` does. */
  readonly review: (number: number) => Promise<Reviewed>;
  readonly write: (number: number, text: string) => Promise<void>;
  readonly presenceOf: (uid: Uid) => Presence;
  readonly head: CommitId | null;
  readonly at: Instant;
  /** False once this look has taken its time. */
  readonly mayGoOn: () => boolean;
  readonly digest: (text: string) => string;
  readonly warn: (text: string) => void;
}

/** A look reads at most so many; the others have their turn in the next. */
const mostAtOnce = 10;
const mostFailures = 3;
/** So many are remembered, each with so many people. Those that come when there are more wait until some are merged or closed. */
const mostRemembered = 2000;
const mostEffects = 20;

/** GitLab writes the version of a push up to a minute after it, without a further update. */
const secondLook = 2 * minute;

/** Gives what is to be remembered. Never throws for anything that GitLab or git does. */
export async function refreshOpenNotes(before: OpenRequests, ports: OpenPorts): Promise<OpenRequests> {
  const heard = await hear(before, ports);
  if (!heard) return before;
  const requests = new Map(heard.requests);
  let failures = 0;
  for (const [number, request] of inTurn(requests, ports).slice(0, mostAtOnce)) {
    if (failures === mostFailures || !ports.mayGoOn()) break;
    const read = await readOne(number, request, ports);
    if (read.kind === 'over') requests.delete(number);
    else requests.set(number, read.request);
    if (read.kind === 'failed') failures++;
  }
  return { since: heard.since, requests };
}

/** Undefined where GitLab does not say. */
async function hear({ since, requests: known }: OpenRequests, { updatedSince, at, warn }: OpenPorts): Promise<OpenRequests | undefined> {
  try {
    const heard = await updatedSince(since);
    const requests = new Map(known);
    for (const { number, state, updatedAt } of heard.updates) {
      const before = known.get(number);
      const isNews = before ? before.updatedAt !== updatedAt : state === 'opened' && requests.size < mostRemembered;
      if (!isNews) continue;
      const due = instant(Math.min(before?.due ?? at, at));
      requests.set(number, { ...(before ?? neverRead), updatedAt, due, fresh: true });
    }
    return { since: next(since, heard), requests };
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    warn(`GitLab did not say which merge requests are open: ${error.message}. The next look asks again`);
    return undefined;
  }
}

const neverRead = { basis: '', said: null, effects: [] } as const;

/** GitLab is asked by whole seconds: where one has more updates than an answer holds, the rest of that second is left out. */
function next(since: Instant | null, { updates, full }: Updates): Instant | null {
  const last = updates.at(-1)?.updatedAt ?? since;
  const isStuck = full && last !== null && since !== null && Math.floor(last / second) === Math.floor(since / second);
  return isStuck ? instant((Math.floor(last / second) + 1) * second) : last;
}

/** Those to be read now, the one that waits longest first. */
function inTurn(requests: ReadonlyMap<number, OpenRequest>, ports: OpenPorts): readonly (readonly [number, OpenRequest])[] {
  const waiting = [...requests].flatMap(([number, request]) => {
    const moved = request.basis === basisOf(request.effects, ports) ? null : ports.at;
    const due = request.due !== null && request.due <= ports.at ? request.due : moved;
    return due === null ? [] : [{ due, number, request }];
  });
  waiting.sort((left, right) => left.due - right.due || left.number - right.number);
  return waiting.map(({ number, request }) => [number, request] as const);
}

/** The day, because an end comes nearer and an approval too old by itself. */
function basisOf(effects: OpenRequest['effects'], { head, at, presenceOf, digest }: OpenPorts): string {
  return digest(JSON.stringify([head, Math.floor(at / day), effects.map(({ uid }) => presenceOf(uid))]));
}

type Read =
  | { readonly kind: 'open' | 'failed'; readonly request: OpenRequest }
  /** Merged, closed or gone: what there is to say of it is said elsewhere from now on, or was said last. */
  | { readonly kind: 'over' };

async function readOne(number: number, request: OpenRequest, ports: OpenPorts): Promise<Read> {
  const { at, digest, write, warn } = ports;
  try {
    const review = await ports.review(number);
    const text = renderNote(review);
    const isTold = request.said !== null;
    if (review.kind !== 'open') {
      if (isTold && digest(text) !== request.said) await write(number, text);
      return { kind: 'over' };
    }
    const isNews = isTold || !review.empty || review.slippedIn.length > 0;
    if (isNews && digest(text) !== request.said) await write(number, text);
    const effects = review.effects.flatMap(effectOnPerson).slice(0, mostEffects);
    const due = request.fresh ? instant(at + secondLook) : null;
    const said = isNews ? digest(text) : null;
    return { kind: 'open', request: { ...request, due, fresh: false, basis: basisOf(effects, ports), said, effects } };
  } catch (error) {
    if (error instanceof Misuse) return { kind: 'over' };
    if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    warn(`the note on !${number} was not brought up to date: ${error.message}`);
    // What did not answer is asked again, behind those that wait as well; what cannot be read is left alone until something moves.
    if (error instanceof Unavailable) return { kind: 'failed', request: { ...request, due: instant(at + 1) } };
    return { kind: 'open', request: { ...request, due: null, fresh: false, basis: basisOf(request.effects, ports) } };
  }
}

function effectOnPerson({ group: of, uid: who, effect }: Effect) {
  return of === null || who === null || effect === 'rules' ? [] : [{ group: of, uid: who, effect }];
}

/** For `now.json`: by number. */
export function openEffects({ requests }: OpenRequests): readonly OpenEffect[] {
  const inOrderOfNumber = [...requests].sort(([left], [right]) => left - right);
  return inOrderOfNumber.flatMap(([mergeRequest, { effects }]) => effects.map((effect) => ({ mergeRequest, ...effect })));
}
