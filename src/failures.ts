// The errors that are thrown on purpose: main.ts catches them, and everything else is a bug.

export type System = 'git' | 'gitlab' | 'directory' | 'roster' | 'lock' | 'ledger' | 'revocations' | 'metrics';

/** Wrong arguments or a broken configuration: the person who called can mend it. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

/** A system we depend on did not answer. Nothing is wrong with the policy; the next run may succeed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly system: System;
  readonly detail: string;

  constructor(system: System, detail: string, cause?: unknown) {
    super(`${system} did not answer: ${detail}`, { cause });
    this.system = system;
    this.detail = detail;
  }
}

/** An input is there and cannot be used: it answers, and what it says is broken or was tampered with. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

/** What both give, once both have ended: after an error nothing goes on behind the caller. Where both fail, it is the first one's error. */
export async function together<First, Second>(first: Promise<First>, second: Promise<Second>): Promise<readonly [First, Second]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
