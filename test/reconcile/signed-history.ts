// A history of landings in one group, judged honestly and taken run after run, with everything in memory: only ssh-keygen is not asked.
import { emptyMemory, rememberAll, type Memory } from '../../src/ledger/memory.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { sha256, sshFingerprint } from '../../src/digest.ts';
import { inOrderOfPath, instant, parseBlobId, parseCommitId, type CommitId, type Instant } from '../../src/names.ts';
import * as parser from '../../src/policy/parser.ts';
import type { Rules } from '../../src/policy/policy.ts';
import type { EffectivePolicy } from '../../src/record/effective-policy.ts';
import { meet, windowOf, type GrantInForce, type Window } from '../../src/record/grants.ts';
import { nothingJudged, takeJudged, type JudgedState } from '../../src/record/judged-state.ts';
import type { JudgingRecord, VerdictRecord } from '../../src/record/judging-record.ts';
import { holdToSignatures } from '../../src/reconcile/signed-groups.ts';
import { takeRecord } from '../../src/reconcile/take.ts';
import { requirement, type SignedCeilings } from '../../src/evidence/approval.ts';
import { judgeStatements, SigningMemory, whereSigned, type SignedStatement } from '../../src/signing/judge-statements.ts';
import {
  rulesOf,
  signedChange,
  statementOf,
  type ContentChange,
  type InForce,
  type RulesFiles,
  type SignedChange,
} from '../../src/signing/signed-change.ts';
import { changeLines, printStatement } from '../../src/signing/statement.ts';
import { verifiedGrants } from '../../src/signing/verified-grants.ts';
import { parseQuestion, renderQuestion, type VerifyQuestion } from '../../src/signing/verify-question.ts';
import { day, hour, minute } from '../../src/time.ts';
import { known, place as signedPlace, rulesChange, rulesFiles, seen, signers, uid, type Signer } from '../signing/signing-world.ts';
import { readSignature } from '../signing/keys.ts';
import { content } from '../signing/record-lines.ts';
import { nowAt, settings } from './judging-samples.ts';
import { edited, group, pathOf, readGrant, textOf, type Says } from './signed-files.ts';

interface Edit {
  readonly name: string;
  readonly what: string;
}

export interface LandingStep {
  readonly kind: 'landing';
  readonly edits: readonly Edit[];
  readonly signer: 'alice' | 'bob' | 'carol' | 'two' | 'nobody' | 'again';
  readonly effects: string;
  readonly killed: boolean;
}

export type Step =
  | LandingStep
  | { readonly kind: 'run'; readonly most: number }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'anew'; readonly how: string; readonly meanwhile: LandingStep }
  | { readonly kind: 'allow' }
  /** The host asks for more. */
  | { readonly kind: 'ask'; readonly signed: number; readonly touch: boolean }
  | { readonly kind: 'rules'; readonly signed: number };

/** What a judge that was taken over makes of the landing told at `of`, and of another one. */
export interface Lie {
  readonly what: 'claims' | 'tells again' | 'tells as decided' | 'mixes' | 'leaves out' | 'another record';
  readonly of: number;
  readonly other: number;
  readonly firstSeen: 'now' | 'never' | 'told';
  readonly verdict: 'of its own' | 'of the other' | 'of a third' | 'none';
  readonly name: string;
}

const digestOf = (files: RulesFiles) => known(signedChange([], files, 'policy', { parser, sha256 })).rulesDigest;
const understood = (files: RulesFiles) => known(rulesOf(files, 'policy', parser));
const entry = { mode: '100644', blob: known(parseBlobId('b'.repeat(40))) };
const readers = { parser, sha256, fingerprint: sshFingerprint };
const place = { ...signedPlace, start: settings.start };

export class SignedHistory {
  readonly ledger: LedgerRecord[] = [];
  readonly memory: Memory = emptyMemory();
  record: JudgingRecord[] = [];
  #now: Instant = seen;
  #begunAnew: string | undefined;
  #records = 0;
  #landings = 0;
  #lastRun: Instant | undefined;
  #judging: JudgedState = nothingJudged;
  #rules: RulesFiles;
  readonly #firstRules: RulesFiles;
  readonly #pinned: string;
  #ceilings: SignedCeilings;
  #requireTouch = false;
  readonly #files = new Map<string, Says>();
  readonly #before = new Map<string, Says>();
  readonly #start = new Map<string, Says>();
  readonly #signed: SignedStatement[] = [];
  /** The verdicts so far, with the lines that stand before each. */
  #told: (readonly JudgingRecord[])[] = [];
  #judged: EffectivePolicy | undefined;
  held: EffectivePolicy | undefined;

