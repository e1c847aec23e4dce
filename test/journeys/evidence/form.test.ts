// What a landing may look like at all: refused at once, however many approved it (cases 16 to 21, 37 to 42).
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileChanges } from '../../support/gitlab/repository.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals, type RunDocument } from './run-document.ts';
import { startWorld, type Scene, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const urbanecm = grantPath('urbanecm');
const proper = (scene: Scene) => grantFile(scene.day(14));

interface Landing {
  readonly what: string;
  readonly code: string;
  readonly files: (file: string, path: string) => FileChanges;
}

const shapes: readonly Landing[] = [
  { what: 'case 16: a symlink', code: 'file-mode', files: (_, path) => ({ [path]: { mode: '120000', content: 'hoo.yaml' } }) },
  { what: 'case 16: a submodule', code: 'file-mode', files: (_, path) => ({ [path]: { mode: '160000', content: '1'.repeat(40) } }) },
  { what: 'case 16: an executable file', code: 'file-mode', files: (file, path) => ({ [path]: { mode: '100755', content: file } }) },
  { what: 'case 16: a line feed in a name', code: 'unexpected-path', files: (file) => ({ [grantPath('urbanecm\nx')]: file }) },
  { what: 'case 16: a Cyrillic letter in a name', code: 'unexpected-path', files: (file) => ({ [grantPath('urb\u0430necm')]: file }) },
  { what: 'case 16: upper case in a name', code: 'unexpected-path', files: (file) => ({ [grantPath('Urbanecm')]: file }) },
  {
    what: 'case 16: upper case in a folder',
    code: 'unexpected-path',
    files: (file) => ({ 'policy/Grants/klaxon-users/urbanecm.yaml': file }),
  },
  { what: 'another ending', code: 'unexpected-path', files: (file) => ({ 'policy/grants/klaxon-users/urbanecm.yml': file }) },
  { what: 'a deeper folder', code: 'unexpected-path', files: (file) => ({ 'policy/grants/klaxon-users/x/urbanecm.yaml': file }) },
  { what: 'a group that nobody knows', code: 'unknown-group', files: (file) => ({ 'policy/grants/stewards/urbanecm.yaml': file }) },
  { what: 'case 20: README.md beside a grant', code: 'impure', files: (file, path) => ({ [path]: file, 'README.md': 'x\n' }) },
  { what: 'case 21: 20 KiB', code: 'too-large', files: (file, path) => ({ [path]: `# ${'x'.repeat(20 * 1024)}\n${file}` }) },
  {
    what: 'case 21: 51 files',
    code: 'too-many-files',
    files: (file) => Object.fromEntries(Array.from({ length: 51 }, (_, index) => [grantPath(`many${index + 1}`), file])),
  },
];

const times: readonly Landing[] = [
  { what: 'case 41: no time zone', code: 'unreadable', until: '2026-12-07T18:00' },
  { what: 'case 41: 30 February', code: 'unreadable', until: '2027-02-30' },
  { what: 'case 41: a leap second', code: 'unreadable', until: '2026-12-07T18:00:60Z' },
  { what: 'case 41: the year 9999', code: 'unreadable', until: '9999-12-31' },
  { what: 'case 41: an end before its start', code: 'until-before-from', until: '2026-12-01', from: '2026-12-02' },
  { what: 'case 41: an end at its start', code: 'until-before-from', until: '2026-12-01T00:00Z', from: '2026-12-01T00:00Z' },
  { what: 'case 42: an end after 91 days', code: 'too-long', until: '2027-02-22' },
  { what: 'case 42: a start in 40 days', code: 'too-dormant', until: '2027-01-30', from: '2027-01-10' },
].map(({ what, code, until, from }) => ({
  ...{ what, code },
  files: (_, path) => ({ [path]: grantFile(until, from === undefined ? {} : { from }) }),
}));

const endless: Landing = {
  what: 'case 42: no end',
  code: 'too-long',
  files: (file, path) => ({ [path]: file.replace(/until: .*\n/, '') }),
};

const texts: readonly Landing[] = [
  { what: 'case 38: a directive', text: '%YAML 1.1\n---\n' },
  { what: 'case 38: a key twice', text: 'reason: another\n' },
  { what: 'case 38: an anchor', text: 'ticket: &a T1\n' },
  { what: 'case 38: an alias', text: 'ticket: *a\n' },
  { what: 'case 38: a merge key', text: '<<: { ticket: T1 }\n' },
  { what: 'case 38: a tag', text: 'ticket: !!str T1\n' },
  { what: 'case 38: two documents', text: 'ticket: T1\n---\n' },
  { what: 'case 38: 8,000 levels', text: `ticket: ${'['.repeat(8000)}\n` },
  { what: 'case 39: __proto__', text: '__proto__: { uid: mallory }\n' },
  { what: 'case 39: constructor', text: 'constructor: mallory\n' },
  { what: 'case 40: CR', text: 'ticket: T1\r\n' },
  { what: 'case 40: NEL', text: 'ticket: T1\u0085\n' },
  { what: 'case 40: U+2028', text: 'ticket: "T\u20281"\n' },
  { what: 'case 40: BOM', text: '\uFEFFticket: T1\n' },
  { what: 'case 40: a right-to-left override', text: 'ticket: "T\u202E1"\n' },
  { what: 'case 40: a zero-width space', text: 'ticket: "T\u200B1"\n' },
  { what: 'case 40: a no-break space at the end', text: 'ticket: T1\u00A0\n' },
].map(({ what, text }) => ({ what, code: 'unreadable', files: (file, path) => ({ [path]: text + file }) }));

const landings = [...shapes, ...times, endless, ...texts];

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
  }, 120_000);

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
  }, 60_000);

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
