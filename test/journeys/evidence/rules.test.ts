// Changes of the rules: judged by the rules before them, and nothing is endorsed while the rules on the branch are not the rules in force (cases 19, 22, 24, 25).
import { describe, expect, it } from 'vitest';
import { grantFile, grantPath, groupFile, policyFile } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { group, minute, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const rules = 'policy/policy.yaml';
const rulesOfGroup = `policy/groups/${group}.yaml`;
const urbanecm = grantPath('urbanecm');
const withMallory = policyFile({ people: { mallory: { gitlab: 66 } }, sre: ['alice', 'bob', 'carol', 'mallory'] });

describe('given rules in force', () => {
  it('case 19: when an approved merge request changes rules and a grant, then it is refused, and so is the next proper grant, until a revert', async () => {
    const scene = await world.scene();
    await scene.land({ [rules]: withMallory, [grantPath('hoo')]: grantFile(scene.day(14)) }, { approvers: [world.alice, world.bob] });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });

    const run = await scene.reconcile();
    expect(refusals(run)).toEqual([`mixed ${grantPath('hoo')}`, `rules-dirty ${urbanecm}`, `mixed ${rules}`]);
    expect(await scene.members()).toEqual([]);

    await scene.push(world.bob, { [rules]: policyFile(), [grantPath('hoo')]: null, [urbanecm]: null });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    const after = await scene.settle();
    expect([after.status.all, await scene.members()]).toEqual([['in order'], ['urbanecm']]);
  });

  it('case 22: when a merge request grants and makes its author an approver, then it is refused', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.mallory, { [rules]: withMallory, [grantPath('mallory')]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.mallory, world.bob);
    await scene.merge(mergeRequest);
    const run = await scene.reconcile();
    expect(run.policy.refused.map(({ code }) => code)).toEqual(['mixed', 'mixed']);
    expect(await scene.members()).toEqual([]);
  });

  it('case 22: when mallory approves the rules that make mallory an approver, then it is refused by the rules before', async () => {
    const scene = await world.scene();
    await scene.land({ [rules]: withMallory }, { approvers: [world.mallory] });
    expect(refusals(await scene.reconcile())).toEqual([`no-approval ${rules}`]);
  });

  it('when alice, who is not on the team for rules, approves a change of them, then it is refused', async () => {
    const scene = await world.scene();
    await scene.land({ [rulesOfGroup]: groupFile({ longest: '365 days' }) }, { approvers: [world.alice] });
    const run = await scene.reconcile();
    expect(refusals(run)).toEqual([`no-approval ${rulesOfGroup}`]);
    expect(run.policy.refused[0]?.message).toContain('alice is on no team that approves this');
  });

  it.each([
    { what: 'a team that only bob joins', policy: policyFile({ sre: ['alice', 'carol'] }), after: policyFile() },
    { what: 'another account of bob', policy: policyFile(), after: policyFile({ people: { bob: { gitlab: [51, 66] } } }) },
    { what: 'another uid of bob', policy: policyFile(), after: policyFile({ people: { bob: { gitlab: 51, also: ['h2o'] } } }) },
  ])('when bob approves $what, then he benefits, and it is refused', async ({ policy, after }) => {
    const scene = await world.scene({ policy });
    await scene.land({ [rules]: after }, { approvers: [world.bob] });
    const run = await scene.reconcile();
    expect([refusals(run), run.policy.refused[0]?.message]).toEqual([[`no-approval ${rules}`], expect.stringContaining('bob gains by it')]);
  });

  it('when bob properly makes mallory an approver, then mallory counts for what comes afterwards, and not for what mallory asks for', async () => {
    const scene = await world.scene();
    await scene.land({ [rules]: withMallory }, { approvers: [world.bob] });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) }, { approvers: [world.mallory] });
    await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14)) }, { approvers: [world.mallory] });
    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`no-approval ${grantPath('mallory')}`], ['urbanecm']]);
  });

  it('case 24: when a push makes mallory an approver, then nothing is endorsed until the rules are what they were, whoever approves', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await scene.push(world.mallory, { [rules]: withMallory });
    await scene.land({ [grantPath('mallory')]: grantFile(scene.day(14)) }, { approvers: [world.mallory] });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });

    const run = await scene.settle();
    expect(refusals(run)).toEqual([`rules-dirty ${grantPath('mallory')}`, `rules-dirty ${urbanecm}`, `no-merge-request ${rules}`]);
    expect(await scene.members()).toEqual(['hoo']);

    await scene.push(world.bob, { [rules]: policyFile() });
    await scene.land({ [grantPath('h2o')]: grantFile(scene.day(14)) }, { approvers: [world.mallory] });
    await scene.land({ [grantPath('person1')]: grantFile(scene.day(14)) });
    const after = await scene.settle();
    expect(refusals(after)).toEqual([`no-approval ${grantPath('h2o')}`, `rules-dirty ${grantPath('mallory')}`, `rules-dirty ${urbanecm}`]);
    expect(await scene.members()).toEqual(['hoo', 'person1']);
  });

  it('case 24: when an approved merge request edits the pushed rules, then that does not clean them', async () => {
    const scene = await world.scene();
    await scene.push(world.mallory, { [rules]: withMallory });
    await scene.land({ [rules]: `# harmless\n${withMallory}` }, { approvers: [world.bob] });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) }, { approvers: [world.mallory] });
    const run = await scene.settle();
    expect(refusals(run)).toEqual([`rules-dirty ${urbanecm}`, `rules-dirty ${rules}`]);
    expect(await scene.members()).toEqual([]);
  });

  it('when a push deletes the file of the group, then its members stay, and nothing is endorsed until it is back', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    await scene.push(world.mallory, { [rulesOfGroup]: null });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    const run = await scene.settle();
    expect(refusals(run)).toEqual([`rules-dirty ${urbanecm}`, `no-merge-request ${rulesOfGroup}`]);
    expect(await scene.members()).toEqual(['hoo']);
  });

  it.each([
    { what: 'do not parse', path: rules, content: 'version: [\n', codes: ['rules-invalid', 'unreadable'] },
    { what: 'name a team that is not there', path: rulesOfGroup, content: groupFile({ approvers: ['nobody'] }), codes: ['rules-invalid'] },
    { what: 'leave one approver for a group', path: rules, content: policyFile({ sre: ['alice'] }), codes: ['too-few-approvers'] },
    { what: 'leave one approver for the rules', path: rules, content: policyFile({ owners: ['bob'] }), codes: ['too-few-approvers'] },
    { what: 'need three of three approvals', path: rulesOfGroup, content: groupFile({ approvals: 3 }), codes: ['too-few-approvers'] },
    {
      what: 'count one account for two people',
      path: rules,
      content: policyFile({ people: { mallory: { gitlab: 51 } } }),
      codes: ['rules-invalid'],
    },
  ])('case 25: when approved rules $what, then they are refused, and the old ones stay in force', async ({ path, content, codes }) => {
    const scene = await world.scene();
    await scene.land({ [path]: content }, { author: world.carol, approvers: [world.bob] });
    const run = await scene.reconcile();
    expect(run.policy.refused).toMatchObject([{ path }]);
    expect(codes).toContain(run.policy.refused[0]?.code);

    await scene.push(world.bob, { [path]: path === rules ? policyFile() : groupFile() });
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    await scene.settle();
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('when approved rules are shorter for a grant than the one in force, then the grant stays as it was approved', async () => {
    const scene = await world.scene();
    await scene.land({ [urbanecm]: grantFile(scene.day(60)) });
    await scene.land({ [rulesOfGroup]: groupFile({ longest: '10 days' }) }, { approvers: [world.bob] });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(60)) });
    scene.wait(minute);
    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`too-long ${grantPath('hoo')}`], ['urbanecm']]);
  });
});

