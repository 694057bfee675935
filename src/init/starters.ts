import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fillTemplate } from '../../generator/template.js';
import { folderOfThisPackage } from '../version.js';
import type { ProviderName, Template } from './choices.js';
import type { PackageSpecs } from './package-specs.js';

/** What a starter is about. */
const STARTERS: Readonly<Record<Template, { readonly agent: string; readonly transportsFile: string }>> = {
  'rpc-client': { agent: 'concierge', transportsFile: 'rpc-peers.yaml' },
  'rpc-server': { agent: 'pr-reviewer', transportsFile: 'capabilities.yaml' },
};

/** What the client's rpc-peers.yaml calls the contract of its peer, and which file of the server's starter that is. */
export const PEER_CONTRACT = '../rpc-server/capabilities.yaml';

/** What differs from project to project. */
export interface StarterChoices {
  readonly provider: ProviderName;
  readonly packages: PackageSpecs;
}

/** The files of a starter that people write, by path relative to the project's folder; what is generated is not among them. */
export function fillStarter(template: Template, { provider, packages }: StarterChoices): Map<string, string> {
  const { agent, transportsFile } = STARTERS[template];
  const holes = {
    agent: JSON.stringify(agent),
    provider,
    transportsFile,
    declaragent: JSON.stringify(packages.declaragent),
    runtime: JSON.stringify(packages.runtime),
    isServer: template === 'rpc-server',
  };
  return new Map(
    ['both', template].flatMap((folder) =>
      templatesIn(folder).map((name) => [name, fillTemplate(`starters/${folder}/${name}${ENDING}`, holes)] as const),
    ),
  );
}

/** The contract that the client's starter is made for. */
export function peerContract(): string {
  return fillTemplate(`starters/rpc-server/capabilities.yaml${ENDING}`, {});
}

const ENDING = '.hbs';

function templatesIn(folder: string): string[] {
  const home = path.join(folderOfThisPackage(), 'templates/starters', folder);
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length).split(path.sep).join('/'))
    .sort();
}
