import type { LoggedEvent } from '@declaragent/runtime/event-log';
import { escapeControls } from '../../generator/escape.js';
import { agentName, cell, dayText, durationText, timeText } from '../screen/cell.js';
import type { Chain, ChainCall } from './chain.js';
import { PAGE_STYLE } from './page-style.js';
import { tellCall } from './story.js';

/** Nothing is fetched and nothing runs, whatever a log holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const MAX_INDENT = 8;

/** Chains of calls as one page that needs no network and no script. */
export function pageText(chains: readonly Chain[]): string {
  const [only] = chains;
  const title =
    chains.length === 1 && only !== undefined ? `Correlation ${cell(only.correlationId)}` : 'Chains of calls';
  const body = chains.length === 0 ? '<p class="none">There is no event to show.</p>' : chains.map(chainHtml).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>${html(title)}</h1>
${body}</main>
</body>
</html>
`;
}

/** A text of a log, of which no character is markup, acts or hides. */
function html(text: string): string {
  return escapeControls(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function chainHtml(chain: Chain): string {
  const { correlationId, startedAt, endedAt, calls, agents } = chain;
  const facts = [
    `${dayText(startedAt)} ${timeText(startedAt)} UTC`,
    durationText(endedAt - startedAt),
    calls.length === 1 ? '1 call' : `${calls.length} calls`,
    `by the logs of ${agents.map((agent) => cell(agentName(agent))).join(', ')}`,
  ];
  return `<section>
<h2><code>${html(correlationId)}</code></h2>
<p class="facts">${html(facts.join(' · '))}</p>
<ol>
${calls.map((call) => callHtml(call, chain)).join('')}</ol>
</section>
`;
}

function callHtml(call: ChainCall, chain: Chain): string {
  const { outcome, from, to, capability = '', kind, depth, startedAt, endedAt } = call;
  const way = `${agentName(from) || '?'} → ${agentName(to) || '?'}`;
  const took = outcome === 'open' ? '' : durationText(endedAt - startedAt);
  const story = tellCall(call, chain).map((words) => `<li>${html(words)}</li>`);
  return `<li class="call ${outcome}">
<div class="row">
<div class="name" style="padding-left:${Math.min(depth, MAX_INDENT) * 1.25}rem"><b>${html(capability)}</b>${
    kind === 'event' ? ' <i>event</i>' : ''
  } <span>${html(way)}</span></div>
<div class="outcome">${outcome}</div>
<div class="track"><div class="bar" style="${placeOf(call, chain)}"></div></div>
<div class="took">${took}</div>
</div>
<details><summary>${story.length === 0 ? 'Hops' : `<ul class="story">${story.join('')}</ul>`}</summary>
<table>
${call.events.map((event) => eventHtml(event, chain)).join('')}</table>
</details>
</li>
`;
}

/** Where a bar stands, in percent of the chain's time. */
function placeOf({ startedAt, endedAt }: ChainCall, chain: Chain): string {
  const span = Math.max(1, chain.endedAt - chain.startedAt);
  const left = ((startedAt - chain.startedAt) / span) * 100;
  const width = (Math.max(0, endedAt - startedAt) / span) * 100;
  return `left:${left.toFixed(2)}%;width:${width.toFixed(2)}%`;
}

function eventHtml(event: LoggedEvent, chain: Chain): string {
  const { at, agent, event: name, status, code, reason, executed, payload, payloadStart } = event;
  const words = [status, code, executed === undefined ? undefined : `executed ${executed}`, reason];
  const said = words.filter((word) => word !== undefined && word !== '').join(' · ');
  const shown = payload === undefined ? payloadStart && `${payloadStart}…` : JSON.stringify(payload, null, 2);
  return `<tr><td class="at">+${durationText(at - chain.startedAt)}</td><td>${html(agentName(agent))}</td><td>${html(name)}</td><td>${html(
    said,
  )}${shown === undefined ? '' : `<pre>${html(shown)}</pre>`}</td></tr>
`;
}
