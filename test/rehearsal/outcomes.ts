// What a rehearsal came to, for people, for CI and as fixtures. Whoever reads them learns no token, no mail address and no name.
import { plain } from '../../src/text.ts';
import type { Outcome } from './play.ts';

const words: Readonly<Record<Outcome['kind'], string>> = {
  'as-assumed': 'as assumed',
  different: 'DIFFERENT',
  broken: 'BROKEN',
  skipped: 'skipped',
};

export function renderOutcome({ scene, kind, reasons, seconds }: Outcome): string {
  const line = `${words[kind].padEnd(10)}  ${seconds.toFixed(0).padStart(4)} s  ${scene}`;
  return [line, ...reasons.map((reason) => `                    ${plain(reason)}`)].map((one) => `${one}\n`).join('');
}

/** `GitLab 19.3.1: 31 of 31 as assumed` */
export function renderSummary(version: string, outcomes: readonly Outcome[]): string {
  const of = (kind: Outcome['kind']) => outcomes.filter((one) => one.kind === kind).length;
  const played = outcomes.length - of('skipped');
  const skipped = of('skipped') > 0 ? `, ${of('skipped')} skipped` : '';
  return `GitLab ${version}: ${of('as-assumed')} of ${played} as assumed${skipped}`;
}

export function renderJunit(version: string, outcomes: readonly Outcome[]): string {
  const cases = outcomes.map(({ scene, kind, reasons, seconds }) => {
    const open = `    <testcase classname="rehearsal" name="${escaped(scene)}" time="${seconds.toFixed(1)}"`;
    if (kind === 'as-assumed') return `${open} />`;
    const [first = ''] = reasons;
    const inner =
      kind === 'skipped'
        ? `<skipped message="${escaped(first)}" />`
        : `<${kind === 'broken' ? 'error' : 'failure'} message="${escaped(first)}">${escaped(reasons.join('\n'))}</${kind === 'broken' ? 'error' : 'failure'}>`;
    return `${open}>\n      ${inner}\n    </testcase>`;
  });
  const count = (kind: Outcome['kind']) => outcomes.filter((one) => one.kind === kind).length;
  const counts = `tests="${outcomes.length}" failures="${count('different')}" errors="${count('broken')}" skipped="${count('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="GitLab ${escaped(version)}" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function escaped(given: string): string {
  const entities: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
  // XML 1.0, section 2.2: most control characters cannot be written at all.
  return given.replaceAll(/[<>&"]/g, (letter) => entities[letter] ?? '').replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '?');
}

export interface Rehearsed {
  readonly source: string;
  readonly servers: readonly string[];
}

/** What `doctor` knows of, with one more. */
export function withServer({ servers, ...rest }: Rehearsed, version: string): Rehearsed {
  const inOrder = (left: string, right: string) => left.localeCompare(right, 'en', { numeric: true });
  return { ...rest, servers: [...new Set([...servers, version])].sort(inOrder) };
}

export interface Secrets {
  readonly server: string;
  readonly projectPath: string;
  /** Of the accounts that play. */
  readonly usernames: readonly string[];
  readonly tokens: readonly string[];
}

/** The raw answers of a scene, with everything gone that says whose they are. */
export function renderFixture({ scene, recorded }: Outcome, secrets: Secrets): string {
  const names = new Set([...secrets.usernames, ...recorded.flatMap(({ body }) => [...namesIn(body)])]);
  const wash = (given: string): string => washed(given, names, secrets);
  const answers = recorded.map(({ method, path, status, total, body }) => ({
    method,
    path: wash(path),
    status,
    total,
    body: clean(body, wash),
  }));
  return `${JSON.stringify({ scene, answers }, null, 2)}\n`;
}

/** Usernames and names of accounts, longest first: one may be part of another. */
function* namesIn(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* namesIn(one);
  else if (typeof value === 'object' && value !== null) {
    const { username, name } = value as Record<string, unknown>;
    if (typeof username === 'string' && username !== '') {
      yield username;
      if (typeof name === 'string' && name !== '') yield name;
    }
    for (const one of Object.values(value)) yield* namesIn(one);
  }
}

function washed(given: string, names: ReadonlySet<string>, { server, projectPath, tokens }: Secrets): string {
  let text = given;
  for (const token of tokens) text = text.replaceAll(token, 'TOKEN');
  text = text.replaceAll(server, 'https://gitlab.example.org').replaceAll(projectPath, 'group/rehearsal');
  text = text.replaceAll(new URL(server).hostname, 'gitlab.example.org');
  text = text.replaceAll(encodeURIComponent(projectPath), encodeURIComponent('group/rehearsal'));
  text = text.replaceAll(/[^\s<>"@:/]+@[^\s<>"]+\.[a-z]+/gi, 'somebody@example.org');
  for (const name of [...names].sort((left, right) => right.length - left.length))
    if (!/^ghost\d*$|^Ghost User$/.test(name)) text = text.replaceAll(name, 'somebody');
  return text;
}

const personal =
  /(?:^|_)(?:email|avatar_url|author_name|committer_name|last_sign_in_ip|current_sign_in_ip|runners_token|token|bio|organization|linkedin|location|namespace|image_prefix|url_to_repo|import_url|service_desk_address|commit_email)$|^external\w*Url$/;

function clean(value: unknown, wash: (text: string) => string): unknown {
  if (typeof value === 'string') return wash(value);
  if (Array.isArray(value)) return value.map((one) => clean(one, wash));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, kept(key, one, wash)]));
}

/** The keys of a namespace stay, too: it may be a person's, or have the name of an organization. */
function kept(key: string, value: unknown, wash: (text: string) => string): unknown {
  if (!personal.test(key) || key === 'path_with_namespace') return clean(value, wash);
  if (typeof value === 'string') return 'left out';
  return key === 'namespace' ? clean(value, () => 'left out') : clean(value, wash);
}
