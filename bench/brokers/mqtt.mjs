/** mqtt.js by hand: MQTT 5, quality of service 1 both ways, no-delay, the response topic and correlation data of the protocol. */
import mqtt from 'mqtt';

const TOPIC = 'bench.raw';

async function dial(url) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, clean: true });
  client.stream.setNoDelay?.(true);
  return client;
}

export async function serve({ url }) {
  const client = await dial(url);
  client.on('message', (_, bytes, { properties: { responseTopic, correlationData } }) => {
    client.publish(responseTopic, JSON.stringify(JSON.parse(bytes.toString())), {
      qos: 1,
      properties: { correlationData },
    });
  });
  await client.subscribeAsync(`$share/bench/${TOPIC}`, { qos: 1 });
}

export async function openCall({ url }) {
  const client = await dial(url);
  const responseTopic = `bench.raw.responses.${process.pid}`;
  const pending = new Map();
  client.on('message', (_, bytes, { properties: { correlationData } }) => {
    const id = correlationData.toString();
    pending.get(id)?.(JSON.parse(bytes.toString()));
    pending.delete(id);
  });
  await client.subscribeAsync(responseTopic, { qos: 1 });
  let next = 0;
  return (payload) =>
    new Promise((resolve, reject) => {
      const id = String(next++);
      pending.set(id, resolve);
      const properties = { responseTopic, correlationData: Buffer.from(id) };
      client.publish(TOPIC, JSON.stringify(payload), { qos: 1, properties }, (error) => error && reject(error));
    });
}
