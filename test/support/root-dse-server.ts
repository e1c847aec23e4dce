// A server that lets everybody in and shows its root DSE (RFC 4512, section 5.1), and nothing else: of a make that the tests cannot start.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { BerReader, BerWriter } from 'ldapts';
import { Gathering } from '../../src/directory/transport.ts';

export type RootDse = Readonly<Record<string, readonly string[]>>;

export interface RootDseServer {
  readonly url: string;
  stop(): Promise<void>;
}

const protocolError = 2;
const noSuchObject = 32;
const unwillingToPerform = 53;

/** `identity`: what it answers to "Who am I?" (RFC 4532); left out, it does not know the question. */
export async function serveRootDse(root: RootDse, identity?: string): Promise<RootDseServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const gathering = new Gathering();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const whole = gathering.take(chunk);
      if (whole !== undefined) for (const answer of answersTo(whole, root, identity)) socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

/** RFC 4511, section 4: bind 0x60, search 0x63, modify 0x66, extended 0x77. */
function* answersTo(messages: Buffer, root: RootDse, identity: string | undefined): Generator<Buffer> {
  let rest = messages;
  while (rest.length > 0) {
    const reader = new BerReader(rest);
    reader.readSequence();
    const next = reader.offset + reader.length;
    const id = reader.readInt() ?? 0;
    const operation = reader.readSequence();
    if (operation === 0x60) yield message(id, 0x61, result(0));
    else if (operation === 0x77) yield message(id, 0x78, identity === undefined ? result(protocolError) : [...result(0), [0x8b, identity]]);
    else if (operation === 0x63) yield* found(id, reader.readString() ?? '', root);
    else if (operation === 0x66) yield message(id, 0x67, result(unwillingToPerform));
    rest = rest.subarray(next);
  }
}

function* found(id: number, base: string, root: RootDse): Generator<Buffer> {
  if (base === '') {
    const writer = new BerWriter();
    writer.startSequence();
    writer.writeInt(id);
    writer.startSequence(0x64);
    writer.writeString('');
    writer.startSequence();
    for (const [type, values] of Object.entries(root)) {
      writer.startSequence();
      writer.writeString(type);
      writer.startSequence(0x31);
      for (const value of values) writer.writeString(value);
      for (let open = 0; open < 2; open++) writer.endSequence();
    }
    for (let open = 0; open < 3; open++) writer.endSequence();
    yield writer.buffer;
  }
  yield message(id, 0x65, result(base === '' ? 0 : noSuchObject));
}

type Part = readonly [tag: number, content: string | number];

function result(code: number): readonly Part[] {
  return [
    [0x0a, code],
    [0x04, ''],
    [0x04, ''],
  ];
}

function message(id: number, operation: number, parts: readonly Part[]): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(operation);
  for (const [tag, content] of parts) {
    if (typeof content === 'number') writer.writeEnumeration(content, tag);
    else writer.writeString(content, tag);
  }
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}
