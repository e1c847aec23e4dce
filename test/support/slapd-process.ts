// slapd as a child of the test: started until it answers, ended on demand, never left behind.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { slapdEnvironment, slapdInstallation } from './slapd-installation.ts';

interface Listening {
  /** Holds slapd.conf; the log goes there. */
  readonly folder: string;
  readonly ldapiPath: string;
  readonly tls: boolean;
  readonly log: 'stats' | 'none';
  /** Tried until it stops failing: only then is slapd up. */
  readonly answers: () => Promise<void>;
}

/** Starts slapd on free ports; other ones when somebody else was quicker to take them. */
export async function listenSomewhere(
  listening: Listening,
): Promise<{ port: number; ldapsPort: number | undefined; daemon: SlapdProcess }> {
  const { folder, ldapiPath, tls, log, answers } = listening;
  for (let attempt = 1; ; attempt++) {
    const [port = 0, securePort = 0] = await freePorts(2);
    const ldapsPort = tls ? securePort : undefined;
    const listeners = [`ldap://127.0.0.1:${port}`, `ldapi://${encodeURIComponent(ldapiPath)}`];
    if (ldapsPort !== undefined) listeners.push(`ldaps://127.0.0.1:${ldapsPort}`);
    const daemon = slapdProcess(folder, listeners, log, answers);
    try {
      await daemon.start();
      return { port, ldapsPort, daemon };
    } catch (error) {
      await daemon.end('SIGKILL');
      if (attempt === 3 || !daemon.logs().includes('Address already in use')) throw error;
    }
  }
}

interface SlapdProcess {
  start(): Promise<void>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  logs(): string;
}

function slapdProcess(folder: string, listeners: readonly string[], log: 'stats' | 'none', answers: () => Promise<void>): SlapdProcess {
  const installation = slapdInstallation();
  const logFile = join(folder, 'slapd.log');
  let child: ChildProcess | undefined;
  const running = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const logs = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');

  return {
    logs,
    start: async () => {
      const output = openSync(logFile, 'a');
      // Level `none` still prints what makes slapd give up.
      const slapd = [installation.slapd, '-d', log, '-f', join(folder, 'slapd.conf'), '-h', listeners.join(' ')];
      const [command = '', ...args] = [...dieWithParent(), ...slapd];
      child = spawn(command, args, { stdio: ['ignore', output, output], env: slapdEnvironment(installation) });
      closeSync(output);
      const startedAt = performance.now();
      for (;;) {
        if (!running()) throw new Error(`slapd ended at once: ${logs()}`);
        try {
          return await answers();
        } catch (error) {
          if (performance.now() - startedAt > 20_000) throw error;
        }
        await sleep(5);
      }
    },
    end: async (signal) => {
      if (!child || !running()) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
  };
}

/** A killed test run must not leave a slapd behind. */
export function dieWithParent(): readonly string[] {
  return existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM', '--'] : [];
}

/** Ports that nobody listens on now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
