import type { AgentAddress } from './address.js';
import type { AuthOptions, HmacKey, TokenAuth } from './auth.js';
import { type ResolveOptions, resolveEnvironment } from './environment.js';

/** The `rpc.auth` of agent.yaml, or the `auth` of a peer. What else it holds is up to the kind. */
export interface AuthConfig {
  /** `internal`, `hmac` (with `keyId` and `secret`), `oidc` or `oauth2-client` (with `token`). */
  readonly kind: string;
  readonly [setting: string]: unknown;
}

/** An agent, and what a configuration says of its auth. */
export interface Credential {
  readonly agent: AgentAddress;
  readonly auth?: AuthConfig;
}

/** What {@link readCredentials} reads. */
export interface CredentialSources {
  /** What the agent proves itself with. */
  readonly own: Credential;
  /** What each peer proves itself with; an agent that has nothing of its own shares it, and proves itself to the peer by it. */
  readonly peers: readonly Credential[];
  readonly tenantId: string | undefined;
  /** What the process adds: its keys go before those of the configuration, and what else it says counts instead. */
  readonly given: AuthOptions | undefined;
  /** How `${env:…}` is resolved: the own auth stands at `/auth`, that of a peer at `/peers/<index>/auth`. */
  readonly env: ResolveOptions;
}

type Proof = Pick<HmacKey, 'keyId' | 'secret'> | TokenAuth;

/**
 * What a configuration says of auth, for a bus; undefined where nobody proves anything.
 *
 * An agent that proves who it is lets in only what is proved, but from peers whose auth is `internal`. One that does not
 * holds to a proof those peers that have an auth.
 *
 * @throws Error, one sentence, for what cannot work; EnvironmentError for a variable that is missing
 */
export function readCredentials({ own, peers, tenantId, given, env }: CredentialSources): AuthOptions | undefined {
  const mine = readProof(own, '/auth', env);
  const theirs = new Map<AgentAddress, Proof>();
  for (const [index, peer] of peers.entries()) {
    const proof = readProof(peer, `/peers/${index}/auth`, env);
    if (proof !== undefined) theirs.set(peer.agent, proof);
  }
  if (mine === undefined && theirs.size === 0) return given;
  if (mine !== undefined && given === undefined) assertHeard(own.agent, peers);
  for (const [agent, proof] of [...theirs, ...(mine ? [[own.agent, mine] as const] : [])]) {
    if ('token' in proof) assertVerifier(agent, proof.kind, given);
  }

  const internal = new Set(peers.filter(({ auth }) => auth?.kind === 'internal').map(({ agent }) => agent));
  const proofFor = (agent: AgentAddress): Proof | undefined => mine ?? theirs.get(agent);
  const tenant = tenantId === undefined ? {} : { tenantId };
  const keys: HmacKey[] = [];
  if (mine !== undefined && 'secret' in mine) keys.push({ ...mine, agent: own.agent, ...tenant });
  for (const [agent, proof] of theirs) {
    if ('token' in proof) continue;
    keys.push({ ...proof, agent, ...tenant });
    if (mine === undefined) keys.push({ ...proof, agent: own.agent, to: agent, ...tenant });
  }
  const more = given?.keys ?? [];
  return {
    required: ({ from }) => (mine === undefined ? theirs.has(from) : !internal.has(from)),
    token: ({ to }) => {
      const proof = proofFor(to);
      return proof !== undefined && 'token' in proof ? proof : undefined;
    },
    ...given,
    keys: typeof more === 'function' ? () => [...more(), ...keys] : [...more, ...keys],
  };
}

function readProof({ agent, auth }: Credential, pointer: string, env: ResolveOptions): Proof | undefined {
  if (auth === undefined || auth.kind === 'internal') return undefined;
  const { kind, keyId, secret, token, scope } = resolveEnvironment(auth, { ...env, pointer });
  if (kind === 'hmac') {
    if (isText(keyId) && isText(secret)) return { keyId, secret };
    throw new Error(`The auth of ${agent} is of kind hmac, which needs a keyId and a secret.`);
  }
  if (kind !== 'oidc' && kind !== 'oauth2-client') {
    throw new Error(`The auth of ${agent} is of kind ${kind}; write internal, hmac, oidc or oauth2-client.`);
  }
  if (!isText(token)) throw new Error(`The auth of ${agent} is of kind ${kind}, which needs a token.`);
  if (kind === 'oidc') return isText(keyId) ? { kind, token, keyId } : { kind, token };
  return isText(scope) ? { kind, token, scope } : { kind, token };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Better no bus than one that refuses every answer. */
function assertHeard(own: AgentAddress, peers: readonly Credential[]): void {
  const silent = peers.find(({ auth }) => auth === undefined);
  if (silent === undefined && peers.length > 0) return;
  const whom = silent === undefined ? 'none of its peers has' : `its peer ${silent.agent} does not have`;
  throw new Error(
    `${own} has an auth and lets in only what is proved, and ${whom} one to be proved with; add the auth of each agent ` +
      'that it hears to rpc-peers.yaml (kind: internal for one that proves nothing), or give connectBus({ auth }) their keys.',
  );
}

function assertVerifier(agent: AgentAddress, kind: TokenAuth['kind'], given: AuthOptions | undefined): void {
  if (given?.verifiers?.[kind] !== undefined) return;
  throw new Error(
    `The auth of ${agent} is of kind ${kind}, and nothing here can check such tokens; give connectBus({ auth }) a verifier ` +
      `for ${kind}.`,
  );
}
