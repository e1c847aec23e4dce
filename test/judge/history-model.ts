// Long random histories of a branch in which everything resembles everything: few paths, few contents, and edits that disturb what is there.
import fc from 'fast-check';
import type { Landing } from '../../src/history/landing.ts';
import { parseCommitId, type CommitId } from '../../src/names.ts';
import { differences, isRulesPath, isUsable, onDay, plain, type Content, type File, type Tree } from './history-files.ts';

export type HistoryEvent =
  /** `jump`: the last judged commit is off the first-parent chain, and the whole difference is one landing. */
  | {
      readonly kind: 'landing' | 'jump';
      readonly tree: Tree;
      readonly landing: Landing;
      readonly approvers: readonly string[];
      readonly mergeRequest: number;
    }
  /** The host's administrator set a new `start`, perhaps of a history that was rewritten: anything may have changed. */
  | { readonly kind: 'start'; readonly tree: Tree; readonly commit: CommitId }
  /** A person allowed what a new start proposed for these paths. */
  | { readonly kind: 'accept'; readonly tree: Tree; readonly paths: readonly string[] };

export interface History {
  readonly first: Tree;
  readonly events: readonly HistoryEvent[];
}

export const grantPaths = ['klaxon-users/alice', 'klaxon-users/mallory-test', 'klaxon-users/urbanecm', 'deployers/alice'].map(
  (name) => `policy/grants/${name}.yaml`,
);
const rulesPaths = ['policy/policy.yaml', 'policy/groups/klaxon-users.yaml', 'policy/groups/deployers.yaml'] as const;

const [alone, ...everybody] = ['mallory', 'alice', 'bob', 'carol'];

const peopleContents: readonly Content[] = [
  { kind: 'people', sre: ['alice', 'bob', 'carol'], owners: ['bob', 'carol'], wording: 0 },
  { kind: 'people', sre: ['alice', 'bob', 'carol'], owners: ['bob', 'carol'], wording: 1 },
  { kind: 'people', sre: ['alice', 'bob', 'carol', 'mallory'], owners: ['bob', 'carol'], wording: 0 },
  { kind: 'people', sre: ['alice', 'bob', 'carol'], owners: ['bob', 'carol', 'mallory'], wording: 0 },
  { kind: 'people', sre: ['bob', 'carol'], owners: ['bob', 'carol'], wording: 0 },
  { kind: 'people', sre: ['bob'], owners: ['bob', 'carol'], wording: 0 },
];
const groupContents: readonly Content[] = [
  { kind: 'group', approvers: 'sre', approvals: 1, wording: 0 },
  { kind: 'group', approvers: 'sre', approvals: 2, wording: 0 },
  { kind: 'group', approvers: 'owners', approvals: 1, wording: 0 },
];

function grant(until: number | 'open', from: number | null = null): Content {
  return { kind: 'grant', from, until, wording: 0 };
}

const firstTree: Tree = new Map(
  [
    ['policy/policy.yaml', peopleContents[0]],
    ['policy/groups/klaxon-users.yaml', groupContents[0]],
    ['policy/groups/deployers.yaml', groupContents[2]],
    ['policy/grants/klaxon-users/alice.yaml', grant(60)],
    ['policy/grants/deployers/alice.yaml', grant(50, 10)],
  ].flatMap(([path, content]) => (typeof path === 'string' && typeof content === 'object' ? [[path, plain(content)] as const] : [])),
);

const grantChanges = [
  'lengthen',
  'shorten',
  'delay',
  'advance',
  'unbound',
  'reword',
  'break',
  'delete',
  'go back',
  'go back',
  'chmod',
  'link',
  'rename',
] as const;
const rulesChanges = [
  'vary',
  'vary',
  'vary',
  'vary',
  'vary',
  'reword',
  'break',
  'delete',
  'go back',
  'go back',
  'go back',
  'go back',
] as const;

interface Edit {
  readonly path: string;
  readonly change: (typeof grantChanges)[number] | (typeof rulesChanges)[number];
  readonly amount: number;
}

const amount = fc.integer({ min: 1, max: 5 });
const grantEdit: fc.Arbitrary<Edit> = fc.record({ path: fc.constantFrom(...grantPaths), change: fc.constantFrom(...grantChanges), amount });
const rulesEdit: fc.Arbitrary<Edit> = fc.record({ path: fc.constantFrom(...rulesPaths), change: fc.constantFrom(...rulesChanges), amount });
const strayEdit: fc.Arbitrary<Edit> = fc.record({
  path: fc.constant('policy/README.md'),
  change: fc.constantFrom('break' as const, 'delete' as const),
  amount,
});

