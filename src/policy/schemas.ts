// The three kinds of policy files (docs/policy.md). What validates them here is also what editors get under schema/.
import * as v from 'valibot';
import { parseExactUid, parseTeamName } from '../names.ts';
import { complaint } from './yaml-problems.ts';
import {
  end,
  formatVersion,
  freeText,
  gitlabId,
  limit,
  list,
  longest,
  map,
  mapOf,
  natural,
  positive,
  rosterName,
  sshKey,
  start,
  teamName,
  uid,
  versionName,
  word,
} from './scalars.ts';

function described<const Schema extends v.GenericSchema<unknown, unknown>>(
  schema: Schema,
  description: string,
  examples: readonly unknown[] = [],
) {
  return v.pipe(schema, v.metadata({ description, ...(examples.length > 0 ? { examples } : {}) }));
}

const teams = list(teamName, '[sre]');

const gitlabIds = v.union(
  [gitlabId, list(gitlabId, '[57, 99]')],
  complaint(
    'wrong-type',
    'a numeric GitLab id, or a list of them, is expected here',
    'Write "gitlab: 42", or "gitlab: [57, 99]" for several accounts of one person.',
  ),
);

const person = map({
  gitlab: v.exactOptional(
    described(
      gitlabIds,
      'The numeric id of the GitLab account (not the username: that can change). A list when the person has several. Left out where there is no GitLab.',
      [42, [57, 99]],
    ),
  ),
  also: v.exactOptional(described(list(uid, '[bob-test]'), 'Other uids of the same person.', [['bob-test']])),
  keys: v.exactOptional(
    described(
      v.pipe(
        list(sshKey, '["sk-ssh-ed25519@openssh.com AAAA… bob"]'),
        v.maxLength(4, complaint('too-many-keys', 'more than four keys stand here', 'Keep the four that the person signs with.')),
      ),
      'Public SSH keys that sign approvals of this person, at most four, each as "ssh-keygen -y" prints it.',
    ),
  ),
});

export const policySchema = v.pipe(
  map({
    version: described(formatVersion, 'The version of this format.', [1]),
    people: described(
      mapOf(uid, parseExactUid, person, 'Write "alice: { gitlab: 42 }", one person a line.'),
      'Everybody who may approve, by uid.',
      [{ alice: { gitlab: 42 } }],
    ),
    teams: described(
      mapOf(teamName, parseTeamName, list(uid, '[alice, bob, carol]'), 'Write "sre: [alice, bob, carol]", one team a line.'),
      'Teams of people who approve, by name.',
      [{ sre: ['alice', 'bob', 'carol'] }],
    ),
    rules: described(
      map({
        approvers: described(teams, 'The teams whose people approve changes of policy.yaml and of groups/.', [['access-owners']]),
        approvals: v.optional(described(positive, 'How many different people must approve; 1 unless given.', [1]), '1'),
        signed: v.optional(
          described(natural, 'How many of the approvals must be signed with a key of `people`; 0 unless given.', [1]),
          '0',
        ),
      }),
      'Who may change policy.yaml and the files under groups/.',
    ),
  }),
  v.title('muster policy'),
  v.description('policy.yaml: who approves, in which teams, and who may change the rules.'),
);

const members = v.union(
  [
    word('grants'),
    map({
      roster: described(rosterName, 'The name of a roster in the configuration of the host. Its people are the whole membership.', [
        'steward',
      ]),
    }),
  ],
  complaint(
    'wrong-type',
    'the origin of the members is expected here',
    'Write "members: grants", or "members:" and below it "roster: NAME".',
  ),
);

const limits = map({
  removals: v.optional(
    described(
      limit,
      'Members that may go within 24 hours without a review: a number, or a percentage of the present members (then at least 1). 20% unless given.',
      ['20%', 3],
    ),
    '20%',
  ),
  additions: v.optional(
    described(
      limit,
      'Members that may come within 24 hours without a review: a number, or a percentage of the present members (then at least 3). 50% unless given.',
      ['50%', 5],
    ),
    '50%',
  ),
  minimum: v.optional(described(natural, 'Members that must be left afterwards. 0 unless given.', [5]), '0'),
});

const understood = map({
  text: described(freeText, 'Where the text is that somebody must have read before they get access.', ['https://wiki.example.org/On_call']),
  version: described(versionName, 'The version of the text that must have been read; a new version asks everybody anew.', ['2026-11-01']),
});

export const groupSchema = v.pipe(
  map({
    purpose: described(freeText, 'What the group is for, in one sentence.', ['Individuals who may page the people on call.']),
    owner: described(teamName, 'The team that answers for the group, and approves where no approvers are named.', ['sre']),
    members: described(members, 'Where members come from: `grants`, one reviewed file per person, or a roster that somebody else keeps.', [
      'grants',
      { roster: 'steward' },
    ]),
    approvers: v.exactOptional(described(teams, 'The teams whose people approve grants. The owner unless given.', [['sre']])),
    approvals: v.optional(described(positive, 'How many different people must approve a grant; 1 unless given.', [1]), '1'),
    signed: v.optional(
      described(natural, 'How many of the approvals of a grant must be signed with a key of `people`; 0 unless given.', [1]),
      '0',
    ),
    longest: v.optional(
      described(longest, 'A grant must end within this time of its merge; `none` allows grants without an end. 365 days unless given.', [
        '90 days',
        'none',
      ]),
      '365 days',
    ),
    requires: v.exactOptional(
      described(list(word('ticket', 'contact', 'understood'), '[contact, understood]'), 'What every grant must say, besides its reason.', [
        ['contact', 'understood'],
      ]),
    ),
    understood: v.exactOptional(described(understood, 'What somebody must have read before they get access.')),
    unexplained: v.optional(
      described(word('remove', 'report'), 'What happens to a member whom no grant explains; `remove` unless given.'),
      'remove',
    ),
    limits: v.exactOptional(
      described(limits, 'Limits on changes that nobody reviewed one by one, over 24 hours. What exceeds them waits for a person.'),
    ),
  }),
  v.title('muster group'),
  v.description('groups/<group>.yaml: one managed LDAP group. The name of the file is the name of the group in muster.yaml.'),
);

export const grantSchema = v.pipe(
  map({
    reason: described(
      freeText,
      'Why the person needs access, for those who approve and those who look later. It is public where the repository is.',
      ['Moves the ticket system to its new host, and has to read the logs of both.'],
    ),
    ticket: v.exactOptional(described(freeText, 'The ticket that asked for it.', ['T343377'])),
    contact: v.exactOptional(
      described(freeText, 'Where the person can be reached while they have access.', ['irc urbanecm on libera.chat']),
    ),
    until: v.exactOptional(
      described(end, 'The last day with access, UTC, or a time with its zone. May be left out only where the group has `longest: none`.', [
        '2026-12-07',
        '2026-12-07T18:00+01:00',
      ]),
    ),
    from: v.exactOptional(
      described(
        start,
        'The first day with access, UTC, or a time with its zone; at most 30 days ahead. Access starts with the merge when it is left out.',
        ['2026-11-23'],
      ),
    ),
    understood: v.exactOptional(described(versionName, 'The version of the text of the group that the person has read.', ['2026-11-01'])),
  }),
  v.title('muster grant'),
  v.description('grants/<group>/<uid>.yaml: one person in one group. The path says which group and who.'),
);
