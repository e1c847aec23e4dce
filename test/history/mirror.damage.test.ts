// A mirror that is not what it was: changed by a hand, or lost by a disk.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Mirror } from '../../src/history/mirror.ts';
import { type CommitId } from '../../src/names.ts';
import { Unusable } from '../../src/errors.ts';
import { commitId, failureOf, makeBench, type Bench } from './mirrors.ts';

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => {
  vi.unstubAllEnvs();
  bench.remove();
});

describe('given a mirror that somebody changed', () => {
  const planted = (): string => join(bench.scratch, 'planted-ran');

  function plantScript(path: string): void {
    writeFileSync(path, `#!/bin/sh\ntouch '${planted()}'\n`, { mode: 0o755 });
  }

  it.each([
    {
      given: 'hooks',
      plant: (folder: string) => {
        mkdirSync(join(folder, 'hooks'));
        plantScript(join(folder, 'hooks/reference-transaction'));
      },
    },
    {
      given: 'a line more in the configuration',
      plant: (folder: string) => {
        plantScript(join(bench.scratch, 'evil'));
        writeFileSync(
          join(folder, 'config'),
          `${readFileSync(join(folder, 'config'), 'utf8')}[core]\n\tsshCommand = ${join(bench.scratch, 'evil')}\n[uploadpack]\n\tpackObjectsHook = ${join(bench.scratch, 'evil')}\n`,
        );
      },
    },
    {
      given: 'alternates',
      plant: (folder: string) => {
        writeFileSync(join(folder, 'objects/info/alternates'), '/tmp\n');
      },
    },
    {
      given: 'grafts',
      plant: (folder: string) => {
        mkdirSync(join(folder, 'info'));
        writeFileSync(join(folder, 'info/grafts'), '');
      },
    },
    {
      given: 'attributes',
      plant: (folder: string) => {
        mkdirSync(join(folder, 'info'));
        writeFileSync(join(folder, 'info/attributes'), '* -diff\n');
      },
    },
    {
      given: 'a shallow mark',
      plant: (folder: string) => {
        writeFileSync(join(folder, 'shallow'), '');
      },
    },
    {
      given: 'worktrees',
      plant: (folder: string) => {
        mkdirSync(join(folder, 'worktrees'));
      },
    },
    {
      given: 'packed refs',
      plant: (folder: string) => {
        writeFileSync(join(folder, 'packed-refs'), '');
      },
    },
    {
      given: 'replaced objects',
      plant: (folder: string) => {
        mkdirSync(join(folder, 'refs/replace'));
      },
    },
    {
      given: 'a cached commit graph',
      plant: (folder: string) => {
        writeFileSync(join(folder, 'objects/info/commit-graph'), '');
      },
    },
    {
      given: 'objects kept elsewhere',
      plant: (folder: string) => {
        rmSync(join(folder, 'objects'), { recursive: true });
        symlinkSync('/tmp', join(folder, 'objects'));
      },
    },
    {
      given: 'a file in its place',
      plant: (folder: string) => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, '');
      },
    },
    {
      given: 'a tip without content',
      plant: (folder: string) => {
        writeFileSync(join(folder, 'refs/muster/branch'), '');
      },
    },
  ])('when $given stands there, then it is made anew, says so, and nothing of it was run', async ({ plant }) => {
    await (await bench.open()).fetch();
    plant(bench.folder);
    const moved = bench.repository.commit('main', { 'policy/policy.yaml': 'version: 2\n' });
    const mirror = await bench.open();
    expect(mirror.notes).toHaveLength(1);
    expect(mirror.notes[0]).toContain('made anew');
    expect(await mirror.fetch()).toBe(moved);
    expect(existsSync(planted())).toBe(false);
    expect((await bench.open()).notes).toEqual([]);
  });

  it('when it is the mirror of another address, then it is made anew', async () => {
    await (await bench.open()).fetch();
    const mirror = await bench.open({ url: join(bench.scratch, 'elsewhere.git') });
    expect(mirror.notes).toHaveLength(1);
    expect(await mirror.head()).toBeUndefined();
  });

  it('when a killed git left its locks, then they go and the mirror stays', async () => {
    const tip = await (await bench.open()).fetch();
    writeFileSync(join(bench.folder, 'refs/muster/branch.lock'), '');
    writeFileSync(join(bench.folder, 'objects/pack/tmp_pack_x'), 'half');
    const mirror = await bench.open();
    expect(mirror.notes).toEqual([]);
    expect(await mirror.head()).toBe(tip);
    const moved = bench.repository.commit('main', { 'policy/policy.yaml': 'version: 2\n' });
    expect(await mirror.fetch()).toBe(moved);
  });

  it('when a replacement of the tip is planted after it was opened, then it is not believed', async () => {
    const mirror = await bench.open();
    const first = await mirror.fetch();
    const tip = commitId(bench.repository.commit('main', { 'policy/policy.yaml': 'version: 2\n' }));
    await mirror.fetch();
    mkdirSync(join(bench.folder, 'refs/replace'), { recursive: true });
    writeFileSync(join(bench.folder, 'refs/replace', tip), `${first}\n`);
    expect(await mirror.history.parents(tip)).toEqual([first]);
    const tree = await mirror.history.policyTree(tip, 'policy');
    expect(tree.get('policy/policy.yaml')?.blob).toBe(bench.repository.git(['rev-parse', `${tip}:policy/policy.yaml`]));
  });
});

