// The last step of `reconcile`: notes on merge requests, where a token for them is configured. It never makes a run fail.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshNotes, type Said } from '../commands/notes.ts';
import type { LedgerRecord } from '../domain/record.ts';
import type { RunReport } from '../domain/run.ts';
import { Misuse, Unavailable, Unusable } from '../failures.ts';
import { noteMarker } from '../render/note-words.ts';
import type { RunPorts } from '../ports.ts';
import type { HostConfiguration, Caller } from './host.ts';
import { openComments } from './review.ts';
import { sha256 } from './sources.ts';
import type { State } from './state.ts';

/** The ports, and what a run records through them. */
export function overheard(ports: RunPorts): { readonly ports: RunPorts; readonly news: readonly LedgerRecord[] } {
  const news: LedgerRecord[] = [];
  const append: RunPorts['journal']['append'] = async (records) => {
    await ports.journal.append(records);
    news.push(...records);
  };
  return { ports: { ...ports, journal: { append } }, news };
}

export async function tellMergeRequests(
  report: RunReport,
  news: readonly LedgerRecord[],
  configuration: HostConfiguration,
  state: State,
  caller: Caller,
): Promise<void> {
  const { gitlab, mode, repository } = configuration;
  if (gitlab?.commentTokenFile === undefined || mode !== 'enforce') return;
  const file = join(state.folder, 'notes.json');
  try {
    const said = await readSaid(file);
    let comments: ReturnType<typeof openComments> | undefined;
    const next = await refreshNotes(report, repository.folder, {
      memory: state.memory,
      news,
      records: () => state.records(),
      said,
      write: async (number, text) => {
        comments ??= openComments({ ...configuration, gitlab }, caller);
        await (await comments).write(number, noteMarker, text, true);
      },
      digest: (text) => sha256(text).slice(0, 'sha256:'.length + 32),
      warn: caller.warn,
    });
    await writeSaid(file, said, next);
  } catch (error) {
    if (!(error instanceof Misuse || error instanceof Unavailable || error instanceof Unusable)) throw error;
    caller.warn(`the notes on merge requests were not brought up to date: ${error.message}`);
  }
}

/** A file that cannot be understood is as good as none: it only keeps notes from being written twice. */
async function readSaid(file: string): Promise<Said | undefined> {
  try {
    const document: unknown = JSON.parse(await readFile(file, 'utf8'));
    const said = typeof document === 'object' && document !== null && 'said' in document ? document.said : undefined;
    if (typeof said !== 'object' || said === null) return undefined;
    return new Map(Object.entries(said).map(([number, digest]) => [Number(number), typeof digest === 'string' ? digest : null]));
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined;
    throw new Unavailable('ledger', `${file} cannot be read`, error);
  }
}

async function writeSaid(file: string, before: Said | undefined, said: Said): Promise<void> {
  const text = renderSaid(said);
  if (before && renderSaid(before) === text) return;
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    throw new Unavailable('ledger', `${file} cannot be written`, error);
  }
}

/** By number, so that the same notes make the same bytes. */
function renderSaid(said: Said): string {
  const entries = [...said].sort(([left], [right]) => left - right);
  return `${JSON.stringify({ format: 1, said: Object.fromEntries(entries) }, null, 1)}\n`;
}
