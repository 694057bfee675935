import { agentName, type Colour, cell, dayText, durationText, fit, type Ink, timeText } from '../screen/cell.js';
import type { CallOutcome, Chain, ChainCall } from './chain.js';
import { tellCall } from './story.js';

export interface WaterfallOptions {
  /** Of the screen. */
  readonly columns: number;
  readonly ink: Ink;
}

const MAX_INDENT = 8;
const MIN_BAR = 12;
const DURATION_WIDTH = 9;
const OUTCOME_WIDTH = 9;

export const OUTCOME_COLOURS: Readonly<Record<CallOutcome, Colour>> = {
  ok: 'good',
  sent: 'good',
  error: 'bad',
  timeout: 'bad',
  busy: 'warn',
  abandoned: 'warn',
  open: 'dim',
};

/** A chain as text: one line and one bar for each call, nested by what caused what, and what became of it below. */
export function waterfallText(chain: Chain, { columns, ink }: WaterfallOptions): string {
  const { calls, startedAt, endedAt } = chain;
  const names = calls.map(nameOf);
  const most = Math.max(20, columns - MIN_BAR - OUTCOME_WIDTH - DURATION_WIDTH - 6);
  const nameWidth = Math.min(most, Math.max(8, ...names.map((name) => cell(name).length)));
  const barWidth = Math.max(MIN_BAR, Math.min(60, columns - nameWidth - OUTCOME_WIDTH - DURATION_WIDTH - 6));
  const span = Math.max(1, endedAt - startedAt);
  const lines = calls.flatMap((call, index) => {
    const { outcome } = call;
    const colour = OUTCOME_COLOURS[outcome];
    const from = Math.min(barWidth - 1, Math.floor(((call.startedAt - startedAt) / span) * barWidth));
    const to = Math.max(from + 1, Math.min(barWidth, Math.ceil(((call.endedAt - startedAt) / span) * barWidth)));
    const bar = `${' '.repeat(from)}${ink('█'.repeat(to - from), colour)}${' '.repeat(barWidth - to)}`;
    const took = outcome === 'open' ? '' : durationText(call.endedAt - call.startedAt);
    const name = fit(names[index] ?? '', nameWidth).padEnd(nameWidth);
    const line = `${name}  ${ink(outcome.padEnd(OUTCOME_WIDTH), colour)}|${bar}| ${took.padStart(DURATION_WIDTH)}`;
    const indent = ' '.repeat(indentOf(call) + 4);
    return [line.trimEnd(), ...tellCall(call, chain).map((words) => ink(`${indent}${words}`, 'dim'))];
  });
  return `${[headOf(chain), '', ...lines].join('\n')}\n`;
}

function headOf({ correlationId, startedAt, endedAt, calls, agents }: Chain): string {
  const amounts = `${calls.length === 1 ? '1 call' : `${calls.length} calls`}, ${durationText(endedAt - startedAt)}`;
  const who = agents.map((agent) => cell(agentName(agent))).join(', ');
  return `correlation ${cell(correlationId)}\n${dayText(startedAt)} ${timeText(startedAt)} UTC, ${amounts}, by the logs of ${who}`;
}

function nameOf(call: ChainCall): string {
  const { from, to, capability, kind } = call;
  const way = `${agentName(from) || '?'} > ${agentName(to) || '?'}`;
  return `${' '.repeat(indentOf(call))}${way} ${capability ?? ''}${kind === 'event' ? ' (event)' : ''}`.trimEnd();
}

function indentOf({ depth }: ChainCall): number {
  return Math.min(depth, MAX_INDENT) * 2;
}
