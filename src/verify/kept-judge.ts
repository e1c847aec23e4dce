// A judge that asks nobody: each landing once more, by the evidence that the record keeps of it, and what comes out is compared with the verdict
// that the record has.
import type { EvidenceKind } from '../evidence/evidence.ts';
import { openSigning } from '../signing/collect.ts';
import { renderSigned } from '../signing/carried.ts';
import { changeLines } from '../signing/statement.ts';
import type { Verify } from '../signing/judge-statements.ts';
import { noSignedCeilings, onlySigned, type SignedCeilings } from '../evidence/approval.ts';
import { gitlabJudge, type SigningPorts } from '../evidence/gitlab-judge.ts';
import { signedJudge } from '../evidence/signed-judge.ts';
import { unjudged } from '../evidence/open-evidence.ts';
import { digestOfChanges } from '../history/changes.ts';
import type { Branch } from '../history/branch.ts';
import type { Landing } from '../history/landing.ts';
import type { Versions } from '../history/versions.ts';
import type { Readings } from '../judge/form.ts';
import { longestForward, type ContentJudge, type Forward, type Judgement } from '../judge/judge-branch.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import { grantAt } from '../policy/policy.ts';
import type { Distrusted } from '../record/approval-count.ts';
import type { JudgingRecord, SignedRecord, VerdictRecord } from '../record/judging-record.ts';
import { count } from '../time.ts';
import type { PolicyState } from '../record/policy-state.ts';
import type { Fault } from './kept-chains.ts';
import { agrees, asTheLanding, difference, isByCeiling, isOnTheHostsWord, rendered, told } from './same-verdict.ts';

/** A line of the record that judging once more has to come to. */
export interface Expected {
  readonly line: number;
  readonly record: Extract<JudgingRecord, { readonly type: 'start' | 'start-part' | 'verdict' }>;
  /** The line before a verdict that says what the landing changes, and who signed it. */
  readonly signed?: { readonly line: number; readonly record: SignedRecord };
}

export interface KeptTerms {
  readonly evidence: EvidenceKind;
  readonly branch: string;
  readonly start: CommitId;
  readonly folder: string;
  readonly ceilings: SignedCeilings;
  readonly requireTouch: boolean;
  readonly distrusted: readonly (Distrusted & { readonly at: Instant })[];
  /** GitLab's number of the project, as the record has it. */
  readonly project: number | undefined;
  /** As statements name it where there is no forge. */
  readonly repository: string;
  readonly seen: ReadonlyMap<CommitId, Instant>;
  /** By hand, as the ledger has it from `since` on: before then there was another one. */
  readonly byHand: { readonly refused: ReadonlySet<CommitId>; readonly since: Instant };
  /** What was said of signatures, in order. */
  readonly signing: readonly { readonly line: number; readonly record: JudgingRecord }[];
  readonly verify: Verify;
}

interface Sources {
  readonly blobs: Branch['blobs'];
  readonly versions: Versions;
}

export interface Counted {
  endorsed: number;
  refused: number;
  /** Refused for want of an answer, by a ceiling of the host, or by hand; passed over, for it came to nothing. No evidence says so. */
  onTheHostsWord: number;
  /** Endorsed with fewer signatures than the host's configuration asks for now: what it asked for then is nowhere. */
  withFewerSignatures: number;
  signatures: number;
  /** Of these, made without a touch, where the configuration asks for one now. */
  untouched: number;
}

export const nothingCounted: Readonly<Counted> = {
  ...{ endorsed: 0, refused: 0, onTheHostsWord: 0, withFewerSignatures: 0 },
  ...{ signatures: 0, untouched: 0 },
};

export class KeptJudge implements ContentJudge {
  readonly evidence: EvidenceKind;
  readonly counted: Counted = { ...nothingCounted };
  readonly #verified = new Set<number>();
  readonly #expected: readonly Expected[];
  readonly #terms: KeptTerms;
  readonly #sources: Sources;
  #next = 0;
  fault: Fault | undefined;

