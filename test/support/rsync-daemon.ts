// A real rsync daemon for one test file, on a port of its own, with one folder as a read-only module. Needs what scripts/programs.mjs leaves.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where rsync is, to stand first in PATH. */
export const rsyncFolder = fileURLToPath(new URL('../../.cache/rsync/bin', import.meta.url));
export const pathWithRsync = `${rsyncFolder}:${process.env['PATH'] ?? '/usr/bin:/bin'}`;

export interface RsyncDaemon {
  readonly port: number;
  /** What the module `exports` shows. */
  readonly exports: string;
  /** `rsync://127.0.0.1:PORT/MODULE/NAME` */
  url(name: string, module?: string): string;
  stop(): Promise<void>;
}

/** Its modules: `exports`, and `closed`, which is the same folder and open to nobody here. */
export async function startRsyncDaemon(): Promise<RsyncDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-rsyncd-'));
  const exports = join(folder, 'exports');
  mkdirSync(exports);
  writeFileSync(join(folder, 'rsyncd.conf'), renderDaemonConfiguration(exports));
  const port = await freePort();
  const options = ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`, `--config=${join(folder, 'rsyncd.conf')}`];
  const daemon = spawn('setpriv', ['--pdeathsig', 'TERM', '--', join(rsyncFolder, 'rsync'), ...options], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => daemon.once('close', () => resolve()));
  await answering(port);
  return {
    port,
    exports,
    url: (name, module = 'exports') => `rsync://127.0.0.1:${port}/${module}/${name}`,
    stop: async () => {
      daemon.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function renderDaemonConfiguration(exports: string): string {
  // Started as root, the daemon would read as nobody, and would want to lock itself into the folder.
  const account = process.getuid?.() === 0 ? 'uid = 0\ngid = 0\n' : '';
  const module = (name: string, more = '') => `[${name}]\npath = ${exports}\nread only = yes\n${more}`;
  return `use chroot = no\n${account}${module('exports')}${module('closed', 'hosts allow = 192.0.2.1\n')}`;
}

/** Free at this moment; nothing else on this machine asks for it meanwhile, as a rule. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the rsync daemon does not answer');
}
