// Writes a grant file. Whatever the texts are, they are quoted as YAML asks for; what is already there, comments included, stays.
import { Document, isScalar, parseDocument } from 'yaml';

/** The keys of a grant file, in the order in which a new one has them. */
const order = ['reason', 'ticket', 'contact', 'from', 'until', 'understood'] as const;

export type GrantText = Readonly<Partial<Record<(typeof order)[number], string>>>;

/**
 * The text of a grant file with these values; of `existing`, which the strict reader accepts, with these values changed in it.
 * The result is to be read back by that reader: nothing here looks at what the values say.
 */
export function renderGrantText(values: GrantText, existing?: string): string {
  const document = existing === undefined ? new Document({}) : parseDocument(existing);
  for (const key of order) {
    const value = values[key];
    if (value === undefined) continue;
    const scalar = document.get(key, true);
    if (isScalar(scalar)) {
      // How it was quoted is not how the new value must be.
      scalar.value = value;
      delete scalar.type;
    } else document.set(key, value);
  }
  return document.toString({ lineWidth: 0 });
}
