// The style and the little script of the report's page. Both stand in the page itself, allowed by their hashes; without the script
// everything can be read.

export const style = `
:root {
  color-scheme: light dark;
  --back: #fdfdfc; --card: #ffffff; --text: #1c1e21; --soft: #565c65; --line: #d5d9de; --link: #0b57b8;
  --grant: #1f6fc4; --over: #b4bcc6; --refused: #b3261e; --now: #b3261e; --warn: #fff4e0; --warn-line: #c77700;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171a; --card: #1c2024; --text: #e8eaed; --soft: #a8b0ba; --line: #3a4149; --link: #8ab8ff;
    --grant: #5b9df0; --over: #566270; --refused: #ff8a80; --now: #ff8a80; --warn: #33270f; --warn-line: #e0a030;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main, header, footer { max-width: 64rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
footer { padding-bottom: 2rem; color: var(--soft); }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0 .5rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; }
.soft { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem; padding: 0; margin: 1rem 0; list-style: none; }
.cards li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.cards strong { display: block; font-size: 2rem; line-height: 1.1; }
.needs { background: var(--warn); border-left: .3rem solid var(--warn-line); border-radius: .25rem; padding: .5rem 1rem .75rem; margin-top: 1.25rem; }
.needs h2 { margin: 0; }
.needs li + li { border-top: 1px solid var(--line); }
ul.plain { padding: 0; margin: .25rem 0; list-style: none; }
ul.plain > li { padding: .3rem 0; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .4rem 0; }
details > div { padding: 0 1rem .75rem; }
summary { cursor: pointer; padding: .5rem 1rem; }
summary b { display: inline-block; min-width: 9rem; }
.tag { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; font-size: .875rem; display: inline-block; }
.tag.out { color: var(--refused); border-color: currentColor; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .25rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
input[type=search] { font: inherit; width: 100%; max-width: 24rem; padding: .4rem .6rem; color: inherit; background: var(--card); border: 1px solid var(--soft); border-radius: .4rem; }
.rows { list-style: none; padding: 0; margin: .5rem 0; }
.rows li { display: grid; grid-template-columns: 10rem 1fr; gap: .75rem; align-items: center; border-top: 1px solid var(--line); }
svg { overflow: visible; }
.rows li > svg { display: block; width: 100%; }
svg text { font: .75rem system-ui, sans-serif; fill: var(--soft); }
.tick { stroke: var(--line); }
.now { stroke: var(--now); stroke-width: 2; }
.bar { fill: var(--grant); }
.bar.over { fill: var(--over); }
.bar.coming { fill: none; stroke: var(--grant); stroke-width: 2; stroke-dasharray: 4 3; }
.mark { stroke: var(--refused); stroke-width: 2.5; }
.key { display: inline-block; width: 1.6rem; height: .7rem; margin: 0 .3rem 0 .9rem; vertical-align: baseline; }
.key:first-child { margin-left: 0; }
@media (max-width: 36rem) {
  .rows li { grid-template-columns: 1fr; gap: 0; padding: .3rem 0; }
  summary b { min-width: 0; margin-right: .5rem; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .3rem; }
}
@media print {
  :root { --back: #fff; --card: #fff; --text: #000; --soft: #333; --line: #999; --link: #000; --warn: #fff; --grant: #333; --over: #bbb; --refused: #000; --now: #000; }
  body { font-size: 10pt; }
  .skip, .filter { display: none; }
  details, .rows li, .cards li { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; display: block; }
  a[href^=http]::after { content: " " attr(href); font-size: 8pt; }
}
`;

export const script = `
const field = document.getElementById('filter');
const people = [...document.querySelectorAll('#people > details')];
const shown = document.getElementById('shown');
document.querySelector('.filter').hidden = false;
field.addEventListener('input', () => {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  for (const one of people) {
    const text = one.textContent.toLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
    if (!one.hidden) count += 1;
  }
  shown.textContent = count + ' of ' + people.length + ' shown';
});
const open = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener('hashchange', open);
open();
let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details:not([open])')];
  for (const one of opened) one.open = true;
});
addEventListener('afterprint', () => {
  for (const one of opened) one.open = false;
});
`;
