// `muster check` over a policy with many grants.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medianOf, musterCommand, run } from './measure.ts';
import { renderSeconds } from './reconcile.ts';
import type { Scenario } from './scenarios.ts';

const groupFile = `purpose: To be measured.
owner: owners
members: grants
approvers: [owners]
approvals: 1
longest: none
requires: [contact]
`;

export function checkGrants(name: string, grants: number, mostSeconds: number): Scenario {
  return {
    name,
    what: `muster check, ${grants.toLocaleString('en')} grants`,
    measure: async (rounds) => {
      const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
      try {
        const policy = join(folder, 'policy');
        writePolicy(policy, grants);
        const times: number[] = [];
        for (let round = 0; round < rounds; round++) times.push((await run(musterCommand(['check', policy], ''))).seconds);
        const seconds = medianOf(times);
        return { muster: renderSeconds(seconds), target: `≤ ${mostSeconds} s`, isMet: seconds <= mostSeconds };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function writePolicy(policy: string, grants: number): void {
  const groups = Array.from({ length: 10 }, (_, number) => `group-${number}`);
  mkdirSync(join(policy, 'groups'), { recursive: true });
  writeFileSync(
    join(policy, 'policy.yaml'),
    'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  owners: [alice, bob]\nrules:\n  approvers: [owners]\n  approvals: 1\n',
  );
  for (const group of groups) {
    writeFileSync(join(policy, 'groups', `${group}.yaml`), groupFile);
    mkdirSync(join(policy, 'grants', group), { recursive: true });
    for (let number = 0; number < grants / groups.length; number++) {
      writeFileSync(
        join(policy, 'grants', group, `user-${number}.yaml`),
        `reason: Needed for the measurement number ${number}.\ncontact: irc user-${number}\nuntil: 2099-12-07\n`,
      );
    }
  }
}
