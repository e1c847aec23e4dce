// The memory as it is kept between runs: what is small as JSON, and the members of groups as lines, which are read only
// when a group is looked at. A run that finds nothing to do looks at none.
import * as v from 'valibot';
import { heldShape, intentShape, ledgerRecordShapes } from './ledger-records.ts';
import { commit, group, instant, mapOf, natural, roster, texts, type Shape } from './shapes.ts';
import { policyStateShape, renderPolicyState } from './verdict-records.ts';
import type { KnownGroup, Memory } from './memory.ts';
import { entryUuid, parseUid, type GroupName, type Uid } from '../names.ts';
import type { Binding } from '../membership/desired.ts';

type Known = Pick<KnownGroup, 'members' | 'bindings'>;

interface KeptGroup extends Omit<KnownGroup, keyof Known> {
  /** Where its lines stand in the text of all members. */
  readonly start: number;
  readonly end: number;
  /** The bases of its bindings; lines name them by their place here. */
  readonly bases: readonly string[];
}

const keptGroup: Shape<KeptGroup> = v.pipe(
  v.strictObject({
    takenOver: v.boolean(),
    recent: v.array(v.strictObject({ at: instant, removals: natural, additions: natural })),
    holds: v.array(v.strictObject({ ...heldShape, since: instant, changes: natural })),
    openIntent: v.nullable(intentShape),
    start: natural,
    end: natural,
    bases: texts,
  }),
  v.transform(({ openIntent, ...kept }) => ({ ...kept, openIntent: openIntent ?? undefined })),
);

const keptState = v.strictObject({
  policy: v.nullable(policyStateShape),
  project: v.nullable(natural),
  rosters: mapOf(roster, ledgerRecordShapes.roster),
  overrides: v.array(ledgerRecordShapes.override),
  firstSeen: mapOf(commit, instant),
  refusedByHand: mapOf(commit, v.string()),
  revoked: mapOf(v.string(), instant),
  latest: instant,
  records: natural,
  groups: mapOf(group, keptGroup),
});

/** The members and bindings of one group as they are kept. */
export interface RenderedGroup {
  readonly text: string;
  readonly bases: readonly string[];
}

/** `state` is JSON. `ready`: groups that were rendered before and have not changed since. */
export function renderMemory(
  memory: Memory,
  ready: (group: GroupName) => RenderedGroup | undefined = () => undefined,
): { readonly state: unknown; readonly members: string } {
  const groups: [GroupName, object][] = [];
  const pieces: string[] = [];
  let start = 0;
  for (const [name, known] of memory.groups) {
    const { text, bases } = ready(name) ?? renderGroup(known);
    const { takenOver, recent, holds, openIntent = null } = known;
    groups.push([name, { takenOver, recent, holds, openIntent, start, end: start + text.length, bases }]);
    pieces.push(text);
    start += text.length;
  }
  const { policy, project, rosters, overrides, firstSeen, refusedByHand, revoked, latest, records } = memory;
  const state = {
    policy: policy ? renderPolicyState(policy) : null,
    project: project ?? null,
    rosters: [...rosters],
    overrides,
    firstSeen: [...firstSeen],
    refusedByHand: [...refusedByHand],
    revoked: [...revoked],
    latest,
    records,
    groups,
  };
  return { state, members: pieces.join('') };
}

export function renderGroup({ members, bindings }: Known): RenderedGroup {
  const bases = new Set<string>();
  bindings.forEach(({ basis }) => bases.add(basis));
  return { text: renderKnown({ members, bindings }, [...bases]), bases: [...bases] };
}

/** `readMembers` gives the text that was kept with this state. Undefined for anything but what `renderMemory` gave. `asKept`: a group as it was kept; undefined where that cannot be read. */
export function parseMemory(
  state: unknown,
  readMembers: (group: GroupName) => string | Known,
): { readonly memory: Memory; readonly asKept: (group: GroupName) => RenderedGroup | undefined } | undefined {
  const parsed = v.safeParse(keptState, state);
  if (!parsed.success) return undefined;
  const { policy, project, ...kept } = parsed.output;
  const groups = new Map<GroupName, KnownGroup>();
  for (const [name, { start, end, bases, ...rest }] of kept.groups) {
    let known: Known | undefined;
    const load = (): Known => {
      const found = readMembers(name);
      return typeof found === 'string' ? parseKnown(found, start, end, bases) : found;
    };
    groups.set(name, {
      ...rest,
      get members() {
        return (known ??= load()).members;
      },
      get bindings() {
        return (known ??= load()).bindings;
      },
    });
  }
  const asKept = (group: GroupName): RenderedGroup | undefined => {
    const place = kept.groups.get(group);
    const found = place && readMembers(group);
    return typeof found === 'string' && place ? { text: found.slice(place.start, place.end), bases: place.bases } : undefined;
  };
  return { memory: { ...kept, policy: policy ?? undefined, project: project ?? undefined, groups }, asKept };
}

const marks = { roster: 'r', other: 'o' } as const;
const absent = '-';
const linesOfPage = 4096;

/** `MARK BASIS UUID NAME`, with a dash for what there is not; a name that is no uid as JSON. */
function renderKnown({ members, bindings }: Known, bases: readonly string[]): string {
  const places = new Map(bases.map((basis, place) => [basis, place]));
  // A line is made of pieces that live as long as it does; joined, only its letters are left.
  const pages: string[] = [];
  let lines: string[] = [];
  const turn = () => {
    pages.push(lines.join(''));
    lines = [];
  };
  const take = (name: string, member: 'roster' | 'other' | undefined, bound: Binding | undefined) => {
    const spelled = parseUid(name) === name ? name : JSON.stringify(name);
    const mark = member ? marks[member] : absent;
    lines.push(
      bound ? `${mark} ${places.get(bound.basis) ?? absent} ${bound.uuid} ${spelled}\n` : `${mark} ${absent} ${absent} ${spelled}\n`,
    );
    if (lines.length === linesOfPage) turn();
  };
  const bound: ReadonlyMap<string, Binding> = bindings;
  for (const [name, member] of members) take(name, member, bound.get(name));
  for (const [uid, binding] of bindings) if (!members.has(uid)) take(uid, undefined, binding);
  turn();
  return pages.join('');
}

function parseKnown(text: string, start: number, end: number, bases: readonly string[]): Known {
  const members = new Map<string, 'roster' | 'other'>();
  const bindings = new Map<Uid, Binding>();
  for (let at = start; at < end;) {
    const basisEnd = text.indexOf(' ', at + 2);
    const uuidEnd = text.indexOf(' ', basisEnd + 1);
    const lineEnd = text.indexOf('\n', uuidEnd);
    const spelled = text.slice(uuidEnd + 1, lineEnd);
    const uid = parseUid(spelled);
    const name = uid ?? v.parse(v.string(), JSON.parse(spelled));
    const mark = text.charAt(at);
    if (mark !== absent) members.set(name, mark === marks.roster ? 'roster' : 'other');
    const basis = bases[Number(text.slice(at + 2, basisEnd))];
    if (basis !== undefined && uid !== undefined) bindings.set(uid, { uuid: entryUuid(text.slice(basisEnd + 1, uuidEnd)), basis });
    at = lineEnd + 1;
  }
  return { members, bindings };
}
