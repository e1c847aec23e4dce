// The style and the little script of the report's page. Both stand in the page itself, allowed by their hashes; without the script
// everything can be read.

export const style = `
:root {
  color-scheme: light dark;
  --back: #fff; --card: #f5f6f8; --text: #1b1f24; --soft: #565c65; --line: #dfe3e8; --link: #0b57b8;
  --grant: #1f6fc4; --over: #b4bcc6; --soon: #96470a; --bad: #b3261e; --in: #0b57b8; --act: #fff4e0; --act-line: #d58a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161b; --card: #1a2027; --text: #e7eaee; --soft: #a8b0ba; --line: #2f3841; --link: #8ab8ff;
    --grant: #5b9df0; --over: #566270; --soon: #f0ad4e; --bad: #ff8a80; --in: #8ab8ff; --act: #2c2413; --act-line: #e0a030;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
main, header, footer { max-width: 70rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1rem; display: flex; flex-wrap: wrap; gap: .25rem 2rem; align-items: baseline; }
header p { margin: 0; }
footer { padding: 1rem 1rem 2rem; color: var(--soft); }
footer p { margin: .25rem 0; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; }
.day { display: grid; grid-template-columns: 8rem 1fr; border-bottom: 1px solid var(--line); padding: .3rem 0; }
p { margin: .25rem 0 .5rem; }
ul, ol { margin: .25rem 0; padding-left: 1.3rem; }
ol li { margin: 0; }
li { margin: .3rem 0; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
nav a { margin-right: 1rem; }
small, .soft { color: var(--soft); }
small { font-size: .85em; font-weight: 400; }
summary { cursor: pointer; padding: .25rem 0; color: var(--link); }
code { font: .85rem/1.5 ui-monospace, monospace; background: var(--card); padding: .1rem .35rem; border-radius: 3px; }
.numbers { display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; padding: 0; margin: .75rem 0 1rem; list-style: none; }
.numbers li { margin: 0; }
.numbers strong { font-size: 1.8rem; line-height: 1.2; margin-right: .2rem; }
.act, .know { border-left: 4px solid var(--line); border-radius: 4px; padding: .6rem 1rem; margin: .75rem 0; background: var(--card); }
.act { background: var(--act); border-color: var(--act-line); }
.act h2, .know h2 { margin: 0 0 .25rem; }
.act code { background: var(--back); }
input[type=search] { font: inherit; width: 100%; max-width: 22rem; padding: .4rem .6rem; color: inherit; background: var(--back); border: 1px solid var(--soft); border-radius: 4px; }
.filter { margin-bottom: .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-size: .85rem; position: sticky; top: 0; background: var(--back); }
tbody th { min-width: 8rem; }
tbody th small { white-space: nowrap; }
td.group { overflow-wrap: break-word; min-width: 7.5rem; }
td.until { white-space: nowrap; }
td.by { min-width: 8rem; }
td.why { min-width: 16rem; }
tr.soon time { color: var(--soon); font-weight: 600; }
tr:target th, li:target { background: var(--act); }
.names { columns: 8rem; list-style: none; padding: 0; }
.names li { margin: 0; }
dl { margin: .25rem 0; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 0 1rem; }
.days { list-style: none; padding: 0; margin: 0; }
.days li { margin: 0 0 .15rem; }
.days span { font-weight: 600; }
.days li > span:first-child { color: var(--in); }
.days li > .out:first-child, .days li > .refused:first-child, .days li > .revoked:first-child { color: var(--bad); }
.days .soft { font-weight: 400; }
.rows { list-style: none; padding: 0; margin: 0; }
.rows li { display: grid; grid-template-columns: 9rem 1fr; gap: .5rem; align-items: center; border-bottom: 1px solid var(--line); margin: 0; }
.rows .axis { position: sticky; top: 0; background: var(--back); z-index: 1; }
.who { line-height: 1.25; }
svg { overflow: visible; }
.rows li > svg { display: block; width: 100%; }
svg text { font: .75rem system-ui, sans-serif; fill: var(--soft); }
svg text.end { fill: var(--text); paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
svg text.within { fill: var(--back); stroke: var(--grant); }
.tick { stroke: var(--line); }
.now { stroke: var(--bad); stroke-width: 2; }
.bar { fill: var(--grant); }
.bar.over { fill: var(--over); }
.bar.coming { fill: var(--back); stroke: var(--grant); stroke-width: 2; stroke-dasharray: 4 3; }
.mark { stroke: var(--bad); stroke-width: 2.5; }
.keys > span { white-space: nowrap; margin-right: 1rem; }
.key { width: 1.6rem; height: .7rem; margin-right: .3rem; }
@media screen and (max-width: 52rem) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  tbody tr { display: grid; grid-template-columns: 1fr auto; gap: 0 .75rem; border-bottom: 1px solid var(--line); padding: .45rem 0; content-visibility: auto; contain-intrinsic-size: auto 5rem; }
  th, td { border: 0; padding: 0; }
  td.group, td.by { text-align: right; min-width: 0; }
  td.group { color: var(--soft); }
  td.by { max-width: 12rem; }
  .who { font-size: .85rem; }
  td.why { grid-column: 1 / -1; min-width: 0; }
  #before td.until { white-space: normal; }
  .filter { position: sticky; top: 0; background: var(--back); padding: .35rem 0; z-index: 2; }
  .day { display: block; }
  .days { padding-left: 1rem; }
  .numbers { gap: 0 1rem; }
  .numbers strong { font-size: 1.4rem; }
  .rows li { grid-template-columns: 6.2rem 1fr; }
  .odd { display: none; }
}
@media print {
  :root { --back: #fff; --card: #fff; --text: #000; --soft: #333; --line: #bbb; --link: #000; --act: #fff; --soon: #000; --bad: #000; --in: #000; }
  @page { margin: 10mm; }
  html { font-size: 8.5pt; }
  body { font-size: 1rem; line-height: 1.25; }
  svg text, small { font-size: .9rem; }
  main, header, footer { max-width: none; padding: 0; }
  h2 { margin-top: 1rem; break-after: avoid; }
  nav, .filter { display: none; }
  .act, .know { border: 1px solid #999; }
  thead th, .rows .axis { position: static; }
  th, td { padding: .05rem .5rem .05rem 0; }
  tbody th { min-width: 0; width: 17%; }
  td.by { min-width: 0; width: 14%; }
  td.why { min-width: 0; width: 40%; }
  td.group { white-space: nowrap; min-width: 0; }
  li { margin: .1rem 0; }
  .rows li { grid-template-columns: 8rem 1fr; }
  .day { padding: .1rem 0; }
  tr, .rows li, .days li { break-inside: avoid; }
  .rows li > svg { height: 16px; }
  details:not(.more)::details-content { content-visibility: visible; block-size: auto; display: block; }
  a { text-decoration: none; }
}
`;

