import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editorSchemas } from '../../scripts/editor-schemas.ts';

describe('the JSON Schemas for editors', () => {
  it('given the definitions that validate, then the published files are what they make (otherwise: npm run schema)', () => {
    for (const [name, text] of editorSchemas()) expect(readFileSync(`schema/${name}`, 'utf8'), name).toBe(text);
    expect(readdirSync('schema').toSorted()).toEqual([...editorSchemas().keys()].toSorted());
  });

  it('given any object in them, then it names unknown keys', () => {
    for (const [name, text] of editorSchemas()) {
      for (const [, rest] of text.matchAll(/"properties": \{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\},?([^{}]*)/g))
        if (rest !== undefined && rest.includes('additionalProperties')) expect(rest, name).toContain('"additionalProperties": false');
      expect(text).not.toContain('"not": {}');
    }
  });

  it.each([
    'policy/policy.yaml',
    'policy/groups/stewards.yaml',
    'policy/groups/klaxon-users.yaml',
    'policy/grants/klaxon-users/hoo.yaml',
    'policy/grants/klaxon-users/urbanecm.yaml',
  ])('given the sample %s, then its first line names a schema that exists', (path) => {
    const [, schema] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(path, 'utf8')) ?? [];
    expect(readFileSync(new URL(schema ?? 'missing', new URL(path, `file://${process.cwd()}/`)), 'utf8')).toContain('"$schema"');
  });
});
