// Hands the bytes of a socket on in whole LDAP messages. ldapts joins what it has with every chunk that comes, which is
// quadratic in the size of a message: the 4 MB of a group with 100 000 members then cost more than all else together.
import type { Socket } from 'node:net';

// Larger than any entry a directory can hold; a length beyond it means that the stream is not LDAP.
const largestMessage = 256 * 1024 * 1024;

/**
 * From now on the socket emits `data` at the ends of LDAP messages (RFC 4511, section 5.1) only. Where a runtime reads
 * in a way that passes this by, the data comes in chunks as before: slower, and just as right.
 */
export function emitWholeMessages(socket: Socket): void {
  const gathering = new Gathering();
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown): boolean => {
    if (!Buffer.isBuffer(chunk)) return push(chunk);
    try {
      const whole = gathering.take(chunk);
      return whole === undefined || push(whole);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined);
      return false;
    }
  };
}

/** The bytes since the last end of a message. */
export class Gathering {
  #chunks: Buffer[] = [];
  #gathered = 0;
  /** How many gathered bytes end the message that has begun; 0 while its header is not complete. */
  #wanted = 0;

  /** All messages that are complete with this chunk, as one buffer; undefined while none is. Throws when it is not LDAP. */
  take(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk);
    this.#gathered += chunk.length;
    if (this.#gathered < this.#wanted) return undefined;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#gathered);
    let end = 0;
    let length = messageLength(bytes, 0);
    while (length > 0 && end + length <= bytes.length) {
      end += length;
      length = messageLength(bytes, end);
    }
    const rest = bytes.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#gathered = rest.length;
    this.#wanted = length;
    return end > 0 ? bytes.subarray(0, end) : undefined;
  }
}

/** Header and content of the message that begins here (X.690, section 8.1.3); 0 while too little of it is there. */
function messageLength(bytes: Buffer, start: number): number {
  if (bytes.length < start + 2) return 0;
  if (bytes[start] !== 0x30) throw new Error('the stream is not LDAP');
  const first = bytes.readUInt8(start + 1);
  if (first < 0x80) return 2 + first;
  const octets = first - 0x80;
  if (octets === 0 || octets > 4) throw new Error('the stream is not LDAP');
  if (bytes.length < start + 2 + octets) return 0;
  const length = bytes.readUIntBE(start + 2, octets);
  if (length > largestMessage) throw new Error('the stream is not LDAP');
  return 2 + octets + length;
}
