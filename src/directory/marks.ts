// Tells whether anything was written to the directory since: one small read instead of everybody and every group.
import type { WriteMark } from './directory.ts';
import { inOrder, type DnKey } from '../names.ts';
import type { DirectoryConnection } from './connection.ts';
import { dnKeyOf, isWithin } from './distinguished-names.ts';
import { entryAt, valuesOf } from './entries.ts';
import { answered, refusal } from './result-codes.ts';

// RFC 4533: who offers content synchronisation keeps contextCSN up.
const syncRequestOid = '1.3.6.1.4.1.4203.1.9.1.1';

/** The contextCSN values of the naming context (RFC 4512, section 5.1) that holds all of the bases, in a stable order. */
export async function readMark(connection: DirectoryConnection, bases: readonly DnKey[]): Promise<WriteMark> {
  const question = { scope: 'base' as const, attributes: ['namingContexts', 'supportedControl'] };
  const [root] = await answered(connection.search('', question), 'show its root DSE');
  if (!root) return undefined;
  const named = valuesOf(root, 'namingContexts');
  const isKept = valuesOf(root, 'supportedControl').includes(syncRequestOid);
  const [context, ...others] = new Set(bases.map((base) => contextOf(base, named)));
  // Own writes show of one database alone that its mark moves.
  if (context === undefined || others.length > 0) return undefined;
  const values = await stateOf(connection, context);
  if (values.length === 0 || (!isKept && (await hasNewerEntry(connection, context, values)))) return undefined;
  return [...values].sort(inOrder).join(' ');
}

function contextOf(base: DnKey, contexts: readonly string[]): string | undefined {
  const holding = contexts.filter((context) => {
    const key = dnKeyOf(context);
    return key !== undefined && isWithin(base, key);
  });
  return holding.sort((left, right) => right.length - left.length).at(0);
}

async function stateOf(connection: DirectoryConnection, context: string): Promise<readonly string[]> {
  const entry = await entryAt(connection, context, { attributes: ['contextCSN'] });
  return typeof entry === 'object' ? valuesOf(entry, 'contextCSN') : [];
}

/** A replica keeps contextCSN up without offering the control. What slapadd -w once wrote stays as it is: then entries are newer. */
async function hasNewerEntry(connection: DirectoryConnection, context: string, values: readonly string[]): Promise<boolean> {
  const newest = [...values].sort(inOrder).at(-1) ?? '';
  const question = { scope: 'sub' as const, filter: `(&(entryCSN>=${newest})(!(entryCSN=${newest})))`, attributes: ['1.1'] };
  try {
    for await (const page of connection.pages(context, question, 1)) return page.length > 0;
    return false;
  } catch (error) {
    throw refusal(error, `search ${context} by entryCSN`);
  }
}
