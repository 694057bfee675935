/** Connect for Node over loopback, HTTP/2 and binary. Its messages have types and no other rules: nothing is validated. */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { createFileRegistry } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { descriptorSet } from './descriptor.mjs';

const Reviews = createFileRegistry(descriptorSet).getService('bench.Reviews');

/** A message without what Connect adds to it, so that it can be compared. */
function toPlain({ number, repository, category, draft, confidence, labels, findings }) {
  const plain = findings.map(({ file, line, severity, rule, message }) => ({ file, line, severity, rule, message }));
  return { number, repository, category, draft, confidence, labels, findings: plain };
}

async function open() {
  const routes = (router) => router.service(Reviews, { reviewChange: (request) => request });
  const server = createServer(connectNodeAdapter({ routes }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const client = createClient(Reviews, createConnectTransport({ baseUrl, httpVersion: '2', sessionManager }));
  return {
    call: async (input) => toPlain(await client.reviewChange(input)),
    close() {
      sessionManager.abort();
      server.close();
    },
  };
}

export const rows = [
  {
    id: 'connect',
    name: 'Connect, loopback',
    notes: 'Protocol Buffers: types alone',
    serialises: true,
    validates: 0,
    open,
  },
];