export const script = `
const field = document.getElementById('filter');
const shown = document.getElementById('shown');
const now = [...document.querySelectorAll('#now tbody tr:not(.listed), #now .names li')];
const before = document.getElementById('before');
const gone = [...document.querySelectorAll('#before tbody tr')];
document.querySelector('.filter').hidden = now.length + gone.length === 0;
const textOf = (one) => {
  const row = one.closest('.listed');
  const cells = row ? [...row.querySelectorAll('th, .group, .until, .by')] : [];
  return [one, ...cells].map((part) => part.textContent).join(' ').toLowerCase();
};
const keep = (all, words) => {
  for (const one of all) one.hidden = !words.every((word) => textOf(one).includes(word));
  return all.filter((one) => !one.hidden).length;
};
field.addEventListener('input', () => {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const left = keep(now, words);
  for (const row of document.querySelectorAll('.listed')) row.hidden = !row.querySelector('li:not([hidden])');
  const earlier = keep(gone, words);
  if (before && words.length > 0) before.open = earlier > 0;
  shown.textContent = left + ' of ' + now.length + ' shown' + (words.length > 0 && earlier > 0 ? ', and ' + earlier + ' from before below' : '');
});
const open = () => {
  const folded = document.getElementById(location.hash.slice(1))?.closest('details');
  if (folded) folded.open = true;
};
addEventListener('hashchange', open);
open();
let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details:not([open], .more)')];
  for (const one of opened) one.open = true;
});
addEventListener('afterprint', () => {
  for (const one of opened) one.open = false;
});
`;
