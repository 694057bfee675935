import type { Command } from 'commander';
import type { ExitCode } from '../exit.js';
import type { Io } from '../io.js';

interface PeersFlags {
  readonly agent: string;
  readonly verify?: boolean;
  readonly timeout?: string;
  readonly json?: boolean;
}

interface CapabilitiesFlags {
  readonly agent: string;
  readonly json?: boolean;
}

export function addRpcCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  const rpc = program
    .command('rpc')
    .summary("show an agent's peers and capabilities")
    .description('Shows whom an agent can call, and what it can be called for.');
  rpc
    .command('peers')
    .summary('whom the agent can call, and whether they are there')
    .description(
      'Shows each peer of rpc-peers.yaml: how it is reached, where its contract lies, and what permissions of agent.yaml leave ' +
        'a model. With --verify it sends each a request that does nothing, over its transport. Agents that declaragent run ' +
        'serves also say which contract they serve; any other answer shows that somebody is there.',
    )
    .option('--agent <file>', 'an agent.yaml, or its folder', '.')
    .option('--verify', 'ask each peer over its transport')
    .option('--timeout <ms>', 'how long an answer may take with --verify (default: 10000)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', PEERS_EXAMPLES)
    .action(async (flags: PeersFlags) => {
      const { showPeers } = await import('../rpc/show-peers.js');
      exit(await showPeers(flags, io));
    });
  rpc
    .command('capabilities')
    .summary('what the agent can be called for')
    .description(
      'Shows each capability of capabilities.yaml: what it takes and answers, and the file that implements it.',
    )
    .option('--agent <file>', 'an agent.yaml, or its folder', '.')
    .option('--json', 'print one JSON document, with whole schemas')
    .addHelpText('after', CAPABILITIES_EXAMPLES)
    .action(async (flags: CapabilitiesFlags) => {
      const { showCapabilities } = await import('../rpc/show-capabilities.js');
      exit(await showCapabilities(flags, io));
    });
  rpc.addHelpText('after', '\nTry:\n  declaragent rpc peers --help');
}

const PEERS_EXAMPLES = `
Exit status: 0 done; with --verify: all answered, and by the same contract where they say it; 1 an invalid file, or a peer
serves another contract, 2 wrong usage, 3 a peer cannot be reached or does not answer, 70 a bug in declaragent.

Try:
  declaragent rpc peers                     in an agent's folder
  declaragent rpc peers --verify
  declaragent rpc peers --verify --json`;

const CAPABILITIES_EXAMPLES = `
Exit status: 0 done, 1 an invalid file or missing code, 2 wrong usage, 70 a bug in declaragent.

Try:
  declaragent rpc capabilities              in an agent's folder
  declaragent rpc capabilities --json | jq '.capabilities[].input'`;