describe('given a mirror on a disk that forgets', () => {
  /** What is read in a run: two landings, the tree, and what a version of a merge request changed. */
  async function readAll(mirror: Mirror, start: CommitId, version: CommitId): Promise<unknown> {
    const head = await mirror.fetch();
    const landings = await mirror.history.landings(start, head, 'policy');
    const tree = await mirror.history.policyTree(head, 'policy');
    const { contents } = await mirror.history.blobs(
      [...tree.values()].map(({ blob }) => blob),
      1000,
    );
    await mirror.versions.ensureCommits([version]);
    return { head, landings, tree, contents, digests: await mirror.versions.changeDigests([[start, version]]) };
  }

  async function grown(): Promise<{ readonly start: CommitId; readonly version: CommitId; readonly expected: unknown }> {
    const first = await bench.open();
    const start = await first.fetch();
    const version = commitId(bench.repository.commit('version', { 'policy/groups/v.yaml': 'v\n' }, { parents: [start] }));
    bench.repository.commit('main', { 'policy/groups/a.yaml': 'some\nlines\nof text\n'.repeat(20) });
    await first.fetch();
    bench.repository.commit('main', { 'policy/groups/a.yaml': 'some\nlines\nof other text\n'.repeat(20) });
    return { start, version, expected: await readAll(await bench.open(), start, version) };
  }

  it(
    'when any byte of it is another, or any file of it has gone, then what is read is as it was, in the same run',
    { timeout: 600_000 },
    async () => {
      const { start, version, expected } = await grown();
      const sound = join(bench.scratch, 'sound.git');
      cpSync(bench.folder, sound, { recursive: true });
      const files = readdirSync(sound, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(sound, file)).isFile());
      expect(files.length).toBeGreaterThanOrEqual(8);
      const faults = files.flatMap((file) => {
        const { size } = statSync(join(sound, file));
        const places = Array.from({ length: Math.min(size, 14) }, (_, place, count = Math.min(size, 14)) =>
          Math.floor((place * (size - 1)) / Math.max(1, count - 1)),
        );
        return [...places, 'gone', 'empty'].map((place) => ({ file, place }) as const);
      });
      for (const { file, place } of faults) {
        rmSync(bench.folder, { recursive: true, force: true });
        cpSync(sound, bench.folder, { recursive: true });
        const victim = join(bench.folder, file);
        const bytes = readFileSync(victim);
        if (typeof place === 'number') bytes[place] = (bytes[place] ?? 0) ^ (1 << (place % 8));
        chmodSync(victim, 0o600);
        if (place === 'gone') rmSync(victim);
        else writeFileSync(victim, place === 'empty' ? '' : bytes);
        expect(await readAll(await bench.open(), start, version), `${file} at ${place}`).toEqual(expected);
      }
    },
  );

  it('when its tip is all zeros, or another commit than any, then it is fetched', async () => {
    const { start, version, expected } = await grown();
    for (const id of ['0'.repeat(40), 'd'.repeat(40)]) {
      writeFileSync(join(bench.folder, 'refs/muster/branch'), `${id}\n`);
      expect(await readAll(await bench.open(), start, version)).toEqual(expected);
    }
  });

  it('when it is damaged and the server is silent, then that is said, and the next run makes it anew', async () => {
    const { start, version, expected } = await grown();
    for (const pack of readdirSync(join(bench.folder, 'objects/pack'))) rmSync(join(bench.folder, 'objects/pack', pack));
    renameSync(bench.repository.path, `${bench.repository.path}-away`);
    const mirror = await bench.open();
    const head = await mirror.head();
    const failure = await failureOf(mirror.history.policyTree(head ?? start, 'policy'));
    renameSync(`${bench.repository.path}-away`, bench.repository.path);
    expect(failure).toBeInstanceOf(Unusable);
    const told: string[] = [];
    expect(await readAll(await bench.open({ tell: (note) => told.push(note) }), start, version)).toEqual(expected);
    expect(told).toEqual([expect.stringContaining('has been fetched anew')]);
  });

  it('when it cannot be made, then the errno is named, and who mends that', async () => {
    writeFileSync(join(bench.scratch, 'file'), '');
    const failure = await failureOf(bench.open({ folder: join(bench.scratch, 'file/mirror.git') }));
    expect(failure).toBeInstanceOf(Unusable);
    expect(failure.message).toContain('(ENOTDIR). The administrator of this host');
  });
});
