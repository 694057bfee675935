/** Generates the client and the server of the contract with codegen, as JavaScript in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { AGENT, contractText } from './contract.mjs';

/**
 * @param {string} folder that is empty
 * @param {string} cli the built command
 * @param {string} runtime the folder of the built @declaragent/runtime
 * @returns the functions of the generated module
 */
export async function generate(folder, cli, runtime) {
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(folder, 'capabilities.yaml'), contractText());
  mkdirSync(path.join(folder, 'node_modules/@declaragent'), { recursive: true });
  symlinkSync(runtime, path.join(folder, 'node_modules/@declaragent/runtime'));
  const { status, stderr } = spawnSync(process.execPath, [cli, 'codegen', '--no-cache', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`codegen ended with ${status}:\n${stderr}`);
  const id = AGENT.slice('agent://'.length);
  const sources = path.join(folder, 'generated', id);
  const entryPoints = readdirSync(sources, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(sources, file));
  const outdir = path.join(folder, 'javascript');
  await build({ entryPoints, outbase: sources, outdir, format: 'esm', target: 'node20', logLevel: 'warning' });
  return import(pathToFileURL(path.join(outdir, 'index.js')).href);
}
