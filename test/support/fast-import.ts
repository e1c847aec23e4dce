// Commits as a stream for git-fast-import(1): a single git process makes blobs, trees, commits and refs.

/** What a file becomes: its text or bytes, gone (null), or an entry of any mode (a symlink is 120000, a submodule 160000 with a commit's name). */
export type FileChange =
  | string
  | Buffer
  | null
  | { readonly mode: string; readonly content: string | Buffer }
  | { readonly mode: string; readonly object: string };

export interface ImportedCommit {
  /** The full ref that moves to the commit. */
  readonly ref: string;
  readonly files: Readonly<Record<string, FileChange>>;
  /** The files start as those of the first one. In a history, `:7` is its seventh commit. */
  readonly parents: readonly string[];
  /** `Name <mail>` of author and committer. */
  readonly author: string;
  readonly message: string;
  /** Since 1970, UTC. */
  readonly seconds: number;
}

/** The stream; it ends by asking for the name of the commit. */
export function renderImport(commit: ImportedCommit): Buffer {
  return renderHistory([commit]);
}

/** The stream of many commits, each on top of what came before it; it asks for the name of every one, in order. */
export function renderHistory(commits: readonly ImportedCommit[]): Buffer {
  return Buffer.concat([...commits.flatMap((commit, index) => commitCommand(commit, `:${index + 1}`)), line('done')]);
}

function commitCommand({ ref, files, parents, author, message, seconds }: ImportedCommit, mark: string): Buffer[] {
  const person = `${author} ${seconds} +0000`;
  return [
    line(`commit ${ref}`),
    line(`mark ${mark}`),
    line(`author ${person}`),
    line(`committer ${person}`),
    ...block(`${message}\n`),
    ...parents.map((parent, index) => line(`${index === 0 ? 'from' : 'merge'} ${parent.startsWith(':') ? parent : `${parent}^0`}`)),
    ...Object.entries(files).flatMap(([path, change]) => fileCommand(quoted(path), change)),
    line(''),
    line(`get-mark ${mark}`),
  ];
}

function fileCommand(path: string, change: FileChange): Buffer[] {
  if (change === null) return [line(`D ${path}`)];
  if (typeof change === 'string' || Buffer.isBuffer(change)) return [line(`M 100644 inline ${path}`), ...block(change)];
  if ('object' in change) return [line(`M ${change.mode} ${change.object} ${path}`)];
  return [line(`M ${change.mode} inline ${path}`), ...block(change.content)];
}

function line(text: string): Buffer {
  return Buffer.from(`${text}\n`);
}

function block(content: string | Buffer): Buffer[] {
  const bytes = Buffer.from(content);
  return [line(`data ${bytes.length}`), bytes, line('')];
}

function quoted(path: string): string {
  return `"${path.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
