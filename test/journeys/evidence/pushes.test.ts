// What comes to the branch without review: it may take access away, and never gives any (cases 1 to 6).
import { describe, expect, it } from 'vitest';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals, waitsFor } from '../documents.ts';
import { day, minute, startWorld } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

describe('given a policy in which urbanecm has an approved grant', () => {
  it('case 1: when a push adds a grant, then it waits for 15 minutes, is refused, and gives nothing to anybody', async () => {
    const scene = await world.scene();
    await scene.push(world.mallory, { [grantPath('mallory')]: grantFile(scene.day(14)) });

    const first = await scene.reconcile();
    scene.wait(14 * minute);
    const second = await scene.reconcile();
    scene.wait(2 * minute);
    const third = await scene.reconcile();

    expect([first.status.all, waitsFor(first)]).toEqual([['unavailable'], ['no-merge-request-yet']]);
    expect(waitsFor(second)).toEqual(['no-merge-request-yet']);
    expect([third.status.all, refusals(third)]).toEqual([['refused'], [`no-merge-request ${grantPath('mallory')}`]]);
    expect(third.policy.judged).toBe(third.policy.head);
    expect(await scene.members()).toEqual([]);
  });

  it('case 1: when an approved merge request edits what a push added, then it is refused, and after a revert a new one counts', async () => {
    const scene = await world.scene();
    await scene.push(world.mallory, { [grantPath('mallory')]: grantFile(scene.day(14)) });
    await scene.settle();
    await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14), { reason: 'harmless' }) });
    const edited = await scene.reconcile();
    expect([refusals(edited), await scene.members()]).toEqual([[`dirty ${grantPath('mallory')}`], []]);

    await scene.push(world.bob, { [grantPath('mallory')]: null });
    await scene.settle();
    await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14)) });
    const again = await scene.reconcile();

    expect([again.status.code, await scene.members()]).toEqual([0, ['mallory']]);
  });

  it('case 2: when a push deletes the grant, then urbanecm is out at the next run, before any verdict, and the others stay', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo', 'urbanecm']);

    await scene.push(world.mallory, { [grantPath('urbanecm')]: null });
    const next = await scene.reconcile();

    expect(next.groups[0]?.remove).toMatchObject([{ uid: 'urbanecm', because: { kind: 'deleted' } }]);
    expect(await scene.members()).toEqual(['hoo']);
    scene.wait(16 * minute);
    expect((await scene.reconcile()).status.all).toEqual(['in order']);
  });

  it('case 2: when a push deletes the grant and another one adds it again, byte for byte, then urbanecm stays out', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [grantPath('urbanecm')]: file });
    await scene.reconcile();
    await scene.push(world.mallory, { [grantPath('urbanecm')]: null });
    await scene.push(world.mallory, { [grantPath('urbanecm')]: file });

    const run = await scene.settle();
    scene.wait(16 * minute);
    const later = await scene.reconcile();

    expect(refusals(later)).toEqual([`no-merge-request ${grantPath('urbanecm')}`]);
    expect(refusals(run)).toEqual(refusals(later));
    expect(await scene.members()).toEqual([]);
  });

  it('case 3: when a push lengthens it, then it ends when it was approved to end', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(2)) });
    await scene.push(world.mallory, { [grantPath('urbanecm')]: grantFile(scene.day(60)) });

    const run = await scene.settle();
    expect([refusals(run), await scene.members()]).toEqual([[`no-merge-request ${grantPath('urbanecm')}`], ['urbanecm']]);

    scene.wait(3 * day);
    const after = await scene.reconcile();
    expect(after.groups[0]?.remove).toMatchObject([{ uid: 'urbanecm', because: { kind: 'expired' } }]);
    expect(await scene.members()).toEqual([]);
  });

  it('case 3: when a push shortens it and another one lengthens it back, then the shorter end holds', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(30));
    await scene.land({ [grantPath('urbanecm')]: file });
    await scene.push(world.mallory, { [grantPath('urbanecm')]: grantFile(scene.day(1)) });
    await scene.push(world.mallory, { [grantPath('urbanecm')]: file });

    const run = await scene.settle();
    scene.wait(16 * minute);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
    expect(run.status.all).not.toContain('in order');

    scene.wait(2 * day);
    await scene.reconcile();
    expect(await scene.members()).toEqual([]);
  });

  it('case 4: when a push changes a comment and the spacing, then nobody is added or removed, and nothing stays refused', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [grantPath('urbanecm')]: file });
    await scene.reconcile();
    await scene.push(world.mallory, { [grantPath('urbanecm')]: `# looked at\n${file.replaceAll(': ', ':   ')}` });

    const waiting = await scene.reconcile();
    scene.wait(16 * minute);
    const judged = await scene.reconcile();

    expect([waiting.groups[0]?.state, judged.groups[0]?.state, judged.status.all]).toEqual(['in-sync', 'in-sync', ['in order']]);
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('case 5: when a push makes the file name another person, then urbanecm is out and mallory is never in', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [grantPath('urbanecm')]: file });
    await scene.reconcile();
    await scene.push(world.mallory, { [grantPath('urbanecm')]: null, [grantPath('mallory')]: file });

    await scene.reconcile();
    expect(await scene.members()).toEqual([]);
    scene.wait(16 * minute);
    const run = await scene.reconcile();

    expect([refusals(run), await scene.members()]).toEqual([[`no-merge-request ${grantPath('mallory')}`], []]);
  });

  it('case 6: when a push breaks the YAML of one grant, then that one is out at once, the others stay, and the run says which file', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await scene.reconcile();
    await scene.push(world.mallory, { [grantPath('urbanecm')]: 'reason: [unfinished\n' });

    const run = await scene.reconcile();

    expect([run.status.all, refusals(run)]).toEqual([['refused'], [`unreadable ${grantPath('urbanecm')}`]]);
    expect(run.policy.refused[0]?.message).toContain(`${grantPath('urbanecm')}:2:1: this is not YAML`);
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when ten pushes wait, then 15 minutes after the first run all of them are judged, and the approved grant behind them counts', async () => {
    const scene = await world.scene();
    for (let index = 1; index <= 10; index += 1) {
      await scene.push(world.mallory, { [grantPath(`person${index}`)]: grantFile(scene.day(14)) });
    }
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) });

    const run = await scene.settle();

    expect(run.policy.refused).toHaveLength(10);
    expect(await scene.members()).toEqual(['urbanecm']);
  });
});
