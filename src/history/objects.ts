// Reads objects of the mirror by their ids: what they are first, their content only where it is wanted and small (git-cat-file(1), section BATCH OUTPUT).
import type { BlobId, CommitId } from '../names.ts';
import { MirrorDamaged, type Git } from './runner.ts';

export interface Blobs {
  readonly contents: ReadonlyMap<BlobId, Uint8Array>;
  /** Blobs longer than the limit, which were not read. */
  readonly tooLarge: ReadonlySet<BlobId>;
}

interface ObjectHead {
  readonly type: string;
  /** In bytes. */
  readonly size: number;
}

/** The contents of blobs of at most `limit` bytes each. Throws Unusable when one is missing or is no blob. */
export async function readBlobs(git: Git, ids: Iterable<BlobId>, limit: number): Promise<Blobs> {
  const wanted = [...new Set(ids)];
  const heads = await readHeads(git, wanted);
  const small: BlobId[] = [];
  const tooLarge = new Set<BlobId>();
  for (const id of wanted) {
    const head = heads.get(id);
    if (!head && git.settings.lacksLongFiles) tooLarge.add(id);
    else if (head?.type !== 'blob')
      throw new MirrorDamaged(`the mirror ${git.settings.folder} has no blob ${id}; if it is damaged, remove it: it is fetched anew`);
    else if (head.size > limit) tooLarge.add(id);
    else small.push(id);
  }
  return { contents: await readContents(git, small), tooLarge };
}

/** Those of `ids` that are commits in the mirror. */
export async function commitsPresent(git: Git, ids: readonly CommitId[]): Promise<ReadonlySet<CommitId>> {
  const heads = await readHeads(git, ids);
  return new Set(ids.filter((id) => heads.get(id)?.type === 'commit'));
}

/** Type and size of the objects that are there. */
async function readHeads(git: Git, ids: readonly string[]): Promise<ReadonlyMap<string, ObjectHead>> {
  const heads = new Map<string, ObjectHead>();
  if (ids.length === 0) return heads;
  const output = await readAll(git.stream(['cat-file', '--batch-check'], `${ids.join('\n')}\n`));
  for (const line of output.toString('utf8').split('\n')) {
    const [, id, type, size] = /^([0-9a-f]{40}) ([a-z]+) (\d+)$/.exec(line) ?? [];
    if (id !== undefined && type !== undefined) heads.set(id, { type, size: Number(size) });
  }
  return heads;
}

async function readContents(git: Git, ids: readonly BlobId[]): Promise<ReadonlyMap<BlobId, Uint8Array>> {
  const contents = new Map<BlobId, Uint8Array>();
  if (ids.length === 0) return contents;
  const output = await readAll(git.stream(['cat-file', '--batch'], `${ids.join('\n')}\n`));
  let position = 0;
  for (const id of ids) {
    const lineEnd = output.indexOf('\n', position);
    const [named, type, size] = output.toString('utf8', position, lineEnd).split(' ');
    const start = lineEnd + 1;
    const end = start + Number(size);
    // Each content is followed by a line feed of git's own: when it stands where it should, nothing was cut short.
    if (named !== id || type !== 'blob' || output[end] !== 0x0a) throw new MirrorDamaged(`git did not print blob ${id} whole`);
    contents.set(id, Uint8Array.from(output.subarray(start, end)));
    position = end + 1;
  }
  return contents;
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
