// What `muster approve` says.
import { renderSignatureNotCounted } from '../evidence/approval-words.ts';
import { notesRef } from '../signing/carried.ts';
import type { CommitId, Uid } from '../names.ts';
import type { JudgedSignature, SignatureReason } from '../record/approval-count.ts';
import type { SshKey } from '../signing/ssh-key.ts';
import { namespace } from '../signing/ssh-signature.ts';
import type { Statement } from '../signing/statement.ts';
import { plain, renderMoment } from '../text.ts';

const whoActs: Readonly<Partial<Record<SignatureReason, string>>> = {
  'key-not-in-force':
    'has no such key in the policy. Put it under people in policy.yaml by a change of its own, or sign with another key (--key FILE)',
  'not-entitled': 'may not approve all that it changes. Somebody whom "What it needs" names signs it',
  benefits: 'gains by it. Somebody else who may approve signs it',
  'no-touch': 'signed without a touch, and this host takes no other signatures: sign with a security key (--key FILE)',
};

export function renderRefusedToSign(judged: JudgedSignature & { readonly kind: 'not-counted' }, { fingerprint }: SshKey): string {
  const why = whoActs[judged.reason];
  if (why === undefined) return `The signature by ${judged.person} ${renderSignatureNotCounted(judged)}.\n`;
  return `${judged.person} ${why}${judged.reason === 'key-not-in-force' ? `: ${fingerprint}` : ''}.\n`;
}

export function renderNotInForce(paths: readonly string[]): string {
  return `The rules on the branch are not those in force (${plain(paths.join(', '))}): as long as that is so, no change counts, and no signature. Whoever changed them has them approved, or reverts them; if they were approved only now, wait until the host has judged them.`;
}

export function renderOtherEffects({ effects }: Statement): string {
  const lines = effects.length > 0 ? effects : ['nobody gains or loses anything'];
  return `What stands on the branch is not what is in force. By what is in force, the change does this, and this is what you sign:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

export function renderNobodys(key: SshKey | undefined, from: string | undefined, as: Uid | undefined): string {
  if (!key) return `The policy names no key for ${as ?? 'you'}: put one under people in policy.yaml, by a change of its own.\n`;
  return `The policy names the key ${key.fingerprint} (${plain(from ?? '')}) for nobody. Put it under people in policy.yaml by a change of its own, or sign with another key (--key FILE).\n`;
}

/** `subject`: what was signed; the head of it on the server. */
export function renderCarryByHand(subject: string, head: CommitId, isOnForge: boolean, signed: string): string {
  const how = isOnForge
    ? `Write this as a comment on ${subject}, whole, between two lines of three backticks:`
    : `Put this, whole, into a file, and have somebody who may push run, in a clone:\n${noteCommands(head)}`;
  const why = isOnForge
    ? 'muster cannot post it: MUSTER_GITLAB_TOKEN_FILE names no token that may, and your git may not push notes.'
    : 'Your git may not push it.';
  return `${why} ${how}\n\n${signed}`;
}

function noteCommands(head: CommitId): string {
  return [
    `  git fetch origin "+${notesRef}:${notesRef}"    # where there are such notes already`,
    `  git notes --ref=${notesRef} append -F FILE ${head}`,
    `  git push origin ${notesRef}`,
  ].join('\n');
}

/** `where` it is now, as a sentence. */
export function renderSignedBy({ signer, until }: Statement, { fingerprint }: SshKey, where: string): string {
  return `Signed by ${signer} with ${fingerprint}. It counts for what is merged by ${renderMoment(until)}, as long as nothing is pushed.\n${where}\n`;
}

export function renderComment(signer: string, signed: string): string {
  return `Approved and signed by ${signer} (\`muster approve\`):\n\n\`\`\`\n${signed}\`\`\`\n`;
}

/** For standard error: the statement alone is what is printed. */
export function renderByHand(name: string, head: CommitId, isOnForge: boolean): string {
  return [
    `The text below is what is signed. Put it, as it is, into a file, and on the machine with the key:`,
    `  ssh-keygen -Y sign -n ${namespace} -f KEY statement`,
    isOnForge
      ? `The statement with the contents of statement.sig behind it then goes into a comment on ${name}.`
      : `The statement with the contents of statement.sig behind it then goes, as FILE, into a note of git:\n${noteCommands(head)}`,
  ].join('\n');
}
