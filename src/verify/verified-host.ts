// What a host keeps, held against itself and against the repository: the two chains of hashes, every line, every verdict by its evidence, and every
// signature. The first line that does not hold ends it. Nobody is asked but git, and nothing is written.
import type { Head } from '../chain/chain.ts';
import { sha256, sshFingerprint } from '../digest.ts';
import type { HostConfiguration } from '../host.ts';
import type { Mirror } from '../history/mirror.ts';
import { branchOf, type Branch } from '../history/branch.ts';
import { judgeBranch } from '../judge/judge-branch.ts';
import { evidenceLines } from '../ledger/evidence-lines.ts';
import { parseRecord } from '../ledger/ledger-records.ts';
import { emptyMemory, rememberAll, type Memory } from '../ledger/memory.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { CommitId, Instant } from '../names.ts';
import { nothingJudged, takeJudged } from '../record/judged-state.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { parseJudgingRecord } from '../record/judging-shapes.ts';
import { projectOf } from '../signing/statement.ts';
import type { Verify } from '../signing/judge-statements.ts';
import { verifiedGrants } from '../signing/verified-grants.ts';
import { digestFault, readChain, takenFault, type Chain, type Fault, type KeptLine } from './kept-chains.ts';
import { KeptJudge, nothingCounted, type Counted, type Expected, type KeptTerms } from './kept-judge.ts';

export interface VerifiedHost {
  readonly heads: { readonly record: Head | null; readonly ledger: Head | null };
  readonly verdicts: Counted;
  /** Lines of the record before its last `start`: no verdict among them is judged again, for what was in force then came to an end with it. */
  readonly formOnly: number;
  /** What root took as it was, now or earlier. */
  readonly starts: readonly CommitId[];
  /** What the ledger comes to; undefined where it could not be read to its end. */
  readonly memory: Memory | undefined;
  readonly fault: Fault | undefined;
  /** Without a forge: the URL in what was signed, where `repository.url` names a copy. */
  readonly signedFor: string | undefined;
}

export interface VerifyPorts {
  readonly openMirror: () => Promise<Mirror>;
  readonly verify: Verify;
  readonly now: Instant;
}

export async function verifyHost(configuration: HostConfiguration, ports: VerifyPorts): Promise<VerifiedHost> {
  const ledger = readChain(configuration.state, 'ledger', parseRecord);
  const record = readChain(configuration.judged, 'record', parseJudgingRecord);
  const memory = 'fault' in ledger ? undefined : rememberedIn(ledger);
  const heads = { record: 'fault' in record ? null : record.head, ledger: 'fault' in ledger ? null : ledger.head };
  const formOnly = 'fault' in record ? 0 : beforeLastStart(record);
  const starts = 'fault' in record ? [] : record.lines.flatMap((line) => (line.record.type === 'start' ? [line.record.commit] : []));
  const signedFor = 'fault' in record || configuration.evidence !== 'signed' ? undefined : signedForIn(record, configuration);
  const ended = (fault: Fault | undefined, verdicts = nothingCounted): VerifiedHost => ({
    ...{ heads, verdicts, formOnly, memory, fault, starts },
    signedFor: signedFor === projectOf(configuration.repository.url) ? undefined : signedFor,
  });
  if ('fault' in ledger) return ended(ledger.fault);
  if ('fault' in record) return ended(record.fault);
  const apart = digestFault(record) ?? takenFault(ledger, record);
  if (apart) return ended(apart);
  const { fault, counted } = await judgeAgain(record, ledger, configuration, ports);
  return ended(fault ?? (await signatureFault(ledger, configuration, ports)), counted);
}

/** The repository, as statements name it. An auditor has a copy somewhere else: then it is what all of them say. */
function signedForIn({ lines }: Chain<JudgingRecord | LedgerRecord>, { repository }: Pick<HostConfiguration, 'repository'>): string {
  const signed = lines.flatMap(({ record }) => (record.type === 'signed' ? record.statements : []));
  const [named, ...others] = new Set(signed.flatMap(({ text }) => /^project (.*)$/m.exec(text)?.[1] ?? []));
  return named !== undefined && others.length === 0 ? named : projectOf(repository.url);
}

