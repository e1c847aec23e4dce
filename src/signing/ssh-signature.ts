// The armoured signature that `ssh-keygen -Y sign` writes (PROTOCOL.sshsig of OpenSSH): parsed to its bytes and encoded anew, so that what
// ssh-keygen reads is exactly what was looked at here.
import { isSecurityKey, parseKey, type Fingerprint, type SshKey } from './ssh-key.ts';
import { base64, parseBase64, wireBytes, wirePositive, WireReader, wireString } from './ssh-wire.ts';

/** What signatures on approvals are made for: one made for anything else is none. */
export const namespace = 'muster-approval@v1';

export interface SshSignature {
  readonly key: SshKey;
  /** Encoded anew, with its final newline. */
  readonly armour: string;
  /** A security key says that somebody touched it (0x01). Other keys say nothing, and then it is false. */
  readonly touched: boolean;
  /** It says that it knew its user, by a PIN or a finger (0x04). */
  readonly verified: boolean;
}

/** `why`: in words that follow on "the signature". */
export type ReadSignature =
  { readonly kind: 'valid'; readonly signature: SshSignature } | { readonly kind: 'invalid'; readonly why: string };

export const signatureBegin = '-----BEGIN SSH SIGNATURE-----';
export const signatureEnd = '-----END SSH SIGNATURE-----';
const magic = 'SSHSIG';
const longest = 16 * 1024;

/** Exactly one block, with nothing before or behind it but ends of lines. */
export function parseSignature(text: string, fingerprint: Fingerprint): ReadSignature {
  if (text.length > longest) return invalid('is longer than any signature');
  const lines = text.replaceAll('\r\n', '\n').trim().split('\n');
  if (lines[0] !== signatureBegin || lines.at(-1) !== signatureEnd || lines.filter((line) => line.startsWith('-----')).length !== 2)
    return invalid('is not one block from "BEGIN SSH SIGNATURE" to "END SSH SIGNATURE"');
  const bytes = parseBase64(lines.slice(1, -1).join(''));
  return bytes ? readSignature(bytes, fingerprint) : invalid('is damaged: its lines are not base64');
}

function invalid(why: string): ReadSignature {
  return { kind: 'invalid', why };
}

function readSignature(bytes: Uint8Array, fingerprint: Fingerprint): ReadSignature {
  const reader = new WireReader(bytes);
  const head = Buffer.from(reader.take(magic.length)).toString('latin1');
  const version = reader.uint32();
  const read = parseKey(reader.string(), fingerprint);
  const [madeFor, reserved, hash] = [reader.word(), reader.string(), reader.word()];
  const inner = new WireReader(reader.string());
  if (head !== magic || version !== 1 || !reader.isWhole || reserved.length > 0 || (hash !== 'sha256' && hash !== 'sha512'))
    return invalid('is damaged');
  if (read.kind === 'invalid') return invalid(`was made with ${read.why}`);
  if (madeFor !== namespace) return invalid(`was not made for ${namespace}`);
  const made = readMade(read.key, inner);
  if (!made || !inner.isWhole) return invalid('is damaged');
  const anew = wireBytes(
    Buffer.from(magic, 'latin1'),
    1,
    wireString(Buffer.from(read.key.key, 'base64')),
    wireString(namespace),
    wireString(''),
    wireString(hash),
    wireString(made.bytes),
  );
  const armour = [signatureBegin, ...(base64(anew).match(/.{1,70}/g) ?? []), signatureEnd, ''].join('\n');
  const flag = (bit: number) => ((made.flags ?? 0) & bit) !== 0;
  return { kind: 'valid', signature: { key: read.key, armour, touched: flag(0x01), verified: flag(0x04) } };
}

interface Made {
  readonly bytes: Uint8Array;
  /** Of a security key. */
  readonly flags?: number;
}

/** The innermost part, by the kind of the key: what it is called, the numbers, and the flags and the counter of a security key. */
function readMade(key: SshKey, reader: WireReader): Made | undefined {
  const name = reader.word() ?? '';
  const isRsa = key.type === 'ssh-rsa';
  if (isRsa ? name !== 'rsa-sha2-256' && name !== 'rsa-sha2-512' : name !== key.type) return undefined;
  const blob = key.type.includes('ecdsa') ? readPair(reader.string()) : reader.string();
  if (!blob || (key.type.includes('ed25519') && blob.length !== 64)) return undefined;
  const plain = wireBytes(wireString(name), wireString(blob));
  if (!isSecurityKey(key)) return { bytes: plain };
  const flags = reader.byte();
  return { bytes: wireBytes(plain, Buffer.from([flags]), reader.uint32()), flags };
}

/** r and s of ECDSA (RFC 5656, section 3.1.2). */
function readPair(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new WireReader(bytes);
  const [r, s] = [reader.positive(), reader.positive()];
  return r && s && reader.isWhole ? wireBytes(wirePositive(r), wirePositive(s)) : undefined;
}
