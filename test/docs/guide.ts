// A guide that is followed literally: each step of a walk names the words of the page that it does, so that neither changes without the other.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { sceneWithNotes } from '../journeys/evidence/notes.ts';
import type { Scene, World } from '../journeys/evidence/world.ts';
import type { CommandResult } from '../support/command.ts';
import { runHere } from '../support/in-process.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';
import { environment } from '../support/repositories.ts';

export interface Guide {
  /** Fails where the page does not say so. A line break counts as a blank. */
  says(words: string): void;
  /** The content of the first code block that holds this. */
  block(holds: string): string;
}

export function openGuide(path: string): Guide {
  const text = readFileSync(path, 'utf8');
  const flat = text.replaceAll(/\s+/g, ' ');
  const blocks = [...text.matchAll(/^( *)```\w*\n([^]*?)^ *```$/gm)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  return {
    says: (words) => expect(flat, path).toContain(words),
    block: (holds) => {
      const found = blocks.find((block) => block.includes(holds));
      if (found === undefined) throw new Error(`${path} has no code block with ${holds}`);
      return found;
    },
  };
}

/** The policy, the templates and the accounts of this repository's own folders. */
export async function realScene(world: World): Promise<Scene> {
  const templates = ['Grant', 'Removal'].map((name) => `.gitlab/merge_request_templates/${name}.md`);
  return sceneWithNotes(world, {
    policy: readFileSync('policy/policy.yaml', 'utf8'),
    group: readFileSync('policy/groups/klaxon-users.yaml', 'utf8'),
    files: Object.fromEntries(templates.map((path) => [path, readFileSync(path, 'utf8')])),
  });
}

/** What the job `policy` does and prints: its last line of script, in a clone of the merge request's branch. */
export async function policyJob({ project, source, sourceBranch, head }: MergeRequest, at: number): Promise<CommandResult> {
  expect(readFileSync('.gitlab-ci.yml', 'utf8')).toContain('    - node dist/main.js check policy $against\n');
  const folder = mkdtempSync(join(tmpdir(), 'muster-walk-'));
  try {
    const clone = ['clone', '--quiet', '--branch', sourceBranch, source.git.path, folder];
    await promisify(execFile)('git', clone, { env: environment({}) });
    const base = await project.git.mergeBase('main', head);
    return await runHere(['check', 'policy', '--against', base], { cwd: folder, at: new Date(at) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
