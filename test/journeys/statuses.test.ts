// Every status of the contract is reached by the built command, each by itself, and says its name where a program reads it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitStatus, type StatusName } from '../../src/status.ts';
import type { CommandOptions } from '../support/command.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { grantPath, type Host, type HostOptions, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

interface Reached {
  readonly name: StatusName;
  readonly given: string;
  readonly options?: HostOptions;
  readonly happens?: (host: Host) => unknown;
  readonly args: readonly string[];
  readonly more?: CommandOptions;
}

/** A fault that nobody foresaw, planted before the program begins. */
const planted = `data:text/javascript,${encodeURIComponent('URL.canParse = () => { throw new RangeError("planted"); };')}`;

const reached: readonly Reached[] = [
  { name: 'in order', given: 'an empty group and a roster of one', args: ['reconcile', '--json'] },
  {
    ...{ name: 'findings', given: 'a policy that is none', args: ['check', 'policy', '--json'] },
    happens: ({ folder }) => {
      mkdirSync(join(folder, 'policy'));
      writeFileSync(join(folder, 'policy', 'policy.yaml'), 'version: 7\n');
    },
  },
  { name: 'misuse', given: 'an option that is none', args: ['plan', '--jsn', '--json'] },
  { name: 'held', given: 'a group with a member nobody explains', options: { members: { stewards: ['hoo'] } }, args: ['plan', '--json'] },
  {
    ...{ name: 'refused', given: 'a grant that came with another file', args: ['plan', '--json'] },
    options: { members: { stewards: ['base'] } },
    happens: ({ repository }) =>
      repository.commit('main', { [grantPath('hoo')]: 'reason: x\ncontact: x\nuntil: 2026-12-01\n', 'README.md': 'x\n' }),
  },
  { name: 'input', given: 'a roster of nobody', happens: (host) => host.setRoster(''), args: ['plan', '--json'] },
  {
    ...{ name: 'directory', given: 'a password that is wrong', args: ['plan', '--json'] },
    happens: ({ folder }) => writeFileSync(join(folder, 'password'), 'wrong\n'),
  },
  { name: 'pending', given: 'an empty group and a roster of one', args: ['plan', '--exit-code', '--json'] },
  { name: 'bug', given: 'a fault that nobody foresaw', args: ['plan', '--json'], more: { env: { NODE_OPTIONS: `--import=${planted}` } } },
  { name: 'unavailable', given: 'a Git that does not answer', happens: () => world.git.set('down'), args: ['plan', '--json'] },
];

describe('given a situation for every status', () => {
  it('when they are counted, then none is left out', () => {
    expect(reached.map(({ name }) => name).sort()).toEqual(Object.keys(exitStatus).sort());
  });

  it.each(reached)(
    'when there is $given, then the command ends with $name and nothing else',
    async ({ name, options, happens, args, more }) => {
      const host = await world.newHost({ roster: ['base'], ...options });
      await happens?.(host);

      const result = await host.built(args, { cwd: host.folder, ...more });
      await world.git.set('up');

      expect({ exit: result.status, ...result.json<object>() }).toMatchObject({
        exit: exitStatus[name],
        status: { code: exitStatus[name], name, all: [name] },
      });
      expect(result.stderr.includes('a bug: ')).toBe(name === 'bug');
    },
  );
});