  constructor(expected: readonly Expected[], terms: KeptTerms, sources: Sources) {
    this.#expected = expected;
    this.#terms = terms;
    this.#sources = sources;
    this.evidence = terms.evidence;
  }

  prepare(): Promise<readonly JudgingRecord[]> {
    return Promise.resolve([]);
  }

  /** Which commits one merge request brought is what GitLab said; that it brought exactly these is judged as ever. */
  forwardOf(_: PolicyState, landings: readonly Landing[], place: number): Promise<Forward | undefined> {
    const { covers = [], commit } = this.#verdict()?.record ?? {};
    const [first] = covers;
    const at = landings[place]?.commit;
    if (at === undefined || at === commit || covers.includes(at)) {
      if (first === undefined || at === undefined) return Promise.resolve(undefined);
    } else return Promise.resolve(this.#forwardToNothing(landings, place));
    const [from, to] = [first, commit].map((one) => landings.findIndex((landing) => landing.commit === one));
    return Promise.resolve(
      from === undefined || to === undefined || from < 0 || to < 0 ? undefined : { kind: 'forward', from: from - 1, to },
    );
  }

  /** A merge request of several commits that changes nothing in the end leaves no verdict: that it was one is the host's word. */
  #forwardToNothing(landings: readonly Landing[], place: number): Forward | undefined {
    const before = new Map<string, string>();
    const after = new Map<string, string>();
    for (let to = place; to < Math.min(landings.length, place + longestForward); to++) {
      const landing = landings[to];
      if (landing?.parents !== 1 || landing.cut) return undefined;
      for (const change of landing.changes) {
        if (!before.has(change.path)) before.set(change.path, JSON.stringify(change.before));
        after.set(change.path, JSON.stringify(change.after));
      }
      if (to === place || ![...before].every(([path, entry]) => after.get(path) === entry)) continue;
      this.counted.onTheHostsWord += 1;
      return { kind: 'forward', from: place - 1, to };
    }
    return undefined;
  }

