import { expect, test } from 'vitest';
import { readRestoring } from './elasticmq-log.js';

const FRONT = '02:41:52.155 [dispatcher-5] INFO  o.elasticmq.actor.';
const made = (name: string): string =>
  `${FRONT}QueueManagerActor - Creating queue CreateQueueData(${name},None,None,None,None,None,None,false,false,None,None,Map())\n`;
const restored = (name: string): string =>
  `${FRONT}QueueManagerActor - Creating queue CreateQueueData(${name},Some(MillisVisibilityTimeout(30000)),Some(PT0S),Some(PT0S),Some(2026-11-30T02:41:52.155Z),Some(2026-11-30T02:41:52.155Z),None,false,false,None,None,Map())\n`;
const deleted = (name: string): string => `${FRONT}QueueManagerActor - Deleting queue ${name}\n`;
const failed = (name: string): string =>
  `${FRONT.replace('INFO', 'ERROR')}ElasticMQServer - Could not start server because QueueAlreadyExists(${name})\n`;

test.each([
  ['where there was none', '', '', 'done'],
  ['where none is left', made('a') + deleted('a'), '', 'done'],
  ['while one is missing', made('a') + made('b.fifo'), restored('a'), 'under way'],
  ['when all are back', made('a') + made('b.fifo'), restored('b.fifo') + restored('a'), 'done'],
  ['when all are back that were there again', made('a') + deleted('a') + made('a'), restored('a'), 'done'],
  ['while one is only there since a client has made it', made('a'), made('a'), 'maybe'],
  ['while another one is missing', made('a') + made('b'), made('a'), 'under way'],
  ['when one was made by a client', made('a') + made('b'), made('a') + restored('b') + failed('a'), 'failed'],
])('%s, restoring is known from the log', (_, before, since, restoring) => {
  expect(readRestoring(before, since)).toBe(restoring);
});
