/** grpc-js over loopback. Its messages have types and no other rules: nothing is validated. */
import { promisify } from 'node:util';
import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { credentials, loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { descriptorSet } from './descriptor.mjs';

const bytes = Buffer.from(toBinary(FileDescriptorSetSchema, descriptorSet));
const definition = loadFileDescriptorSetFromBuffer(bytes, { defaults: true, keepCase: true });
const { Reviews } = loadPackageDefinition(definition).bench;

async function open() {
  const server = new Server();
  server.addService(Reviews.service, { ReviewChange: ({ request }, answer) => answer(null, request) });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  const client = new Reviews(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    call: promisify(client.ReviewChange.bind(client)),
    close() {
      client.close();
      server.forceShutdown();
    },
  };
}

export const rows = [
  {
    id: 'grpc',
    name: 'grpc-js, loopback',
    notes: 'Protocol Buffers: types alone',
    serialises: true,
    validates: 0,
    open,
  },
];
