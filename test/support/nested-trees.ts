// A "git bomb": equal trees in one another, so that a kilobyte of objects names a million paths.
import type { Repository } from './repositories.ts';

export interface Nesting {
  readonly depth?: number;
  readonly width?: number;
  /** Of each name. */
  readonly letters?: number;
}

/** Moves main to a commit on top of `commit` that has `width` to the power of `depth` files below `path`. Gives the commit. */
export function nestTrees(
  repository: Repository,
  commit: string,
  path: string,
  { depth = 6, width = 11, letters = 240 }: Nesting = {},
): string {
  const mktree = (lines: readonly string[]): string => repository.git(['mktree'], lines.map((line) => `${line}\n`).join(''));
  const names = (letter: string) =>
    Array.from({ length: width }, (_, index) => `${letter}${String(index).padStart(2, '0')}${'n'.repeat(letters)}`);
  const blob = repository.git(['hash-object', '-w', '--stdin'], 'x\n');
  let tree = mktree(names('f').map((name) => `100644 blob ${blob}\t${name}`));
  for (let level = 1; level < depth; level++) tree = mktree(names('d').map((name) => `040000 tree ${tree}\t${name}`));
  const grafted = (onto: string | undefined, [head = '', ...rest]: readonly string[]): string => {
    const lines = onto === undefined ? [] : repository.git(['ls-tree', onto]).split('\n').filter(Boolean);
    const present = lines.find((line) => line.split('\t')[1] === head);
    const below = rest.length === 0 ? tree : grafted(present?.split(/[ \t]/)[2], rest);
    return mktree([...lines.filter((line) => line !== present), `040000 tree ${below}\t${head}`]);
  };
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.org'];
  const made = repository.git([...who, 'commit-tree', grafted(`${commit}^{tree}`, path.split('/')), '-p', commit, '-m', 'x']);
  repository.branch('main', made);
  return made;
}