describe('case 122: given a change of the rules that takes carol out and is refused, and the old file put back by carol', () => {
  async function putBack(): Promise<Scene> {
    const scene = await world.scene();
    const before = policyFile();
    const mergeRequest = await scene.open(world.bob, {
      'policy/policy.yaml': policyFile({ sre: ['alice', 'bob'], owners: ['alice', 'bob'] }),
    });
    await scene.merge(mergeRequest, { by: world.bob });
    await scene.reconcile();
    await scene.push(world.carol, { 'policy/policy.yaml': before });
    const run = await scene.settle();
    expect(run.policy.refused).toEqual([]);
    return scene;
  }

  it('when carol approves a grant, then that does not count, and the approval of bob does', async () => {
    const scene = await putBack();
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) }, { author: world.alice, approvers: [world.carol] });
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) }, { author: world.alice, approvers: [world.bob] });
    const run = await scene.reconcile();
    expect(run.policy.refused[0]?.message).toContain('carol was taken off the approvers by a change of the rules that was refused');
    expect(await scene.members()).toEqual(['hoo']);
  });

  it('when bob approves a change of the rules that keeps carol, then carol counts again', async () => {
    const scene = await putBack();
    await scene.land(
      { 'policy/policy.yaml': policyFile({ approvals: 1, owners: ['carol', 'bob'] }) },
      { author: world.alice, approvers: [world.bob] },
    );
    await scene.land({ [grantPath('urbanecm')]: grantFile(scene.day(14)) }, { author: world.alice, approvers: [world.carol] });
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
  });
});
