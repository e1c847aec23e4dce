// What must be true of a history, worked out the slow way: from the whole trees of all moments, without states, deltas or blobs, and
// without any function of the fold. Nothing is remembered from one moment to the next but which landings were endorsed.
import type { Instant } from '../../src/names.ts';
import type { GrantFile } from '../../src/policy/policy.ts';
import { folder, grantAt, isRulesPath, longestDays, onDay, placeIn, rulesIn, same, type Tree } from './history-files.ts';
import type { History, HistoryEvent } from './history-model.ts';

export interface Truth {
  /** By number of event. */
  readonly endorsed: readonly boolean[];
  readonly tree: (moment: number) => Tree;
  /** Moment 0 is before the first event, moment n after the nth. */
  readonly covered: (moment: number, path: string) => (at: Instant) => boolean;
  /** The tree whose rules files are in force at a moment. */
  readonly rulesTree: (moment: number) => Tree;
  readonly touched: (event: number, path: string) => boolean;
  readonly fits: (event: number) => boolean;
}

export function truthOf(history: History): Truth {
  return new Chronicle(history);
}

const samePerson: Readonly<Record<string, string>> = { 'mallory-test': 'mallory' };

class Chronicle implements Truth {
  readonly endorsed: boolean[] = [];
  readonly #events: readonly HistoryEvent[];
  readonly #trees: readonly Tree[];

  constructor({ first, events }: History) {
    this.#events = events;
    this.#trees = [first, ...events.map(({ tree }) => tree)];
    for (const number of events.keys()) this.endorsed.push(this.#isEndorsed(number));
  }

  readonly tree = (moment: number): Tree => this.#trees[moment] ?? new Map();

  readonly touched = (event: number, path: string): boolean => !same(this.tree(event).get(path), this.tree(event + 1).get(path));

  /** Every instant of the last endorsed content that every later content of the path gives as well. */
  readonly covered = (moment: number, path: string): ((at: Instant) => boolean) => {
    const basis = this.#last(moment, (event) => (this.endorsed[event] === true && this.touched(event, path)) || this.#accepts(event, path));
    const grants = this.#trees.slice(basis, moment + 1).map((tree) => grantIn(tree, path));
    return (at) => grants.every((grant) => gives(grant, at));
  };

  readonly rulesTree = (moment: number): Tree => {
    const changes = (event: number) => this.endorsed[event] === true && this.#paths(event).some(isRulesPath);
    return this.tree(this.#last(moment, (event) => changes(event) || this.#isStart(event)));
  };

  /** The approvals are enough by the rules before, and nothing that the approvers were not shown stood behind the change. */
  readonly fits = (event: number): boolean =>
    this.#isApproved(event) && this.#rulesAreClean(event) && this.#paths(event).every((path) => this.#isClean(event, path));

  #isEndorsed(number: number): boolean {
    const event = this.#events[number];
    if (event?.kind !== 'landing' || event.landing.outside > 0) return false;
    const claimed = this.#events.some(
      (one, earlier) => earlier < number && this.endorsed[earlier] && 'mergeRequest' in one && one.mergeRequest === event.mergeRequest,
    );
    return !claimed && this.#isWellFormed(number) && this.fits(number);
  }

