// What an auditor has of a scene, and what somebody does to it who knows how muster writes.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { renderBatch, start as noLine } from '../../../src/chain/chain.ts';
import { runMuster, type CommandResult } from '../../support/command.ts';
import { runHere } from '../../support/in-process.ts';
import { grantPath } from './policy-files.ts';
import { minute, type Scene } from './world.ts';

export type Line = Record<string, unknown>;

const root = mkdtempSync(join(tmpdir(), 'muster-audit-'));
afterAll(() => rmSync(root, { recursive: true }));

/** What the auditor has: no token, no password, no GitLab and no directory. */
export class Copies {
  readonly #scene: Scene;
  /** The landing of urbanecm, and the one of mallory. */
  readonly signed: string;
  readonly refused: string;
  /** What somebody pushed, and was refused by hand. */
  readonly byHand: string;
  readonly folder = mkdtempSync(join(root, 'copy-'));
  readonly #files = { record: join(this.folder, 'state/judged/record'), ledger: join(this.folder, 'state/ledger') };

  constructor(scene: Scene, { signed, refused, byHand }: Pick<Copies, 'signed' | 'refused' | 'byHand'>) {
    this.#scene = scene;
    [this.signed, this.refused, this.byHand] = [signed, refused, byHand];
    cpSync(scene.state, join(this.folder, 'state'), { recursive: true });
    cpSync(scene.project.git.path, join(this.folder, 'copy.git'), { recursive: true });
    const text = readFileSync(join(scene.folder, 'muster.yaml'), 'utf8');
    writeFileSync(
      join(this.folder, 'muster.yaml'),
      text.replace(/^ {2}url: .*$/m, '  url: copy.git').replace(/^ {2}(token-file|ca-file): .*\n/gm, ''),
    );
  }

  lines(name: 'record' | 'ledger'): readonly Line[] {
    const text = readFileSync(`${this.#files[name]}.jsonl`, 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line.replace(/^.*?"batch":\d+,?/, '{')) as Line);
  }

  /** By somebody who may write both files, and knows how. */
  rewrite(name: 'record' | 'ledger', lines: readonly Line[]): void {
    const batches = readFileSync(`${this.#files[name]}.jsonl`, 'utf8').match(/"batch":\d+/g) ?? [];
    let head = noLine;
    const parts: Buffer[] = [];
    for (let from = 0; from < lines.length;) {
      // What one append wrote stays one append.
      const to = lines.findIndex((_, at) => at > from && batches[at] !== batches[from]);
      const { bytes, head: next } = renderBatch(head, lines.slice(from, to === -1 ? lines.length : to));
      parts.push(bytes);
      [head, from] = [next, to === -1 ? lines.length : to];
    }
    writeFileSync(`${this.#files[name]}.jsonl`, Buffer.concat(parts));
    writeFileSync(`${this.#files[name]}.head`, `{"format":1,"count":${head.count},"hash":"${head.hash}"}\n`);
  }

  change(name: 'record' | 'ledger', change: (text: string) => string): void {
    const file = `${this.#files[name]}.jsonl`;
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }

  /** A judge that lied from the beginning: converging took what it said. */
  forgetLedger(): void {
    this.rewrite('ledger', []);
    rmSync(`${this.#files.ledger}.jsonl`);
    rmSync(`${this.#files.ledger}.head`);
    for (const left of ['last-run', 'rosters', 'settled.json', 'reserve'])
      rmSync(join(this.folder, 'state', left), { recursive: true, force: true });
  }

  verify(...args: readonly string[]): Promise<CommandResult> {
    return runHere(['verify', ...args], this.#surroundings());
  }

  /** As it is typed. */
  verifyBuilt(): Promise<CommandResult> {
    return runMuster(['verify'], this.#surroundings());
  }

  #surroundings() {
    return { config: join(this.folder, 'muster.yaml'), at: new Date(this.#scene.world.gitlab.clock.now() + minute) };
  }

  async fault(): Promise<{ readonly status: number; readonly file: string; readonly line: number | null; readonly message: string }> {
    const result = await this.verify('--json');
    const { fault } = result.json<{ fault: { file: string; line: number | null; message: string } | null }>();
    if (!fault) throw new Error(`it is said to hold:\n${result.stdout}`);
    return { status: result.status ?? -1, ...fault };
  }
}

/** The place of the last line of a type, from 1. */
export const lineOf = (lines: readonly Line[], type: string, commit: string): number =>
  lines.findLastIndex((line) => line['type'] === type && line['commit'] === commit) + 1;

/** As converging would have taken it, had it been so from the beginning. */
export function always(copy: Copies, lines: readonly Line[]): void {
  copy.rewrite('record', lines);
  copy.forgetLedger();
}

export function changed(lines: readonly Line[], line: number, more: (of: Line) => Line): readonly Line[] {
  return lines.map((one, at) => (at === line - 1 ? more(one) : one));
}

/** Mallory is in. */
export function endorsed(line: Line): Line {
  const delta = line['delta'] as Line;
  const path = grantPath('mallory');
  const provenance = { commit: line['commit'], mergeRequest: 3, approvedBy: ['alice'], landedAt: line['at'] };
  const grant = { ...provenance, group: 'klaxon-users', uid: 'mallory', reason: 'Lies.', until: 'open', path, endorsedUntil: 'open' };
  const inForce = { endorsed: delta['tree'] as never, inForce: [[path, grant]], refusals: [[path, null]], usedMergeRequest: 3 };
  const blobs = (delta['tree'] as [string, { blob: string }][]).map(([at, { blob }]) => [at, blob]);
  return { ...line, verdict: { kind: 'endorsed', reviewed: true, ...provenance }, delta: { ...delta, ...inForce, endorsed: blobs } };
}

export const withSignature = (line: Line, signature: (of: string) => string): Line => {
  const [statement] = line['statements'] as { signature: string }[];
  return { ...line, statements: [{ ...statement, signature: signature(statement?.signature ?? '') }] };
};
/** Another one of the same shape. */
export const swapped = (armour: string): string =>
  armour.replace(/^(.*\n.*\n.*\n)(.)/, (_, start: string, letter: string) => start + (letter === 'A' ? 'B' : 'A'));
