import type { CapabilityContract, ViolationReport } from '@declaragent/runtime';
import { RESPOND } from './call-tools.js';
import type { Tool } from './tool.js';
import { toToolSchema } from './tool-schema.js';

/** How often a model may mend its answer. */
const MAX_REPAIRS = 2;
/** How many of its mistakes it is told at once. */
const MAX_TOLD = 10;

/** How a model answers for a capability: by a tool, or by its last text where the schema allows that. */
export interface Responder {
  readonly tool: Tool;
  /** What to say of a text that cannot be the answer; undefined where it is one, or where there were repairs enough. */
  objectTo(text: string): string | undefined;
}

/**
 * The tool whose input is the output of a capability. What breaks the schema is sent back with the violations; what still
 * does so after two repairs is given to the service as it is, which answers that it is invalid.
 */
export function createResponder(capability: CapabilityContract): Responder {
  const { inputSchema, unwrap } = toToolSchema(capability.output.schema, 'output');
  let repairs = 0;
  const tool: Tool = {
    spec: {
      name: RESPOND,
      description: `Answers ${capability.name} and ends the work. Call it once, when the answer is ready.`,
      inputSchema,
      accepts: (input) => capability.output.is(unwrap(input)),
    },
    async run(input) {
      const data = unwrap(input);
      const report = capability.output.findViolations(data);
      if (report === null || repairs >= MAX_REPAIRS) return { text: 'Answered.', data, ends: true };
      repairs++;
      return { text: complaint(report), data: null, isError: true };
    },
  };
  return {
    tool,
    objectTo(text) {
      if (capability.output.is(text) || repairs >= MAX_REPAIRS) return undefined;
      repairs++;
      return `A text cannot be the answer to ${capability.name}. Call the tool ${RESPOND} with it.`;
    },
  };
}

function complaint({ violations, total }: ViolationReport): string {
  const lines = violations
    .slice(0, MAX_TOLD)
    .map(({ path, message }) => `- ${path === '' ? 'the answer' : path} ${message}`);
  const rest = total > lines.length ? [`- and ${total - lines.length} more`] : [];
  return ['The answer breaks its schema. Correct this and call the tool again:', ...lines, ...rest].join('\n');
}
