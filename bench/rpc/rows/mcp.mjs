/** The Model Context Protocol: a tool with both schemas, listed first, so that the client checks outputs as well. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { deserializeMessage, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import { review } from './zod-review.mjs';

async function open([clientSide, serverSide]) {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  const schemas = { inputSchema: review, outputSchema: review };
  server.registerTool('review-change', schemas, async (input) => ({ content: [], structuredContent: input }));
  const client = new Client({ name: 'bench-caller', version: '1.0.0' });
  await Promise.all([server.connect(serverSide), client.connect(clientSide)]);
  await client.listTools();
  return {
    async call(input) {
      const { structuredContent } = await client.callTool({ name: 'review-change', arguments: input });
      return structuredContent;
    },
    async close() {
      await client.close();
      await server.close();
    },
  };
}

/** The SDK's own pair hands objects over; here each message becomes the line that stdio would carry, and is read again. */
function createSerialisingPair() {
  const create = () => ({
    other: undefined,
    async start() {},
    async send(message) {
      const line = serializeMessage(message);
      queueMicrotask(() => this.other.onmessage?.(deserializeMessage(line)));
    },
    async close() {
      this.onclose?.();
    },
  });
  const pair = [create(), create()];
  [pair[0].other, pair[1].other] = [pair[1], pair[0]];
  return pair;
}

export const rows = [
  {
    id: 'mcp',
    name: 'MCP, in memory',
    notes: 'nothing is serialised',
    serialises: false,
    validates: 3,
    open: () => open(InMemoryTransport.createLinkedPair()),
  },
  {
    id: 'mcpSerialised',
    name: 'MCP, in memory as JSON lines',
    notes: "stdio's lines without the pipe",
    serialises: true,
    validates: 3,
    open: () => open(createSerialisingPair()),
  },
];
