// A directory that muster has never seen: five groups below dc=example,dc=org, and one command before the first plan.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneOfBranch } from '../ci/pipelines.ts';
import { runMuster, type CommandResult } from '../support/command.ts';
import { runHere } from '../support/in-process.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import type { RunDocument } from './documents.ts';
import { contentsOf, noon } from './world.ts';

const groups = {
  admins: ['alice', 'bob'],
  deployers: ['alice', 'carol', '007'],
  editors: ['dave', 'erin', 'no'],
  vpn: ['alice', 'bob', 'carol', 'dave', 'erin', '1e3'],
  wiki: ['erin'],
};

/** People whose entries are not named by their uid. */
const staff = `
dn: ou=staff,dc=example,dc=org
objectClass: organizationalUnit
ou: staff

dn: cn=Fay Doe,ou=staff,dc=example,dc=org
objectClass: inetOrgPerson
cn: Fay Doe
sn: Doe
uid: fay
pwdAccountLockedTime: 20261101000000Z

dn: cn=Gus Doe,ou=staff,dc=example,dc=org
objectClass: inetOrgPerson
cn: Gus Doe
sn: Doe
uid: gus
pwdAccountLockedTime: 000001010000Z

dn: cn=staffers,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staffers
description: Whoever is paid.
member: cn=Fay Doe,ou=staff,dc=example,dc=org

dn: cn=Web Team (old),ou=groups,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: Web Team (old)
uniqueMember: cn=Fay Doe,ou=staff,dc=example,dc=org

dn: cn=mixed,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: mixed
member: cn=Fay Doe,ou=staff,dc=example,dc=org
member: uid=alice,ou=people,dc=example,dc=org
`;

/** The own groups of accounts, as many as there are accounts. */
const own = Array.from({ length: 60 }, (_, at) => `own${at}`).map(
  (cn, at) =>
    `dn: cn=${cn},ou=groups,dc=example,dc=org\nobjectClass: device\nobjectClass: posixGroup\ncn: ${cn}\ngidNumber: ${9000 + at}\n`,
);

