const LONGEST_BYTES = 65_535;

/** Whether messages can be published there. A broker ends the connection of who tries it with a wildcard. */
export function isTopic(topic: string): boolean {
  return (
    /^[^\p{C}+#]+$/u.test(topic) && (topic.length < LONGEST_BYTES / 3 || Buffer.byteLength(topic) <= LONGEST_BYTES)
  );
}

export function assertTopic(topic: string): void {
  if (isTopic(topic)) return;
  throw new Error(`${JSON.stringify(topic.slice(0, 200))} is no topic of MQTT, which holds no + or #.`);
}
