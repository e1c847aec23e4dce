import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editorSchemas } from '../../scripts/editor-schemas.ts';

function mapsIn(schema: unknown): readonly object[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const inside = Object.values(schema).flatMap(mapsIn);
  return 'properties' in schema ? [schema, ...inside] : inside;
}

describe('the JSON Schemas for editors', () => {
  it('given the definitions that validate, then the published files are what they make (otherwise: npm run schema)', () => {
    for (const [name, text] of editorSchemas()) expect(readFileSync(`schema/${name}`, 'utf8'), name).toBe(text);
    expect(readdirSync('schema').toSorted()).toEqual([...editorSchemas().keys()].toSorted());
  });

  it('given any map in them with keys of ours, then other keys are errors', () => {
    const maps = [...editorSchemas().values()].flatMap((text) => mapsIn(JSON.parse(text)));
    expect(maps.length).toBeGreaterThan(6);
    for (const map of maps) expect(Reflect.get(map, 'additionalProperties'), JSON.stringify(map)).toBe(false);
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
