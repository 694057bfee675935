/** What any call costs that writes and reads JSON both ways, and nothing else. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { REVIEW_SCHEMA } from '../contract.mjs';

const validate = new Ajv2020({ allErrors: true }).compile(REVIEW_SCHEMA);

function check(value) {
  if (!validate(value)) throw new Error(JSON.stringify(validate.errors));
  return value;
}

const keep = (value) => value;
const throughText = (value) => JSON.parse(JSON.stringify(value));
const throughBytes = (value) => JSON.parse(Buffer.from(JSON.stringify(value)).toString());

/** One microtask between the two sides, each way. */
function createEcho(carry, toRequest, toResponse, checked = keep) {
  const serve = async (request) => {
    const { payload } = carry(request);
    return toResponse(checked({ ...checked(payload) }));
  };
  return async (input) => {
    const response = await serve(toRequest(checked(input)));
    return checked(carry(response).payload.data);
  };
}

const bare = { request: (payload) => ({ payload }), response: (data) => ({ payload: { data } }) };

// The members that our own messages have, with values as long as theirs.
const ids = {
  messageId: '0199f2a4-7c31-7b52-9d0e-3f6a1c8b2e47',
  correlationId: '0199f2a4-7c31-7d1f-8a23-90b4c6d7e8f1',
};
const [caller, callee] = ['agent://bench-caller', 'agent://bench'];
const enveloped = {
  request: (payload) => ({
    version: 1,
    kind: 'request',
    ...ids,
    from: caller,
    to: callee,
    capability: 'review-change',
    replyTo: 'memory://agents.bench-caller.responses.3f6a1c8b2e47',
    deadline: 1_767_225_600_000,
    headers: {
      'x-declaragent-ttl-ms': '30000',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
    },
    payload,
  }),
  response: (data) => ({
    version: 1,
    kind: 'response',
    ...ids,
    causedBy: ids.messageId,
    from: callee,
    to: caller,
    capability: 'review-change',
    payload: { ok: true, data },
  }),
};

function createRow(id, name, notes, carry, { request, response }, checked) {
  const call = createEcho(carry, request, response, checked);
  return {
    id,
    name,
    notes,
    role: 'floor',
    serialises: true,
    validates: checked ? 4 : 0,
    open: async () => ({ call, close() {} }),
  };
}

export const rows = [
  createRow('floor', 'floor', 'JSON of the payload', throughText, bare),
  createRow('floorEnvelope', 'floor, envelopes', 'JSON of the whole messages', throughText, enveloped),
  createRow('floorBytes', 'floor, bytes', 'the same through a Buffer', throughBytes, enveloped),
  createRow('floorAjv', 'floor with ajv', 'JSON of the payload, ajv four times', throughText, bare, check),
  createRow(
    'floorEnvelopeAjv',
    'floor with ajv, envelopes',
    'whole messages, ajv four times',
    throughText,
    enveloped,
    check,
  ),
];
