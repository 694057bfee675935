import type { BrokerAddress } from './address.js';

/** Why a broker could not be connected, in one sentence of this side: the driver's own may quote what it was given. */
export function explainConnect(error: unknown, { place, vhost }: BrokerAddress, withinMs: number): Error {
  const broker = `The AMQP broker at ${place}`;
  const { code, text } = read(error);
  const say = (what: string): Error => new Error(`${broker} ${what}`);
  if (code === 'ABORT_ERR') return say(`does not answer within ${withinMs} ms.`);
  if (/access to exchange/.test(text)) return say('does not let this user publish; grant it write on amq.default.');
  if (/ACCESS.REFUSED/.test(text)) return say('refuses the user name or the password.');
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(text)) {
    return say(`has no virtual host ${JSON.stringify(vhost)} for this user; create it, or set another in the url.`);
  }
  if (/SASL mechanism/.test(text)) return say('does not take a user name and a password.');
  if (/ALTNAME/.test(code)) return say(`has a certificate for another name (${code}); set tls.servername to that.`);
  if (/EXPIRED|NOT_YET_VALID/.test(code)) return say(`has a certificate that is not valid at this time (${code}).`);
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return say(`has a certificate that is not trusted (${code}); set tls.ca.`);
  if (/SSL/.test(code)) return say(`does not speak TLS as it is asked to (${code}).`);
  if (code !== '' && code !== 'ECONNRESET') return say(`cannot be reached (${code}).`);
  return say('ends the connection before it is open; it may speak another protocol, or want TLS.');
}

/** Why a queue could not be declared or read. */
export function explainQueue(error: unknown, queue: string): Error {
  const { code, text } = read(error);
  if (code === '405')
    return new Error(`Another bus reads ${queue}; give each bus of an agent an instance name of its own.`);
  if (code === '406') {
    const [, argument = 'other settings'] = /inequivalent arg '([\w-]+)'/.exec(text) ?? [];
    return new Error(
      `The queue ${queue} is there already, with another ${argument} than it is declared with; ` +
        'delete it, or set quorum as it was, and limit it by a policy rather than by arguments.',
    );
  }
  if (code === '403') {
    return new Error(`The broker refuses the queue ${queue}; let the user configure it, and read it.`);
  }
  return error instanceof Error ? error : new Error(`The queue ${queue} cannot be read.`);
}

/** What a connection or a channel ended by. */
export function explainLoss(error: unknown, { place }: BrokerAddress): Error {
  return new Error(`The connection to the AMQP broker at ${place} is lost: ${saidBy(error)}.`, { cause: error });
}

/** The broker's own words, or the driver's where it says nothing; without a full stop. */
export function saidBy(error: unknown): string {
  const { text } = read(error);
  const [, said] = /with message "(.*)"/.exec(text) ?? [];
  return said ?? (text === '' ? 'it was closed' : text);
}

function read(error: unknown): { readonly code: string; readonly text: string } {
  if (!(error instanceof Error)) return { code: '', text: '' };
  return { code: 'code' in error && error.code !== undefined ? String(error.code) : '', text: error.message };
}
