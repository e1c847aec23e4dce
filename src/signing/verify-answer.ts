// What the program that verifies signatures answers.
import { sha256, sshFingerprint } from '../digest.ts';
import * as parser from '../policy/parser.ts';
import type { Verify } from './judge-statements.ts';
import { verifyBy } from './ssh-keygen.ts';
import { parseQuestion, type VerifyAnswer } from './verify-question.ts';
import { verifiedGrants } from './verified-grants.ts';

/** Signatures that one answer asks ssh-keygen about: it takes up to a tenth of a second for each. */
const mostAsked = 300;

/** `path`: where ssh-keygen is looked for; `most`: signatures that it is asked about. Throws what is wrong with the question, and Unavailable where ssh-keygen does not run. */
export function answerQuestion(text: string | Buffer, path: string, most = mostAsked): string {
  const { lines, checked, ...terms } = parseQuestion(text);
  const asking = new Asking(new Set(checked), verifyBy({ path }), most);
  return `${JSON.stringify({ verified: asking.answer(() => verifiedGrants(lines, terms, readers, asking.verify)), checked: asking.found })}\n`;
}

const readers = { parser, sha256, fingerprint: sshFingerprint };

class Enough extends Error {}

class Asking {
  readonly #known: ReadonlySet<string>;
  readonly #ask: Verify;
  readonly #good = new Set<string>();
  #left: number;

  constructor(known: ReadonlySet<string>, ask: Verify, most: number) {
    this.#left = most;
    this.#known = known;
    this.#ask = ask;
  }

  get found(): readonly string[] {
    return [...this.#good];
  }

  answer(work: () => NonNullable<VerifyAnswer['verified']>): VerifyAnswer['verified'] {
    try {
      return work();
    } catch (error) {
      if (error instanceof Enough) return null;
      throw error;
    }
  }

  readonly verify: Verify = (signed, key) => {
    const { signer } = signed.statement;
    const name = sha256([signer, key.type, key.key, signed.signature.armour, signed.text].join('\n'));
    if (this.#known.has(name) || this.#good.has(name)) return true;
    if (this.#left === 0) throw new Enough();
    this.#left -= 1;
    const isGood = this.#ask(signed, key);
    if (isGood) this.#good.add(name);
    return isGood;
  };
}
