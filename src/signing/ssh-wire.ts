// The data types of SSH (RFC 4251, section 5) as far as keys and signatures need them, and strict base64. Whatever is read can be written
// again as the same bytes, or it is not read.

/** Reads to the end; what reaches further than the bytes do gives nothing, and `isWhole` says so. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #isShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) this.#isShort = true;
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = Math.min(end, this.#bytes.length);
    return taken;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  uint32(): number {
    return this.take(4).reduce((number, byte) => number * 256 + byte, 0);
  }

  string(): Uint8Array {
    return this.take(this.uint32());
  }

  /** Undefined where it is anything but printable ASCII without blanks. */
  word(): string | undefined {
    const text = Buffer.from(this.string()).toString('latin1');
    return /^[!-~]{0,256}$/.test(text) ? text : undefined;
  }

  /** A number above zero, without its sign; undefined where it is written longer than it has to be, or is none. */
  positive(): Uint8Array | undefined {
    const written = this.string();
    const [first = 0, second = 0] = written;
    if (written.length === 0 || first >= 0x80) return undefined;
    if (first !== 0) return written;
    return second >= 0x80 ? written.subarray(1) : undefined;
  }

  /** Everything was there, and nothing is left. */
  get isWhole(): boolean {
    return !this.#isShort && this.#at === this.#bytes.length;
  }
}

function uint32(number: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

export function wireString(content: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(content);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** What `positive` has read. */
export function wirePositive(number: Uint8Array): Uint8Array {
  return wireString((number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), number]) : number);
}

export function wireBytes(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? uint32(part) : part)));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** RFC 4648, section 4, with its padding; undefined for anything that is written in another way. */
export function parseBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return base64(bytes) === text ? bytes : undefined;
}
