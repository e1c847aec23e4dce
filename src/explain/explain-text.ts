// `explain` in text and JSON: the same facts, for a person asking "why" or "why not" and for a program.
import type { GroupStanding, IdleFile, OpenRequest, PersonExplained } from './explain.ts';
import type { GroupResult, RunReport } from '../reconcile/run.ts';
import type { Claim } from '../directory/directory.ts';
import type { Refusal } from '../record/policy-state.ts';
import type { Status } from '../status.ts';
import { count, day, renderInstant } from '../time.ts';
import { needsWayBack, renderPending, renderRefusal, renderRefusalBriefly, wayBackBy } from '../review/refusals.ts';
import { isGrounds, renderChain, renderEntry } from './history-words.ts';
import { becauseJson, causeJson, claimsJson, groupState } from '../reconcile/run-json.ts';
import { groupStateWords, renderHold } from '../reconcile/run-text.ts';
import { hang, plain, renderBecause, renderClaim, renderEndOf, renderLink, renderMoment, renderRemoval, renderWithheld } from '../text.ts';

export function renderPersonText(person: PersonExplained, claims: readonly Claim[] = []): string {
  const { uid, dn, groups, near } = person;
  const hint = near.length === 0 ? '' : `  Nothing is known of this name. Did you mean ${near.map(plain).join(' or ')}?\n`;
  return [
    `${uid}${dn === null ? '' : `  ${plain(dn)}`}\n`,
    renderPresence(person),
    ...claims.map((claim) => hang('  ', renderClaim(claim))),
    hint,
    ...groups.map((group) => renderStanding(group, person)),
  ].join('');
}

const presences: Readonly<Record<PersonExplained['inDirectory'], string>> = {
  yes: '',
  no: 'the directory has no person with this uid',
  ambiguous: 'the directory has more than one entry with this uid',
  'not-told': 'the directory did not say whether there is such a person',
};

/** Whether there is such a person at all, unless the reason why somebody is withheld says it below. */
function renderPresence({ inDirectory, groups }: PersonExplained): string {
  const codes: readonly string[] = groups.flatMap(({ withheld }) => withheld?.reason.code ?? []);
  const isSaid = codes.includes('unknown-person') || codes.includes('ambiguous-person');
  return inDirectory === 'yes' || isSaid ? '' : hang('  ', presences[inDirectory]);
}

function renderStanding(standing: GroupStanding, { uid, evidence, mode, isTipKnown, distrusted = [] }: PersonExplained): string {
  const lines = [`\n${standing.group}: ${claim(standing, mode)}\n`];
  const say = (word: string, text: string) => lines.push(hang(`  ${word.padEnd(10)}`, text));
  if (standing.because) for (const [index, text] of renderChain(standing.because).entries()) say(index === 0 ? 'because' : '', text);
  const { because } = standing;
  for (const { record, grants } of distrusted)
    if (because?.kind === 'grant' && grants.some(({ path }) => path === because.path))
      say(
        'distrust',
        `signatures of ${record.person} count no more since ${renderMoment(record.since)}; it stays until somebody takes it away ("muster revoke ${uid}" does so at once)`,
      );
  if (standing.withheld) {
    say('withheld', renderWithheld(standing.withheld.reason));
    say('', `named by ${renderBecause(standing.withheld.because)}`);
  }
  if (standing.leaves) say('leaving', renderRemoval(standing.leaves));
  for (const hold of standing.holds) lines.push(renderHold(hold, standing.group, 'plan'));
  for (const one of standing.refused) {
    say('refused', renderOrigin(one));
    say('', renderRefusalBriefly(one, evidence));
    if (needsWayBack(one, evidence))
      for (const [at, step] of wayBackBy(evidence).entries()) say(at === 0 ? 'way back' : '', `${at + 1}. ${step}`);
  }
  for (const one of standing.pending) say('waits', `${plain(one.path)} (${one.commit.slice(0, 12)}): ${renderPending(one)}`);
  if (standing.idle) say('file', renderIdle(standing.idle));
  for (const one of standing.open) say('asked', renderOpen(one));
  if (isUnknown(standing)) say('nothing', isTipKnown ? `no grant file and no roster names ${uid} for this group` : nothingKnown(uid));
  if (standing.history.length > 0) lines.push('  what happened\n');
  for (const entry of standing.history) lines.push(hang(`    ${renderMoment(entry.at).padEnd(25)}`, renderEntry(entry)));
  return lines.join('');
}

const effects: Readonly<Record<OpenRequest['effect'], string>> = {
  gains: 'would let them in',
  extends: 'would give them more time',
  shortens: 'would give them less time',
  loses: 'would take them out',
};

function renderOpen({ mergeRequest, effect, link }: OpenRequest): string {
  return `the merge request !${mergeRequest} is open; approved and merged, it ${effects[effect]}${link === undefined ? '' : `: ${link}`}`;
}

function nothingKnown(uid: string): string {
  return `no grant in force and no roster names ${uid} for this group; the files on the branch could not be read`;
}

function renderIdle({ path, why, refusedAs }: IdleFile): string {
  const refused = refusedAs === undefined ? '' : `. The change that last touched it was refused (${plain(refusedAs)})`;
  return `${plain(path)} is on the branch and gives nothing: ${renderWhyIdle(why)}${refused}`;
}

function renderWhyIdle(why: IdleFile['why']): string {
  switch (why.kind) {
    case 'ended':
      return `what it grants ended ${renderEndOf(why.at)}`;
    case 'roster':
      return `the members of this group are the roster ${why.roster}`;
    case 'not-judged':
      return `nothing is judged after ${why.judged.slice(0, 12)} now; "muster plan" says what is in the way`;
    case 'not-signed':
      return 'judging says that it is in force, and no signature that counts gives it';
    case 'other':
      return '"muster plan" shows what is in force';
  }
}

