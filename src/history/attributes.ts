// Can a `.gitattributes` keep policy files out of the diff that reviewers read? In doubt, yes (gitattributes(5)).

/** Attributes that fold, blank or re-encode a file in a diff, on GitLab or in git, whenever they are given a value. */
const hidingWhenSet = new Set(['binary', 'linguist-generated', 'gitlab-generated', 'working-tree-encoding', 'encoding', 'filter']);

/** Attributes that are harmless when merely set, and hide when taken away or given a value of their own. */
const hidingUnlessSet = new Set(['diff', 'text']);

/** Every policy file has this extension. */
const extension = '.yaml';

/**
 * Whether the attributes file in folder `where` hides anything that may be a policy file. Both folders are given from the root of the
 * repository, `''` for the root itself. No `content` stands for an attributes file that is no regular file of reasonable size: it hides.
 * Patterns that can match no YAML file in the policy folder are harmless; every other that sets such an attribute hides.
 */
export function hidesPolicy(content: Uint8Array | undefined, policyFolder: string, where: string): boolean {
  const text = content && decode(content);
  if (text === undefined) return true;
  const reach = reachOf(policyFolder, where);
  if (reach === 'nothing') return false;
  return text.split('\n').some((line) => hidesIn(line, reach));
}

function decode(content: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Where the policy stands as seen from the attributes file: all around it, in the folder below it with this path, or out of its reach. */
type PolicyReach = 'everywhere' | 'nothing' | { readonly below: string };

function reachOf(policyFolder: string, where: string): PolicyReach {
  if (policyFolder === '' || where === policyFolder || where.startsWith(`${policyFolder}/`)) return 'everywhere';
  if (where === '') return { below: `${policyFolder}/` };
  return policyFolder.startsWith(`${where}/`) ? { below: `${policyFolder.slice(where.length + 1)}/` } : 'nothing';
}

function hidesIn(line: string, reach: 'everywhere' | { readonly below: string }): boolean {
  const [pattern, ...attributes] = line.split(/[ \t\r\f\v]+/).filter((word) => word !== '');
  if (pattern === undefined || pattern.startsWith('#')) return false;
  // A macro gives attributes a name of somebody's choice, `binary` and `diff` included. Nobody needs one for policy files.
  if (pattern.startsWith('[attr]')) return true;
  // A quoted pattern may hold blanks, so the words of its line are not what they seem.
  if (pattern.startsWith('"')) return /[a-z]/i.test(line);
  return attributes.some(hides) && mayMatch(pattern.toLowerCase(), reach);
}

function hides(attribute: string): boolean {
  const [, sign, name, value] = /^([-!]?)([^=]*)(?:=(.*))?$/s.exec(attribute.toLowerCase()) ?? [];
  if (name === undefined || sign === '!') return false;
  if (hidingWhenSet.has(name)) return sign === '' && value !== 'false';
  return hidingUnlessSet.has(name) && (sign === '-' || (value !== undefined && !(name === 'text' && value === 'auto')));
}

/** Compares only the letters before the first and after the last wildcard. So it holds whether or not `*` matches a slash: readers differ. */
function mayMatch(pattern: string, reach: 'everywhere' | { readonly below: string }): boolean {
  const ending = /[^*?[\]\\]*$/.exec(pattern)?.[0] ?? '';
  if (!endsAlike(ending, extension)) return false;
  if (reach === 'everywhere' || !pattern.includes('/')) return true;
  const beginning = /^\/?([^*?[\]\\]*)/.exec(pattern)?.[1] ?? '';
  const folder = reach.below.toLowerCase();
  return beginning.startsWith(folder) || folder.startsWith(beginning);
}

function endsAlike(left: string, right: string): boolean {
  return left.endsWith(right) || right.endsWith(left);
}
