import { createHash } from 'node:crypto';
import type { Place } from '../../generator/index.js';
import type { Io } from '../io.js';
import { versionOfThisPackage } from '../version.js';
import { repositoryFile } from './file-address.js';
import { jsonText } from './json.js';
import type { Finding, Report, RuleDescription } from './report.js';

/** For code scanning: one SARIF 2.1.0 log on stdout, accepted findings as suppressed results. */
export function writeSarif(report: Report, io: Io): void {
  const codes = [...new Set(report.findings.map(({ code }) => code))].sort();
  const fingerprints = createFingerprints(report.sources, io);
  const driver = {
    name: 'declaragent',
    version: versionOfThisPackage(),
    rules: codes.map((code) => rule(code, report)),
  };
  const results = report.findings.map((finding) =>
    result(finding, codes.indexOf(finding.code), fingerprints(finding), io),
  );
  io.stdout(
    jsonText({
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      // Columns count the units that JavaScript's strings are made of.
      runs: [
        {
          tool: { driver },
          automationDetails: { id: `declaragent/${report.command}/` },
          columnKind: 'utf16CodeUnits',
          results,
        },
      ],
    }),
  );
}

function rule(code: string, { rules = [], findings }: Report): object {
  const description = rules.find((candidate) => candidate.code === code);
  const example = findings.find((finding) => finding.code === code);
  return {
    id: code,
    shortDescription: { text: description?.meaning ?? code },
    ...(description?.why === undefined ? {} : { fullDescription: { text: description.why } }),
    help: { text: helpOf(code, description, example) },
    defaultConfiguration: { level: example?.level ?? 'error' },
  };
}

/** Why the rule is there, what to do and where there is more, for the pane beside an alert. */
function helpOf(code: string, description: RuleDescription | undefined, example: Finding | undefined): string {
  const { why, fix = example?.fix } = description ?? {};
  return [why, fix, `declaragent explain ${code} says more.`].filter((sentence) => sentence !== undefined).join(' ');
}

function result(finding: Finding, ruleIndex: number, fingerprint: string, io: Io): object {
  const { code, level, place, message, expected, near, fix, related, accepted, data } = finding;
  const sentences = [
    message,
    ...(expected === undefined ? [] : [`Expected: ${expected}.`]),
    ...(near === undefined ? [] : [`Did you mean "${near}"?`]),
    fix,
  ];
  return {
    ruleId: code,
    ruleIndex,
    level,
    message: { text: sentences.join(' ') },
    locations: [location(place, io)],
    ...(related === undefined
      ? {}
      : { relatedLocations: [{ ...location(related.place, io), message: { text: related.message } }] }),
    partialFingerprints: { primaryLocationLineHash: fingerprint },
    ...(accepted === undefined ? {} : { suppressions: [{ kind: accepted.kind, justification: accepted.reason }] }),
    ...(data === undefined ? {} : { properties: data }),
  };
}

function location({ file, line, column, endColumn }: Place, io: Io): object {
  const uri = repositoryFile(file, io).split('/').map(encodeURIComponent).join('/');
  const region = { startLine: line, startColumn: column, ...(endColumn === undefined ? {} : { endColumn }) };
  return { physicalLocation: { artifactLocation: { uri }, region } };
}

/**
 * What stays the same when a finding only moves: its code, its file and the text of its line, and which of several such it
 * is. GitHub knows a finding again by it, under the name that it gives such hashes itself.
 */
function createFingerprints(sources: ReadonlyMap<string, string>, io: Io): (finding: Finding) => string {
  const lines = new Map([...sources].map(([file, text]) => [file, text.split(/\r?\n/)] as const));
  const seen = new Map<string, number>();
  return ({ code, place, data }) => {
    const own: unknown = data?.['fingerprint'];
    const text = typeof own === 'string' ? own : (lines.get(place.file)?.[place.line - 1] ?? '').trim();
    const hash = createHash('sha256')
      .update(JSON.stringify([code, repositoryFile(place.file, io), text]))
      .digest('hex')
      .slice(0, 16);
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    return `${hash}:${count}`;
  };
}
