// `muster approve MR`: shows what a merge request, or without a forge a branch, does, and signs exactly that. It reads git, and needs a token only to post the signature.
import { renderChange, renderFindings } from '../check/findings.ts';
import type { Invocation } from '../cli.ts';
import type { Printed } from '../command.ts';
import type { Configuration } from '../config/configuration.ts';
import { sshFingerprint } from '../digest.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { forgeSettingsWith } from '../gitlab/gitlab.ts';
import { openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import type { Mirror } from '../history/mirror.ts';
import { pathFrom, readConfiguration, surroundingsOf, type Caller } from '../host.ts';
import { keptRecords, ownRecordInMemory } from '../judge/own-record.ts';
import { isBranchName, parseExactUid, type CommitId, type Uid } from '../names.ts';
import { statusOf } from '../status.ts';
import { renderSigned } from '../signing/carried.ts';
import { isSame, whereSigned, type SigningTerms } from '../signing/judge-statements.ts';
import { statementOf } from '../signing/signed-change.ts';
import type { SshKey } from '../signing/ssh-key.ts';
import { verifyBy } from '../signing/ssh-keygen.ts';
import { parseSignature, type SshSignature } from '../signing/ssh-signature.ts';
import { printStatement, projectOf, type Statement } from '../signing/statement.ts';
import {
  renderByHand,
  renderCarryByHand,
  renderComment,
  renderNobodys,
  renderNotInForce,
  renderOtherEffects,
  renderRefusedToSign,
  renderSignedBy,
} from './approve-text.ts';
import { ownAccess, pushNote } from './callers-git.ts';
import { ownKey, type OwnKey } from './own-key.ts';
import { judgedNow, readSignable, rulesNotInForce, validity, type Signable } from './signable.ts';

/** A merge request of GitLab, or a branch where there is no forge. */
interface Subject {
  readonly name: string;
  readonly ref: string;
  readonly iid: number | undefined;
}

export async function runApprove(invocation: Invocation, caller: Caller): Promise<Printed> {
  const { options, operands } = invocation;
  const configuration = await readConfiguration(typeof options['config'] === 'string' ? options['config'] : undefined, caller);
  if (configuration.evidence === 'none')
    throw new Misuse(`${configuration.file}: with "evidence: none" nobody is asked for an approval, and none counts`);
  const subject = subjectOf(operands[0] ?? '', configuration);
  return withPrivateMirror(caller, configuration.judged, async (folder) => {
    const { url, tokenFile } = configuration.repository;
    const own = tokenFile === undefined ? await ownAccess(url, caller) : {};
    const mirror = await openMirrorOf(configuration, folder, { ...surroundingsOf(caller), own });
    caller.progress('reading');
    const signable = await read(subject, mirror, configuration, caller);
    caller.warn(
      `${subject.name} at ${signable.head.slice(0, 12)}\n\n${renderChange(signable.checked)}\n${renderFindings(signable.checked.result)}`,
    );
    const policy = recordedIn(configuration, caller)?.policy;
    const odd = policy ? rulesNotInForce(signable, policy.endorsed, configuration.repository.folder) : [];
    if (odd.length > 0) caller.warn(renderNotInForce(odd));
    const why = whyNot(subject, signable);
    const { change, head } = signable;
    if (why !== undefined || !change) return no(`${why ?? 'Nobody can sign it.'}\n`);
    const inForce = policy
      ? whereSigned((path) => policy.inForce.get(path) ?? 'nothing', change.rules, configuration.signed, configuration.repository.folder)
      : () => undefined;
    return approve({ change, head, inForce }, { subject, mirror, configuration, caller }, options);
  });
}

function subjectOf(text: string, { gitlab, file }: Configuration): Subject {
  const iid = /^!?([1-9]\d{0,8})$/.exec(text)?.[1];
  if (iid !== undefined && gitlab) return { name: `!${iid}`, ref: `refs/merge-requests/${iid}/head`, iid: Number(iid) };
  if (!gitlab && isBranchName(text)) return { name: text, ref: `refs/heads/${text}`, iid: undefined };
  throw new Misuse(
    gitlab ? `"${text}" is not the number of a merge request` : `"${text}" is not the name of a branch; ${file} has no section "gitlab"`,
  );
}

async function read({ name, ref }: Subject, mirror: Mirror, { repository, signed }: Configuration, caller: Caller): Promise<Signable> {
  const tip = await mirror.fetch();
  const head = await mirror.refOnServer(ref);
  if (head === undefined)
    throw new Misuse(`the server has no ${name}: ${ref} is not there, or the token of repository.token-file may not read it`);
  const history = await mirror.proposal(head, tip);
  if (!history) throw new Unavailable('git', `the commits of ${name} are not there; the server may still be at work on the last push`);
  const signable = await readSignable(head, tip, history, {
    folder: repository.folder,
    now: caller.now(),
    ceilings: signed,
  });
  if (!signable) throw new Unusable(`${name} has no history in common with the branch ${repository.branch}`);
  return signable;
}

/** As a sentence that says who must act. */
function whyNot({ name }: Subject, { checked, overlaps, change }: Signable): string | undefined {
  if (checked.effects.length === 0 && checked.needs.length === 0 && change === undefined && checked.result.status.name === 'in order')
    return `There is nothing to sign: ${name} changes nothing in the policy, or is merged already.`;
  if (overlaps.length > 0)
    return `${name} has fallen behind: the branch changes the same files (${overlaps.length}). Whoever opened it rebases it, and then it is signed.`;
  if (checked.result.status.name === 'findings')
    return `It would be refused. Whoever opened ${name} mends what is said above, and then it is signed.`;
  if (change === undefined) return 'Nobody can sign it: it has files that are no plain files of the policy, or more than can be looked at.';
  return undefined;
}

interface Opened {
  readonly subject: Subject;
  readonly mirror: Mirror;
  readonly configuration: Configuration;
  readonly caller: Caller;
}

type Terms = Omit<SigningTerms, 'distrusted'>;
type Proposed = Parameters<typeof judgedNow>[0];

async function approve(signed: Proposed, opened: Opened, options: Invocation['options']): Promise<Printed> {
  const { subject, configuration, caller } = opened;
  const { repository, signed: ceilings, requireTouch } = configuration;
  const { rules } = signed.change;
  const as = typeof options['as'] === 'string' ? personNamed(options['as']) : undefined;
  const ownerOf = ({ fingerprint }: SshKey): Uid | undefined =>
    [...rules.people.values()].find(({ keys }) => keys.some((key) => key.fingerprint === fingerprint))?.uid;
  const own = keyFor(options, as, caller, (key) => (as === undefined ? ownerOf(key) !== undefined : ownerOf(key) === as));
  const key = own?.key ?? (as === undefined ? undefined : rules.people.get(as)?.keys[0]);
  const signer = as ?? (key && ownerOf(key));
  if (!key || signer === undefined) return no(renderNobodys(key, own?.from, as));
  const place = { project: await projectFor(configuration, caller), branch: `refs/heads/${repository.branch}`, start: repository.start };
  const terms: Terms = { place, ceilings, requireTouch };
  const statement = statementOf(signed, place, signer, caller.now(), validity);
  if (!isSame(statement.effects, signed.change.effectsAt(statement.at))) caller.warn(renderOtherEffects(statement));
  const before = judgedNow(signed, statement, stillUnsigned(key), terms, () => true);
  if (before?.kind === 'not-counted') return no(renderRefusedToSign(before, key));
  if (own && options['print'] !== true) return signAndCarry({ ...signed, statement, own, terms }, opened);
  caller.warn(renderByHand(subject.name, signed.head, subject.iid !== undefined));
  return { text: printStatement(statement), status: statusOf([]) };
}

/** Whoever prints a statement for somebody needs no key of theirs. */
function keyFor(
  { key, print }: Invocation['options'],
  as: Uid | undefined,
  caller: Caller,
  isTheirs: (key: SshKey) => boolean,
): OwnKey | undefined {
  const named = typeof key === 'string' ? key : undefined;
  return print === true && as !== undefined && named === undefined ? undefined : ownKey(named, caller, isTheirs);
}

function personNamed(text: string): Uid {
  const uid = parseExactUid(text);
  if (uid === undefined) throw new Misuse(`"${text}" is not the name of a person, as policy.yaml has them`);
  return uid;
}

/** What can be said of a signature before there is one: a security key will be touched. */
function stillUnsigned(key: SshKey): SshSignature {
  return { key, armour: '', touched: key.type.startsWith('sk-'), verified: false };
}

function no(text: string): Printed {
  return { text: `${text}Nothing was signed.\n`, status: statusOf(['findings']) };
}

interface ToSign extends Proposed {
  readonly statement: Statement;
  readonly own: OwnKey;
  readonly terms: Terms;
}

async function signAndCarry({ change, head, inForce, statement, own, terms }: ToSign, opened: Opened): Promise<Printed> {
  const { subject, mirror, caller } = opened;
  const text = printStatement(statement);
  const armour = await own.sign(text);
  const read = parseSignature(armour, sshFingerprint);
  if (read.kind === 'invalid') throw new Misuse(`the signature that ssh-keygen made ${read.why}`);
  const judged = judgedNow({ change, head, inForce }, statement, read.signature, terms, verifyBy(surroundingsOf(caller)));
  if (judged?.kind === 'not-counted') return no(renderRefusedToSign(judged, read.signature.key));
  if ((await mirror.refOnServer(subject.ref)) !== head)
    return no(`${subject.name} has changed meanwhile. Look at it again: muster approve ${subject.iid ?? subject.name}\n`);
  const signed = renderSigned(text, read.signature.armour);
  return { text: renderSignedBy(statement, own.key, await carry(signed, statement.signer, head, opened)), status: statusOf([]) };
}

/** As a comment, else as a note of git, else by hand. */
async function carry(signed: string, signer: Uid, head: CommitId, { subject, configuration, caller }: Opened): Promise<string> {
  const posted = await comment(signed, signer, subject, configuration, caller);
  if (posted !== undefined) return posted;
  if (await pushNote(configuration.repository.url, head, signed, signer, caller))
    return `It stands as a note of git on ${head.slice(0, 12)} (refs/notes/muster-approvals).`;
  return renderCarryByHand(subject.name, head, subject.iid !== undefined, signed);
}

/** Undefined where there is no token that may. */
async function comment(
  signed: string,
  signer: Uid,
  { iid, name }: Subject,
  { gitlab }: Configuration,
  caller: Caller,
): Promise<string | undefined> {
  const file = caller.environment[ownToken];
  if (!gitlab || iid === undefined || file === undefined) return undefined;
  const { openMergeRequests } = await import('../gitlab/merge-requests.ts');
  try {
    const forge = openMergeRequests(await forgeSettingsWith(pathFrom(caller, file), gitlab, caller.now));
    await forge.comment(await forge.project(), iid, renderComment(signer, signed));
    return `It stands as a comment on ${name}.`;
  } catch (error) {
    if (!(error instanceof Misuse || error instanceof Unavailable || error instanceof Unusable)) throw error;
    caller.warn(`${error.message}. The signature goes another way`);
    return undefined;
  }
}

/** Of the host whose configuration this is; a copy on another machine has none. */
function recordedIn({ judged }: Configuration, caller: Caller) {
  return judged === undefined ? undefined : ownRecordInMemory(keptRecords(judged), caller.now()).state();
}

/** The number of the project is part of what is signed. Whoever has no token may know it from the configuration, or is told by a public project. */
async function projectFor(configuration: Configuration, caller: Caller): Promise<string> {
  const { gitlab, repository, file } = configuration;
  if (!gitlab) return projectOf(repository.url);
  if (/^\d+$/.test(gitlab.project)) return gitlab.project;
  const known = recordedIn(configuration, caller)?.project;
  if (known !== undefined) return String(known);
  const { openMergeRequests } = await import('../gitlab/merge-requests.ts');
  const tokenFile = caller.environment[ownToken] ?? gitlab.tokenFile;
  const settings = await forgeSettingsWith(tokenFile === undefined ? undefined : pathFrom(caller, tokenFile), gitlab, caller.now);
  try {
    return String(await openMergeRequests(settings).project());
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new Misuse(
      `the number of the project is part of what is signed, and GitLab does not tell it (${error.message}): write it into ${file} as gitlab.project, as the page of the project shows it`,
    );
  }
}

/** Names the file of the caller's own token. */
const ownToken = 'MUSTER_GITLAB_TOKEN_FILE';
