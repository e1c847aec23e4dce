// HTML as a value: whatever is put into it is text, made harmless, unless it is markup already.
import { plain } from '../text.ts';

export interface Markup {
  readonly markup: string;
}

type Part = string | number | Markup | readonly Markup[];

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/** Safe as an element's text and inside a quoted attribute. */
function escaped(text: string): string {
  return plain(text).replace(/[&<>"'`]/g, (character) => entities[character] ?? '');
}

function rendered(part: Part): string {
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escaped(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}

export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.map((text, at) => text + (at < parts.length ? rendered(parts[at] ?? '') : '')).join('') };
}

export const nothing: Markup = { markup: '' };

/** The page's own style or script, which is no text of anybody else. */
export function verbatim(text: string): Markup {
  return { markup: text };
}
