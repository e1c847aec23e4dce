// Landings that a person turned into refused ones (`muster refuse`): a file each in converging's own folder, which judging only reads.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { errnoOf, stateFailure } from '../errors.ts';
import { parseCommitId, type CommitId, type Instant } from '../names.ts';
import { ownerOf, readForeignText } from './other-half.ts';
import { commit, instant } from './shapes.ts';

export interface RefusedByHand {
  readonly commit: CommitId;
  readonly at: Instant;
  /** Free text, as somebody wrote it. */
  readonly reason: string;
  /** Who typed it. */
  readonly by: string;
}

const shape = v.strictObject({ format: v.literal(1), commit, at: instant, reason: v.string(), by: v.string() });
const largest = 16 * 1024;

export function folderOfRefused(state: string): string {
  return join(state, 'refused');
}

export function renderRefusedByHand(refused: RefusedByHand): string {
  return `${JSON.stringify({ format: 1, ...refused })}\n`;
}

/** Why, and by whom, by commit. A file that cannot be understood refuses all the same what its name names: the doubt is on the side of less access. */
export function readRefusedByHand(state: string): ReadonlyMap<CommitId, string> {
  const folder = folderOfRefused(state);
  const owner = ownerOf(state);
  const refused = new Map<CommitId, string>();
  for (const name of owner === undefined ? [] : namesIn(folder)) {
    const named = name.endsWith('.json') ? parseCommitId(name.slice(0, -'.json'.length)) : undefined;
    if (named === undefined || owner === undefined) continue;
    const found = readForeignText(join(folder, name), owner, largest);
    const reason = found.kind === 'read' ? reasonIn(found.content, named) : undefined;
    refused.set(named, reason ?? 'the file that says why cannot be read');
  }
  return refused;
}

function reasonIn(text: string, named: CommitId): string | undefined {
  try {
    const parsed = v.safeParse(shape, JSON.parse(text));
    if (!parsed.success || parsed.output.commit !== named) return undefined;
    return `${parsed.output.reason}, by ${parsed.output.by}`;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw stateFailure('ledger', folder, `${folder} cannot be listed`, error);
  }
}
