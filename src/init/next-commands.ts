import { existsSync } from 'node:fs';
import path from 'node:path';
import { shellWord } from '../report/words.js';
import type { ProviderName, Template } from './choices.js';
import type { Target } from './target.js';

/** The commands that come after a project was begun, a line each; `provider` is one that was asked for. */
export function nextCommands({ folder, name }: Target, template: Template, provider?: ProviderName): string {
  const other: Template = template === 'rpc-client' ? 'rpc-server' : 'rpc-client';
  const beside = path.join(name, '..', other);
  const hasOther = existsSync(path.join(folder, '..', other));
  const here = path.normalize(name) === '.' ? [] : [`cd ${shellWord(name)}`];
  const lines = [...here, 'npm install', 'npm test', 'npm start'].map((line) => `  ${line}\n`).join('');
  const halves = template === 'rpc-client' ? [name, beside] : [beside, name];
  const both = halves.map((half) => `--agent ${shellWord(path.join(half, 'agent.yaml'))}`).join(' ');
  const same = provider === undefined ? '' : ` --provider ${provider}`;
  return hasOther
    ? `${lines}Or both halves in one process, from this folder:\n  declaragent run ${both}\n`
    : `${lines}The other half, beside it, from this folder:\n  declaragent init ${shellWord(beside)} --template ${other}${same}\n`;
}
