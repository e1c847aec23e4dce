// What happens in the demo, step by step, and what must be true after each. A new step is a new row; the world is in world.ts.
import { stewards, type World } from './world.ts';

export interface Step {
  /** When it happens, UTC. More than a week between two steps, and muster doubts the clock. */
  readonly at: string;
  /** What happened in the world, in plain words. */
  readonly heading: string;
  readonly happens?: (world: World) => void | Promise<void>;
  /** What somebody types after `muster`; `printed` is what the step before printed. */
  readonly command: (printed: string) => readonly string[];
  readonly status: number;
  /** Words that must be in what muster prints. */
  readonly says?: readonly string[];
  /** Who must be in which group afterwards; nobody means that the placeholder stands there. */
  readonly holds: Readonly<Record<string, readonly string[]>>;
}

const reconcile = () => ['reconcile'];

const kept = stewards.slice(0, 6);
const keptWithoutBase = kept.filter((uid) => uid !== 'base');

function grant(until: string, reason: string): string {
  return `reason: ${reason}\nticket: T343377\ncontact: irc, libera.chat\nuntil: ${until}\nunderstood: 2026-11-01\n`;
}

function roster(uids: readonly string[]): string {
  return uids.map((uid) => `${uid}\n`).join('');
}

export const begins = '2026-11-23T08:00:00Z';

export const steps: readonly Step[] = [
  {
    at: '2026-11-23T09:00:00Z',
    heading: 'muster is installed. Both groups are empty, the roster names eleven stewards, and one grant lets martin in.',
    happens: (world) => {
      world.deliverRoster(roster(stewards));
      world.land({ 'policy/grants/klaxon-users/martin.yaml': grant('2026-11-29', 'Watches the abuse wave of November.') }, 'Let martin in');
    },
    command: reconcile,
    status: 0,
    says: ['11 people', 'grants/klaxon-users/martin.yaml'],
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-23T10:00:00Z',
    heading: 'An hour later the timer runs muster again. Nothing has changed, so nothing is written.',
    command: reconcile,
    status: 0,
    says: ['in sync'],
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-23T11:00:00Z',
    heading: 'Somebody edits LDAP by hand: mallory is put into klaxon-users, and hoo is taken out of stewards.',
    happens: async ({ directory }) => {
      await directory.addMember('klaxon-users', 'mallory');
      await directory.removeMember('stewards', 'hoo');
    },
    command: reconcile,
    status: 0,
    says: ['mallory', 'hoo'],
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-24T09:00:00Z',
    heading: 'The roster arrives cut off in the middle of a line. Who is "urban"? Nobody is added or removed by such a list.',
    happens: (world) => world.deliverRoster(roster(stewards).slice(0, -4)),
    command: reconcile,
    status: 5,
    says: ['DAMAGED'],
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-25T09:00:00Z',
    heading: 'The roster arrives whole, but without five of the eleven people. That may be right, and it may be a mistake.',
    happens: (world) => world.deliverRoster(roster(kept)),
    command: reconcile,
    status: 3,
    says: ['too-many-removals', 'urbanecm'],
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-25T09:30:00Z',
    heading: 'The stewards say that their election went this way. An SRE lets exactly these removals through ...',
    command: (printed) => ['allow', 'stewards', heldDigest(printed), '--reason', 'Stewards election, T400000'],
    status: 0,
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-25T10:00:00Z',
    heading: '... and the next run makes them.',
    command: reconcile,
    status: 0,
    says: ['urbanecm'],
    holds: { stewards: kept, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-27T09:00:00Z',
    heading: 'One person leaves the roster. That is within the limits and needs nobody.',
    happens: (world) => world.deliverRoster(roster(keptWithoutBase)),
    command: reconcile,
    status: 0,
    says: ['base'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-28T08:00:00Z',
    heading: 'hoo is no steward any more, but helps with the incident: a grant for one more week reaches the main branch.',
    happens: (world) => {
      world.deliverRoster(roster(keptWithoutBase));
      world.land({ 'policy/grants/klaxon-users/hoo.yaml': grant('2026-12-05', 'Helps martin with the abuse wave.') }, 'Let hoo in');
    },
    command: reconcile,
    status: 0,
    says: ['grants/klaxon-users/hoo.yaml'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['hoo', 'martin'] },
  },
  {
    at: '2026-11-30T00:05:00Z',
    heading: 'The grant of martin is over, and the Git server is down. An end needs nobody and nothing.',
    happens: async (world) => {
      world.deliverRoster(roster(keptWithoutBase));
      await world.git.set('down');
    },
    command: reconcile,
    status: 75,
    says: ['martin', 'the grant ended'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['hoo'] },
  },
  {
    at: '2026-12-01T09:00:00Z',
    heading: 'The incident is over: the Git server is back, and the file of the last grant is deleted. The group is empty now.',
    happens: async (world) => {
      await world.git.set('up');
      world.deliverRoster(roster(keptWithoutBase));
      world.land({ 'policy/grants/klaxon-users/hoo.yaml': null, 'policy/grants/klaxon-users/martin.yaml': null }, 'End the grants');
    },
    command: reconcile,
    status: 0,
    says: ['was deleted'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': [] },
  },
  {
    at: '2026-12-01T10:00:00Z',
    heading: 'In December somebody asks: was hoo able to page SRE last week, and why?',
    command: () => ['explain', 'hoo'],
    status: 0,
    says: ['grants/klaxon-users/hoo.yaml', 'no longer on the roster'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': [] },
  },
];

function heldDigest(printed: string): string {
  const [digest] = /sha256:[0-9a-f]{64}/.exec(printed) ?? [];
  if (digest === undefined) throw new Error(`no digest of a held set in what was printed:\n${printed}`);
  return digest;
}