  async judge(state: PolicyState, landing: Landing, readings: Readings): Promise<Judgement> {
    const expected = this.#verdict();
    if (this.fault || !expected || expected.record.commit !== landing.commit) return this.#stop(this.#missing(landing.commit));
    const { verdict, evidence } = expected.record;
    if (evidence === null && verdict.kind === 'refused' && isOnTheHostsWord(verdict)) {
      if (verdict.code === 'refused-by-hand' && this.#isNobodys(expected.record))
        return this.#stop(at(expected, 'it says that somebody refused it by hand, and no line of ledger.jsonl says so'));
      this.counted.onTheHostsWord += 1;
      return { kind: 'judged', verdict, evidence };
    }
    if (this.#terms.evidence === 'none' && evidence === null) return unjudged(expected.record.at).judge(state, landing, readings);
    if (this.#terms.evidence === 'gitlab' && evidence === null)
      return this.#stop(at(expected, 'it names no evidence, and a verdict needs some'));
    const why = await this.#rebuild(expected, state, landing, readings);
    return why === undefined ? { kind: 'judged', verdict, evidence } : this.#stop(at(expected, why));
  }

  #isNobodys({ commit, at: judgedAt }: VerdictRecord): boolean {
    const { refused, since } = this.#terms.byHand;
    return judgedAt >= since && !refused.has(commit);
  }

  /** Undefined where the kept evidence gives what the record says; otherwise what it gives. */
  async #rebuild(expected: Expected & { record: VerdictRecord }, state: PolicyState, landing: Landing, readings: Readings) {
    const { signed } = expected;
    const { verdict } = expected.record;
    let given: Judgement | undefined;
    const [ceilings, versions] = [this.#terms.ceilings, this.#sources.versions];
    const asLanded = asTheLanding(versions, digestOfChanges(landing.changes));
    // What a host asks for beside the policy changes, and what older versions of a merge request contained may be gone: that does not speak
    // against a record that has it endorsed.
    const least = ceilings.only ? onlySigned : noSignedCeilings;
    const asking = signed && signed.record.statements.length > 0 ? [oneEach(landing, this.#terms.folder)] : [];
    const others = [least, ...asking].flatMap((one) => [[one, versions] as const, [one, asLanded] as const]);
    const lenient = [[ceilings, asLanded] as const, ...others];
    for (const sources of [[ceilings, versions] as const, ...(verdict.kind === 'endorsed' ? lenient : [])]) {
      const judge = this.#judgeFor(expected, ...sources);
      await judge.prepare([landing], true);
      const judgement = await judge.judge(state, landing, readings);
      given ??= judgement;
      if (this.fault) return undefined;
      if (agrees(judgement, verdict)) {
        if (sources[0] === least) this.counted.withFewerSignatures += 1;
        return undefined;
      }
      if (!isByCeiling(judgement, verdict)) continue;
      this.counted.onTheHostsWord += 1;
      return undefined;
    }
    return `the record says ${told(verdict)}, and the evidence that it keeps gives ${given?.kind === 'judged' ? told(given.verdict) : given?.detail}`;
  }

  #judgeFor(expected: Expected & { record: VerdictRecord }, ceilings: SignedCeilings, versions: Versions): ContentJudge {
    const { record, line, signed } = expected;
    const { folder, repository: project, seen } = this.#terms;
    if (record.evidence !== null) return gitlabJudge(this.#portsFor(expected, ceilings, versions));
    return signedJudge({
      folder,
      project,
      firstSeen: (commit) => seen.get(commit),
      caughtUp: () => signed?.record.firstSeen !== null,
      ...nothing,
      hasStatements: () => Promise.resolve(false),
      notesFailure: () => undefined,
      jump: () => Promise.reject(new Error(`line ${line}: which commits are one landing is on record`)),
      signing: this.#checked(this.#signingAt(record.at, line, signed, ceilings), signed, ceilings),
      now: record.at,
    });
  }

  #portsFor(
    { record: { at: now, evidence, commit }, line, signed }: Expected & { record: VerdictRecord },
    ceilings: SignedCeilings,
    versions: Versions,
  ) {
    const { branch, folder, project = 0, seen } = this.#terms;
    const nobody = (): Promise<never> => Promise.reject(new Error(`line ${line}: there is nobody to ask`));
    return {
      forge: {
        project: () => Promise.resolve({ id: project }),
        evidenceFor: (asked: CommitId) => (evidence && asked === commit ? Promise.resolve({ kind: 'known' as const, evidence }) : nobody()),
        stoodBefore: nobody,
        othersThan: nobody,
        answersAbout: nobody,
      },
      hasToken: true,
      versions,
      branch,
      folder,
      project,
      firstSeen: (asked: CommitId) => seen.get(asked) ?? instant(0),
      ...nothing,
      signing: this.#checked(this.#signingAt(now, line, signed, ceilings), signed, ceilings),
      now,
      progress: () => undefined,
    };
  }

  #signingAt(now: Instant, line: number, signed: Expected['signed'], ceilings: SignedCeilings): SigningPorts {
    const { branch, start, folder, distrusted, signing, verify } = this.#terms;
    const texts = (signed?.record.statements ?? []).map(({ text, signature }) => renderSigned(text, signature));
    const before = signing.flatMap((one) => (one.line < (signed?.line ?? line) ? [one.record] : []));
    return openSigning(
      {
        carriers: { comments: () => Promise.resolve([]), notes: () => Promise.resolve(texts), files: () => [] },
        record: {
          records: () => before,
          append: () => Promise.resolve(),
          caughtUp: () => signed?.record.firstSeen !== null,
          firstSeen: () => signed?.record.firstSeen ?? undefined,
        },
        ...this.#sources,
        verify,
      },
      { branch, start, folder, ceilings, requireTouch: false, distrusted: distrusted.filter((one) => one.at <= now), now },
    );
  }

  #checked(ports: SigningPorts, signed: Expected['signed'], ceilings: SignedCeilings): SigningPorts {
    return {
      ...ports,
      signaturesFor: async (...asked) => {
        const judged = await ports.signaturesFor(...asked);
        const kept = signed?.record.statements ?? [];
        const good = judged.filter(({ kind }) => kind === 'counted');
        if (signed && ceilings === this.#terms.ceilings && good.length < kept.length) {
          const [bad] = judged.filter(({ kind }) => kind === 'not-counted');
          const why = bad?.kind === 'not-counted' ? `, for ${bad.person} it is ${bad.reason}` : '';
          this.fault ??= {
            file: 'record.jsonl',
            line: signed.line,
            message: `${count(kept.length, 'signature is', 'signatures are')} kept, and ${good.length} count${why}`,
          };
        }
        if (signed && !this.#verified.has(signed.line)) {
          this.#verified.add(signed.line);
          this.counted.signatures += good.length;
          if (this.#terms.requireTouch) this.counted.untouched += good.filter(({ touched }) => !touched).length;
        }
        return judged;
      },
    };
  }

  /** What the record says that a landing changes is what the repository has. */
  async keep(state: PolicyState, landing: Landing): Promise<readonly JudgingRecord[]> {
    const expected = this.#verdict();
    const said = expected?.signed;
    if (!expected || !said || expected.record.commit !== landing.commit) return [];
    const { record, line } = said;
    const ours = (await this.#signingAt(expected.record.at, line, said, this.#terms.ceilings).keep(state, landing)).at(-1);
    if (ours?.type !== 'signed') return [];
    const isSame = ours.rules === record.rules && changeLines(ours.changes).join('\n') === changeLines(record.changes).join('\n');
    if (!isSame)
      this.fault ??= {
        file: 'record.jsonl',
        line,
        message: `the rules or the changes of ${landing.commit} are others than those in the repository`,
      };
    return [];
  }

  /** What judging once more would record. */
  compare(record: JudgingRecord): void {
    if (record.type !== 'start' && record.type !== 'start-part' && record.type !== 'verdict') return;
    const expected = this.#expected[this.#next];
    this.#next += 1;
    if (this.fault) return;
    if (!expected || ('commit' in record && 'commit' in expected.record && record.commit !== expected.record.commit))
      this.fault = this.#missing('commit' in record ? record.commit : '', expected);
    else if (rendered(record) !== rendered(expected.record)) this.fault = at(expected, difference(record, expected.record));
    else if (record.type === 'verdict') this.counted[record.verdict.kind] += 1;
  }

  /** After all of it: what the record has beyond the branch. */
  end(): Fault | undefined {
    const expected = this.#expected[this.#next];
    if (this.fault || !expected) return this.fault;
    const { record } = expected;
    return at(
      expected,
      `${'commit' in record ? record.commit : 'what it says'} is not on the first-parent chain of the branch where the record has it`,
    );
  }

  #verdict(): (Expected & { record: VerdictRecord }) | undefined {
    const expected = this.#expected[this.#next];
    return expected?.record.type === 'verdict' ? { ...expected, record: expected.record } : undefined;
  }

  #missing(commit: string, expected = this.#expected[this.#next]): Fault {
    if (!expected) return { file: 'record.jsonl', line: null, message: `it ends without a verdict on ${commit}, which the branch has` };
    const found = 'commit' in expected.record ? expected.record.commit : 'something else';
    return at(expected, `it is about ${found}, and the next change of the policy on the branch is ${commit}`);
  }

  #stop(fault: Fault): Judgement {
    this.fault ??= fault;
    // Ends the walk: whatever comes behind it is not looked at.
    return { kind: 'waiting', code: '', detail: this.fault.message };
  }
}

/** Of what is judged once more by its evidence nothing else is told. */
const nothing = { wasHead: () => false, unanswered: () => undefined, refusedByHand: () => undefined };

/** As a host that asked for a signature of what the landing changes, whatever it asks for now: then those that are kept are looked at. */
function oneEach({ changes }: Landing, folder: string): SignedCeilings {
  const groups = changes.flatMap(({ path }) => grantAt(path, folder)?.group ?? []);
  return { groups: new Map(groups.map((group) => [group, { signed: 1 }])), rules: 1 };
}

function at({ line }: Expected, message: string): Fault {
  return { file: 'record.jsonl', line, message };
}