  constructor({ host, atStart }: { readonly host: number; readonly atStart: boolean }) {
    this.#rules = rulesFiles({ signed: 1, groupSigned: host });
    this.#firstRules = this.#rules;
    this.#pinned = digestOf(this.#rules);
    this.#ceilings = { groups: new Map(host > 0 ? [[group, { signed: host }]] : []), rules: host };
    if (atStart) this.#start.set(pathOf('hoo'), { words: 0, until: seen + 20 * day });
    for (const [path, says] of this.#start) this.#files.set(path, says);
    this.#begin();
    this.#write({ type: 'caught-up', at: this.#now, commit: settings.start });
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'landing':
        return this.#land(step);
      case 'rules':
        return this.#changeRules(step.signed);
      case 'wait':
        // A host that has begun goes on with what there is.
        if (this.memory.waited) await this.run(Infinity);
        this.#now = instant(this.#now + step.hours * hour);
        return;
      case 'run':
        return this.run(step.most);
      case 'ask':
        // What was judged by then was taken by then.
        await this.run(Infinity);
        this.#ceilings = { groups: new Map([[group, { signed: step.signed }]]), rules: step.signed };
        this.#requireTouch = step.touch;
        return;
      case 'allow':
        return this.#allow();
      case 'anew':
        this.#begin();
        // After what root took as it was, one that was lost is not like the one before it.
        if (step.how === 'by-root' || this.#begunAnew !== undefined) this.#begunAnew = this.#id();
        // When they landed the new record cannot know.
        this.#write(...this.#told.flat().map((line) => (line.type === 'signed' ? { ...line, firstSeen: null } : line)));
        this.#land(step.meanwhile);
        this.#write({ type: 'caught-up', at: this.#now, commit: settings.start });
        await this.run(Infinity);
        return this.#allow();
    }
  }

  #id(): string {
    return String(this.#records).padStart(32, '0');
  }

  #write(...lines: readonly JudgingRecord[]): void {
    this.record.push(...lines);
    this.#judging = takeJudged(this.#judging, lines, 'judging');
  }

