import { describe, expect, it } from 'vitest';
import { connectFailureSentence, readConnectFailure } from '../../src/connect-remedy.js';

const START = 'start it, or correct its address and credentials in the YAML or the environment';
const CREDENTIALS = 'it was reached, so correct the credentials in the YAML or the environment';
const TLS_CA = 'name the file of whoever has signed its certificate: tls: { ca: … }';

/** What the transports were seen to say of real brokers. */
const SEEN: readonly (readonly [sentence: string, remedy: string | undefined])[] = [
  ['NATS at 127.0.0.1:1 cannot be reached: connection refused.', START],
  ['NATS at 127.0.0.1:4222 cannot be reached: unable to verify the first certificate.', TLS_CA],
  ['NATS at 127.0.0.1:4222 refuses the credentials.', CREDENTIALS],
  [
    "NATS at 127.0.0.1:4222 cannot be reached: Hostname/IP does not match certificate's altnames: Host: else.example. is not in the cert's altnames: DNS:localhost.",
    'give the name that its certificate is for: tls: { servername: … }',
  ],
  [
    'credsFile names nowhere.creds, which cannot be read (ENOENT).',
    'correct the path, which is taken from the folder of the YAML file',
  ],
  ['There is no connection to the MQTT broker at mqtt://127.0.0.1:1: ECONNREFUSED.', START],
  ['There is no connection to the MQTT broker at mqtts://127.0.0.1:1: unable to verify the first certificate.', TLS_CA],
  [
    'There is no connection to the MQTT broker at mqtts://127.0.0.1:1: the broker said Not authorized (135).',
    CREDENTIALS,
  ],
  [
    'There is no connection to the MQTT broker at mqtt://127.0.0.1:1: ECONNRESET.',
    'see whether it speaks this protocol at that port, and wants TLS or a login',
  ],
  ['The AMQP broker at 127.0.0.1:1 cannot be reached (ECONNREFUSED).', START],
  ['The AMQP broker at 127.0.0.1:1 refuses the user name or the password.', CREDENTIALS],
  ['Kafka at 127.0.0.1:1 cannot be used: Connection error: connect ECONNREFUSED 127.0.0.1:1.', START],
  [
    'Kafka at 127.0.0.1:1 cannot be used: Connection error: self-signed certificate in certificate chain.',
    'name the file of whoever has signed its certificate: ssl: { ca: … }',
  ],
  [
    'Kafka at 127.0.0.1:1 cannot be used: SASL PLAIN authentication failed: Authentication failed: Invalid username or password.',
    CREDENTIALS,
  ],
  [
    'SQS in us-east-1 cannot be used (CredentialsProviderError).',
    'set credentials in the YAML, or where the AWS client looks for them: environment, profile, role',
  ],
  ['SQS at 127.0.0.1:1 cannot be used (ECONNREFUSED).', START],
  ['Something else.', undefined],
];

describe('what to do about a connection that was not made', () => {
  it.each(SEEN)('goes by its cause: %s', (sentence, remedy) => {
    expect(readConnectFailure(new Error(sentence))).toEqual({ reason: sentence.replace(/\.$/, ''), remedy });
  });

  it('is what the transport says itself, where it does', () => {
    const sentence = 'tls.ca names nowhere.pem, which cannot be read (ENOENT); give a PEM file or its text.';
    expect(readConnectFailure(new Error(sentence)).remedy).toBe('give a PEM file or its text');
    expect(connectFailureSentence(new Error(sentence))).toBe(sentence);
  });

  it('goes by the code of the cause, where the sentence does not say it', () => {
    const cause = Object.assign(new Error('it failed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const error = new Error('The broker cannot be used.', { cause: new Error('outer', { cause }) });
    expect(connectFailureSentence(error)).toBe(`The broker cannot be used; ${TLS_CA}.`);
  });
});
