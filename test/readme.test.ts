// The README shows the help, and documents name files: both are compared with what is there. `npx vitest run test/readme.test.ts -u` brings the help up to date.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runMuster } from './support/command.ts';

const root = new URL('../', import.meta.url);

describe('given the README', () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');

  it('when somebody reads the help in it, then it is the help of the command', async () => {
    const { stdout: help } = await runMuster(['--help']);
    const block = /(?<=```text\n)Usage: muster [^]*?(?=```\n)/;
    expect(readme).toMatch(block);
    await expect(readme.replace(block, () => help)).toMatchFileSnapshot('../README.md');
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'docs/ARCHITECTURE.md'])(
    'when somebody follows a link in %s, then the file is there',
    (path) => {
      const here = new URL(path, root);
      const links = [...readFileSync(here, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
      expect(links).not.toEqual([]);
      expect(links.filter((link) => !existsSync(fileURLToPath(new URL(link, here))))).toEqual([]);
    },
  );
});

describe('given the map', () => {
  const map = readFileSync(new URL('docs/ARCHITECTURE.md', root), 'utf8');
  const sources = readdirSync(new URL('src/', root), { withFileTypes: true });

  it('when it names a file, then it is there, and there are four walks', () => {
    const walks = map.slice(map.indexOf('## Four walks'), map.indexOf('## Words'));
    const files = [...map.matchAll(/`([a-z-]+\/[a-z-]+\.ts)`/g)].map(([, file = '']) => file);
    expect(walks.match(/^\*\*/gm)).toHaveLength(4);
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((file) => !existsSync(new URL(`src/${file}`, root)))).toEqual([]);
  });

  it('when there is a room, then it is in the table', () => {
    const rooms = sources.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(rooms.filter((name) => !map.includes(`\`${name}/\``))).toEqual([]);
    const first = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8');
    expect(rooms.filter((name) => !first.includes(`\`${name}\``) && !first.includes(`\`src/${name}\``))).toEqual([]);
  });
});
