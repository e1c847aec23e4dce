// What happens in the demo, step by step, and what must be true after each. A new step is a new row; the world is in world.ts.
import { stewards, type World } from './world.ts';

export interface Step {
  /** When muster is called, UTC; what happens begins ten minutes earlier. More than a week between two steps, and muster doubts the clock. */
  readonly at: string;
  /** What happened in the world, in plain words. */
  readonly heading: string;
  readonly happens?: (world: World) => void | Promise<void>;
  /** What somebody types after `muster`; `printed` is what the step before printed. */
  readonly command: (printed: string) => readonly string[];
  readonly status: number;
  /** Words that must be in what muster prints, wherever its lines are broken. */
  readonly says?: readonly string[];
  /** How many questions GitLab must have been asked, where that is the point. */
  readonly asked?: number;
  /** Who must be in which group afterwards; nobody means that the placeholder stands there. */
  readonly holds: Readonly<Record<string, readonly string[]>>;
}

const reconcile = () => ['reconcile'];

const kept = stewards.slice(0, 6);
const keptWithoutBase = kept.filter((uid) => uid !== 'base');
const stewardsNow = keptWithoutBase.filter((uid) => uid !== 'h2o');

function grant(until: string, reason: string): string {
  return `reason: ${reason}\nticket: T343377\ncontact: irc, libera.chat\nuntil: ${until}\nunderstood: 2026-11-01\n`;
}

const forMartin = 'policy/grants/klaxon-users/martin.yaml';
const forHoo = 'policy/grants/klaxon-users/hoo.yaml';
const forBob = 'policy/grants/klaxon-users/bob.yaml';
const forMallory = 'policy/grants/klaxon-users/mallory.yaml';

const helps = grant('2026-12-05', 'Helps martin with the abuse wave.');

function roster(uids: readonly string[]): string {
  return uids.map((uid) => `${uid}\n`).join('');
}

export const begins = '2026-11-23T08:00:00Z';

