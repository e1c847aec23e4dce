// An entry, and its attributes as lists of strings, whatever way ldapts hands them over: one value as a string, none as an
// empty list, bytes that are not UTF-8 as buffers, names in the server's spelling.
import type { Entry } from 'ldapts';
import { DirectoryUnusable } from '../errors.ts';
import { dn, type Dn, type DnKey } from '../names.ts';
import type { DirectoryConnection, Question } from './connection.ts';
import { dnKeyOf } from './distinguished-names.ts';
import { hasResultCode, refusal, resultCode } from './result-codes.ts';

/** One entry by its name; undefined where the server neither shows nor denies it. */
export async function entryAt(
  connection: DirectoryConnection,
  base: string,
  question: Omit<Question, 'scope'>,
): Promise<Entry | 'absent' | undefined> {
  try {
    const [entry] = await connection.search(base, { ...question, scope: 'base' });
    return entry;
  } catch (error) {
    // memberUid may hold anything.
    if (hasResultCode(error, resultCode.noSuchObject) || hasResultCode(error, resultCode.invalidDNSyntax)) return 'absent';
    throw refusal(error, `show ${base}`);
  }
}

/** By pages; what the server says no to is told as what was `asked`. */
export async function* pagesOf(
  connection: DirectoryConnection,
  base: string,
  question: Question,
  pageSize: number,
  asked: string,
): AsyncGenerator<readonly Entry[]> {
  try {
    yield* connection.pages(base, question, pageSize);
  } catch (error) {
    throw refusal(error, asked);
  }
}

/** All values of one attribute; none when it is not there. */
export function valuesOf(entry: Entry, attribute: string): readonly string[] {
  const held = entry[attribute] ?? entry[spelled(entry, attribute)] ?? [];
  if (typeof held === 'string') return [held];
  if (!Buffer.isBuffer(held) && held.every((value) => typeof value === 'string')) return held;
  throw new DirectoryUnusable(`${attribute} of ${entry.dn} holds bytes that are not UTF-8: whoever keeps that entry has to mend it`);
}

function spelled(entry: Entry, attribute: string): string {
  const lower = attribute.toLowerCase();
  return Object.keys(entry).find((name) => name.length === lower.length && name.toLowerCase() === lower) ?? attribute;
}

/** A DN from the server, with its key. */
export function namedBy(text: string): { readonly dn: Dn; readonly key: DnKey } {
  const key = dnKeyOf(text);
  if (key === undefined)
    throw new DirectoryUnusable(`the directory answered with ${JSON.stringify(text)}, which is not a DN muster can read`);
  return { dn: dn(text), key };
}
