// The lines of a file, read in chunks: memory grows with the longest line, never with the file.
import { readSync } from 'node:fs';

const chunkSize = 1024 * 1024;
/** No record comes near it. A longer "line" is another file in the ledger's place. */
export const longestLine = 64 * 1024 * 1024;
const newline = 0x0a;

/** A line without its newline. `ended` is false for what follows the last newline. The bytes are valid until the next line is asked for. */
export interface Line {
  readonly bytes: Buffer;
  readonly ended: boolean;
}

/** Reads `length` bytes from the start of an open file. Stops early, with a line that is not ended, when one is too long. */
export function* linesOf(file: number, length: number): Generator<Line, void, undefined> {
  let buffer: Buffer = Buffer.allocUnsafe(Math.min(chunkSize, Math.max(length, 1)));
  let held = 0;
  let position = 0;
  while (position < length) {
    const read = readSync(file, buffer, held, Math.min(buffer.length - held, length - position), position);
    if (read === 0) break;
    position += read;
    const chunk = buffer.subarray(0, held + read);
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      yield { bytes: chunk.subarray(from, at), ended: true };
      from = at + 1;
    }
    const rest = chunk.subarray(from);
    held = rest.length;
    buffer = held <= buffer.length / 2 ? buffer : Buffer.allocUnsafe(buffer.length * 4);
    rest.copy(buffer);
    if (held > longestLine) break;
  }
  if (held > 0) yield { bytes: buffer.subarray(0, held), ended: false };
}
