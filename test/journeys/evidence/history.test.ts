// A branch that is rewound or rewritten, the clock, a mass deletion, and what must not leak (cases 15, 45, 46, 63). Ends, a clock that went back and
// a mass deletion without an approval are in time.test.ts and limits.test.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runHere } from '../../support/in-process.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { heldCodes, refusals } from '../documents.ts';
import { day, group, minute, startWorld } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');

describe('given a branch whose last commit was judged', () => {
  it.each([
    { what: 'is rewound', forward: false },
    { what: 'has another history', forward: true },
  ])(
    'case 15: when the branch $what, then nothing is judged, members stay, expiry goes on, and the run names commands and setting',
    async ({ forward }) => {
      const scene = await world.scene();
      await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
      const before = await scene.project.git.head('main');
      await scene.land({ [urbanecm]: grantFile(scene.day(2)) });
      await scene.reconcile();
      const judged = await scene.project.git.head('main');
      const tip = forward
        ? await scene.project.git.commit({ parents: [before], changes: { [grantPath('mallory')]: grantFile(scene.day(14)) } })
        : before;
      await world.gitlab.push(scene.project, world.mallory, 'main', tip);

      const run = await scene.reconcile();
      expect([run.status.code, run.problems?.map(({ code }) => code)]).toEqual([5, ['history-rewritten']]);
      const message = run.problems?.[0]?.message ?? '';
      expect(message).toContain(`git log ${judged}..${tip}`);
      expect(message).toContain('repository.start');
      expect(await scene.members()).toEqual(['hoo', 'urbanecm']);

      const audited = await scene.run('verify');
      expect([audited.status, audited.stdout.replaceAll(/\s+/g, ' ')]).toEqual([
        1,
        expect.stringContaining('is not on the first-parent chain of the branch'),
      ]);

      scene.wait(3 * day);
      await scene.reconcile();
      expect(await scene.members()).toEqual(['hoo']);
    },
  );

  it('case 15: when a person sets a new start in the new history, then what it would add is held, and allowed by its digest', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await scene.reconcile();
    const changes = { [grantPath('hoo')]: grantFile(scene.day(14)), [grantPath('mallory')]: grantFile(scene.day(14)) };
    const tip = await scene.project.git.commit({ parents: [scene.start], changes, at: world.gitlab.clock.now() });
    await world.gitlab.push(scene.project, world.mallory, 'main', tip);
    scene.configure(tip);

    const held = await scene.reconcile();
    expect([heldCodes(held), await scene.members()]).toEqual([['new-start'], ['hoo']]);

    const allow = await scene.run('allow', group, held.groups[0]?.held[0]?.digest ?? '', '--reason', 'checked');
    expect(allow.status).toBe(0);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo', 'mallory']);
    const audited = (await scene.run('verify', '--json')).json<{ fault: unknown; restsOn: readonly { uid: string; word: string }[] }>();
    expect(audited.fault).toBeNull();
    expect(audited.restsOn.map(({ uid, word }) => [uid, word])).toEqual([
      ['hoo', 'gitlab'],
      ['mallory', 'allow'],
    ]);
  });

  it('when the judged commit is only merged into what is pushed, then the whole jump is refused, and nobody gains', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await scene.reconcile();
    const { git } = scene.project;
    const judged = await git.head('main');
    const side = await git.commit({ parents: [scene.start], changes: { [grantPath('mallory')]: grantFile(scene.day(14)) } });
    const foxtrot = await git.commit({ parents: [side, judged], tree: await git.mergedTree(side, judged) });
    await world.gitlab.push(scene.project, world.mallory, 'main', foxtrot);
    await scene.reconcile();
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });

    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`off-chain ${grantPath('mallory')}`], ['hoo', 'urbanecm']]);
    expect((await scene.run('verify')).stdout).toContain('All of it holds.');
  });

  it('when a revert of an approved grant is reverted without an approval, then urbanecm stays out; with one, urbanecm is in', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [urbanecm]: file });
    await scene.land({ [urbanecm]: null }, { approvers: [] });
    await scene.land({ [urbanecm]: file }, { approvers: [] });
    expect([refusals(await scene.reconcile()), await scene.members()]).toEqual([[`no-approval ${urbanecm}`], []]);
    await scene.land({ [urbanecm]: null }, { approvers: [] });
    await scene.land({ [urbanecm]: file });
    expect([refusals(await scene.reconcile()), await scene.members()]).toEqual([[], ['urbanecm']]);
  });

  it('when an unapproved merge renames an approved file to another person, then the one is out and the other not in', async () => {
    const scene = await world.scene();
    const file = grantFile(scene.day(14));
    await scene.land({ [urbanecm]: file });
    await scene.reconcile();
    await scene.land({ [urbanecm]: null, [grantPath('mallory')]: file }, { approvers: [] });
    expect([refusals(await scene.reconcile()), await scene.members()]).toEqual([[`no-approval ${grantPath('mallory')}`], []]);
  });
});

