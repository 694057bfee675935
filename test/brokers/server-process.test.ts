import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findFreePort, isListening, makeFolder, type ServerProgram, startServer } from './server-process.js';

/** A server that ends by itself as often as is said, and listens when it is started once more. */
async function createProgram(endsAtFirst: number): Promise<ServerProgram> {
  const [folder, port] = [makeFolder('nats'), await findFreePort()];
  const starts = path.join(folder, 'starts');
  const script = `
    const { appendFileSync, readFileSync } = require('node:fs');
    appendFileSync(${JSON.stringify(starts)}, '.');
    if (readFileSync(${JSON.stringify(starts)}).length <= ${endsAtFirst}) throw new Error('It met another.');
    require('node:net').createServer().listen(${port}, '127.0.0.1');`;
  const isReady = () => isListening(port);
  return { kind: 'nats', folder, port, command: process.execPath, args: ['-e', script], isReady };
}

test('a server that ends before it serves is started again', async () => {
  const server = await startServer(await createProgram(2));
  expect(await isListening(server.port)).toBe(true);
  expect(readFileSync(path.join(server.folder, 'starts'), 'utf8')).toBe('...');
  await server.close();
});

test('a server that never serves is given up with what it said, and leaves no folder', async () => {
  const program = await createProgram(9);
  await expect(startServer(program)).rejects.toThrow(/does not serve on port \d+\.[\s\S]*It met another\./);
  expect(existsSync(program.folder)).toBe(false);
});
