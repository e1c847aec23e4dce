// What root said by hand and judging has to know: landings that are refused (`muster refuse`), and people or keys whose signatures count no more
// (`muster distrust`). A file each in converging's own folder, which judging only reads. One that cannot be understood narrows all the same, by
// what its name names: the doubt is on the side of less access.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { errnoOf, stateFailure } from '../errors.ts';
import { instant, parseCommitId, parseExactUid, type CommitId, type Instant } from '../names.ts';
import type { Distrusted } from './approval-count.ts';
import { ownerOf, readForeignText } from './other-half.ts';
import { parseAs, commit, fingerprint, instant as moment, uid, type Kept, type Shape } from './shapes.ts';

/** The reason is free text, as somebody wrote it; `by` is who typed it. */
const word = { format: v.literal(1), at: moment, reason: v.string(), by: v.string() };
const refusal = v.strictObject({ ...word, commit });
const distrust = v.strictObject({ ...word, person: uid, fingerprint: v.exactOptional(fingerprint), since: moment });

export type RefusedByHand = Omit<Kept<typeof refusal>, 'format'>;
export type DistrustedByHand = Omit<Kept<typeof distrust>, 'format'>;

const largest = 16 * 1024;

export function folderOfRefused(state: string): string {
  return join(state, 'refused');
}

export function folderOfDistrusted(state: string): string {
  return join(state, 'distrusted');
}

/** As a file that is read back here. */
export function renderByHand(said: RefusedByHand | DistrustedByHand): string {
  return `${JSON.stringify({ format: 1, ...said })}\n`;
}

/** Why, and by whom, by commit. */
export function readRefusedByHand(state: string): ReadonlyMap<CommitId, string> {
  const refused = new Map<CommitId, string>();
  for (const { name, said } of filesIn(state, folderOfRefused(state), refusal)) {
    const named = parseCommitId(name);
    if (named === undefined) continue;
    refused.set(named, said?.commit === named ? `${said.reason}, by ${said.by}` : 'the file that says why cannot be read');
  }
  return refused;
}

/** In the order of their names. A damaged file distrusts whom it names from the very beginning. */
export function readDistrusted(state: string): readonly (Distrusted & { readonly at: Instant })[] {
  return filesIn(state, folderOfDistrusted(state), distrust).flatMap(({ name, said }): ReturnType<typeof readDistrusted> => {
    const person = parseExactUid(name.replace(/\+.*$/, ''));
    if (person === undefined) return [];
    if (said?.person !== person) return [{ person, since: instant(0), at: instant(0) }];
    const { fingerprint: key, since, at } = said;
    return [{ person, fingerprint: key, since, at }];
  });
}

/** By name, without `.json`; without `said` where it cannot be understood. */
function filesIn<Said>(state: string, folder: string, shape: Shape<Said>): readonly { readonly name: string; readonly said?: Said }[] {
  const owner = ownerOf(state);
  if (owner === undefined) return [];
  const names = namesIn(folder).filter((name) => name.endsWith('.json'));
  return names.map((name) => {
    const found = readForeignText(join(folder, name), owner, largest);
    const said = found.kind === 'read' ? parseAs(shape, found.content) : undefined;
    return { name: name.slice(0, -'.json'.length), said };
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw stateFailure('ledger', folder, `${folder} cannot be listed`, error);
  }
}
