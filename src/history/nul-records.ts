// Cuts git's `-z` output into its records without holding more than one chunk of it.

/** Of a longer record only so much is given, in bytes: a commit may name a million parents. */
const longestRecord = 64 * 1024;

/** The records of a stream, each without the NUL that ends it. Bytes that are not UTF-8 become U+FFFD. Throws what the stream throws. */
export async function* nulRecords(stream: AsyncIterable<Buffer>): AsyncGenerator<Iterable<string>, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const first = chunk.indexOf(0);
    // Of a record that is too long already, what follows is left out up to its end.
    const begun = rest.length < longestRecord ? chunk : chunk.subarray(first < 0 ? chunk.length : first);
    const bytes = rest.length === 0 ? begun : Buffer.concat([rest, begun]);
    const last = bytes.lastIndexOf(0);
    rest = bytes.subarray(last + 1);
    if (last >= 0) yield wholeRecords(bytes.subarray(0, last + 1));
  }
  if (rest.length > 0) yield [rest.toString('utf8', 0, longestRecord)];
}

/** A batch at a time: one turn of the event loop for each of 100 000 records would be most of the work. */
function* wholeRecords(bytes: Buffer): Generator<string, void, undefined> {
  let start = 0;
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    yield bytes.toString('utf8', start, Math.min(end, start + longestRecord));
    start = end + 1;
  }
}
