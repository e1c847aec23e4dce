// What the journal gets of a run that the timer started: lines with priorities, where the stream is the journal's and nowhere else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { type Host, openWorld } from './world.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const world = ofThisFile(() => openWorld());

/** A command whose output goes to a file that is said to be the journal. */
async function journalOf(host: Host, args: readonly string[]): Promise<string> {
  const path = join(host.folder, 'journal');
  const file = openSync(path, 'w');
  const { dev, ino } = fstatSync(file, { bigint: true });
  const env = { PATH: process.env['PATH'], MUSTER_CONFIG: host.config, JOURNAL_STREAM: `${dev}:${ino}` };
  await once(spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', file, file] }), 'close');
  closeSync(file);
  return readFileSync(path, 'utf8');
}

it('given a run with a group to take over and one to fill, then the journal has what needs a person at warning, and what was changed at notice', async () => {
  const host = await world.newHost({ roster: ['base'], members: { 'klaxon-users': ['martin'] } });

  const text = await journalOf(host, ['reconcile']);

  expect(text).toMatch(/^(?:<[3-6]>.+\n)+$/);
  for (const line of [
    '<4>WARNING    evidence: none.',
    '<4>group      klaxon-users: HELD, 1 member',
    '<5>group      stewards: changed, 1 member\n<5>  + base ',
    '<4>status 3: held',
    '<6>roster     steward: fresh',
  ])
    expect(text).toContain(line);
});

it.each([['plan'], ['reconcile', '--json']])('given %s, then its output is for whoever asked, and has no priorities', async (...args) => {
  const host = await world.newHost({ roster: ['base'] });
  expect(await journalOf(host, args)).not.toMatch(/^<\d>/m);
});
