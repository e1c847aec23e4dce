// The last step of judging: notes on merge requests, where a token for them is configured. It never makes a look fail.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { replaceFile } from '../kept-files.ts';
import { commit, instant, mapOf, natural } from '../record/shapes.ts';
import { refreshNotes, type Remembered } from './tell.ts';
import { inOrder } from '../names.ts';
import type { JudgeConfiguration, Looked } from '../judge/judge-once.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { readReach } from '../record/standing.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { noteMarker } from './note-words.ts';
import type { Caller } from '../host.ts';
import { openComments } from './comments.ts';
import { sha256 } from '../digest.ts';

/** `news`: what this look recorded. */
export async function tellMergeRequests(
  { judged: { policy }, now: { at }, records, news }: Looked & { readonly news: readonly JudgingRecord[] },
  configuration: JudgeConfiguration,
  caller: Caller,
): Promise<void> {
  const { gitlab, mode, repository, judged: folder, state } = configuration;
  if (gitlab?.commentTokenFile === undefined || mode !== 'enforce' || !policy) return;
  const file = join(folder, 'notes.json');
  try {
    const before = readRemembered(file);
    let comments: ReturnType<typeof openComments> | undefined;
    const next = await refreshNotes(policy, at, repository.folder, {
      reachOf: readReach(state),
      news,
      records,
      said: before?.said,
      landed: before?.landed ?? new Map(),
      mergeRequestOf: async (commit) => {
        comments ??= openComments({ ...configuration, gitlab }, caller);
        return (await comments).landedAs(commit, repository.branch);
      },
      write: async (number, text) => {
        comments ??= openComments({ ...configuration, gitlab }, caller);
        await (await comments).write(number, noteMarker, text, true);
      },
      digest: (text) => sha256(text).slice(0, 'sha256:'.length + 32),
      warn: caller.warn,
    });
    writeRemembered(file, before, next);
  } catch (error) {
    if (!(error instanceof Misuse || error instanceof Unavailable || error instanceof Unusable)) throw error;
    caller.warn(`the notes on merge requests were not brought up to date: ${error.message}`);
  }
}

const remembered = v.strictObject({
  format: v.literal(1),
  said: mapOf(natural, v.nullable(v.string())),
  landed: mapOf(commit, v.union([natural, v.strictObject({ askedSince: instant })])),
});

/** A file that cannot be understood is as good as none: it only keeps notes from being written twice. */
function readRemembered(file: string): Remembered | undefined {
  try {
    const parsed = v.safeParse(remembered, JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? { said: parsed.output.said, landed: parsed.output.landed } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined;
    throw new Unavailable('ledger', `${file} cannot be read`, error);
  }
}

function writeRemembered(file: string, before: Remembered | undefined, next: Remembered): void {
  const text = renderRemembered(next);
  if (before && renderRemembered(before) === text) return;
  try {
    replaceFile(file, text);
  } catch (error) {
    throw new Unavailable('ledger', `${file} cannot be written`, error);
  }
}

/** In order, so that the same notes make the same bytes. */
function renderRemembered({ said, landed }: Remembered): string {
  const numbers = [...said].sort(([left], [right]) => left - right);
  const commits = [...landed].sort(([left], [right]) => inOrder(left, right));
  const document = { format: 1, said: numbers, landed: commits };
  return `${JSON.stringify(document)}\n`;
}
