// Lists come in pages, and a list that was cut short must not be taken for a short one. https://docs.gitlab.com/api/rest/#pagination
import * as v from 'valibot';
import { understand } from './answers.ts';
import { Malformed, TooLong } from './failure.ts';

/** GitLab's own maximum: more per page means fewer chances for a list to move under us. */
export const pages = { perPage: 100, showExpanded: true } as const;

/** What of a list the account of the token may see. GitLab leaves the rest out and counts it all the same ([C] `readable_by?`). */
export interface Shown<Entry> {
  readonly entries: readonly Entry[];
  readonly hidden: number;
}

const count = v.union([v.number(), v.nan()]);

/** Of the last page. Without a header, such as `x-total` for lists of more than 10,000, gitbeaker says NaN. */
const pagesShape = v.object({
  data: v.array(v.unknown()),
  paginationInfo: v.object({ total: count, next: v.nullable(v.number()), current: v.number(), perPage: count, totalPages: count }),
});

interface Paging {
  readonly perPage: number;
  readonly showExpanded: true;
}

/** Page sizes, tried in turn: whoever may comment can make a hundred entries longer than any answer that is read. One entry cannot be. */
const pageSizes = [100, 10, 1] as const;

/** Every page of a list whose entries hold text that people write, as far as it is shown. */
export async function shownOfTexts<Schema extends v.GenericSchema>(
  schema: Schema,
  list: (paging: Paging) => Promise<unknown>,
  request: string,
): Promise<Shown<v.InferOutput<Schema>>> {
  return inPages(request, (perPage) => shownOf(schema, list({ perPage, showExpanded: true }), perPage, request));
}

async function inPages<Result>(request: string, ask: (perPage: number) => Promise<Result>): Promise<Result> {
  for (const perPage of pageSizes) {
    try {
      return await ask(perPage);
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
    }
  }
  throw new Malformed(request, 'one entry alone is too long');
}

/** As much of a list, from its beginning, as one answer holds. `full`: there may be more. */
export async function pageOfTexts<Schema extends v.GenericSchema>(
  schema: Schema,
  list: (perPage: number) => Promise<unknown>,
  request: string,
): Promise<{ readonly entries: v.InferOutput<Schema>[]; readonly full: boolean }> {
  return inPages(request, async (perPage) => {
    const entries = understand(v.array(schema), await list(perPage), request);
    return { entries, full: entries.length >= perPage };
  });
}

/** Every page of a list whose entries hold text that people write. */
export async function wholeOfTexts<Schema extends v.GenericSchema>(
  schema: Schema,
  list: (paging: Paging) => Promise<unknown>,
  request: string,
): Promise<v.InferOutput<Schema>[]> {
  return wholeOf(await shownOfTexts(schema, list, request), request);
}

/** Every page of a list. Fewer than the server says there are is an answer cut short, not a short list. */
export async function whole<Schema extends v.GenericSchema>(
  schema: Schema,
  list: Promise<unknown>,
  request: string,
): Promise<v.InferOutput<Schema>[]> {
  return wholeOf(await shownOf(schema, list, pages.perPage, request), request);
}

function wholeOf<Entry>({ entries, hidden }: Shown<Entry>, request: string): Entry[] {
  if (hidden > 0) throw new Malformed(request, 'fewer are shown than there are');
  return [...entries];
}

const mostCounted = 10_000;

async function shownOf<Schema extends v.GenericSchema>(
  schema: Schema,
  list: Promise<unknown>,
  perPage: number,
  request: string,
): Promise<Shown<v.InferOutput<Schema>>> {
  const { data, paginationInfo: last } = understand(pagesShape, await list.catch(mapSpreadError(request)), request);
  // A full page of which nothing says whether it is the last one: a proxy that takes headers away would make every list short.
  const isSilent = Number.isNaN(last.total) && Number.isNaN(last.perPage) && data.length > 0 && data.length % perPage === 0;
  if (last.next !== null || last.totalPages > last.current || isSilent) throw new Malformed(request, 'a page is missing');
  // A list of more than 10,000 is not counted any more: some of it may be hidden.
  const uncounted = data.length < mostCounted ? 0 : 1;
  const hidden = Number.isNaN(last.total) ? uncounted : Math.max(0, last.total - data.length);
  return { entries: data.map((one) => understand(schema, one, request)), hidden };
}

/** gitbeaker spreads further pages into one array, and throws a TypeError where a page is no list. */
function mapSpreadError(request: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof TypeError ? new Malformed(request, 'a page is not a list') : error;
  };
}
