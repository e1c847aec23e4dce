// What the program that verifies signatures answers.
import { sha256, sshFingerprint } from '../digest.ts';
import * as parser from '../policy/parser.ts';
import type { Verify } from './judge-statements.ts';
import { verifyBy } from './ssh-keygen.ts';
import { parseQuestion, type VerifyAnswer } from './verify-question.ts';
import { verifiedGrants } from './verified-grants.ts';

/** Signatures that one answer asks ssh-keygen about: on a busy host it takes a third of a second for each, and the answer is waited for a minute. */
const mostAsked = 150;
/** Signatures that were bad before and are asked about once more, for it may have been an ssh-keygen that knew less. More of them are a lie. */
const mostAskedAgain = 20;

/** `path`: where ssh-keygen is looked for; `most`: signatures that it is asked about. Throws what is wrong with the question, and Unavailable where ssh-keygen does not run. */
export function answerQuestion(text: string | Buffer, path: string, most = mostAsked): string {
  const { lines, checked, bad = [], ...terms } = parseQuestion(text);
  const asking = new Asking({ good: new Set(checked), bad: new Set(bad) }, verifyBy({ path }), most);
  return `${JSON.stringify({ verified: asking.answer(() => verifiedGrants(lines, terms, readers, asking.verify)), ...asking.found })}\n`;
}

const readers = { parser, sha256, fingerprint: sshFingerprint };

class Enough extends Error {}

class Asking {
  readonly #known: { readonly good: ReadonlySet<string>; readonly bad: ReadonlySet<string> };
  readonly #ask: Verify;
  readonly #good = new Set<string>();
  readonly #bad = new Set<string>();
  #left: number;
  #again = mostAskedAgain;

  constructor(known: { readonly good: ReadonlySet<string>; readonly bad: ReadonlySet<string> }, ask: Verify, most: number) {
    this.#left = most;
    this.#known = known;
    this.#ask = ask;
  }

  get found(): Pick<VerifyAnswer, 'checked' | 'bad'> {
    const bad = [...this.#bad].filter((name) => !this.#known.bad.has(name));
    return { checked: [...this.#good], ...(bad.length > 0 && { bad }) };
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
    if (this.#known.good.has(name) || this.#good.has(name)) return true;
    if (this.#bad.has(name)) return false;
    if (!this.#mayAsk(name)) return false;
    const isGood = this.#ask(signed, key);
    (isGood ? this.#good : this.#bad).add(name);
    return isGood;
  };

  #mayAsk(name: string): boolean {
    if (this.#known.bad.has(name)) return this.#again-- > 0;
    if (this.#left-- > 0) return true;
    throw new Enough();
  }
}