  #begin(): void {
    this.#records += 1;
    this.record = [];
    this.#judging = nothingJudged;
    const grants = [...this.#start].map(([path, says]) => [path, known(readGrant(path, textOf(says)))] as const);
    const [at, first] = [this.#now, { commit: settings.start, committedAt: seen, tree: [] }];
    this.#write(
      { type: 'record', at, id: this.#id(), head: settings.start },
      { type: 'start', at, ...first, rules: understood(this.#firstRules), parts: 1 },
      { type: 'start-part', at, tree: [], grants },
    );
  }

  #land({ edits, signer, effects, killed }: LandingStep): void {
    this.#now = instant(this.#now + hour / 2);
    const changes = new Map<string, ContentChange>();
    for (const { name, what } of edits) {
      const path = pathOf(name);
      const had = this.#files.get(path);
      const says = changes.has(path) ? undefined : edited(what, had, this.#before.get(path), this.#now);
      if (says === undefined) continue;
      const change = { path, ...(had && { before: textOf(had) }), ...(says && { after: textOf(says) }) };
      if (change.before && change.after && Buffer.compare(change.before.bytes, change.after.bytes) === 0) continue;
      changes.set(path, change);
      if (had) this.#before.set(path, had);
      if (says) this.#files.set(path, says);
      else this.#files.delete(path);
    }
    if (changes.size > 0) this.#judge([...changes.values()], signer, effects, killed);
  }

  #changeRules(signed: number): void {
    this.#now = instant(this.#now + hour / 2);
    const next = rulesFiles({ signed: 1, groupSigned: signed });
    const changes = rulesChange(this.#rules, next);
    if (changes.length === 0) return;
    this.#judge(changes, 'two', 'true', false, understood(next));
    this.#rules = next;
  }

  #judge(changes: readonly ContentChange[], signer: LandingStep['signer'], effects: string, killed: boolean, rulesAfter?: Rules): void {
    const policy = known(this.#judging.policy);
    const now = this.#now;
    const commit = this.#commit();
    const change = known(signedChange(changes, this.#rules, 'policy', { parser, sha256 }));
    const inForce = whereSigned((path) => policy.inForce.get(path) ?? 'nothing', change.rules, this.#ceilings, 'policy');
    const firstSeen = this.#judging.caughtUp ? now : undefined;
    const names: readonly Signer[] = signer === 'two' ? ['alice', 'bob'] : signer === 'nobody' || signer === 'again' ? [] : [signer];
    for (const name of names) this.#sign(name, change, effects === 'true' ? inForce : () => undefined);
    const shown =
      signer === 'nobody' ? [] : this.#signed.filter(({ statement }) => changeLines(statement.changes).join('\n') === change.lines);
    const memory = new SigningMemory().follow(this.record);
    const terms = { place, ceilings: this.#ceilings, requireTouch: this.#requireTouch, distrusted: [] };
    const judged = judgeStatements(
      { commit, firstSeen, recorded: now, change, inForce },
      shown,
      memory.earlier(change.lines, commit),
      terms,
      () => true,
    );
    const counted = shown.filter((_, at) => judged[at]?.kind === 'counted').slice(0, 3);
    const isEndorsed = change.reviewed.every(({ path }) => {
      const needs = known(requirement(change.rules, path, this.#ceilings));
      return needs.signed === 0 ? signer !== 'nobody' : counted.length >= needs.signed;
    });
    const statements = counted.map(({ text, signature, firstSeen: first }) => {
      return { text, signature: signature.armour, fingerprint: signature.key.fingerprint, firstSeen: first };
    });
    const contents = [...changes.flatMap(({ before, after }) => [before, after]), ...this.#rules.values()].flatMap((one) =>
      one ? [content(one)] : [],
    );
    const listed = [...this.#rules].map(([path, { mode, bytes }]) => [path, { mode, sha256: sha256(bytes) }] as const);
    const support: JudgingRecord[] = [...contents, { type: 'rules-files', at: now, rules: change.rulesDigest, files: listed }];
    const signed: JudgingRecord = {
      type: 'signed',
      at: now,
      commit,
      firstSeen: firstSeen ?? null,
      rules: change.rulesDigest,
      changes: change.stated,
      statements,
    };
    const before: JudgingRecord[] = [...(statements.length > 0 ? support : []), signed];
    if (killed) this.#write(...before);
    const landed = { commit, mergeRequest: null, approvedBy: [], landedAt: now };
    const grantsAfter = changes.flatMap(({ path, after }): VerdictRecord['delta']['inForce'] => {
      const [had, file] = [policy.inForce.get(path), after && readGrant(path, after)];
      if (!after) return had ? [[path, null]] : [];
      if (!file) return [];
      if (isEndorsed) return [[path, { ...file, ...landed, path, endorsedUntil: file.until }]];
      return had ? [[path, meet(had, file, commit)]] : [];
    });
    const tree = changes.map(({ path, after }) => [path, after ? entry : null] as const);
    const verdict: VerdictRecord = {
      ...{ type: 'verdict', at: now, commit, evidence: null },
      verdict: isEndorsed
        ? { kind: 'endorsed', reviewed: true, ...landed }
        : { kind: 'refused', code: 'not-signed', detail: '', mergeRequest: null },
      delta: {
        ...{ judged: commit, endorsed: [], inForce: grantsAfter, ended: [], tree, refusals: [], usedMergeRequest: null },
        ...(isEndorsed && rulesAfter && { rules: rulesAfter }),
      },
    };
    const lines = [...before, verdict];
    this.#write(...lines);
    this.#told.push(lines);
  }

  /** Lines that nobody who is honest would write; what they would bring is as long as can be. */
  lie({ what, of, other, firstSeen, verdict, name }: Lie): void {
    this.#now = instant(this.#now + hour / 2);
    const at = this.#now;
    const told = this.#told[of % Math.max(1, this.#told.length)] ?? [];
    const mixed = this.#told[other % Math.max(1, this.#told.length)] ?? told;
    const [commit, third] = [this.#commit(), this.#commit()];
    const open: GrantInForce = {
      ...known(readGrant(pathOf(name), textOf({ words: 9, until: at + 90 * day }))),
      ...{ commit, mergeRequest: null, approvedBy: [], landedAt: at, path: pathOf(name), endorsedUntil: 'open', until: 'open' },
    };
    const verdictOn = (on: CommitId): VerdictRecord => ({
      ...{ type: 'verdict', at, commit: on, covers: [third], evidence: null },
      verdict: { kind: 'endorsed', reviewed: true, commit: on, mergeRequest: null, approvedBy: [], landedAt: at },
      delta: { judged: on, endorsed: [], inForce: [[open.path, open]], ended: [], tree: [], refusals: [], usedMergeRequest: null },
    });
    const signedIn = (lines: readonly JudgingRecord[]) => lines.flatMap((line) => (line.type === 'signed' ? [line] : []));
    const [mine, theirs] = [signedIn(told), signedIn(mixed)];
    const renamed = (lines: typeof mine, as?: CommitId) =>
      lines.map((line) => ({
        ...line,
        commit: as ?? line.commit,
        firstSeen: { now: at, never: null, told: line.firstSeen }[firstSeen],
        ...(what === 'mixes' && { statements: theirs.flatMap(({ statements }) => statements) }),
      }));
    if (what === 'another record') this.#begin();
    if (what === 'leaves out') this.record.push(...told.filter(({ type }) => type === 'content'));
    if (what !== 'claims') this.record.push(...renamed(mine, what === 'tells as decided' ? undefined : commit));
    const whose = { 'of its own': commit, 'of the other': theirs[0]?.commit ?? third, 'of a third': third, none: undefined }[verdict];
    if (whose !== undefined) this.record.push(verdictOn(what === 'tells as decided' ? (mine[0]?.commit ?? commit) : whose));
  }

  #sign(name: Signer, change: SignedChange, inForce: InForce): void {
    const statement = statementOf({ change, inForce }, place, uid(name), instant(this.#now - 10 * minute), 7 * day);
    const text = printStatement(statement);
    this.#signed.push({
      statement,
      text,
      signature: readSignature(signers[name].sign(text, { flags: name === 'carol' ? 0 : 1 })),
      firstSeen: this.#now,
    });
  }

  #commit(): CommitId {
    this.#landings += 1;
    return known(parseCommitId(this.#landings.toString(16).padStart(40, 'e')));
  }

  #allow(): void {
    const accepted = [...(this.memory.policy?.proposed.keys() ?? [])];
    if (accepted.length === 0) return;
    this.#keep([{ type: 'override-used', at: this.#now, group, code: 'new-start', digest: 'x', accepted }]);
  }

  #keep(records: readonly LedgerRecord[]): void {
    this.ledger.push(...records);
    rememberAll(this.memory, records);
  }

  async run(most: number): Promise<void> {
    this.#now = instant(this.#now + minute);
    const now = this.#now;
    const id = this.#id();
    const { taken } = this.memory;
    const isAnother = taken !== undefined && taken.id !== id;
    const from = taken && !isAnother ? taken.head.count : 0;
    const lines = this.record.slice(from, from + most).map((record, at) => ({
      record,
      place: { id, head: { count: from + at + 1, hash: 'f'.repeat(64) }, offset: 100 * (from + at + 1) },
    }));
    const judged = takeRecord(
      this.memory,
      {
        piece: { kind: 'read', content: { lines, isAnother, id, more: from + most < this.record.length } },
        now: { kind: 'read', content: nowAt(this.record.length, { at: now }, id) },
        begunAnew: this.#begunAnew,
      },
      { ...settings, now, clock: now, lastRun: this.#lastRun },
    );
    const { branch, start } = place;
    const terms = {
      place: { branch, start },
      ceilings: this.#ceilings,
      requireTouch: this.#requireTouch,
      folder: 'policy',
      pinned: this.#pinned,
      distrusted: [],
    };
    const ask = (question: VerifyQuestion) => {
      const { lines: asked, ...rest } = parseQuestion(renderQuestion(question));
      return Promise.resolve({ checked: [], verified: verifiedGrants(asked, rest, readers, () => true) });
    };
    const source = { terms, project: place.project, records: () => this.ledger, ask, hash: sha256 };
    const held = await holdToSignatures(judged, source, this.memory, now);
    this.#keep(held.records);
    this.#lastRun = now;
    [this.#judged, this.held] = [judged.policy, held.policy];
  }

  /** What judging has in force and the verifier does not give. */
  lost(): readonly Window[] {
    const held = new Map(this.held?.grants.map((grant) => [grant.path, grant]));
    return windowsOf((this.#judged?.grants ?? []).filter((grant) => held.get(grant.path) !== grant));
  }

  /** Nothing where the group need not be signed. */
  #ofSigned(windows: readonly Window[]): readonly Window[] {
    return (this.memory.verified?.groups ?? []).length > 0 ? windows : [];
  }

  windows(): readonly Window[] {
    return this.#ofSigned(this.memory.verified?.windows ?? []);
  }

  inForce(): readonly Window[] {
    return this.#ofSigned(windowsOf(this.held?.grants ?? []));
  }
}

function windowsOf(grants: readonly GrantInForce[]): readonly Window[] {
  return grants.map((grant) => windowOf(grant.path, grant)).sort(inOrderOfPath);
}
