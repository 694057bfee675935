import type { TransportKind } from './address.js';
import { AgentRpcError } from './errors.js';

/** The client library of a broker, which is there where somebody has installed it. */
export interface Driver {
  /** The transport that needs it. */
  readonly kind: TransportKind;
  /** The name of its package. */
  readonly name: string;
  /** The major version that the transport is written for. */
  readonly major: number;
}

/**
 * Loads a driver by `load`, which imports it.
 *
 * @throws AgentRpcError EAGENTRPC_NO_TRANSPORT, with the command that installs it, where it is not installed
 */
export async function loadDriver<Module>({ kind, name, major }: Driver, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new AgentRpcError({
      code: 'EAGENTRPC_NO_TRANSPORT',
      message: `The ${kind} transport needs the package ${name}, which is not installed here; run "npm install ${name}@${major}".`,
      cause: error,
    });
  }
}

/** Whether it is this package that Node has not found, and not one that it depends on. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return false;
  return error.message.includes(`'${name}'`);
}