function rememberedIn({ lines }: Chain<LedgerRecord>): Memory {
  const memory = emptyMemory();
  rememberAll(
    memory,
    lines.map(({ record }) => record),
  );
  return memory;
}

function startOf({ lines }: Chain<JudgingRecord>): number {
  return lines.findLastIndex(({ record }) => record.type === 'start');
}

/** Nothing where it never began at another commit. */
function beforeLastStart(record: Chain<JudgingRecord>): number {
  const begins = startOf(record);
  return record.lines.slice(0, begins).some((line) => line.record.type === 'start') ? begins : 0;
}

async function judgeAgain(
  record: Chain<JudgingRecord>,
  ledger: Chain<LedgerRecord>,
  configuration: HostConfiguration,
  ports: VerifyPorts,
): Promise<{ readonly fault: Fault | undefined; readonly counted: Counted }> {
  const begins = startOf(record);
  const begun = record.lines[begins];
  if (begun?.record.type !== 'start') return { fault: undefined, counted: nothingCounted };
  const { start, folder, rules } = configuration.repository;
  const other = `the record begins at ${begun.record.commit}, and repository.start is ${start}`;
  if (begun.record.commit !== start) return { fault: { file: 'record.jsonl', line: begun.line, message: other }, counted: nothingCounted };
  const mirror = await ports.openMirror();
  const branch = branchOf(mirror);
  const tip = await branch.fetch();
  const lines = record.lines.slice(begins);
  const off = await offTheBranch(branch, lines, tip);
  if (off) return { fault: off, counted: nothingCounted };
  const judge = new KeptJudge(expectedIn(lines), termsOf(record, ledger, configuration, ports), {
    blobs: branch.blobs,
    versions: mirror.versions,
  });
  let state = takeJudged(
    nothingJudged,
    record.lines.slice(0, begins).map((line) => line.record),
    'judging',
  );
  for (const target of targetsIn(lines)) {
    const judged = await judgeBranch(
      {
        branch: { ...branch, fetch: () => Promise.resolve(target) },
        judge,
        record: {
          state: () => state,
          begin: () => Promise.resolve(),
          firstHead: () => undefined,
          append: (records) => {
            for (const one of records) judge.compare(one);
            state = takeJudged(state, records, 'judging');
            return Promise.resolve();
          },
        },
        now: ports.now,
      },
      { start, folder, rules, longest: new Map(), onlySigned: configuration.signed.only },
    );
    const [problem] = judged.problems;
    if (!judge.fault && problem)
      return { fault: { file: 'record.jsonl', line: begun.line, message: problem.message }, counted: judge.counted };
    if (judge.fault) break;
  }
  return { fault: judge.end(), counted: judge.counted };
}

/** By what the landings were judged: what the host has, and what record and ledger tell beside the verdicts. */
function termsOf(
  record: Chain<JudgingRecord>,
  ledger: Chain<LedgerRecord>,
  { repository, evidence, signed: ceilings, requireTouch }: HostConfiguration,
  { verify, now }: VerifyPorts,
): KeptTerms {
  const { start, folder, branch } = repository;
  const all = record.lines.map((line) => line.record);
  return {
    ...{ evidence, branch, start, folder, ceilings, requireTouch, verify },
    distrusted: ledger.lines.flatMap((line) => (line.record.type === 'distrust' ? [line.record] : [])),
    project: takeJudged(nothingJudged, all, 'judging').project,
    repository: signedForIn(record, { repository }),
    byHand: {
      refused: new Set(ledger.lines.flatMap((line) => (line.record.type === 'refuse' ? [line.record.commit] : []))),
      since: ledger.lines[0]?.record.at ?? now,
    },
    seen: new Map(all.flatMap((one) => (one.type === 'seen' ? [[one.commit, one.at] as const] : []))),
    signing: record.lines.filter((line) => line.record.type === 'signed' || line.record.type === 'statements-seen'),
  };
}

