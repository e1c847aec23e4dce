import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

describe('given a server that answers every message with ten bytes, behind a proxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  let received: string[];

  beforeEach(async () => {
    received = [];
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        received.push(bytes.toString());
        socket.write('0123456789');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startTcpProxy((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.stop();
    server.close();
  });

  /** What comes back until the connection ends, or nothing came for a while. */
  async function ask(message: string | Buffer, patience = 150): Promise<{ answer: string; end: string }> {
    const socket = connect(proxy.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes) => (answer += bytes.toString()));
    const failed = once(socket, 'close').then(() => 'closed');
    const broken = new Promise<string>((resolve) => socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')));
    socket.write(message);
    const end = await Promise.race([broken, failed, sleep(patience, 'open')]);
    socket.destroy();
    return { answer, end };
  }

  it('when it passes, then the answer comes', async () => {
    expect(await ask('a')).toEqual({ answer: '0123456789', end: 'open' });
  });

  it('when it refuses, then there is no connection, and there is one again afterwards', async () => {
    await proxy.set('refuse');
    expect(await ask('a')).toEqual({ answer: '', end: 'ECONNREFUSED' });
    await proxy.set('pass');
    expect((await ask('b')).answer).toBe('0123456789');
    expect(received).toEqual(['b']);
  });

  it('when two LDAP messages come at once, then each is counted and can be waited before, and nothing of them is lost', async () => {
    const [short, long] = [Buffer.from([0x30, 1, 65]), Buffer.from([0x30, 0x82, 0, 3, 66, 67, 68])];
    const before: string[] = [];
    proxy.beforeMessage(2, async () => {
      await vi.waitUntil(() => received.length > 0, { timeout: 60_000 });
      before.push(...received);
    });
    await ask(Buffer.concat([short, long]));
    expect([proxy.messages(), before, received.join('')]).toEqual([2, [short.toString()], `${short.toString()}${long.toString()}`]);
  });

  it('when it hangs, then the connection stands and nothing comes', async () => {
    await proxy.set('hang');
    expect(await ask('a')).toEqual({ answer: '', end: 'open' });
    expect(received).toEqual([]);
  });

  it('when it cuts, then so many bytes come and the connection is gone', async () => {
    await proxy.set({ cutAfter: 4 });
    const { answer, end } = await ask('a');
    expect(answer.length).toBeLessThanOrEqual(4);
    expect(['ECONNRESET', 'closed']).toContain(end);
  });

  it('when a hook waits before the second message, then that one has not reached the server yet', async () => {
    let seen: string[] = [];
    proxy.beforeMessage(2, () => {
      seen = [...received];
    });
    await ask('first');
    await ask('second');
    expect(seen).toEqual(['first']);
    expect(received).toEqual(['first', 'second']);
    expect(proxy.messages()).toBe(2);
  });
});
