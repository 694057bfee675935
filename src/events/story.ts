import type { LoggedEvent } from '@declaragent/runtime/event-log';
import { escapeControls } from '../../generator/escape.js';
import { agentName, cell, durationText } from '../screen/cell.js';
import type { Chain, ChainCall } from './chain.js';

/** What became of a call, in words: where its time went, and what went wrong. Each is safe to print. */
export function tellCall(call: ChainCall, { readAgents }: Chain): string[] {
  const { events, from, to } = call;
  const find = (name: LoggedEvent['event']): LoggedEvent | undefined => events.find(({ event }) => event === name);
  const receiver = cell(agentName(to)) || 'the receiver';
  const sent = find('sent');
  const answered = find('answered');
  const receipts = runsOf(events);
  const received = find('received');
  // What came again after it had been lost ran again: the answer is that of the last run before it.
  const ran =
    receipts.length < 2 ? received : receipts.findLast(({ at }) => answered === undefined || at <= answered.at);
  const settled = find('settled');
  const phases: string[] = [];
  if (sent !== undefined && received !== undefined) phases.push(gap(sent.at, received.at, 'in the queue'));
  if (received !== undefined && ran !== undefined && ran !== received) {
    phases.push(gap(received.at, ran.at, 'until it came again'));
  }
  if (ran !== undefined && answered !== undefined) phases.push(gap(ran.at, answered.at, `at ${receiver}`));
  if (answered !== undefined && settled !== undefined && settled.at >= answered.at && call.outcome !== 'timeout') {
    phases.push(gap(answered.at, settled.at, 'on the way back'));
  }
  return [
    ...(phases.length === 0 ? [] : [phases.join(', ')]),
    ...tellEnd(call, sent, settled),
    ...tellMissing(call, { sent, received, answered, settled }, readAgents, cell(agentName(from)), receiver),
    ...tellAttempts(call),
    ...tellOddities(call),
  ];
}

/** The receipts of what ran: not those of a duplicate, and none where something was turned away. */
function runsOf(events: readonly LoggedEvent[]): LoggedEvent[] {
  const receipts: LoggedEvent[] = [];
  for (const event of events) {
    if (event.event === 'received') receipts.push(event);
    else if (event.event === 'duplicate') receipts.pop();
    else if (event.event === 'refused' || event.event === 'expired') return [];
  }
  return receipts;
}

/** Clocks of two machines do not agree to the millisecond, and what came before it was sent shows it. */
function gap(from: number, to: number, what: string): string {
  if (to < from) return `clocks differ by ${durationText(from - to)} or more`;
  return `${durationText(to - from)} ${what}`;
}

function tellEnd({ outcome, code, reason, startedAt, endedAt }: ChainCall, sent?: LoggedEvent, settled?: LoggedEvent) {
  const why = [code, reason].filter((word) => word !== undefined && word !== '').join(': ');
  const told = why === '' ? [] : [escapeControls(oneLine(why))];
  if (outcome === 'timeout') return [`no answer: timeout after ${durationText(endedAt - startedAt)}`, ...told];
  if (outcome === 'ok' || outcome === 'sent') return told;
  if (outcome === 'open') {
    return sent !== undefined && settled === undefined ? ['no end is logged: it runs, or its caller was killed'] : told;
  }
  return told;
}

interface Steps {
  readonly sent: LoggedEvent | undefined;
  readonly received: LoggedEvent | undefined;
  readonly answered: LoggedEvent | undefined;
  readonly settled: LoggedEvent | undefined;
}

/** What one would expect and does not find. */
function tellMissing(
  { to, from, kind, outcome, events }: ChainCall,
  { sent, received, answered, settled }: Steps,
  readAgents: ReadonlySet<string>,
  sender: string,
  receiver: string,
): string[] {
  const missing: string[] = [];
  const absence = (agent: string | undefined, name: string): string => {
    const isRead = agent !== undefined && readAgents.has(agent);
    return isRead ? `${name} has logged nothing of it` : `no log of ${name} is here`;
  };
  const hasReceiver = events.some(({ agent }) => agent === to);
  if (sent !== undefined && !hasReceiver) {
    missing.push(absence(to, receiver));
  }
  const hasSender = events.some(({ agent }) => agent === from);
  if (sent === undefined && settled === undefined && from !== undefined && !hasSender) {
    missing.push(absence(from, sender));
  }
  const isAnswerDue = kind === 'request' && received !== undefined && answered === undefined && outcome !== 'ok';
  if (isAnswerDue && !events.some(({ event }) => ENDS.has(event))) missing.push(`${receiver} has not answered`);
  return missing;
}

const ENDS: ReadonlySet<LoggedEvent['event']> = new Set(['refused', 'expired', 'failed', 'unanswered'] as const);

function tellAttempts({ attempts, events, duplicates }: ChainCall): string[] {
  const told: string[] = [];
  const [first, ...again] = events.filter(({ event }) => event === 'sent');
  if (first !== undefined && again.length > 0) {
    told.push(
      `${attempts} attempts: sent again after ${again.map(({ at }) => durationText(at - first.at)).join(', ')}`,
    );
  }
  const runs = runsOf(events).length;
  if (runs > 1) told.push(runs === 2 ? 'came again, and ran again' : `came ${runs} times, and ran each time`);
  if (duplicates > 0) {
    told.push(`came ${duplicates === 1 ? 'twice' : `${duplicates + 1} times`}, and was not run again`);
  }
  return told;
}

function tellOddities({ events, endedAt, code: told }: ChainCall): string[] {
  return events.flatMap(({ event, at, reason, code, agent }) => {
    const who = cell(agentName(agent));
    const why = [code, reason].filter((word) => word !== undefined && word !== '').join(': ');
    const more = why === '' || code === told ? '' : `: ${escapeControls(oneLine(why))}`;
    switch (event) {
      case 'late':
        return [`an answer came ${durationText(Math.max(0, at - endedAt))} after the end`];
      case 'refused':
        return [`${who} refused it${more}`];
      case 'failed':
        return [`the skill of ${who} failed${more}`];
      case 'expired':
        return [`its time was up at ${who}`];
      case 'unanswered':
        return [`${who} could not publish its answer${more}`];
      case 'ignored':
        return [`${who} answered once more, which was ignored`];
      default:
        return [];
    }
  });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
