// The memory as it is kept between runs: what is small as JSON, and the members of groups as lines, which are read only
// when a group is looked at. A run that finds nothing to do looks at none.
import type { KnownGroup, Memory } from './memory.ts';
import { entryUuid, parseUid, type GroupName, type Uid } from '../names.ts';
import type { Binding } from '../membership/desired.ts';
import { decode, encode } from './record.ts';

type Known = Pick<KnownGroup, 'members' | 'bindings'>;

interface KeptGroup extends Omit<KnownGroup, keyof Known> {
  /** Where its lines stand in the text of all members. */
  readonly start: number;
  readonly end: number;
  /** The bases of its bindings; lines name them by their place here. */
  readonly bases: readonly string[];
}

interface KeptState extends Omit<Memory, 'groups'> {
  readonly groups: ReadonlyMap<GroupName, KeptGroup>;
}

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
  const groups = new Map<GroupName, KeptGroup>();
  const texts: string[] = [];
  let start = 0;
  for (const [name, known] of memory.groups) {
    const { text, bases } = ready(name) ?? renderGroup(known);
    const { takenOver, recent, holds, openIntent } = known;
    groups.set(name, { takenOver, recent, holds, openIntent, start, end: start + text.length, bases });
    texts.push(text);
    start += text.length;
  }
  return { state: encode({ ...memory, groups } satisfies KeptState), members: texts.join('') };
}

export function renderGroup({ members, bindings }: Known): RenderedGroup {
  const bases = new Set<string>();
  bindings.forEach(({ basis }) => bases.add(basis));
  return { text: renderKnown({ members, bindings }, [...bases]), bases: [...bases] };
}

/** `readMembers` gives the text that was kept with this state. `asKept`: a group as it was kept; undefined where that cannot be read. */
export function parseMemory(
  state: unknown,
  readMembers: (group: GroupName) => string | Known,
): { readonly memory: Memory; readonly asKept: (group: GroupName) => RenderedGroup | undefined } {
  const kept: KeptState = decode(state);
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
  return { memory: { ...kept, groups }, asKept };
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
    const name: string = uid ?? JSON.parse(spelled);
    const mark = text.charAt(at);
    if (mark !== absent) members.set(name, mark === marks.roster ? 'roster' : 'other');
    const basis = bases[Number(text.slice(at + 2, basisEnd))];
    if (basis !== undefined && uid !== undefined) bindings.set(uid, { uuid: entryUuid(text.slice(basisEnd + 1, uuidEnd)), basis });
    at = lineEnd + 1;
  }
  return { members, bindings };
}
