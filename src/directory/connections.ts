// The connections of one run: each opened once, when it is needed or shortly before, and all of them closed at the end.
import type { DirectoryConnection } from './connection.ts';

export interface Connections {
  /** The one to this server, opened with the first call. A failure is told to everybody who asks. */
  to(url: string): Promise<DirectoryConnection>;
  /** Begins to connect once the present work waits for something. Whether that succeeded, `to` says. */
  ahead(url: string): void;
  close(): Promise<void>;
}

/** `longestUnclaimed`: milliseconds for which a connection that was begun ahead waits to be asked for. */
export function openConnections(open: (url: string) => Promise<DirectoryConnection>, longestUnclaimed = 10_000): Connections {
  const opened = new Map<string, Promise<DirectoryConnection>>();
  let unclaimed: NodeJS.Timeout | undefined;
  let isClosed = false;
  const to = (url: string): Promise<DirectoryConnection> => {
    clearTimeout(unclaimed);
    const known = opened.get(url);
    if (known) return known;
    const fresh = open(url);
    opened.set(url, fresh);
    return fresh;
  };
  const begin = (url: string): void => {
    if (isClosed || opened.has(url)) return;
    const early = to(url);
    // Whoever asks for it hears of a failure.
    early.catch(() => undefined);
    // A server ends what is idle for long, and judging a first run takes minutes: then it is connected to anew.
    unclaimed = setTimeout(() => {
      opened.delete(url);
      void closeWhenOpen(early);
    }, longestUnclaimed).unref();
  };
  return {
    to,
    ahead: (url) => void setImmediate(begin, url),
    close: async () => {
      isClosed = true;
      clearTimeout(unclaimed);
      for (const connection of opened.values()) await closeWhenOpen(connection);
    },
  };
}

/** One that never opened has nothing to close. */
function closeWhenOpen(connection: Promise<DirectoryConnection>): Promise<void> {
  return connection.then(
    (one) => one.close(),
    () => undefined,
  );
}
