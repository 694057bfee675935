/** Calls, in a process of its own: `caller.mjs raw|ours CONFIG`. It measures a round each time that it is told how. */
import { inEnvelopes } from './envelopes.mjs';
import { measure } from './measure.mjs';
import * as ours from './ours.mjs';

const [side, text] = process.argv.slice(2);
const config = JSON.parse(text);
const { openCall } = side === 'ours' ? ours : await import(`./${config.kind}.mjs`);
const call = await openCall(config);
process.on('message', async ({ budgetMs, envelopes }) =>
  process.send(await measure(envelopes ? inEnvelopes(call) : call, budgetMs)),
);
process.send('ready');
