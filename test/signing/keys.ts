// Real keys for tests: made and used by ssh-keygen, and a security key in software, for there is no hand here to touch one.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { sshFingerprint } from '../../src/digest.ts';
import { parseKeyLine, type SshKey } from '../../src/signing/ssh-key.ts';
import { signWith } from '../../src/signing/ssh-keygen.ts';
import { parseSignature, type SshSignature } from '../../src/signing/ssh-signature.ts';
import { base64, wireBytes, wireString } from '../../src/signing/ssh-wire.ts';

/** A folder that goes with the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-keys-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface KeyPair {
  /** The line for policy.yaml. */
  readonly line: string;
  readonly key: SshKey;
  readonly sign: (text: string) => Promise<string>;
}

export function readKey(line: string): SshKey {
  const read = parseKeyLine(line, sshFingerprint);
  if (read.kind === 'invalid') throw new Error(read.why);
  return read.key;
}

export function readSignature(armour: string): SshSignature {
  const read = parseSignature(armour, sshFingerprint);
  if (read.kind === 'invalid') throw new Error(read.why);
  return read.signature;
}

export function makeKey(folder: string, name: string, type: readonly string[] = ['-t', 'ed25519']): KeyPair {
  const file = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', name, ...type, '-f', file], { stdio: 'ignore' });
  const line = readFileSync(`${file}.pub`, 'utf8').trim();
  return { line, key: readKey(line), sign: (text) => signWith(file, text, { PATH: process.env['PATH'] }) };
}

export interface Press {
  readonly flags?: number;
  readonly namespace?: string;
}

export interface SignedHere {
  readonly line: string;
  readonly key: SshKey;
  readonly sign: (text: string, press?: Press) => string;
}

/** PROTOCOL.u2f and PROTOCOL.sshsig of OpenSSH, with the flags that the test asks for. */
export function makeSecurityKey(): SignedHere {
  const type = 'sk-ssh-ed25519@openssh.com';
  const { raw, privateKey } = makePair();
  const blob = wireBytes(wireString(type), wireString(raw), wireString('ssh:'));
  const line = `${type} ${base64(blob)}`;
  return { line, key: readKey(line), sign: (text, press = {}) => armourOf(blob, pressed(privateKey, type, text, press), press) };
}

/** Without hardware, and so without a touch. */
export function makeSoftKey(): SignedHere {
  const type = 'ssh-ed25519';
  const { raw, privateKey } = makePair();
  const blob = wireBytes(wireString(type), wireString(raw));
  const line = `${type} ${base64(blob)}`;
  const made = (text: string, press: Press) => wireBytes(wireString(type), wireString(sign(null, message(text, press), privateKey)));
  return { line, key: readKey(line), sign: (text, press = {}) => armourOf(blob, made(text, press), press) };
}

function makePair(): { readonly raw: Uint8Array; readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { raw: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32), privateKey };
}

function digest(name: string, content: string | Uint8Array): Uint8Array {
  return createHash(name).update(content).digest();
}

function message(text: string, { namespace = 'muster-approval@v1' }: Press): Uint8Array {
  return Buffer.concat([Buffer.from('SSHSIG'), head(namespace), wireString(digest('sha512', text))]);
}

function pressed(key: KeyObject, type: string, text: string, { flags = 0x01, ...press }: Press): Uint8Array {
  const counter = Buffer.concat([Buffer.from([flags]), wireBytes(7)]);
  const signature = sign(null, Buffer.concat([digest('sha256', 'ssh:'), counter, digest('sha256', message(text, press))]), key);
  return Buffer.concat([wireString(type), wireString(signature), counter]);
}

function head(namespace: string): Uint8Array {
  return wireBytes(wireString(namespace), wireString(''), wireString('sha512'));
}

function armourOf(blob: Uint8Array, signature: Uint8Array, { namespace = 'muster-approval@v1' }: Press): string {
  return armoured(Buffer.concat([Buffer.from('SSHSIG'), wireBytes(1), wireString(blob), head(namespace), wireString(signature)]));
}

export function armoured(bytes: Uint8Array): string {
  const lines = base64(bytes).match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}
