import type { CapabilityModel, ContractModel } from '../model.js';
import { comment, identifier, type SourceFile } from '../print.js';
import { capabilityValue, contractValue, RUNTIME, typeArguments } from '../symbols.js';

/** Adds the client: an interface with a named method per capability, and the function that makes one. */
export function emitClient(contract: ContractModel, file: SourceFile): void {
  const hasCapabilities = contract.capabilities.length > 0;
  file.render('generated/client.ts.hbs', {
    Caller: file.type('Caller', RUNTIME),
    hasCapabilities,
    // Without a capability there is nothing to call, and an unused import would not compile.
    bus: identifier(hasCapabilities ? 'bus' : '_bus'),
    ...(hasCapabilities
      ? {
          Call: file.type('Call', RUNTIME),
          createCall: file.value('createCall', RUNTIME),
          contract: contractValue(contract, file),
        }
      : {}),
    type: identifier(`${contract.names.type}Client`),
    create: identifier(`create${contract.names.type}Client`),
    agent: comment(`Calls ${contract.agent}.${contract.description === null ? '' : ` ${contract.description}`}`),
    capabilities: contract.capabilities.map((capability) => ({
      member: identifier(capability.names.member),
      capability: capabilityValue(capability, file),
      types: typeArguments(capability, file),
      comment: comment(describe(capability), 2),
    })),
  });
}

function describe({ name, description, timeoutMs, idempotent, since, deprecated }: CapabilityModel): string {
  const lines = [description ?? `Calls the capability ${name}.`, ''];
  const time = timeoutMs === null ? '' : ` Takes at most ${timeoutMs} ms unless the caller says otherwise.`;
  lines.push(`${idempotent ? 'Idempotent.' : 'Not idempotent.'}${time}`);
  if (since !== null) lines.push(`@since ${since}`);
  if (deprecated !== null) lines.push(deprecated === true ? '@deprecated' : `@deprecated ${deprecated}`);
  return lines.join('\n');
}