const edits = fc.oneof(
  { weight: 10, arbitrary: fc.tuple(grantEdit) },
  { weight: 2, arbitrary: fc.tuple(rulesEdit) },
  { weight: 2, arbitrary: fc.array(grantEdit, { minLength: 2, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.tuple(rulesEdit, grantEdit) },
  { weight: 1, arbitrary: fc.tuple(rulesEdit, rulesEdit) },
  { weight: 1, arbitrary: fc.tuple(strayEdit) },
  { weight: 4, arbitrary: fc.constant('undo' as const) },
);

const approvers = fc.oneof(
  { weight: 5, arbitrary: fc.constant([alone ?? '', ...everybody]) },
  { weight: 5, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.subarray([alone ?? '', ...everybody]) },
  { weight: 2, arbitrary: fc.constant([alone ?? '']) },
);

interface Recipe {
  readonly kind: HistoryEvent['kind'];
  readonly edits: readonly Edit[] | 'undo';
  readonly approvers: readonly string[];
  /** The number of an earlier merge request is claimed again. */
  readonly usedBefore: boolean;
  readonly outside: number;
  readonly paths: readonly string[];
}

const recipe: fc.Arbitrary<Recipe> = fc.record({
  kind: fc.constantFrom<HistoryEvent['kind']>(...Array<'landing'>(14).fill('landing'), 'jump', 'start', 'accept', 'accept'),
  edits,
  approvers,
  usedBefore: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
  outside: fc.integer({ min: 0, max: 19 }).map((one) => (one === 0 ? 1 : 0)),
  paths: fc.subarray(grantPaths, { minLength: 1 }),
});

export const histories: fc.Arbitrary<History> = fc.array(recipe, { minLength: 2, maxLength: 30, size: 'max' }).map(build);

function build(recipes: readonly Recipe[]): History {
  const trees: Tree[] = [firstTree];
  const events: HistoryEvent[] = [];
  for (const [number, one] of recipes.entries()) {
    const tree = trees.at(-1) ?? firstTree;
    const event = eventOf(one, number + 1, trees);
    if (event) events.push(event);
    trees.push(event?.tree ?? tree);
  }
  return { first: firstTree, events };
}

function eventOf(recipe: Recipe, number: number, trees: readonly Tree[]): HistoryEvent | undefined {
  const tree = trees.at(-1) ?? firstTree;
  if (recipe.kind === 'accept') return { kind: 'accept', tree, paths: recipe.paths };
  const after = recipe.edits === 'undo' ? (trees.at(-2) ?? tree) : recipe.edits.reduce((so, edit) => edited(so, edit, trees), tree);
  if (recipe.kind === 'start') return isUsable(after) ? { kind: 'start', tree: after, commit: commitOf(number) } : undefined;
  const changes = differences(tree, after);
  if (changes.length === 0) return undefined;
  const landing: Landing = {
    commit: commitOf(number),
    parent: commitOf(number - 1),
    parents: 2,
    committedAt: onDay(number),
    changes,
    outside: recipe.outside,
  };
  return {
    kind: recipe.kind,
    tree: after,
    landing,
    approvers: recipe.approvers,
    mergeRequest: recipe.usedBefore ? Math.max(1, number - 1) : number,
  };
}

export function commitOf(number: number): CommitId {
  const commit = parseCommitId(number.toString(16).padStart(40, '0'));
  if (commit === undefined) throw new Error('the sample is wrong');
  return commit;
}

function edited(tree: Tree, { path, change, amount }: Edit, trees: readonly Tree[]): Tree {
  const file = tree.get(path);
  const next = new Map(tree);
  const after = change === 'go back' ? trees.at(-1 - amount)?.get(path) : disturbed(path, file, change, amount);
  if (after) next.set(path, after);
  if (!after || change === 'rename') next.delete(path);
  const other = grantPaths[amount % grantPaths.length];
  if (change === 'rename' && file && other !== undefined) next.set(other, file);
  return next;
}

function disturbed(path: string, file: File | undefined, change: Edit['change'], amount: number): File | undefined {
  if (change === 'delete') return undefined;
  if (change === 'break') return plain({ kind: 'broken', wording: amount });
  if (change === 'vary') return varied(path, amount);
  if (!file) return isRulesPath(path) ? varied(path, amount) : plain(grant(20 + amount * 10));
  if (change === 'chmod') return { ...file, mode: file.mode === '100644' ? '100755' : '100644' };
  if (change === 'link') return { ...file, mode: file.mode === '100644' ? '120000' : '100644' };
  const { content } = file;
  if (change === 'reword') return plain({ ...content, wording: content.wording + 1 });
  return content.kind === 'grant' ? plain({ ...content, ...retimed(content, change, amount) }) : plain(grant(20 + amount * 10));
}

function varied(path: string, amount: number): File | undefined {
  const contents = path === 'policy/policy.yaml' ? peopleContents : groupContents;
  const content = contents[amount % contents.length];
  return content && plain(content);
}

function retimed({ from, until }: { from: number | null; until: number | 'open' }, change: Edit['change'], amount: number) {
  const end = until === 'open' ? 100 : until;
  switch (change) {
    case 'lengthen':
      return { until: end + amount * 10 };
    case 'shorten':
      return { until: end - amount * 10 };
    case 'delay':
      return { from: (from ?? 0) + amount * 10 };
    case 'advance':
      return { from: amount > 2 || from === null ? null : from - amount * 10 };
    default:
      return { until: 'open' as const };
  }
}
