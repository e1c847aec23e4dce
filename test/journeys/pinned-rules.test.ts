// What root pins of the rules at `start`: plan prints it, and nothing is judged by others.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { holdIn } from './documents.ts';
import { openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

describe('given a host whose ceilings ask for signatures', () => {
  it('when the rules at start are those that plan printed, then it goes on; when they are others, then nothing is judged', async () => {
    const host = await world.newHost({ granted: ['alice'] });
    const { document: first } = await host.plan();
    const pinned = first.policy.rules ?? '';
    const start = host.repository.git(['rev-list', '--max-parents=0', 'main']).trim();
    const lines = host.repository.git(['ls-tree', '-r', start, 'policy/policy.yaml', 'policy/groups']).trim().split('\n');
    const digest = (input: Buffer) => `sha256:${execFileSync('sha256sum', { input, encoding: 'utf8' }).slice(0, 64)}`;
    const stated = lines.map((line) => {
      const [meta = '', path = ''] = line.split('\t');
      const [mode = '', , id = ''] = meta.split(' ');
      return `${mode} ${digest(execFileSync('git', ['-C', host.repository.path, 'cat-file', 'blob', id]))} ${path}\n`;
    });
    expect(pinned).toBe(digest(Buffer.from(stated.sort().join(''))));
    expect((await host.run(['plan'])).stdout).toContain(`\nrules      ${pinned} at start\n`);

    const repository = { url: host.repository.path, start };
    host.configure({ repository: { ...repository, rules: pinned }, directory: { ceilings: { 'klaxon-users': { signed: 1 } } } });
    // Nobody signed the grants at start: a person looks at them once.
    const { digest: atStart } = holdIn((await host.reconcile()).document, 'klaxon-users', 'first-run');
    await host.run(['allow', 'klaxon-users', atStart, '--reason', 'They are to be in.']);
    expect((await host.reconcile()).document.status.code).toBe(0);
    host.configure({ repository: { ...repository, rules: pinned.replace(/.$/, (last) => (last === '0' ? '1' : '0')) } });
    const { document } = await host.reconcile();
    expect([document.status.code, document.problems?.map(({ code }) => code)]).toEqual([5, ['policy-unusable']]);
  });
});