let slapd: Slapd;
let folder: string;
beforeAll(async () => {
  slapd = await startSlapd({
    suffix: 'dc=example,dc=org',
    people: [...new Set(Object.values(groups).flat())],
    groups: { ...groups, 'nobody-yet': [], machines: ['cn=scriptuser,ou=profile,dc=example,dc=org'] },
    ldif: [staff, ...own].join('\n'),
  });
  folder = mkdtempSync(join(tmpdir(), 'muster-init-'));
  writeFileSync(join(folder, 'password'), `${slapd.writerPassword}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await slapd.stop();
  rmSync(folder, { recursive: true, force: true });
});

function init(
  place: string,
  more: readonly string[] = [],
  people = 'ou=people,dc=example,dc=org',
  url = slapd.url,
): Promise<CommandResult> {
  return runMuster(['init', place, '--directory', url, '--people', people, ...more], { cwd: folder, at: noon });
}

const bound = () => ['--bind-dn', slapd.writerDn, '--password-file', 'password'];

async function plan(place: string): Promise<RunDocument> {
  const result = await runHere(['plan', '--json'], { cwd: folder, config: join(folder, place, 'muster.yaml'), at: noon });
  return result.json<RunDocument>();
}

describe('given a directory with five groups', () => {
  it('when a newcomer types init, then the policy is in order and the first plan changes nobody', async () => {
    const result = await init('access', bound());

    expect(result).toMatchObject({ status: 0, stderr: '' });
    const project = join(folder, 'access/policy-project');
    const check = await runHere(['check', '--json'], { cwd: project, at: noon });
    expect(check.json<{ findings: unknown[] }>()).toMatchObject({ findings: [] });
    const first = await plan('access');
    expect(first).toMatchObject({ mode: 'report', status: { code: 0 } });
    expect(first.groups.map(({ group, state, members, add, remove, held }) => ({ group, state, members, add, remove, held }))).toEqual(
      Object.entries(groups).map(([group, uids]) => ({ group, state: 'in-sync', members: uids.length, add: [], remove: [], held: [] })),
    );
    // It ends with what check and plan say, and with who may approve what.
    expect(result.stdout).toContain('The policy is in order.');
    expect(result.stdout).toMatch(/^group +admins: in sync, 2 members$/m);
    expect(result.stdout).toMatch(/^ {2}policy\/grants\/vpn\/ .*, 1 approval$/m);
    expect(result.stdout).not.toContain('There is no plan yet');
    expect(result.stdout).toMatch(/- cn=machines,ou=groups,dc=example,dc=org; [^:]*: no\s+person is a member of it;/);
  });

  it('then the ends of the present members are spread over the year that the group allows, and what is not known is a comment', () => {
    const policy = join(folder, 'access/policy-project/policy');
    const ends = groups.vpn.map((uid) => /^until: (.*)$/m.exec(readFileSync(join(policy, `grants/vpn/${uid}.yaml`), 'utf8'))?.[1] ?? '');
    expect(new Set(ends).size).toBe(groups.vpn.length);
    expect(ends.filter((end) => end <= '2027-02-20' || end > '2027-11-23')).toEqual([]);
    expect(readFileSync(join(policy, 'groups/vpn.yaml'), 'utf8')).toContain('# requires: [contact]\n');
  });

  it('then everything is in one commit, "start", which the configuration names', () => {
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-C', join(folder, 'access/policy-project'), ...args], { encoding: 'utf8' });
    expect(git('log', '--format=%s')).toBe('start\n');
    expect(git('status', '--porcelain')).toBe('');
    expect(readFileSync(join(folder, 'access/muster.yaml'), 'utf8')).toContain(`start: ${git('rev-parse', 'HEAD').trim()} #`);
  });

  it('when GitLab runs the pipeline of the project, then it checks the policy with the muster of the project, and nothing else of muster', async () => {
    const checkout = await cloneOfBranch(join(folder, 'access/policy-project'), 'main');
    try {
      rmSync(join(checkout.folder, 'node_modules'));
      const main = { CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: 'main' };
      expect(await checkout.jobs(main)).toEqual(['policy']);
      expect(await checkout.jobs({ CI_PIPELINE_SOURCE: 'schedule' })).toEqual(['endings']);

      const { status, stdout } = await checkout.run('policy', main);
      expect(stdout).toContain('The policy is in order.');
      expect(status).toBe(0);
      expect(checkout.read('policy-quality.json')).toBe('[]\n');

      writeFileSync(join(checkout.folder, 'policy/grants/wiki/erin.yaml'), 'reason: why\n');
      const broken = await checkout.run('policy', main);
      expect(broken.status).not.toBe(0);
      expect(broken.stdout).toContain('policy/grants/wiki/erin.yaml:');
    } finally {
      checkout.remove();
    }
  });

  it('when somebody follows a link of its pages, then the file is there', () => {
    const project = join(folder, 'access/policy-project');
    const guides = readdirSync(join(project, '.muster/docs')).map((name) => join('.muster/docs', name));
    const links = ['README.md', ...guides].flatMap((page) =>
      [...readFileSync(join(project, page), 'utf8').matchAll(/\]\(([^)#:]+)[^)]*\)/g)].map(([, to = '']) => join(project, page, '..', to)),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('when somebody follows the first page of the project, then they give access, end it, and revoke it', async () => {
    const first = await init('followed', bound());
    const project = join(folder, 'followed/policy-project');
    expect(first.stdout).toContain(`How somebody gets access then, and loses it: ${project}/README.md\n`);
    const page = readFileSync(join(project, 'README.md'), 'utf8');
    const config = join(folder, 'followed/muster.yaml');
    const type = (...args: readonly string[]) => runHere(args, { cwd: folder, config, at: noon });
    const env = { ...process.env, GIT_COMMITTER_DATE: noon, GIT_COMMITTER_NAME: 'alice', GIT_COMMITTER_EMAIL: 'alice@example.org' };
    const commit = () => {
      execFileSync('git', ['-C', project, 'add', '--all']);
      execFileSync('git', ['-C', project, 'commit', '--quiet', '--author', 'alice <alice@example.org>', '-m', 'a change'], { env });
    };
    const [, grant = ''] = /```yaml\n([^`]*)```/.exec(page) ?? [];
    writeFileSync(config, readFileSync(config, 'utf8').replace('mode: report', 'mode: enforce'));
    expect(await type('reconcile')).toMatchObject({ status: 0 });

    mkdirSync(join(project, 'policy/grants/wiki'), { recursive: true });
    writeFileSync(join(project, 'policy/grants/wiki/dave.yaml'), grant.replaceAll(/^ {3}/gm, ''));
    expect((await runHere(['check'], { cwd: project, at: noon })).stdout).toContain('in order');
    commit();
    await type('reconcile');
    expect(await slapd.members('wiki')).toEqual(['erin', 'dave'].map((uid) => slapd.personDn(uid)));

    rmSync(join(project, 'policy/grants/wiki/dave.yaml'));
    commit();
    await type('reconcile');
    expect(await slapd.members('wiki')).toEqual([slapd.personDn('erin')]);
    expect(page).toContain('`muster revoke UID --reason "…"`');
    await type('revoke', 'erin', '--reason', 'account taken over');
    expect(await slapd.members('wiki')).toEqual(['']);
    await slapd.setMembers('wiki', groups.wiki);
  });

  it('then editors find the schemas, and whoever opens a merge request a template', () => {
    const project = join(folder, 'access/policy-project');
    for (const path of ['policy/policy.yaml', 'policy/groups/wiki.yaml', 'policy/grants/wiki/erin.yaml']) {
      const schema = /\$schema=(.*)$/m.exec(readFileSync(join(project, path), 'utf8'))?.[1] ?? '';
      expect(JSON.parse(readFileSync(join(project, path, '..', schema), 'utf8'))).toHaveProperty('$schema');
    }
    expect(readdirSync(join(project, '.gitlab/merge_request_templates'))).toEqual(readdirSync('.gitlab/merge_request_templates'));
  });

  it('when it is typed again, then nothing is written over but muster’s own', async () => {
    const grant = join(folder, 'access/policy-project/policy/grants/wiki/erin.yaml');
    rmSync(grant);
    const mine = join(folder, 'access/policy-project/policy/groups/wiki.yaml');
    writeFileSync(mine, readFileSync(mine, 'utf8').replace('365 days', '30 days'));
    writeFileSync(join(folder, 'access/policy-project/.gitlab-ci.yml'), 'include: []\n');
    writeFileSync(join(folder, 'access/policy-project/.muster/main.js'), 'broken');
    const before = contentsOf(join(folder, 'access'));

    const result = await init('access', bound());

    const changed = Object.entries(contentsOf(join(folder, 'access'))).filter(([path, text]) => before[path] !== text);
    expect(result.status).toBe(0);
    expect(changed.map(([path]) => path)).toEqual(['policy-project/.muster/main.js']);
    const inProject = execFileSync(process.execPath, ['.muster/main.js', 'check'], { cwd: join(folder, 'access/policy-project') });
    expect(inProject.toString()).toContain('in order');
  });

  it('when some groups are named, then only those are taken, also an empty one, and the approvers are who was said', async () => {
    const named = ['--group', `new=${slapd.groupDn('nobody-yet')}`, '--group', `wiki=${slapd.groupDn('wiki')}`];
    const result = await init('named', [...bound(), ...named, '--approver', 'alice=42', '--approver', 'bob=51']);

    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect((await plan('named')).groups.map(({ group, state, members }) => [group, state, members])).toEqual([
      ['new', 'in-sync', 0],
      ['wiki', 'in-sync', 1],
    ]);
    const policy = readFileSync(join(folder, 'named/policy-project/policy/policy.yaml'), 'utf8');
    expect(policy).toContain('  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\n');
    expect(result.stdout).not.toContain('is nobody, and holds a place');
    expect(result.stdout).toMatch(/^Who may approve what:$/m);
  });

  it('when there is a policy project already, then what is in it stays, and only the rest is written', async () => {
    const project = join(folder, 'kept/policy-project/policy');
    const mine = {
      'policy.yaml':
        'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  owners: [alice, bob]\nrules:\n  approvers: [owners]\n',
      'groups/vpn.yaml': 'purpose: Mine.\nowner: owners\nmembers: grants\n',
    };
    mkdirSync(join(project, 'groups'), { recursive: true });
    for (const [path, text] of Object.entries(mine)) writeFileSync(join(project, path), text);

    const result = await init('kept', bound());

    expect(result).toMatchObject({ status: 0, stderr: '' });
    for (const [path, text] of Object.entries(mine)) expect(readFileSync(join(project, path), 'utf8')).toBe(text);
    expect(readFileSync(join(project, 'groups/wiki.yaml'), 'utf8')).toContain('owner: owners #');
    // Who was taken out of a group that is there already does not come back by this.
    expect(readdirSync(join(project, 'grants'))).toEqual(Object.keys(groups).filter((group) => group !== 'vpn'));
  });

  it('when people are named by their cn, then that is found, and the first plan changes nobody', async () => {
    const result = await init('staff', bound(), 'ou=staff,dc=example,dc=org');

    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'staff/muster.yaml'), 'utf8')).toContain('named-by: cn #');
    expect(readFileSync(join(folder, 'staff/policy-project/policy/groups/staffers.yaml'), 'utf8')).toContain(
      'purpose: "Whoever is paid."\n',
    );
    const inSync = { state: 'in-sync', members: 1, add: [], remove: [] };
    expect((await plan('staff')).groups).toMatchObject([
      { group: 'staffers', ...inSync },
      { group: 'web-team-old', ...inSync },
    ]);
    // Whom a person locked, and not a wrong password.
    expect(result.stdout).toContain('Whether these are locked: 1 person has pwdAccountLockedTime: 000001010000Z.');
    expect(readFileSync(join(folder, 'staff/muster.yaml'), 'utf8')).toContain(
      '\n  # disabled: { attribute: pwdAccountLockedTime, value: "000001010000Z" } # 1 person has this\n',
    );
    // What muster would take out of a group is told, and the group is not taken.
    expect(result.stdout).toMatch(
      /- cn=mixed,\S+ its member\s+uid=alice,ou=people,dc=example,dc=org\s+is not\s+one person\s+below\s+ou=staff,/,
    );
    expect(result.stdout).not.toContain('own7');
  });

  it('when it is read as nobody, then all is written but the account, and that is told', async () => {
    const result = await init('anonymous');

    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toContain('The account that muster binds as');
    expect(result.stdout).toContain('Who may approve: approver-1 and approver-2');
    const started = await runHere(['plan'], { config: join(folder, 'anonymous/muster.yaml'), at: noon });
    expect(started).toMatchObject({ status: 2 });
    expect(started.stderr).toContain('bind-dn');
  });

  it('when a group holds somebody who is not there, then that one is told', async () => {
    await slapd.setMembers('wiki', ['erin', 'uid=ghost,ou=people,dc=example,dc=org']);
    const result = await init('ghost', [...bound(), '--group', `wiki=${slapd.groupDn('wiki')}`]);
    await slapd.setMembers('wiki', groups.wiki);

    expect(result.stdout).toContain('uid=ghost,ou=people,dc=example,dc=org: the directory has no entry of this name');
    expect(readFileSync(join(folder, 'ghost/policy-project/policy/groups/wiki.yaml'), 'utf8')).toContain('unexplained: remove #');
  });

  it.each([
    {
      given: 'people that the directory does not have',
      args: ['ou=crew,dc=example,dc=org'],
      says: /has no entry ou=crew,dc=example,dc=org, .* Who has a uid stands below ou=people,dc=example,dc=org \(\d+\), ou=staff,dc=example,dc=org \(2\)/,
    },
    {
      given: 'people among whom nobody is',
      args: ['ou=profile,dc=example,dc=org'],
      says: /shows cn=\S+ nobody who has a uid\. Who has a uid stands below ou=people,/,
    },
    { given: 'no DN', args: ['people'], says: /^muster: --people: "people" is not a distinguished name/ },
  ])('when it is given $given, then that is the error, and nothing is written', async ({ args: [people = ''], says }) => {
    const result = await init('wrong', bound(), people);

    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(says);
    expect(() => contentsOf(join(folder, 'wrong'))).toThrow('ENOENT');
  });

  it('when it is given no account, and people that the directory does not show, then that is said too', async () => {
    const result = await init('wrong', [], 'ou=crew,dc=example,dc=org');
    expect(result.stderr).toContain('or hides it from whoever asks without an account');
  });

  it('when a group is named that is not there, then that is the error', async () => {
    const result = await init('wrong', [...bound(), '--group', `x=cn=x,ou=groups,dc=example,dc=org`]);
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain('--group x: the directory has no entry cn=x,ou=groups,dc=example,dc=org');
  });

  it('when no --people is given, then that is the error', async () => {
    const result = await runMuster(['init', 'wrong', '--directory', slapd.url], { cwd: folder });
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain("required option '--people <dn>' not specified");
  });

  it('when the directory does not answer, then the status is 75, and nothing is written', async () => {
    await slapd.halt();
    const result = await init('wrong', bound());
    await slapd.restart();
    expect(result).toMatchObject({ status: 75, stdout: '' });
    expect(result.stderr).toContain('directory did not answer');
    expect(() => contentsOf(join(folder, 'wrong'))).toThrow('ENOENT');
  });
});
