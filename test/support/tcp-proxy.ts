// A real TCP proxy in front of a port on this machine: for servers that refuse, hang, or go away in the middle of an answer.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What happens to connections: `refuse` closes the port, `hang` takes bytes and answers nothing, `cut` resets after so many bytes of answers. */
export type ProxyMode = 'pass' | 'refuse' | 'hang' | { readonly cutAfter: number };

export interface TcpProxy {
  readonly port: number;
  /** ldap:// or http:// in front of the proxy's address. */
  url(scheme: string): string;
  /** From now on, for new connections and those that are open. */
  set(mode: ProxyMode): Promise<void>;
  /**
   * Calls `hook` before the nth message (counted from 1, over all connections from now on) from client to server goes on; the message
   * waits for the promise. A message is an LDAP message, also where several come with one read of the socket; of other protocols it is what
   * one read gives: one request of a client that waits for each answer.
   */
  beforeMessage(nth: number, hook: () => void | Promise<void>): void;
  /** Messages from clients since the start. */
  messages(): number;
  /** Closes every open connection, as a server does that goes away. */
  dropConnections(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const state: ProxyState = { mode: 'pass', messages: 0, hooks: new Map(), sockets: new Set() };
  const server = createServer((client) => carry(client, targetPort, state));
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: (scheme) => `${scheme}://127.0.0.1:${port}`,
    messages: () => state.messages,
    dropConnections: () => drop(state),
    beforeMessage: (nth, hook) => state.hooks.set(state.messages + nth, hook),
    set: async (mode) => {
      state.mode = mode;
      if (mode === 'refuse') await close(server, state);
      else if (!server.listening) await listen(server, port);
    },
    stop: () => close(server, state),
  };
}

interface ProxyState {
  mode: ProxyMode;
  messages: number;
  readonly hooks: Map<number, () => void | Promise<void>>;
  readonly sockets: Set<Socket>;
}

function carry(client: Socket, targetPort: number, state: ProxyState): void {
  const server = connect(targetPort, '127.0.0.1');
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    state.sockets.add(socket);
    // An error is followed by `close`; that the connection is gone is all the other side needs to know.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      state.sockets.delete(socket);
      other.destroy();
    });
  }
  let answered = 0;
  void forward(client, async (bytes) => {
    for (const message of messagesIn(bytes)) {
      state.messages += 1;
      await state.hooks.get(state.messages)?.();
      if (state.mode !== 'hang') await send(server, message);
    }
  });
  void forward(server, async (bytes) => {
    if (state.mode === 'hang') return;
    const room = typeof state.mode === 'object' ? state.mode.cutAfter - answered : Infinity;
    answered += bytes.length;
    await send(client, bytes.subarray(0, Math.max(0, room)));
    if (answered > room) client.resetAndDestroy();
  });
}

/** LDAP messages (RFC 4511, section 5.1; X.690) one by one as far as they are whole, and the rest, or anything else, in one. */
function* messagesIn(bytes: Buffer): Generator<Buffer> {
  let at = 0;
  for (let end = endOfMessage(bytes, at); end < bytes.length; end = endOfMessage(bytes, at)) {
    yield bytes.subarray(at, end);
    at = end;
  }
  yield bytes.subarray(at);
}

function endOfMessage(bytes: Buffer, at: number): number {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag !== 0x30 || first === undefined) return bytes.length;
  const octets = first > 0x7f ? first - 0x80 : 0;
  const start = at + 2 + octets;
  if (octets > 4 || start > bytes.length) return bytes.length;
  return start + (octets === 0 ? first : bytes.readUIntBE(at + 2, octets));
}

/** Hands over what `from` gives piece by piece, the next one after the last was dealt with. */
async function forward(from: Socket, deal: (bytes: Buffer) => Promise<void>): Promise<void> {
  try {
    for await (const bytes of from as AsyncIterable<Buffer>) await deal(bytes);
  } catch {
    // The connection broke; the `close` handlers end both sides.
  }
}

async function send(to: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length > 0 && to.writable && !to.write(bytes)) await once(to, 'drain');
}

function drop(state: ProxyState): void {
  for (const socket of state.sockets) socket.destroy();
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function close(server: Server, state: ProxyState): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  drop(state);
  await closed;
}
