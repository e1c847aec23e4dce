import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { withPrivateMirror } from '../../src/history/branch.ts';
import { inNewFolder } from '../support/new-folder.ts';

let state: string;
let mirror: string;
beforeEach(() =>
  inNewFolder((made) => {
    state = made;
    mirror = join(state, 'mirror.git');
    mkdirSync(mirror);
  }),
);

/** What the work finds in the copy; undefined when there is none. */
function copied(): Promise<readonly string[] | undefined> {
  return withPrivateMirror({ onInterrupt: () => () => undefined }, state, (folder) => {
    try {
      return Promise.resolve(readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort());
    } catch {
      return Promise.resolve(undefined);
    }
  });
}

describe('given a mirror that a run works in', () => {
  it('when it is copied, then its locks stay behind: the copy is nobody else’s', async () => {
    for (const folder of ['objects', 'refs']) mkdirSync(join(mirror, folder));
    for (const file of ['HEAD', 'packed-refs', 'packed-refs.lock', 'refs/main', 'refs/main.lock', 'objects/one'])
      writeFileSync(join(mirror, file), '');
    expect(await copied()).toEqual(['HEAD', 'objects', 'objects/one', 'packed-refs', 'refs', 'refs/main']);
  });

  it('when something of it goes away meanwhile, then there is no copy with a hole in it, and all is fetched anew', async () => {
    writeFileSync(join(mirror, 'HEAD'), '');
    expect(await copied()).toBeUndefined();
  });

  it('when there is none yet, then there is no copy', async () => {
    rmSync(mirror, { recursive: true });
    expect(await copied()).toBeUndefined();
  });
});
