import type { Io } from '../io.js';
import type { Format } from './format.js';
import { writeGithub } from './github.js';
import { writeJson } from './json.js';
import { writePretty } from './pretty.js';
import type { Report } from './report.js';
import { writeSarif } from './sarif.js';

export { FORMATS, type Format, resolveFormat } from './format.js';
export {
  countFindings,
  type Finding,
  joinReports,
  type Report,
  type RuleDescription,
} from './report.js';

const WRITERS: Readonly<Record<Format, (report: Report, io: Io) => void>> = {
  pretty: writePretty,
  json: writeJson,
  github: writeGithub,
  sarif: writeSarif,
};

/** Says what a checking command found, in the given format: data on stdout, talk on stderr. */
export function writeReport(report: Report, format: Format, io: Io): void {
  WRITERS[format](report, io);
}
