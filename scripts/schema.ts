// Writes schema/*.json from the definitions that validate. Run after a change of src/policy/schemas.ts; a test notices when nobody did.
import { mkdirSync, writeFileSync } from 'node:fs';
import { editorSchemas } from './editor-schemas.ts';

const folder = new URL('../schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of editorSchemas()) writeFileSync(new URL(name, folder), text);
