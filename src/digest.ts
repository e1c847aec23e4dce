// SHA-256 as muster writes it, and as OpenSSH does.
import { createHash } from 'node:crypto';

/** Text as UTF-8. */
export function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Of a public key, as `ssh-keygen -l` prints it: base64 without its padding. */
export function sshFingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
