// The JSON Schemas of the policy files, for editors: they show what a key means and what may stand there while somebody types.
import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import { grantSchema, groupSchema, policySchema } from '../src/policy/schemas.ts';

/** File name and content of every published schema. */
export function editorSchemas(): ReadonlyMap<string, string> {
  return new Map([
    ['policy.schema.json', render(policySchema)],
    ['group.schema.json', render(groupSchema)],
    ['grant.schema.json', render(grantSchema)],
  ]);
}

function render(schema: GenericSchema): string {
  const converted = toJsonSchema(schema, {
    target: 'draft-07',
    // How text becomes a value has no words in JSON Schema; the metadata of each kind of value says what an editor can check.
    errorMode: 'ignore',
    overrideSchema: ({ jsonSchema }) => {
      const { required = [], additionalProperties, default: _, ...rest } = jsonSchema;
      // Editors name the key that has no place here only when this is a plain `false`.
      const closed = typeof additionalProperties === 'object' && 'not' in additionalProperties ? false : additionalProperties;
      return { ...rest, ...(required.length > 0 ? { required } : {}), ...(closed === undefined ? {} : { additionalProperties: closed }) };
    },
  });
  return `${JSON.stringify(converted, null, 2)}\n`;
}
