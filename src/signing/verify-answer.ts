// What the program that verifies signatures answers.
import { sha256, sshFingerprint } from '../digest.ts';
import * as parser from '../policy/parser.ts';
import { verifyBy } from './ssh-keygen.ts';
import { parseQuestion } from './verify-question.ts';
import { verifiedGrants } from './verified-grants.ts';

/** `path`: where ssh-keygen is looked for. Throws what is wrong with the question, and Unavailable where ssh-keygen does not run. */
export function answerQuestion(text: string, path: string): string {
  const { lines, ...terms } = parseQuestion(text);
  return `${JSON.stringify(verifiedGrants(lines, terms, { parser, sha256, fingerprint: sshFingerprint }, verifyBy({ path })))}\n`;
}
