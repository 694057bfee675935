import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FolderDescription } from '../../generator/index.js';
import { chooseProvider, NoCredentialsError } from '../agent/choose-provider.js';
import type { Environment } from '../agent-environment.js';
import { EVENTS_FOLDER } from '../run/event-log.js';
import { type Check, fail, ok, warn } from './check.js';

const REFERENCE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}/g;

/** Whether the variables that the YAML names are there. Their values are nobody's business. */
export function checkVariables({ bus }: FolderDescription, environment: Environment): Check[] {
  if (bus === null) return [];
  const text = JSON.stringify([bus.transports, bus.peers, bus.auth]);
  const found = new Map<string, boolean>();
  for (const [, name = '', fallback] of text.matchAll(REFERENCE)) {
    found.set(name, (found.get(name) ?? true) && fallback !== undefined);
  }
  return [...found].map(([name, hasDefault]) => {
    if (environment[name]) return ok(`variable ${name}`, 'is set', 'environment');
    if (hasDefault) return ok(`variable ${name}`, 'is not set, and has a default', 'environment');
    return fail(
      `variable ${name}`,
      'is not set or is empty',
      'set it, or put it into the .env of the folder',
      'environment',
    );
  });
}

/** Whether there is something to ask the model with, where one may be asked. */
export async function checkModel(
  folder: string,
  { settings, peerAgents }: FolderDescription,
  environment: Environment,
): Promise<Check> {
  if (peerAgents.length === 0 && !hasPrompts(folder))
    return ok('model', 'is not needed: there is no prompt', 'environment');
  try {
    const { model } = await chooseProvider({ provider: settings.provider, model: settings.model, environment });
    if (model !== 'offline' || settings.provider === 'offline') return ok('model', model, 'environment');
    const remedy = 'put ANTHROPIC_API_KEY into .env, or write provider: offline into agent.yaml';
    return warn('model', 'there is no key, so that no model is asked (offline)', remedy, 'environment');
  } catch (error) {
    if (!(error instanceof NoCredentialsError)) throw error;
    const remedy = 'put ANTHROPIC_API_KEY into .env, or write provider: offline into agent.yaml';
    return fail('model', 'agent.yaml says anthropic, and there is no key', remedy, 'environment');
  }
}

function hasPrompts(folder: string): boolean {
  const skills = path.join(folder, 'skills');
  return existsSync(skills) && readdirSync(skills).some((name) => name.endsWith('.md'));
}

/** Whether an event log can be written, as far as can be known without writing one. */
export function checkEventLog(folder: string): Check {
  const log = path.join(folder, EVENTS_FOLDER);
  let nearest = log;
  while (!existsSync(nearest) && nearest !== path.dirname(nearest)) nearest = path.dirname(nearest);
  const remedy = `make ${nearest} a folder that may be written`;
  if (!statSync(nearest).isDirectory()) return fail('event log', `${nearest} is no folder`, remedy, 'environment');
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return ok('event log', EVENTS_FOLDER, 'environment');
  } catch {
    return fail('event log', `${nearest} may not be written`, remedy, 'environment');
  }
}
