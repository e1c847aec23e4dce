// What people recognise a person by. For eyes only: nothing is decided by it.
import type { DirectoryPerson } from './directory.ts';
import type { DirectoryConnection } from './connection.ts';
import { valuesOf } from './entries.ts';
import { refusal } from './result-codes.ts';

/** Name and mail of an entry; empty where it has none. Throws Unavailable or Unusable like every read. */
export async function readDetails(
  connection: DirectoryConnection,
  { dn }: DirectoryPerson,
): Promise<{ readonly name: string; readonly mail: string }> {
  const [entry] = await connection.search(dn, { scope: 'base', attributes: ['cn', 'mail'] }).catch((error: unknown) => {
    throw refusal(error, `show the entry ${dn}`);
  });
  const first = (attribute: string) => (entry ? (valuesOf(entry, attribute)[0] ?? '') : '');
  return { name: first('cn'), mail: first('mail') };
}