  #paths(event: number): readonly string[] {
    const all = new Set([...this.tree(event).keys(), ...this.tree(event + 1).keys()]);
    return [...all].filter((path) => this.touched(event, path));
  }

  #isStart(event: number): boolean {
    return this.#events[event]?.kind === 'start';
  }

  /** The moment after the last event before `moment` that is so; 0 where none is. */
  #last(moment: number, isSo: (event: number) => boolean): number {
    for (let event = moment - 1; event >= 0; event -= 1) if (isSo(event)) return event + 1;
    return 0;
  }

  /** A person let through what the newest start said of the path, and no landing has changed it since. */
  #accepts(event: number, path: string): boolean {
    const one = this.#events[event];
    if (one?.kind !== 'accept' || !one.paths.includes(path)) return false;
    const start = this.#last(event, (other) => this.#isStart(other));
    return start > 0 && this.#trees.slice(start, event + 1).every((tree) => same(tree.get(path), one.tree.get(path)));
  }

  #isWellFormed(event: number): boolean {
    const paths = this.#paths(event);
    const after = this.tree(event + 1);
    const rules = paths.filter(isRulesPath);
    if (paths.some((path) => placeIn(path).kind === 'other') || (rules.length > 0 && rules.length < paths.length)) return false;
    if (paths.some((path) => after.has(path) && after.get(path)?.mode !== '100644')) return false;
    return rules.length > 0 ? hasEnoughApprovers(after) : paths.every((path) => !after.has(path) || this.#keepsRules(event, path));
  }

  #keepsRules(event: number, path: string): boolean {
    const content = this.tree(event + 1).get(path)?.content;
    const groupFile = this.rulesTree(event).get(`${folder}/groups/${path.split('/')[2] ?? ''}.yaml`);
    const landed = landingDay(this.#events[event]);
    if (content?.kind !== 'grant' || !groupFile || content.until === 'open') return false;
    return (
      content.until <= landed + longestDays && (content.from === null || (content.from < content.until && content.from <= landed + 30))
    );
  }

  /** What stood at the path is what was last endorsed there. A grant must have stood there all the time: once deleted, it is over. */
  #isClean(event: number, path: string): boolean {
    const before = this.tree(event).get(path);
    if (!before) return true;
    const basis = this.#last(event, (other) => (this.endorsed[other] === true && this.touched(other, path)) || this.#isStart(other));
    if (!same(this.tree(basis).get(path), before)) return false;
    return isRulesPath(path) || this.#trees.slice(basis, event + 1).every((tree) => tree.has(path));
  }

  #rulesAreClean(event: number): boolean {
    const [before, rules] = [this.tree(event), this.rulesTree(event)];
    return [...before.keys(), ...rules.keys()].filter(isRulesPath).every((path) => same(before.get(path), rules.get(path)));
  }

  #isApproved(event: number): boolean {
    const one = this.#events[event];
    const rules = this.rulesTree(event);
    if (one?.kind !== 'landing') return false;
    return this.#paths(event).every((path) => {
      const { members, needed } = whoMayApprove(rules, path);
      const gains = isRulesPath(path) ? gaining(rules, one.tree) : one.tree.has(path) ? [personOf(path)] : [];
      return members.filter((person) => one.approvers.includes(person) && !gains.includes(person)).length >= needed;
    });
  }
}

function landingDay(event: HistoryEvent | undefined): number {
  return event && 'landing' in event ? (event.landing.committedAt - onDay(0)) / (onDay(1) - onDay(0)) : 0;
}

function personOf(path: string): string {
  const name = path.split('/')[3]?.replace('.yaml', '') ?? '';
  return samePerson[name] ?? name;
}

export function grantIn(tree: Tree, path: string): GrantFile | undefined {
  const file = tree.get(path);
  return file?.mode === '100644' ? grantAt(path, file) : undefined;
}

export function gives(grant: GrantFile | undefined, at: Instant): boolean {
  return grant !== undefined && (grant.from === undefined || at >= grant.from) && (grant.until === 'open' || at < grant.until);
}

function whoMayApprove(rules: Tree, path: string): { readonly members: readonly string[]; readonly needed: number } {
  const teams = rules.get(`${folder}/policy.yaml`)?.content;
  if (teams?.kind !== 'people') return { members: [], needed: 1 };
  if (isRulesPath(path)) return { members: teams.owners, needed: 1 };
  const group = rules.get(`${folder}/groups/${path.split('/')[2] ?? ''}.yaml`)?.content;
  return group?.kind === 'group' ? { members: teams[group.approvers], needed: group.approvals } : { members: [], needed: 1 };
}

function gaining(before: Tree, after: Tree): readonly string[] {
  const [was, is] = [before.get(`${folder}/policy.yaml`)?.content, after.get(`${folder}/policy.yaml`)?.content];
  if (was?.kind !== 'people' || is?.kind !== 'people') return [];
  return [...is.sre.filter((one) => !was.sre.includes(one)), ...is.owners.filter((one) => !was.owners.includes(one))];
}

function hasEnoughApprovers(tree: Tree): boolean {
  const teams = tree.get(`${folder}/policy.yaml`)?.content;
  if (teams?.kind !== 'people' || teams.owners.length < 2 || !rulesIn(tree)) return false;
  return [...tree.values()].every(({ content }) => content.kind !== 'group' || teams[content.approvers].length > content.approvals);
}
