/** Calls, in a process of its own: `caller.mjs raw|envelopes|ours CONFIG`. It measures a round whenever it is sent a budget. */
import { inEnvelopes } from './envelopes.mjs';
import { measure } from './measure.mjs';
import * as ours from './ours.mjs';

const [side, text] = process.argv.slice(2);
const config = JSON.parse(text);
const { openCall } = side === 'ours' ? ours : await import(`./${config.kind}.mjs`);
const opened = await openCall(config);
const call = side === 'envelopes' ? inEnvelopes(opened) : opened;
process.on('message', async (budgetMs) => process.send(await measure(call, budgetMs)));
process.send('ready');
