import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from './scratch.js';

export const readme: string = readFileSync(path.join(repository, 'README.md'), 'utf8');

/** The blocks of the README that have a title, by it. */
export const readmeBlocks: Readonly<Record<string, string>> = Object.fromEntries(
  [...readme.matchAll(/^```\w+ title=(\S+)\n([\s\S]*?)^```$/gm)].map(([, title = '', text = '']) => [title, text]),
);

/** Whether a block belongs to the section on brokers. */
export function isOfBrokers(title: string): boolean {
  return title === 'serve.ts' || title.startsWith('visitor/');
}