function renderOrigin({ path, commit, mergeRequest, link }: Refusal): string {
  const merge = mergeRequest === null ? '' : `, !${mergeRequest}`;
  const page = renderLink(link);
  return `${plain(path)} (${commit.slice(0, 12)}${merge})${page === undefined ? '' : ` ${page}`}`;
}

function isUnknown({ member, because, withheld, leaves, refused, pending, holds, idle, open }: GroupStanding): boolean {
  const others = refused.length + pending.length + holds.length + open.length;
  return member === false && !because && !withheld && !leaves && !idle && others === 0;
}

/** Where nothing is written, nobody is told to wait for a run. */
const changes: Readonly<Record<PersonExplained['mode'], Readonly<Record<NonNullable<GroupStanding['planned']>, string>>>> = {
  enforce: {
    add: ', comes in with the next run',
    remove: ', goes out with the next run',
    held: ', and the change is held for a person',
  },
  report: {
    add: ', would come in, but the mode of this host is report: nothing is written',
    remove: ', would go out, but the mode of this host is report: nothing is written',
    held: ', and the change would be held for a person',
  },
};

function claim({ member, desired, planned }: GroupStanding, mode: PersonExplained['mode']): string {
  const now = member === null ? 'not known now' : member ? 'a member' : 'not a member';
  const next = planned === null ? '' : changes[mode][planned];
  return `${now}${next}${member === false && desired && planned === null ? ', though a grant or roster names them' : ''}`;
}

export function renderPersonJson(person: PersonExplained, status: Status, claims: readonly Claim[] = []): string {
  const { uid, dn, groups, evidence } = person;
  const document = {
    muster: 1,
    command: 'explain',
    status,
    uid,
    dn,
    ...(claims.length > 0 ? { claims: claimsJson(claims) } : {}),
    groups: groups.map(({ group, member, desired, because, withheld, refused, pending, planned, leaves, open, history }) => ({
      group,
      member,
      desired,
      because: because && becauseJson(because),
      withheld: withheld && {
        code: withheld.reason.code,
        message: renderWithheld(withheld.reason),
        because: becauseJson(withheld.because),
      },
      planned,
      leaves: leaves && causeJson(leaves),
      refused: refused.map((one) => ({
        path: one.path,
        commit: one.commit,
        mergeRequest: one.mergeRequest,
        code: one.code,
        message: renderRefusal(one, evidence),
      })),
      pending: pending.map((one) => ({ path: one.path, commit: one.commit, code: one.code, message: renderPending(one) })),
      open,
      history: history.map((entry) => ({
        ...entry,
        at: renderInstant(entry.at),
        because: entry.because && (isGrounds(entry.because) ? becauseJson(entry.because) : causeJson(entry.because)),
      })),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** What ended longer ago is counted and no longer listed. */
const longOver = 30 * day;

export function renderGroupText(result: GroupResult, { at, evidence }: Pick<RunReport, 'at' | 'evidence'>): string {
  const { proposal, members } = result;
  const { group } = proposal;
  if (proposal.kind !== 'planned') return `${group}: ${groupStateWords[groupState(result)]}. ${plain(result.message ?? '')}\n`;
  const { desired, plan, rules, observed } = proposal;
  const there = new Set(observed.members.map(({ key }) => key));
  const out = desired.withheld.filter(({ reason }) => reason.code !== 'expired' || at - reason.at <= longOver);
  const over = desired.withheld.length - out.length;
  const from =
    rules.members.kind === 'roster'
      ? `its members are the roster ${rules.members.roster}`
      : evidence === 'none'
        ? 'its members come from grants, which nobody is asked to approve'
        : `its members come from grants, approved by ${rules.approvers.join(' or ')}`;
  return [
    `${group}  ${plain(proposal.dn)}\n  ${plain(rules.purpose)}\n  ${count(members ?? 0, 'member')}, ${groupStateWords[groupState(result)]}; ${from}\n\n`,
    ...[...desired.members.values()].map(({ person, because }) =>
      hang(`  ${there.has(person.key) ? 'in     ' : 'coming '} ${person.uid.padEnd(16)} `, renderBecause(because)),
    ),
    ...plan.remove.map(({ uid, because }) => hang(`  leaving ${plain(uid).padEnd(16)} `, renderRemoval(because))),
    ...[...plan.reported, ...plan.kept].map(({ uid }) => `  in      ${plain(uid).padEnd(16)} nothing explains this member yet\n`),
    ...out.map(({ uid, reason }) => hang(`  out     ${uid.padEnd(16)} `, renderWithheld(reason))),
    ...(over === 0
      ? []
      : [hang('  out     ', `and ${count(over, 'grant')} that ended more than 30 days ago: muster report --since DAY tells of them`)]),
  ].join('');
}

export function renderGroupJson(result: GroupResult, status: Status): string {
  const { proposal, members } = result;
  const planned = proposal.kind === 'planned' ? proposal : undefined;
  const there = new Set(planned?.observed.members.map(({ key }) => key));
  const document = {
    muster: 1,
    command: 'explain',
    status,
    group: proposal.group,
    dn: proposal.dn,
    state: groupState(result),
    members: members ?? null,
    people: [...(planned?.desired.members.values() ?? [])].map(({ person, because }) => ({
      uid: person.uid,
      dn: person.dn,
      member: there.has(person.key),
      because: becauseJson(because),
    })),
    leaving: (planned?.plan.remove ?? []).map(({ uid, member, because }) => ({ uid, dn: member.dn, because: causeJson(because) })),
    withheld: (planned?.desired.withheld ?? []).map(({ uid, reason }) => ({ uid, code: reason.code, message: renderWithheld(reason) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
