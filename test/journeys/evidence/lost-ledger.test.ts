// A host that lost its ledger knows nothing but Git and GitLab: it judges anew, and takes no group over before that is done (case 36).
import { describe, expect, it } from 'vitest';
import { grantFile, grantPath } from './policy-files.ts';
import { heldCodes, refusals } from '../documents.ts';
import { day, lookingTime, minute, startWorld } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');
const api = /\/api\/v4\//;

describe('given a group that an earlier ledger knew', () => {
  it('case 36: when alice is deleted on GitLab, then the grant stays; when the ledger is lost then, it is judged anew and held', async () => {
    const scene = await world.scene();
    const eve = world.gitlab.forge.createUser('alice-who-leaves', { id: 142 });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    const policy = `version: 1\npeople:\n  alice: { gitlab: 142 }\n  bob: { gitlab: 51 }\n  carol: { gitlab: 57 }\nteams:\n  sre: [alice, bob, carol]\n  access-owners: [bob, carol]\nrules: { approvers: [access-owners], approvals: 1 }\n`;
    await scene.land({ 'policy/policy.yaml': policy }, { approvers: [world.bob] });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) }, { approvers: [eve] });
    await scene.reconcile();
    world.gitlab.forge.deleteUser(eve);
    const stays = await scene.reconcile();
    expect([stays.status.code, await scene.members()]).toEqual([0, ['hoo', 'urbanecm']]);

    scene.loseState();
    const anew = await scene.reconcile();
    expect([refusals(anew), heldCodes(anew)]).toEqual([[`no-approval ${urbanecm}`], ['first-run']]);
    expect(await scene.members()).toEqual(['hoo', 'urbanecm']);
  });

  it('when the ledger is lost and GitLab still knows everything, then the same grants are found, and nothing changes', async () => {
    const scene = await world.scene();
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    await scene.push(world.mallory, { [grantPath('mallory')]: grantFile(scene.day(14)) });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    const before = await scene.settle();
    const plan = await scene.plan();

    scene.loseState();
    const after = await scene.settle();

    expect([refusals(after), refusals(plan), heldCodes(after)]).toEqual([refusals(before), refusals(before), []]);
    expect(await scene.members()).toEqual(['hoo', 'urbanecm']);
  });

  it('case 36: when the ledger is lost while an earlier landing or GitLab keeps the judging waiting, then it is held all the same', async () => {
    const scene = await world.scene();
    await scene.push(world.mallory, { [grantPath('mallory')]: grantFile(scene.day(14)) });
    const mergeRequest = await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    await scene.settle();
    mergeRequest.approvals.length = 0;
    scene.loseState();

    world.gitlab.faults.add(api, { kind: 'drop' });
    const during = [await scene.reconcile()];
    world.gitlab.faults.clear();
    during.push(await scene.reconcile());
    expect(during.map((run) => [run.status.all, heldCodes(run)])).toEqual([
      [['unavailable'], []],
      [['unavailable'], []],
    ]);

    scene.wait(16 * minute);
    const run = await scene.reconcile();
    expect([heldCodes(run), await scene.members()]).toEqual([['first-run'], ['urbanecm']]);
  });

  it('case 120: when somebody pushes below policy/ every 14 minutes, then judging passes what stood there at the beginning, and ended members go', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(1)) });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    await scene.settle();
    expect(await scene.members()).toEqual(['hoo', 'urbanecm']);
    scene.loseState();
    scene.wait(2 * day);

    const heads: (string | null)[] = [];
    let run = await scene.reconcile();
    for (let push = 0; push < 5; push++) {
      heads.push(
        await scene.push(world.mallory, {
          [`policy/notes/${push}.txt`]: 'Never still.\n',
          [grantPath('mallory')]: grantFile(scene.day(14 + push)),
        }),
      );
      run = await scene.reconcile();
      scene.wait(14 * minute - lookingTime);
    }
    // The last of those that had been there for 15 minutes, and none of what waits keeps anybody in.
    expect(heads.indexOf(run.policy.judged)).toBeGreaterThanOrEqual(2);
    expect(await scene.members()).toEqual(['urbanecm']);
  });
});
