import { type ConformanceHarness, conformanceCases } from '../../runtime/testing/index.js';

/** docs/faults.md: what is played against each transport, and why what is not. */
export function faultsPage(transports: readonly (readonly [name: string, harness: ConformanceHarness])[]): string {
  const notes: string[] = [];
  const noteOf = (reason: string): string => {
    if (!notes.includes(reason)) notes.push(reason);
    return `${notes.indexOf(reason) + 1}`;
  };
  const rows = conformanceCases.map(({ fault, name, needs }) => {
    const cells = transports.map(([, harness]) => {
      const unmet = needs(harness);
      return unmet === undefined ? '✓' : `– [${noteOf(unmet)}]`;
    });
    return `| ${[fault, name, ...cells].join(' | ')} |`;
  });
  const names = transports.map(([name]) => name);
  return `# Faults

What the conformance suite plays against each transport, printed from its harness by \`test/transports/faults-page.test.ts\`. A ✓ is
a case that runs against the real broker at each run of the tests, where the broker is installed; a number is the reason why a case
is not for this transport. Where a flag speaks against a case, there is another for the other value of the flag.

| fault | what must be seen | ${names.join(' | ')} |
|---|---|${names.map(() => '---|').join('')}
${rows.join('\n')}

${notes.map((note, index) => `${index + 1}. ${note}`).join('\n')}

Beside the suite: receivers that are real processes and are killed (4, 5, 6, 27: \`test/transports/processes.broker.test.ts\`), groups of
Kafka that change during a thousand calls (26: \`test/transports/kafka.broker.test.ts\`), and the soak, \`npm run soak\`.
`;
}
