/** Why there is no connection to a broker, and what to do about it. */
export interface ConnectFailure {
  /** A sentence without its full stop. */
  readonly reason: string;
  /** A part of a sentence; undefined where nothing is known. */
  readonly remedy: string | undefined;
}

/** Remedies by what is said of a failure: the first that fits counts, and what is out of reach comes last, since much is called so. */
const REMEDIES: readonly (readonly [what: RegExp, remedy: string])[] = [
  [/which cannot be read\b/, 'correct the path, which is taken from the folder of the YAML file'],
  [/ALTNAME|altnames/, 'give the name that its certificate is for: TLS: { servername: … }'],
  [/CERT_HAS_EXPIRED|certificate has expired/i, "renew the broker's certificate"],
  [
    /CERTIFICATE_REQUIRED|certificate required|HANDSHAKE_FAILURE/i,
    'give the certificate of this client, if the broker asks for one: TLS: { cert: …, key: … }',
  ],
  [
    /self[- _]signed|certificate|UNABLE_TO_(?:GET|VERIFY)|\bCERT_|ISSUER/i,
    'name the file of whoever has signed its certificate: TLS: { ca: … }',
  ],
  [
    /CredentialsProviderError/,
    'set credentials in the YAML, or where the AWS client looks for them: environment, profile, role',
  ],
  [
    /refuses the (?:credentials|user)|authenticat|authoriz|user ?name or password|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch/i,
    'it was reached, so correct the credentials in the YAML or the environment',
  ],
  [
    /ECONNRESET|closed connection|it was closed|HPE_|EPROTO|is not MQTT|SASL state/i,
    'see whether it speaks this protocol at that port, and wants TLS or a login',
  ],
  [
    /cannot be reached|\bE(?:CONN|NOTFOUND|HOST|NET|TIMEDOUT|AI_)|timed out|no connection|does not answer/i,
    'start it, or correct its address and credentials in the YAML or the environment',
  ],
];

/** Reads why a connection was not made. Transports say the reason in a sentence, and some say what to do as well. */
export function readConnectFailure(error: unknown): ConnectFailure {
  const sentence = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  const said = /^(.*); ((?:create|delete|give|grant|install|let|run|set|start) .*)$/s.exec(sentence);
  if (said?.[1] !== undefined) return { reason: said[1], remedy: said[2] };
  const all = [sentence, ...causesOf(error)].join('\n');
  const remedy = REMEDIES.find(([what]) => what.test(all))?.[1];
  // Kafka's transport calls the setting as its client does.
  return { reason: sentence, remedy: remedy?.replace('TLS:', sentence.startsWith('Kafka ') ? 'ssl:' : 'tls:') };
}

/** The reason and the remedy as one sentence. */
export function connectFailureSentence(error: unknown): string {
  const { reason, remedy } = readConnectFailure(error);
  return `${reason}${remedy === undefined ? '' : `; ${remedy}`}.`;
}

/** What drivers have said, and the codes that Node gives: a sentence may hold neither. */
function causesOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth === 8) return [];
  const code = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return [...code, ...(depth === 0 ? [] : [error.message]), ...causesOf(error.cause, depth + 1)];
}
