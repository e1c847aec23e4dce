// Public keys of SSH as people write them into policy.yaml: one line, parsed to its bytes and encoded anew (RFC 4253, section 6.6; RFC 5656;
// RFC 8709; PROTOCOL.u2f of OpenSSH). What is said of a key afterwards is said of these bytes.
import { base64, parseBase64, wireBytes, wirePositive, WireReader, wireString } from './ssh-wire.ts';

const curves = { nistp256: 65, nistp384: 97, nistp521: 133 } as const;
type Curve = keyof typeof curves;

/** What a key is made of. `bytes` is the point of a curve, `application` what a security key binds it to. */
type Material =
  | { readonly kind: 'ed25519'; readonly bytes: Uint8Array; readonly application?: string }
  | { readonly kind: 'ecdsa'; readonly curve: Curve; readonly bytes: Uint8Array; readonly application?: string }
  | { readonly kind: 'rsa'; readonly exponent: Uint8Array; readonly modulus: Uint8Array };

export interface SshKey {
  /** `ssh-ed25519`, `sk-ssh-ed25519@openssh.com`, … */
  readonly type: string;
  /** In base64. */
  readonly key: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. Two keys are the same when it is. */
  readonly fingerprint: string;
}

/** `SHA256:…` of bytes: this module computes no hashes. */
export type Fingerprint = (bytes: Uint8Array) => string;

/** Or why it is none that may sign, in words that follow on "this is". */
export type ReadKey = { readonly kind: 'valid'; readonly key: SshKey } | { readonly kind: 'invalid'; readonly why: string };

const leastRsaBits = 3072;
const mostRsaBits = 16384;
const longestLine = 4096;

/** `TYPE BASE64 [COMMENT]`, as `ssh-keygen -y` prints it: no options before, and no second line. */
export function parseKeyLine(text: string, fingerprint: Fingerprint): ReadKey {
  const [, type, encoded] = /^([!-~]+) ([A-Za-z0-9+/=]+)(?: [ -~]*)?$/.exec(text) ?? [];
  const bytes = encoded === undefined || text.length > longestLine ? undefined : parseBase64(encoded);
  if (type === undefined || bytes === undefined) return invalid('no line as "ssh-keygen -y" prints it');
  const read = parseKey(bytes, fingerprint);
  return read.kind === 'valid' && read.key.type !== type ? invalid(`a key of another type than "${type}"`) : read;
}

/** A public key as it goes over the wire. */
export function parseKey(bytes: Uint8Array, fingerprint: Fingerprint): ReadKey {
  const reader = new WireReader(bytes);
  const type = reader.word() ?? '';
  if (type.includes('-cert-')) return invalid('a certificate, and only plain keys can sign');
  if (type === 'ssh-dss') return invalid('a DSA key, which is too weak to sign');
  const material = readMaterial(type, reader);
  if (!material || !reader.isWhole) return invalid('no key of a kind that can sign, or a damaged one');
  if (material.kind === 'rsa') {
    const bits = bitsOf(material.modulus);
    if (bits < leastRsaBits) return invalid(`an RSA key of ${bits} bits, and ${leastRsaBits} are the least`);
    if (bits > mostRsaBits) return invalid(`an RSA key of ${bits} bits, and ${mostRsaBits} are the most`);
  }
  const anew = encode(type, material);
  return { kind: 'valid', key: { type, key: base64(anew), fingerprint: fingerprint(anew) } };
}

function invalid(why: string): ReadKey {
  return { kind: 'invalid', why };
}

/** A security key signs with a counter and with flags that tell of a touch. */
export function isSecurityKey({ type }: Pick<SshKey, 'type'>): boolean {
  return type.startsWith('sk-');
}

function readMaterial(type: string, reader: WireReader): Material | undefined {
  switch (type) {
    case 'ssh-ed25519':
      return ed25519(reader.string());
    case 'sk-ssh-ed25519@openssh.com': {
      const material = ed25519(reader.string());
      const application = reader.word();
      return material && application !== undefined ? { ...material, application } : undefined;
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return ecdsa(type.slice('ecdsa-sha2-'.length), reader);
    case 'sk-ecdsa-sha2-nistp256@openssh.com': {
      const material = ecdsa('nistp256', reader);
      const application = reader.word();
      return material && application !== undefined ? { ...material, application } : undefined;
    }
    case 'ssh-rsa': {
      const [exponent, modulus] = [reader.positive(), reader.positive()];
      return exponent && modulus ? { kind: 'rsa', exponent, modulus } : undefined;
    }
    default:
      return undefined;
  }
}

function ed25519(bytes: Uint8Array): Extract<Material, { kind: 'ed25519' }> | undefined {
  return bytes.length === 32 ? { kind: 'ed25519', bytes } : undefined;
}

/** The point is written whole (SEC 1, section 2.3.3): one key has one spelling. */
function ecdsa(expected: string, reader: WireReader): Extract<Material, { kind: 'ecdsa' }> | undefined {
  const curve = (['nistp256', 'nistp384', 'nistp521'] as const).find((one) => one === expected);
  const named = reader.word();
  const bytes = reader.string();
  if (curve === undefined || named !== curve || bytes.length !== curves[curve] || bytes[0] !== 4) return undefined;
  return { kind: 'ecdsa', curve, bytes };
}

function encode(type: string, material: Material): Uint8Array {
  const name = wireString(type);
  if (material.kind === 'rsa') return wireBytes(name, wirePositive(material.exponent), wirePositive(material.modulus));
  const point = material.kind === 'ecdsa' ? wireBytes(wireString(material.curve), wireString(material.bytes)) : wireString(material.bytes);
  return wireBytes(name, point, ...(material.application === undefined ? [] : [wireString(material.application)]));
}

function bitsOf(number: Uint8Array): number {
  return number.length * 8 - Math.clz32(number[0] ?? 0) + 24;
}
