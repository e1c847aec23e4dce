// The stand-in of the tests as a house for scenes: its time passes when somebody waits.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitLab, type GitLabStandIn } from '../support/gitlab/gitlab.ts';
import { free } from '../support/gitlab/reviewing.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';
import { openHouse, type OpenHouse } from './house.ts';
import type { Judge } from './judges.ts';

export interface StandInHouse extends OpenHouse {
  readonly gitlab: GitLabStandIn;
  readonly tokens: { readonly token: string; readonly secondToken: string; readonly adminToken: string };
  readonly stop: () => Promise<void>;
}

export async function openStandIn(judge: Judge, now = '2026-11-20T10:00:00Z'): Promise<StandInHouse> {
  const gitlab = await startGitLab({ now });
  const { forge, clock } = gitlab;
  const [carol, alice] = [forge.createUser('carol'), forge.createUser('alice')];
  const root = forge.createUser('root', { isAdministrator: true });
  const path = 'carol/rehearsal';
  const project = await forge.createProject(path, { isEmpty: true, members: [[carol, 50]] });
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-'));
  const tokens = {
    token: forge.createToken(carol, ['api']).value,
    secondToken: forge.createToken(alice, ['api']).value,
    adminToken: forge.createToken(root, ['api']).value,
  };
  const time = {
    now: () => clock.now(),
    pause: (milliseconds: number) => {
      clock.advance(milliseconds);
      return Promise.resolve();
    },
  };
  const numbered = (iid: number): MergeRequest => {
    const found = project.mergeRequests.find((one) => one.iid === iid);
    if (!found) throw new Error(`there is no !${iid}`);
    return found;
  };
  const inside = {
    mergeSlowly: async (iid: number, lockedFor: number) => void (await gitlab.merge(numbered(iid), carol, { lockedFor })),
    free: (iid: number) => free(numbered(iid)),
  };
  const open = await openHouse({ server: gitlab.url, project: path, ...tokens }, { time, judge, folder, inside });
  return {
    ...{ ...open, gitlab, tokens },
    async stop() {
      await gitlab.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