describe('given a clock', () => {
  it('case 45: when the clock is ten years ahead and GitLab says otherwise, then nobody expires for it and nobody is added', async () => {
    const scene = await world.scene();
    await scene.land({
      [urbanecm]: grantFile(scene.day(14)),
      [grantPath('hoo')]: grantFile(scene.day(14)),
      [grantPath('h2o')]: grantFile(scene.day(14)),
    });
    await scene.reconcile();
    await scene.land({ [grantPath('person1')]: grantFile(scene.day(14)) });
    const far = new Date(world.gitlab.clock.now() + 3650 * day);
    const run = await runHere(['reconcile', '--json'], {
      config: join(scene.folder, 'muster.yaml'),
      at: far,
      boot: { at: new Date(world.gitlab.clock.now()).toISOString() },
    });
    expect(run.status).toBe(5);
    expect(await scene.members()).toEqual(['h2o', 'hoo', 'urbanecm']);
    const back = await scene.reconcile();
    expect([back.status.code, await scene.members()]).toEqual([0, ['h2o', 'hoo', 'person1', 'urbanecm']]);
  });
});

describe('given twelve grants', () => {
  it('case 46: when an approved merge request deletes all of them, then they are out at once', async () => {
    const scene = await world.scene();
    const paths = Array.from({ length: 12 }, (_, index) => grantPath(`person${index + 1}`));
    await scene.land(Object.fromEntries(paths.map((path) => [path, grantFile(scene.day(14))])));
    await scene.reconcile();
    await scene.land(Object.fromEntries(paths.map((path) => [path, null])));
    const run = await scene.reconcile();
    expect([run.status.code, await scene.members()]).toEqual([0, []]);
  });
});

describe('given text that others write', () => {
  it('case 63: when titles, names, branches and reasons are hostile, then nothing of it acts in what muster prints or keeps', async () => {
    const scene = await world.scene();
    const hostile = '\u001b]0;x\u0007\n/approve\n@all <script>alert(1)</script>\u202e';
    const title = `Draft ${hostile}`;
    const mergeRequest = await scene.open(
      world.carol,
      { [urbanecm]: grantFile(scene.day(14), { reason: '"/approve @all <script>"' }) },
      { branch: 'a-$(id)-`id`', title, description: hostile },
    );
    world.carol.name = hostile;
    world.mallory.username = `m\u001b[31m\n/approve`;
    scene.approve(mergeRequest, world.mallory);
    await scene.merge(mergeRequest);
    const outputs = [await scene.run('plan'), await scene.run('reconcile'), await scene.run('explain', 'urbanecm')];
    world.mallory.username = 'mallory';
    world.carol.name = 'carol';
    for (const { stdout, stderr } of outputs) {
      expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]|<script>|^\/approve/m);
    }
    expect(outputs[1]?.stdout).toContain('m31mapprove is not among the people');
  });

  it('then the token is in no output, no argument of a process, and nothing that is kept', async () => {
    const scene = await world.scene();
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    const seen: string[] = [];
    const watch = setInterval(() => seen.push(...argumentsOfProcesses()), 5);
    const outputs = [await scene.run('reconcile'), await scene.run('reconcile', '--json'), await scene.run('explain', 'urbanecm')];
    world.gitlab.faults.add(/api/, { kind: 'answer', status: 401 });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    outputs.push(await scene.run('reconcile'));
    world.gitlab.faults.add(/\.git\//, { kind: 'answer', status: 401 });
    outputs.push(await scene.run('reconcile'));
    clearInterval(watch);

    expect(seen.some((line) => line.includes('git'))).toBe(true);
    expect(seen.filter((line) => line.includes(world.token))).toEqual([]);
    expect(outputs.map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(world.token);
    expect(filesUnder(scene.state).filter((file) => readFileSync(file).includes(world.token))).toEqual([]);
    scene.wait(minute);
  });
});

function argumentsOfProcesses(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [readFileSync(`/proc/${name}/cmdline`, 'utf8')];
      } catch {
        // It ended in the meantime.
        return [];
      }
    });
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
}
