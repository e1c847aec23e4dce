// Asks GitLab and Git about a row of landings at a time, for evidence depends on no verdict. It only reads.
import { changeKey, versionsToCompare, type VersionDigests } from './pushers.ts';
import type { EvidenceAnswer, OtherMergeRequest, TargetBranch } from './evidence.ts';
import type { Account, Review } from '../record/kept-evidence.ts';
import type { OthersAnswered } from '../record/waits.ts';
import type { CommitPair, Landing } from '../history/landing.ts';
import type { Versions } from '../history/versions.ts';
import type { GitLab } from '../gitlab/gitlab.ts';
import type { CommitId } from '../names.ts';
import { Unavailable, Unusable } from '../errors.ts';

export interface Forge extends Pick<GitLab, 'evidenceFor' | 'stoodBefore' | 'othersThan' | 'answersAbout'> {
  readonly project: () => Promise<{ readonly id: number }>;
}

interface Ports {
  readonly forge: Forge;
  readonly versions: Versions;
  readonly progress: (text: string) => void;
}

/** Landings of a row: enough to keep all connections busy, few enough to stop soon in an outage. */
const rowLength = 32;

type Answers = ReadonlyMap<CommitId, EvidenceAnswer>;

export class Inquiries {
  readonly #ports: Ports;
  readonly #queue: readonly (readonly Landing[])[];
  readonly #length: number;
  readonly #target: TargetBranch;
  readonly #rowOf: ReadonlyMap<CommitId, number>;
  /** The last two: a fast-forward may lie in both. */
  readonly #rows = new Map<number, Promise<Answers>>();
  #others: Promise<OthersAnswered> | undefined;
  #digests: VersionDigests = new Map();

  /** `stuck`: the first was not answered in an earlier run. It is asked about alone, for what stands behind it waits with it. */
  constructor(ports: Ports, queue: readonly Landing[], target: TargetBranch, stuck = false) {
    this.#ports = ports;
    this.#target = target;
    const [first] = queue;
    const rest = stuck ? queue.slice(1) : queue;
    const rows = Array.from({ length: Math.ceil(rest.length / rowLength) }, (_, row) => rest.slice(row * rowLength, (row + 1) * rowLength));
    this.#queue = stuck && first ? [[first], ...rows] : rows;
    this.#length = queue.length;
    this.#rowOf = new Map(this.#queue.flatMap((row, place) => row.map(({ commit }) => [commit, place] as const)));
  }

  /** Whether GitLab answers now about others what it does not answer about this landing. `judged`: the merge request that was judged last. */
  async othersAnswered({ commit }: Landing, judged: OtherMergeRequest | undefined): Promise<OthersAnswered> {
    return (this.#others ??= this.#askAboutOthers(commit, judged));
  }

  async #askAboutOthers(commit: CommitId, judged: OtherMergeRequest | undefined): Promise<OthersAnswered> {
    const { forge } = this.#ports;
    try {
      const others = await forge.othersThan(commit, this.#target);
      const isAnother = judged !== undefined && !others.some(({ iid }) => iid === judged.iid);
      const all = isAnother ? [...others, judged] : others;
      for (const other of all) if (await forge.answersAbout(other, this.#target)) return 'answered';
      return all.length > 0 ? 'silent' : 'none';
    } catch (error) {
      if (error instanceof Unavailable || error instanceof Unusable) return 'silent';
      throw error;
    }
  }

  /** Landings are asked for in the order of the queue. */
  async answerFor({ commit }: Landing): Promise<EvidenceAnswer> {
    const row = this.#rowOf.get(commit);
    const answers = row === undefined ? undefined : await this.#answersOf(row);
    return answers?.get(commit) ?? this.#ports.forge.evidenceFor(commit, this.#target);
  }

  async digestsOf(review: Review, author: Account | null): Promise<VersionDigests> {
    const pairs = pairsOf(review, author);
    const known = pairs.flatMap((pair) => {
      const digest = this.#digests.get(changeKey(...pair));
      return digest === undefined ? [] : [[changeKey(...pair), digest] as const];
    });
    return known.length === pairs.length ? new Map(known) : readDigests(this.#ports.versions, pairs);
  }

  #answersOf(row: number): Promise<Answers> {
    const known = this.#rows.get(row);
    if (known) return known;
    const end = this.#queue.slice(0, row + 1).flat().length;
    this.#ports.progress(`asking GitLab about ${end} of ${this.#length} changes`);
    for (const older of this.#rows.keys()) if (older < row - 1) this.#rows.delete(older);
    const asked = this.#askAbout(this.#queue[row] ?? []);
    this.#rows.set(row, asked);
    return asked;
  }

  async #askAbout(landings: readonly Landing[]): Promise<Answers> {
    const { forge } = this.#ports;
    const asked = landings.map(async ({ commit }) => [commit, await forge.evidenceFor(commit, this.#target)] as const);
    const answers = new Map(await Promise.all(asked));
    this.#digests = await this.#digestsIn(answers);
    return answers;
  }

  /** In one go for a row. What Git cannot be asked for now is asked for again when its landing is judged. */
  async #digestsIn(answers: Answers): Promise<VersionDigests> {
    const candidates = [...answers.values()].flatMap((answer) => (answer.kind === 'known' ? answer.evidence.candidates : []));
    try {
      return await readDigests(
        this.#ports.versions,
        candidates.flatMap(({ mergeRequest, review }) => (review ? pairsOf(review, mergeRequest.author) : [])),
      );
    } catch (error) {
      if (error instanceof Unavailable || error instanceof Unusable) return new Map();
      throw error;
    }
  }
}

async function readDigests(versions: Versions, pairs: readonly CommitPair[]): Promise<VersionDigests> {
  if (pairs.length === 0) return new Map();
  const presence = await versions.ensureCommits(pairs.flat());
  const present = pairs.filter((pair) => pair.every((commit) => presence.get(commit) === 'present'));
  const digests = await versions.changeDigests(present);
  const read = present.map((pair, place) => [changeKey(...pair), digests[place] ?? 'refused'] as const);
  return new Map([...pairs.map((pair) => [changeKey(...pair), 'refused'] as const), ...read]);
}

/** The digests of all that decides about approvals of a merge request. */
export function digestsOf(versions: Versions, review: Review, author: Account | null): Promise<VersionDigests> {
  return readDigests(versions, pairsOf(review, author));
}

function pairsOf(review: Review, author: Account | null): readonly CommitPair[] {
  return versionsToCompare(review, author).flatMap(({ base, head }) => (base && head ? [[base, head] as const] : []));
}