function expectedIn(lines: readonly KeptLine<JudgingRecord>[]): readonly Expected[] {
  const expected: Expected[] = [];
  let last: Expected['signed'];
  for (const { line, record } of lines) {
    if (record.type === 'signed') last = { line, record };
    if (record.type === 'start' || record.type === 'start-part') expected.push({ line, record });
    if (record.type === 'verdict') expected.push({ line, record, ...(last?.record.commit === record.commit && { signed: last }) });
  }
  return expected;
}

/** How far judging had come, and where the branch went on elsewhere: each is walked to by itself. */
function targetsIn(lines: readonly KeptLine<JudgingRecord>[]): readonly CommitId[] {
  const targets: CommitId[] = [];
  let last: CommitId | undefined;
  for (const { record } of lines) {
    if (record.type !== 'start' && record.type !== 'judged' && record.type !== 'verdict') continue;
    if (record.type === 'verdict' && isJump(record.verdict) && last !== undefined) targets.push(last);
    last = record.commit;
    if (record.type === 'verdict' && isJump(record.verdict)) targets.push(last);
  }
  return last === undefined || targets.at(-1) === last ? targets : [...targets, last];
}

function isJump(verdict: { readonly kind: string; readonly code?: string }): boolean {
  return verdict.kind === 'refused' && verdict.code === 'off-chain';
}

/** What is named after the last jump is on the first-parent chain that leads to the tip. */
async function offTheBranch(branch: Branch, lines: readonly KeptLine<JudgingRecord>[], tip: CommitId): Promise<Fault | undefined> {
  const jump = lines.findLastIndex(({ record }) => record.type === 'verdict' && isJump(record.verdict));
  const named = lines
    .slice(Math.max(jump, 0))
    .flatMap(({ line, record }) =>
      record.type === 'start' || record.type === 'judged' || record.type === 'verdict' ? [{ line, commit: record.commit }] : [],
    );
  const last = named.at(-1);
  if (!last || (await branch.ancestry(last.commit, tip)) === 'on-chain') return undefined;
  for (const { line, commit } of named)
    if ((await branch.ancestry(commit, tip)) !== 'on-chain')
      return { file: 'record.jsonl', line, message: `${commit} is not on the first-parent chain of the branch, whose tip is ${tip}` };
  return undefined;
}

/** What the ledger says that signatures give is what they give, worked out once more from the lines that stand before it. */
async function signatureFault(
  ledger: Chain<LedgerRecord>,
  { repository, gitlab, signed: ceilings, requireTouch }: HostConfiguration,
  { verify }: VerifyPorts,
): Promise<Fault | undefined> {
  const { lines } = ledger;
  const place = lines.findLastIndex(({ record }) => record.type === 'verified');
  const { line = 0, record: known } = lines[place] ?? {};
  if (known?.type !== 'verified' || known.basis === 'none' || repository.rules === undefined) return undefined;
  const before = lines.slice(0, place).map(({ record }) => record);
  const memory = emptyMemory();
  rememberAll(memory, before);
  const parser = await import('../policy/parser.ts');
  const given = verifiedGrants(
    evidenceLines(before),
    {
      place: {
        project: gitlab ? String(memory.judged.project ?? '') : signedForIn(ledger, { repository }),
        branch: `refs/heads/${repository.branch}`,
        start: repository.start,
      },
      ...{ ceilings, requireTouch, folder: repository.folder, pinned: repository.rules, groups: known.groups },
      asked: known.asked,
      distrusted: before.filter((record) => record.type === 'distrust'),
    },
    { parser, sha256, fingerprint: sshFingerprint },
    verify,
  );
  if (JSON.stringify(given.windows) === JSON.stringify(known.windows)) return undefined;
  const paths = (windows: typeof given.windows) => windows.map(({ path }) => path).join(', ') || 'nothing';
  return { file: 'ledger.jsonl', line, message: `signatures give ${paths(given.windows)}, and it says ${paths(known.windows)}` };
}
