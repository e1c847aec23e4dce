// What a landing may look like at all: refused at once, however many approved it (cases 16 to 21, 37 to 42).
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { landings, ofRules, startingPolicy, tooMany, type Landing } from './forms.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals, type RunDocument } from '../documents.ts';
import { startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');
const proper = (scene: Scene) => grantFile(scene.day(14));

describe("given a row of merge requests that alice approved, each with a form of its own, and hoo's proper one after them", () => {
  let scene: Scene;
  let run: RunDocument;
  const paths = new Map<Landing, readonly string[]>();
  beforeAll(async () => {
    scene = await world.scene();
    for (const [index, landing] of landings.entries()) {
      const files = landing.files(proper(scene), grantPath(`form${index + 1}`));
      paths.set(
        landing,
        Object.keys(files).filter((path) => path.startsWith('policy/')),
      );
      await scene.land(files);
    }
    await scene.land({ [grantPath('hoo')]: proper(scene) });
    run = await scene.reconcile();
  });

  it.each(landings)('$what: then it is refused as $code', (landing) => {
    const refused = run.policy.refused.filter(({ path }) => paths.get(landing)?.includes(path));
    expect(refused.map(({ code }) => code)).toEqual(paths.get(landing)?.map(() => landing.code));
  });

  it('then only hoo is in, and nothing of the names and texts reaches a terminal as it is', async () => {
    const { stdout } = await scene.run('plan');
    expect([run.status.all, await scene.members()]).toEqual([['refused'], ['hoo']]);
    expect(stdout.split('\n').filter((line) => !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(line))).toEqual([]);
    expect(stdout).toContain('urbanecm\\u{a}x.yaml');
  });
});

describe('given an approved merge request', () => {
  it('case 21: when it brings 51 files, then each of them is refused as too-many-files', async () => {
    const scene = await world.scene();
    const files = tooMany.files(proper(scene), urbanecm);
    await scene.land(files);
    const { policy, groups } = await scene.plan();
    expect([policy.refused.map(({ path }) => path).sort(), new Set(policy.refused.map(({ code }) => code))]).toEqual([
      Object.keys(files).sort(),
      new Set([tooMany.code]),
    ]);
    expect(groups.flatMap(({ add }) => add)).toEqual([]);
  });

  it.each(ofRules)('when it brings $what, then it is refused as $code', async ({ files, code }) => {
    const scene = await world.scene({ files: startingPolicy });
    await scene.land(files(proper(scene), urbanecm), { approvers: [world.alice, world.bob] });
    const run = await scene.plan();
    expect(new Set(run.policy.refused.map(({ code: of }) => of))).toEqual(new Set([code]));
    expect(run.groups.flatMap(({ add }) => add)).toEqual([]);
  });

  it.each([
    { what: 'generated', path: '.gitattributes', content: 'policy/** linguist-generated\n' },
    { what: 'binary', path: 'policy/.gitattributes', content: '*.yaml binary\n' },
    { what: 'without a diff', path: 'policy/grants/klaxon-users/.gitattributes', content: '* -diff\n' },
  ])('case 18: when it declares policy files to be $what, then it is refused', async ({ path, content }) => {
    const scene = await world.scene();
    await scene.land({ [urbanecm]: proper(scene), [path]: content });
    const run = await scene.plan();
    expect(new Set(run.policy.refused.map(({ code }) => code))).toEqual(new Set(['hidden-diff']));
    expect(run.groups[0]?.add).toEqual([]);
  });

  it('case 18: when a push hid policy files from the diff before it, then it is refused, until the attribute is gone', async () => {
    const scene = await world.scene();
    await scene.push(world.mallory, { '.gitattributes': '*.yaml -diff\n' });
    await scene.land({ [urbanecm]: proper(scene) });
    expect([refusals(await scene.reconcile()), await scene.members()]).toEqual([[`hidden-diff ${urbanecm}`], []]);

    await scene.push(world.bob, { '.gitattributes': null });
    await scene.push(world.bob, { [urbanecm]: null });
    await scene.land({ [urbanecm]: proper(scene) });
    await scene.settle();
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('case 37: when its grants are for people called no, null, 007 and 1e3, then they are names, and these people are in', async () => {
    const scene = await world.scene();
    const names = ['007', '1e3', 'no', 'null'];
    await scene.land(Object.fromEntries(names.map((uid) => [grantPath(uid), proper(scene)])));
    const run = await scene.reconcile();
    expect([run.status.code, await scene.members()]).toEqual([0, names]);
  });

  it('case 39: when its grant is for a person called __proto__, then that is a name like any other', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('__proto__')]: proper(scene) });
    await scene.reconcile();
    expect(await scene.members()).toEqual(['__proto__']);
  });
});

function git(scene: Scene, args: readonly string[], input: Buffer | string): string {
  return execFileSync('git', ['-C', scene.project.git.path, ...args], { input, encoding: 'utf8' }).trim();
}

function commitOf(scene: Scene, tree: string, parent: string): string {
  return git(scene, ['-c', 'user.name=x', '-c', 'user.email=x@example.org', 'commit-tree', tree, '-p', parent, '-m', 'x'], '');
}

describe('given what no client of git would make', () => {
  it('case 21: when a folder of 100,000 grants is pushed, then it is refused within a bounded time', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('hoo')]: proper(scene) });
    const blob = git(scene, ['hash-object', '-w', '--stdin'], 'x\n');
    const entries = Array.from({ length: 100_000 }, (_, index) => `100644 blob ${blob}\tp${index}.yaml\n`).join('');
    const folder = git(scene, ['mktree'], entries);
    const nested = ['klaxon-users', 'grants', 'policy'].reduce(
      (tree, name) => git(scene, ['mktree'], `040000 tree ${tree}\t${name}\n`),
      folder,
    );
    await scene.project.git.setRef('refs/heads/main', commitOf(scene, nested, await scene.project.git.head('main')));

    const run = await scene.run('plan', '--json');

    const document = run.json<Awaited<ReturnType<Scene['plan']>>>();
    expect([document.status.all, document.policy.refused[0]?.code]).toEqual([['refused'], 'too-many-files']);
    expect(document.groups[0]?.add).toEqual([]);
  });

  it.each([
    { what: 'the same name twice', entries: ['policy.yaml', 'policy.yaml'] },
    { what: 'a folder called ..', entries: ['..', 'policy.yaml'] },
  ])(
    'case 17: when a tree with $what is pushed, then it does not get into the mirror, and everything stays as it is',
    async ({ entries }) => {
      const scene = await world.scene();
      await scene.land({ [grantPath('hoo')]: proper(scene) });
      await scene.reconcile();
      const blob = git(scene, ['hash-object', '-w', '--stdin'], proper(scene));
      const tree = Buffer.concat(entries.map((name) => Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')])));
      const bad = git(scene, ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], tree);
      await scene.project.git.setRef('refs/heads/main', commitOf(scene, bad, await scene.project.git.head('main')));

      const run = await scene.reconcile();

      expect(run.status.all[0]).toMatch(/input|unavailable/);
      expect(run.problems?.map(({ code }) => code).join()).toContain('git');
      expect(await scene.members()).toEqual(['hoo']);
    },
  );
});
