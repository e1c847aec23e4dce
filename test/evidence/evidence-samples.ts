// A change that alice asked for and bob approved in time, ready to be spoiled in one place by each test.
import type { BoundMergeRequest } from '../../src/evidence/binding.ts';
import type { Account, Approval, Candidate, MergeRequest, Push, Review, StateEvent, Version } from '../../src/record/kept-evidence.ts';
import {
  instant,
  parseCommitId,
  parseGroupName,
  parseTeamName,
  parseUid,
  type CommitId,
  type GroupName,
  type Instant,
  type TeamName,
  type Uid,
} from '../../src/names.ts';
import { defaultLimits, type Approver, type GroupRules, type Rules } from '../../src/policy/policy.ts';
import { day, hour } from '../../src/time.ts';

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the sample is wrong');
  return value;
}

export function uid(text: string): Uid {
  return given(parseUid(text));
}

export function team(text: string): TeamName {
  return given(parseTeamName(text));
}

export function group(text: string): GroupName {
  return given(parseGroupName(text));
}

/** `commit('a')` is forty a's. */
export function commit(digit: string): CommitId {
  return given(parseCommitId(digit.repeat(40)));
}

export const start = Date.UTC(2026, 10, 20, 10);

/** Hours after the merge request was opened. The approval comes at 2, the merge at 4. */
export function at(hours: number): Instant {
  return instant(start + hours * hour);
}

export const target = { project: 7, branch: 'main' };
export const landing = commit('f');
export const accounts = {
  alice: { id: 42, username: 'alice' },
  bob: { id: 51, username: 'bob' },
  carol: { id: 57, username: 'carol' },
  mallory: { id: 66, username: 'mallory' },
};

export function mergeRequest(changes: Partial<MergeRequest> = {}): MergeRequest {
  return {
    id: 1001,
    iid: 1,
    targetProject: 7,
    targetBranch: 'main',
    sourceProject: 7,
    state: 'merged',
    author: accounts.alice,
    imported: false,
    head: commit('b'),
    mergeCommit: landing,
    squashCommit: null,
    mergedAt: at(4),
    mergedBy: accounts.carol,
    url: 'http://127.0.0.1/repos/sre/access/-/merge_requests/1',
    ...changes,
  };
}

export function approval(changes: Partial<Approval> = {}): Approval {
  return { account: accounts.bob, state: 'active', at: at(2), ...changes };
}

export function version(changes: Partial<Version> = {}): Version {
  return { id: 1, base: commit('a'), head: commit('b'), start: commit('a'), createdAt: at(0), ...changes };
}

export function noted(by: Account | null, hours: number): Push {
  return { by, at: at(hours), told: 'note', head: null };
}

export function told(by: Account | null, hours: number, head: CommitId | null = commit('b')): Push {
  return { by, at: at(hours), told: 'event', head };
}

export function merged(changes: Partial<StateEvent> = {}): StateEvent {
  return { state: 'merged', at: at(4), by: accounts.carol, sourceCommit: null, sourceMergeRequest: null, ...changes };
}

export function review(changes: Partial<Review> = {}): Review {
  return {
    approvals: [approval()],
    versions: [version()],
    pushes: [],
    retargets: [],
    stateEvents: [merged()],
    hiddenNotes: 0,
    eventsShown: false,
    ...changes,
  };
}

export function candidate(request: Partial<MergeRequest> = {}, spoiled: Partial<Review> = {}): Candidate {
  return { mergeRequest: mergeRequest(request), review: review(spoiled) };
}

export function bound(spoiled: Partial<Review> = {}, request: Partial<MergeRequest> = {}): BoundMergeRequest {
  const complete = mergeRequest(request);
  return { mergeRequest: complete, mergedAt: complete.mergedAt ?? at(4), review: review(spoiled) };
}

export function approver(name: string, gitlab: readonly number[], also: readonly string[] = []): Approver {
  return { uid: uid(name), gitlab, also: also.map(uid), keys: [] };
}

function groupRules(name: string, changes: Partial<GroupRules> = {}): GroupRules {
  return {
    group: group(name),
    purpose: 'Testing.',
    owner: team('sre'),
    members: { kind: 'grants' },
    approvers: [team('sre')],
    approvals: 1,
    signed: 0,
    longest: 'none',
    requires: [],
    unexplained: 'remove',
    limits: defaultLimits,
    ...changes,
  };
}

/** alice, bob and carol are on sre; carol, who has two accounts and another uid, is the only one of access-owners. */
export function rules(changes: Partial<GroupRules> = {}): Rules {
  const people = [approver('alice', [42]), approver('bob', [51]), approver('carol', [57, 99], ['carol-test'])];
  return {
    people: new Map(people.map((one) => [one.uid, one])),
    teams: new Map([
      [team('sre'), people.map((one) => one.uid)],
      [team('access-owners'), [uid('carol')]],
    ]),
    rules: { approvers: [team('access-owners')], approvals: 1, signed: 0 },
    groups: new Map([[group('klaxon-users'), groupRules('klaxon-users', changes)]]),
  };
}

export const grantPath = 'grants/klaxon-users/urbanecm.yaml';
export const grant = { path: grantPath, beneficiaries: [uid('urbanecm')] };
export const overTwoWeeks = at(4) - 14 * day - 1;
