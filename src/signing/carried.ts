// Signed statements as they travel: the statement, and the armoured signature behind it, in a comment, a note of git or a file. Whoever writes
// those may write anything, so what is read is bounded, and the rest of the text does not matter.
import type { Instant } from '../names.ts';
import type { SignedStatement } from './judge-statements.ts';
import type { Fingerprint } from './ssh-key.ts';
import { parseSignature, signatureBegin, signatureEnd } from './ssh-signature.ts';
import { firstLine, largestStatement, parseStatement } from './statement.ts';

/** Where notes of git with signed statements stand. */
export const notesRef = 'refs/notes/muster-approvals';

/** A statement with its signature, as people paste it. */
export function renderSigned(text: string, armour: string): string {
  return `${text}${armour}`;
}

export type ReadSigned =
  | { readonly kind: 'valid'; readonly signed: SignedStatement }
  /** `line` is from 1, of the statement; undefined where it is the signature that cannot be read. */
  | { readonly kind: 'invalid'; readonly line?: number; readonly message: string };

export type Unreadable = Omit<Extract<ReadSigned, { readonly kind: 'invalid' }>, 'kind'>;

/** More stand in one text only to waste time. */
const mostInOne = 20;

/** Every statement in a text, in order, at most twenty. A statement that has no signature behind it is not one. */
export function readSigned(carrier: string, firstSeen: Instant, fingerprint: Fingerprint): readonly ReadSigned[] {
  const lines = carrier.replaceAll('\r\n', '\n').split('\n');
  const found: ReadSigned[] = [];
  for (let at = lines.indexOf(firstLine); at !== -1 && found.length < mostInOne; at = lines.indexOf(firstLine, at + 1)) {
    const next = lines.indexOf(firstLine, at + 1);
    const some = lines.slice(at, next === -1 ? undefined : next);
    const [begin, end] = [some.indexOf(signatureBegin), some.indexOf(signatureEnd)];
    if (begin !== -1 && end > begin)
      found.push(readOne(`${some.slice(0, begin).join('\n')}\n`, some.slice(begin, end + 1).join('\n'), firstSeen, fingerprint));
  }
  return found;
}

function readOne(text: string, armour: string, firstSeen: Instant, fingerprint: Fingerprint): ReadSigned {
  if (text.length > largestStatement) return { kind: 'invalid', line: 1, message: `a statement has at most ${largestStatement} bytes` };
  const statement = parseStatement(Buffer.from(text));
  if (statement.kind === 'invalid') return statement;
  const signature = parseSignature(armour, fingerprint);
  if (signature.kind === 'invalid') return { kind: 'invalid', message: `the signature ${signature.why}` };
  return {
    kind: 'valid',
    signed: { statement: statement.statement, text: statement.text, signature: signature.signature, firstSeen },
  };
}
