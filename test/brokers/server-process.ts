import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, BrokerKind } from './broker.js';

/** What runs as a broker. */
export interface ServerProgram {
  readonly kind: BrokerKind;
  /** The folder made by {@link makeFolder}. */
  readonly folder: string;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether it serves now, or never will unless it is started again; asked again and again. May throw as long as it does not
   * serve.
   */
  readonly isReady: (start: ServerStart) => Promise<boolean | 'start again'>;
}

/** One start of a program. */
export interface ServerStart {
  /** How long ago it was. */
  readonly forMs: number;
  /** What the program had logged before it, and has since. */
  readLog(): readonly [before: string, since: string];
}

const READY_WITHIN_MS = 90_000;
const MOST_STARTS = 5;

/** Process groups that this process has started and not ended. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const pid of groups) killGroup(pid);
});

/** Runs a program as a broker, in a process group of its own, since some are started by a shell script. */
export async function startServer(program: ServerProgram): Promise<Broker> {
  const { kind, folder, port, command, args, env, isReady } = program;
  const logFile = path.join(folder, 'server.log');
  let child: ChildProcess | undefined;
  let onEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    onEnded = resolve;
  });

  const start = async (startsLeft = MOST_STARTS): Promise<void> => {
    const log = openSync(logFile, 'a');
    const { size: logged } = fstatSync(log);
    const readLog = (): [string, string] => {
      const bytes = readFileSync(logFile);
      return [bytes.toString('utf8', 0, logged), bytes.toString('utf8', logged)];
    };
    const started = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child = started;
    started.once('exit', () => {
      if (child === started) onEnded();
    });
    let failure: Error | undefined;
    started.once('error', (error) => {
      failure = error;
    });
    if (started.pid !== undefined) groups.add(started.pid);
    const startedAt = Date.now();
    const isServing = () => isReady({ forMs: Date.now() - startedAt, readLog }).catch(() => false);
    for (let answer = await isServing(); answer !== true; answer = await isServing()) {
      const hasEnded = started.exitCode !== null || started.signalCode !== null;
      // One that ends at once may have met another on one of its ports, or a machine that stood still.
      if (startsLeft > 1 && (hasEnded || answer === 'start again')) {
        await kill();
        return start(startsLeft - 1);
      }
      if (hasEnded || failure !== undefined || Date.now() - startedAt > READY_WITHIN_MS) {
        await kill();
        throw new Error(`${command} does not serve on port ${port}. ${failure?.message ?? ''}\n${tailOf(logFile)}`);
      }
      await sleep(50);
    }
  };

  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running?.pid === undefined) return;
    const ended = new Promise<void>((resolve) => {
      if (running.exitCode !== null || running.signalCode !== null) resolve();
      else running.once('exit', () => resolve());
    });
    killGroup(running.pid);
    await ended;
    groups.delete(running.pid);
    // Of a group only the one that was started is waited for, and another may hold the port a little longer.
    while (await isListening(port)) await sleep(10);
  };

  const close = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { kind, port, folder, ended, kill, restart: () => start(), close };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');
}

/** A folder for one broker. */
export function makeFolder(kind: BrokerKind): string {
  return mkdtempSync(path.join(tmpdir(), `declaragent-${kind}-`));
}

/** Below those that a system hands out by itself, which others may get while a server starts, or is down to be started again. */
const PORTS = { from: 16_384, to: 32_768 };

/** A port that nobody listens on at present. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
}

/** Whether a server could listen on a port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const hasPort = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  await new Promise((resolve) => server.close(resolve));
  return hasPort;
}

/** Whether somebody listens on a port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
