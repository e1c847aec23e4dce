// The stand-in's own time: set by the test, or the machine's where the test sets none.
export class Clock {
  #fixed: number | undefined;
  /** Milliseconds by which the `Date` header is off. */
  skew = 0;

  constructor(now: string | undefined) {
    if (now !== undefined) this.set(now);
  }

  now(): number {
    return this.#fixed ?? Date.now();
  }

  set(time: string): void {
    this.#fixed = Date.parse(time);
  }

  /** The machine's time from now on. */
  follow(): void {
    this.#fixed = undefined;
  }

  advance(milliseconds: number): void {
    this.#fixed = this.now() + milliseconds;
  }

  /** RFC 9110: whole seconds. */
  header(): string {
    return new Date(this.now() + this.skew).toUTCString();
  }
}

/** As Rails writes database times: milliseconds, UTC. */
export function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
