import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from './scratch.js';

export const readme: string = readFileSync(path.join(repository, 'README.md'), 'utf8');

/** The blocks of a page that have a title, by it. */
export function titledBlocks(page: string): Readonly<Record<string, string>> {
  const blocks = page.matchAll(/^```\w+ title=(\S+)\n([\s\S]*?)^```$/gm);
  return Object.fromEntries([...blocks].map(([, title = '', text = '']) => [title, text]));
}

/** The blocks of the README that have a title. */
export const readmeBlocks: Readonly<Record<string, string>> = titledBlocks(readme);

/** What docs/cookbook.md has to be typed. */
export const cookbookBlocks: Readonly<Record<string, string>> = titledBlocks(
  readFileSync(path.join(repository, 'docs/cookbook.md'), 'utf8'),
);

/** Whether a block belongs to the section on brokers. */
export function isOfBrokers(title: string): boolean {
  return title === 'serve.ts' || title.startsWith('visitor/');
}
