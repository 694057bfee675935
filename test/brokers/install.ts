import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrokerKind } from './broker.js';
import { archivesFolder, findProgram, hasPythonPackages, pythonPackagesFolder } from './installed.js';
import { outsideClients } from './outside/clients.js';
import { brokerPrograms } from './programs.js';

/** One thing to get for one broker or more. */
interface Step {
  /** What it does, as a person would say it. */
  readonly says: string;
  readonly commands: readonly (readonly string[])[];
  /** Done when the commands have succeeded, or when one has failed. */
  readonly finish?: (hasSucceeded: boolean) => void;
}

/** Programs that Debian has, with what the tests look at them with. */
const PACKAGES: { readonly [Kind in BrokerKind]: readonly string[] } = {
  kafka: ['kcat'],
  nats: ['nats-server'],
  amqp: ['rabbitmq-server', 'amqp-tools'],
  mqtt: ['mosquitto', 'mosquitto-clients'],
  sqs: [],
};

/** The program of each package that shows whether it is there. */
const PROGRAM_OF: Readonly<Record<string, string>> = {
  kcat: 'kcat',
  'nats-server': 'nats-server',
  'rabbitmq-server': 'rabbitmq-server',
  'amqp-tools': 'amqp-consume',
  mosquitto: 'mosquitto',
  'mosquitto-clients': 'mosquitto_sub',
  'openjdk-17-jre-headless': 'java',
  maven: 'mvn',
};

/** Java archives, by group, name and version; Kafka names no place for its log lines to go. */
const ARCHIVES: { readonly [Kind in BrokerKind]?: { readonly name: string; readonly artifacts: readonly string[] } } = {
  kafka: { name: 'kafka', artifacts: ['org.apache.kafka:kafka_2.13:4.1.0', 'org.slf4j:slf4j-simple:1.7.36'] },
  sqs: { name: 'elasticmq', artifacts: ['org.elasticmq:elasticmq-server_2.13:1.6.16'] },
};

/** Packages of Python that speak to a broker from outside, by their modules. */
const PYTHON: { readonly [Kind in BrokerKind]?: { readonly module: string; readonly requirement: string } } = {
  nats: { module: 'nats', requirement: 'nats-py==2.16.0' },
  sqs: { module: 'boto3', requirement: 'boto3==1.44.8' },
};

/** Gets what is missing for the brokers, after saying what it will do. Returns whether all of it is there now. */
export function installBrokers(kinds: readonly BrokerKind[], say: (line: string) => void): boolean {
  const steps = [...planPackages(kinds), ...kinds.flatMap(planArchives), ...kinds.flatMap(planPython)];
  if (steps.length === 0) say(`Nothing is missing for ${kinds.join(', ')}.`);
  for (const { says } of steps) say(`Will ${says}.`);
  for (const { commands, finish } of steps) {
    for (const [command = '', ...args] of commands) {
      say(`$ ${[command, ...args].join(' ')}`);
      // Debian starts a server when it is installed, which nobody asked for: the tests start their own.
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
      const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
      if (status !== 0) {
        finish?.(false);
        say(`${command} failed${error === undefined ? ` with status ${status}` : `: ${error.message}`}.`);
        return false;
      }
    }
    finish?.(true);
  }
  const missing = kinds.flatMap((kind) => brokerPrograms[kind].missing() ?? outsideClients[kind].missing() ?? []);
  for (const what of missing) say(`Still missing: ${what}.`);
  return missing.length === 0;
}

function planPackages(kinds: readonly BrokerKind[]): Step[] {
  const wanted = kinds.flatMap((kind) => [
    ...PACKAGES[kind],
    ...(ARCHIVES[kind] === undefined ? [] : ['openjdk-17-jre-headless', 'maven']),
  ]);
  const missing = [...new Set(wanted)].filter((name) => findProgram(PROGRAM_OF[name] ?? name) === undefined);
  if (missing.length === 0) return [];
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  return [
    {
      says: `install Debian's packages ${missing.join(', ')}`,
      commands: [
        [...sudo, 'apt-get', 'update', '-qq'],
        [...sudo, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing],
      ],
    },
  ];
}

function planArchives(kind: BrokerKind): Step[] {
  const archives = ARCHIVES[kind];
  if (archives === undefined || brokerPrograms[kind].missing()?.includes('archives') !== true) return [];
  const { name, artifacts } = archives;
  const target = archivesFolder(name);
  mkdirSync(path.dirname(target), { recursive: true });
  const folder = mkdtempSync(`${target}-`);
  const project = path.join(folder, 'pom.xml');
  writeFileSync(project, projectOf(artifacts));
  const jars = path.join(folder, 'jars');
  return [
    {
      says: `get ${artifacts[0]} and what it needs from Maven Central into ${target}`,
      commands: [
        [
          'mvn',
          '-q',
          '-B',
          '-f',
          project,
          'dependency:copy-dependencies',
          `-DoutputDirectory=${jars}`,
          '-DincludeScope=runtime',
        ],
      ],
      finish(hasSucceeded) {
        if (hasSucceeded) {
          rmSync(target, { recursive: true, force: true });
          renameSync(jars, target);
        }
        rmSync(folder, { recursive: true, force: true });
      },
    },
  ];
}

function planPython(kind: BrokerKind): Step[] {
  const wanted = PYTHON[kind];
  if (wanted === undefined || hasPythonPackages(wanted.module)) return [];
  const folder = pythonPackagesFolder();
  return [
    {
      says: `install ${wanted.requirement} from PyPI into ${folder}`,
      commands: [['python3', '-m', 'pip', 'install', '-q', '--target', folder, wanted.requirement]],
    },
  ];
}

function projectOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project><modelVersion>4.0.0</modelVersion><groupId>declaragent</groupId><artifactId>brokers</artifactId><version>1</version>
<dependencies>${dependencies.join('')}</dependencies></project>
`;
}
