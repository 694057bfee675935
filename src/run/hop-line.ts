import type { Hop } from '@declaragent/runtime';

/** A hop as one line. Names in it come from outside; whoever prints it escapes them. */
export function hopLine({
  at,
  agent,
  event,
  kind,
  from,
  to,
  capability,
  status,
  code,
  correlationId,
  reason,
}: Hop): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const way = from === undefined || to === undefined ? idOf(agent) : `${idOf(from)} > ${idOf(to)}`;
  const end = [status, code].filter((word) => word !== undefined && word !== '').join(' ');
  const words = [
    time,
    `[${idOf(agent)}]`,
    event,
    kind,
    way,
    capability,
    end,
    correlationId === undefined ? '' : `correlation ${correlationId}`,
    reason,
  ];
  return words
    .filter((word) => word !== undefined && word !== '')
    .join(' ')
    .replace(/\s+/g, ' ');
}

function idOf(address: string): string {
  return address.replace('agent://', '');
}
