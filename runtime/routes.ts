import type { AgentAddress, TransportKind } from './address.js';
import type { AgentRpcEnvelope, EnvelopeLimits } from './envelope.js';
import { AgentRpcError } from './errors.js';
import { type Connection, type TopicNames, type Topics, type Transport, topicsOf } from './transport.js';

/** An agent that a bus may call, and the ways to it. */
export interface Peer {
  readonly agent: AgentAddress;
  /** The first that the bus has a transport for is taken. */
  readonly transports: readonly PeerTransport[];
}

/** One way to a peer. */
export interface PeerTransport {
  readonly kind: TransportKind;
  /** The peer's topics, where they are not the default ones. */
  readonly topics?: TopicNames;
  /** Which of the bus's transports to take; the first of the kind unless set. */
  readonly via?: Transport;
}

/** A transport that a bus is connected to. */
export interface ConnectedTransport {
  readonly transport: Transport;
  readonly connection: Connection;
  /** Where the bus reads its answers. */
  readonly replyTo: string;
  readonly limits: EnvelopeLimits;
  /** Why nothing can be published at present; undefined while the connection stands. */
  lost: Error | undefined;
}

/** How to reach one agent. */
export interface Route {
  readonly via: ConnectedTransport;
  readonly topics: Topics;
}

/** Which connection and which topics lead to an agent. */
export interface Routes {
  /** @throws AgentRpcError EAGENTRPC_NO_PEER or EAGENTRPC_NO_TRANSPORT */
  routeTo(agent: AgentAddress): Route;
  /** Where the answer to a request goes; undefined where the request names a place that is not its sender's. */
  answerTopic(via: ConnectedTransport, request: AgentRpcEnvelope): string | undefined;
}

/**
 * `connected` may still grow: it is read when a route is asked for.
 *
 * Without a table of peers every agent is reached at its default topics on the first transport.
 */
export function createRoutes(
  peers: readonly Peer[] | undefined,
  connected: readonly ConnectedTransport[],
  tenantId?: string,
): Routes {
  const table = peers && new Map(peers.map((peer) => [peer.agent, peer]));
  const known = new Map<AgentAddress, Route>();

  const findRoute = (agent: AgentAddress): Route => {
    const [first] = connected;
    if (table === undefined && first !== undefined) return { via: first, topics: topicsOf(agent, tenantId) };
    const peer = table?.get(agent);
    if (peer === undefined) {
      throw new AgentRpcError({ code: 'EAGENTRPC_NO_PEER', message: `${agent} is not among the peers of this bus.` });
    }
    for (const way of peer.transports) {
      const via = connected.find((candidate) => leadsVia(way, candidate));
      if (via !== undefined) return { via, topics: topicsOf(agent, tenantId, way.topics) };
    }
    const kinds = peer.transports.map(({ kind }) => kind).join(', ') || 'nothing';
    const own = connected.map(({ transport }) => transport.kind).join(', ');
    throw new AgentRpcError({
      code: 'EAGENTRPC_NO_TRANSPORT',
      message: `${agent} is reached by ${kinds}, and this bus has ${own}.`,
    });
  };

  return {
    routeTo(agent) {
      const route = known.get(agent);
      if (route !== undefined) return route;
      const found = findRoute(agent);
      known.set(agent, found);
      return found;
    },

    answerTopic(via, request) {
      const { from, replyTo } = request;
      const base = topicsOf(from, request.tenantId).responses;
      const way = table?.get(from)?.transports.find((candidate) => leadsVia(candidate, via));
      const named = way?.topics?.responses;
      if (replyTo === undefined) return named ?? base;
      // That it is a kind and a topic has been seen when the envelope was read.
      const scheme = `${via.transport.kind}://`;
      if (!replyTo.startsWith(scheme)) return undefined;
      const topic = replyTo.slice(scheme.length);
      const isOfSender =
        isAtOrBelow(topic, base) ||
        (named !== undefined && isAtOrBelow(topic, named)) ||
        // Among agents that serve several tenants each reads all its answers at one place.
        (tenantId === undefined &&
          request.tenantId !== undefined &&
          isAtOrBelow(topic, topicsOf(from, undefined).responses));
      return isOfSender ? topic : undefined;
    },
  };
}

function leadsVia(way: PeerTransport, { transport }: ConnectedTransport): boolean {
  return way.via === undefined ? way.kind === transport.kind : way.via === transport;
}

/** What may follow a reply topic: no wildcard of any broker, and not so long that one of them would end the connection. */
const BELOW = /^(?=.{1,99}$)(\.[A-Za-z0-9_-]+)+$/;

function isAtOrBelow(topic: string, base: string): boolean {
  return topic === base || (topic.startsWith(base) && BELOW.test(topic.slice(base.length)));
}
