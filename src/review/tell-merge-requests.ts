// The last step of judging: notes on merge requests, where a token for them is configured. It never makes a look fail.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { replaceFile } from '../kept-files.ts';
import type { OpenEffect } from '../record/now.ts';
import { commit, instant, mapOf, natural } from '../record/shapes.ts';
import { refreshNotes, type Remembered as RememberedMerges } from './tell.ts';
import { noneOpen, openEffects, openRequest, refreshOpenNotes, type OpenRequests } from './tell-open.ts';
import { openComments, openForge, reviewBy, reviewSettings, type ForgeConfiguration } from './review-merge-request.ts';
import { inOrder } from '../names.ts';
import type { JudgeConfiguration, Looked } from '../judge/judge-once.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { readStanding } from '../record/standing.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { noteMarker } from './note-words.ts';
import type { Caller } from '../host.ts';
import { sha256 } from '../digest.ts';

interface Remembered extends RememberedMerges {
  readonly open: OpenRequests;
}

/** Gives whom open merge requests are about. `news`: what this look recorded. */
export async function tellMergeRequests(
  looked: Looked & { readonly news: readonly JudgingRecord[] },
  configuration: JudgeConfiguration,
  caller: Caller,
): Promise<readonly OpenEffect[]> {
  const { gitlab, mode, judged: folder } = configuration;
  if (gitlab?.commentTokenFile === undefined || mode !== 'enforce' || !looked.judged.policy) return [];
  const file = join(folder, 'notes.json');
  try {
    const before = readRemembered(file);
    const next = await refreshAll(before, looked, { ...configuration, gitlab }, caller);
    writeRemembered(file, before, next);
    return openEffects(next.open);
  } catch (error) {
    if (!(error instanceof Misuse || error instanceof Unavailable || error instanceof Unusable)) throw error;
    caller.warn(`the notes on merge requests were not brought up to date: ${error.message}`);
    return looked.now.open.list;
  }
}

/** Milliseconds after which no further merge request that is open is read. */
const longestTelling = 20_000;

async function refreshAll(
  before: Remembered | undefined,
  { judged, state, mirror, now: { at, head }, records, news, signing }: Looked & { readonly news: readonly JudgingRecord[] },
  configuration: JudgeConfiguration & ForgeConfiguration,
  caller: Caller,
): Promise<Remembered> {
  const { branch, folder } = configuration.repository;
  const standing = readStanding(configuration.state);
  let opened: ReturnType<typeof openComments> | undefined;
  const comments = () => (opened ??= openComments(configuration, caller));
  const shared = {
    write: async (number: number, text: string) => void (await (await comments()).write(number, noteMarker, text, true)),
    digest: (text: string) => sha256(text).slice(0, 'sha256:'.length + 32),
    warn: caller.warn,
  };
  const merges = judged.policy
    ? await refreshNotes(judged.policy, at, folder, {
        ...shared,
        reachOf: standing.reachOf,
        news,
        records,
        said: before?.said,
        landed: before?.landed ?? new Map(),
        mergeRequestOf: async (commit) => (await comments()).landedAs(commit, branch),
      })
    : { said: before?.said ?? new Map(), landed: before?.landed ?? new Map() };
  // What was judged with half of the answers is not told to others.
  if ('reason' in mirror || judged.problems.length > 0) return { ...merges, open: before?.open ?? noneOpen };
  const begun = performance.now();
  const reading = { records, ...standing, now: at };
  const forge = await openForge(configuration, caller);
  const open = await refreshOpenNotes(before?.open ?? noneOpen, {
    ...shared,
    updatedSince: async (since) => (await comments()).updatedSince(since, branch),
    review: async (number) => {
      const judgedBranch = () => Promise.resolve({ judged, state });
      return (
        await reviewBy(
          number,
          judgedBranch,
          { ...reading, forge, commits: mirror, ...(signing && { signing }) },
          reviewSettings(configuration),
        )
      ).review;
    },
    presenceOf: standing.presenceOf,
    head,
    at,
    mayGoOn: () => performance.now() - begun < longestTelling,
  });
  return { ...merges, open };
}

/** As the last look left it; nothing where that cannot be read, as by another account that only looks. */
export function openNotedIn(folder: string): readonly OpenEffect[] {
  try {
    const before = readRemembered(join(folder, 'notes.json'));
    return before ? openEffects(before.open) : [];
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return [];
  }
}

const remembered = v.strictObject({
  format: v.literal(1),
  said: mapOf(natural, v.nullable(v.string())),
  landed: mapOf(commit, v.union([natural, v.strictObject({ askedSince: instant })])),
  open: v.strictObject({ since: v.nullable(instant), requests: mapOf(natural, openRequest) }),
});

/** A file that cannot be understood is as good as none: it only keeps notes from being written twice. */
function readRemembered(file: string): Remembered | undefined {
  try {
    const parsed = v.safeParse(remembered, JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.output : undefined;
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
function renderRemembered({ said, landed, open: { since, requests } }: Remembered): string {
  const byNumber = <Value>(map: ReadonlyMap<number, Value>) => [...map].sort(([left], [right]) => left - right);
  const commits = [...landed].sort(([left], [right]) => inOrder(left, right));
  const document = { format: 1, said: byNumber(said), landed: commits, open: { since, requests: byNumber(requests) } };
  return `${JSON.stringify(document)}\n`;
}
