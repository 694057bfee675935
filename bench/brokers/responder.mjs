/** Echoes, in a process of its own: `responder.mjs raw|ours CONFIG`. */
import * as ours from './ours.mjs';

const [side, text] = process.argv.slice(2);
const config = JSON.parse(text);
const { serve } = side === 'ours' ? ours : await import(`./${config.kind}.mjs`);
await serve(config);
process.send('ready');
