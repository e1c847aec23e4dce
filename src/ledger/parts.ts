// A first run may have thousands of verdicts to record: one append is one write, and its size is bounded.

const mostRecords = 1_000;
/** UTF-16 code units of JSON. Far below what one append may have (lines.ts), for an octet is not a code unit. */
const mostCharacters = 8 * 1024 * 1024;

/** The records in their order, a part for each append. One that is larger than a part should be stands alone. */
export function* inParts<Item>(records: readonly Item[], render: (one: Item) => object): Generator<readonly Item[]> {
  let part: Item[] = [];
  let characters = 0;
  for (const record of records) {
    const length = JSON.stringify(render(record)).length;
    if (part.length > 0 && (part.length === mostRecords || characters + length > mostCharacters)) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(record);
    characters += length;
  }
  if (part.length > 0) yield part;
}