export const steps: readonly Step[] = [
  {
    at: '2026-11-23T09:00:00Z',
    heading:
      'muster is installed. Both groups are empty, and the roster names eleven stewards. carol asked for access for martin, alice approved, and it was merged.',
    happens: async (world) => {
      world.deliverRoster(roster(stewards));
      await world.merge({ [forMartin]: grant('2026-11-29', 'Watches the abuse wave of November.') }, { by: 'carol', approvedBy: 'alice' });
    },
    command: reconcile,
    status: 0,
    says: ['11 people', forMartin, 'approved by alice'],
    holds: { stewards, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-23T10:00:00Z',
    heading:
      'An hour later the timer runs muster again. Nothing has changed, so nothing is written, and GitLab is asked for the time only.',
    command: reconcile,
    status: 0,
    says: ['in sync'],
    asked: 1,
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
    heading:
      'hoo is no steward any more, but helps with the incident. carol merges a grant for hoo without waiting for an approval; bob asks for himself, approves that himself, and merges it; and mallory pushes a grant straight to the main branch. This GitLab allows it all.',
    happens: async (world) => {
      world.deliverRoster(roster(keptWithoutBase));
      await world.merge({ [forHoo]: helps }, { by: 'carol' });
      await world.merge({ [forBob]: grant('2026-12-05', 'I am an SRE.') }, { by: 'bob', approvedBy: 'bob' });
      await world.push({ [forMallory]: grant('2026-12-05', 'Trust me.') }, 'mallory');
    },
    command: reconcile,
    status: 4,
    says: ['0 of 1 approval by sre', 'bob opened the merge request', 'muster waits for GitLab until 2026-11-28 08:15 UTC'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-28T08:20:00Z',
    heading:
      'carol corrects the contact in the grant of hoo, and alice approves that. Does this bring in the rest of the file, which nobody approved? And GitLab has had fifteen minutes to name a merge request for the push of mallory.',
    happens: (world) => world.merge({ [forHoo]: helps.replace('irc', 'irc hoo') }, { by: 'carol', approvedBy: 'alice' }),
    command: reconcile,
    status: 4,
    says: ['the file already held an unapproved change', 'pushed to the branch without a merge request', 'press "Revert" again'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-28T08:25:00Z',
    heading: 'hoo asks on IRC: why am I not in?',
    command: () => ['explain', 'hoo'],
    status: 0,
    says: ['not a member', 'the file already held an unapproved change', '/-/merge_requests/2'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-11-28T09:00:00Z',
    heading:
      'The way back: carol reverts all three, and nobody needs to approve that. Then she brings back the one for hoo, and bob approves it.',
    happens: async (world) => {
      await world.merge({ [forHoo]: null, [forBob]: null, [forMallory]: null }, { by: 'carol' });
      await world.merge({ [forHoo]: helps }, { by: 'carol', approvedBy: 'bob' });
    },
    command: reconcile,
    status: 0,
    says: [forHoo, 'approved by bob'],
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['hoo', 'martin'] },
  },
  {
    at: '2026-11-28T09:10:00Z',
    heading: 'An auditor asks: why is martin in?',
    command: () => ['explain', 'martin'],
    status: 0,
    says: [forMartin, '!1, approved by alice', 'merged as', '/-/merge_requests/1'],
    asked: 1,
    holds: { stewards: keptWithoutBase, 'klaxon-users': ['hoo', 'martin'] },
  },
  {
    at: '2026-11-29T22:00:00Z',
    heading: 'h2o, a steward, has lost a laptop, and GitLab is down for maintenance. A revocation needs only the directory.',
    happens: (world) => world.setGitLab('down'),
    command: () => ['revoke', 'h2o', '--reason', 'Laptop stolen'],
    status: 0,
    says: ['stewards: out', 'muster lift h2o'],
    holds: { stewards: stewardsNow, 'klaxon-users': ['hoo', 'martin'] },
  },
  {
    at: '2026-11-30T00:05:00Z',
    heading:
      'The grant of martin is over, and GitLab is still down. A grant ends without GitLab, and without anybody. The roster still names h2o, to no effect.',
    happens: (world) => world.deliverRoster(roster(keptWithoutBase)),
    command: reconcile,
    status: 75,
    says: ['martin', 'the grant ended', 'h2o from stewards: revoked'],
    holds: { stewards: stewardsNow, 'klaxon-users': ['hoo'] },
  },
  {
    at: '2026-12-01T09:00:00Z',
    heading:
      'GitLab is back. The incident is over, and carol deletes the file of hoo. Taking access away needs no approval. martin watches an import until the 11th, and alice approves that.',
    happens: async (world) => {
      world.setGitLab('up');
      world.deliverRoster(roster(keptWithoutBase));
      await world.merge({ [forHoo]: null }, { by: 'carol' });
      await world.merge({ [forMartin]: grant('2026-12-11', 'Watches the import of December.') }, { by: 'carol', approvedBy: 'alice' });
    },
    command: reconcile,
    status: 0,
    says: ['was deleted', '!8, approved by alice'],
    holds: { stewards: stewardsNow, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-12-01T10:00:00Z',
    heading: 'Later somebody asks: was hoo able to page SRE last week, and by whose approval?',
    command: () => ['explain', 'hoo'],
    status: 0,
    says: [forHoo, 'approved by bob', '/-/merge_requests/6', 'the grant file was deleted', 'no longer on the roster'],
    holds: { stewards: stewardsNow, 'klaxon-users': ['martin'] },
  },
  {
    at: '2026-12-01T10:10:00Z',
    heading: 'And an auditor asks: who had access at noon on the 28th of November, why, and what needed a person then?',
    command: () => ['report', '--at', '2026-11-28T12:00Z'],
    status: 0,
    says: ['klaxon-users: 2 members', 'hoo', 'approved by bob', 'Ends within two weeks', 'Stewards election, T400000'],
    asked: 0,
    holds: { stewards: stewardsNow, 'klaxon-users': ['martin'] },
  },
];

function heldDigest(printed: string): string {
  const [digest] = /sha256:[0-9a-f]{64}/.exec(printed) ?? [];
  if (digest === undefined) throw new Error(`no digest of a held set in what was printed:\n${printed}`);
  return digest;
}
