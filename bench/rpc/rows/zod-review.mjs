/** The schema of the contract for the libraries that take Zod. */
import { z } from 'zod';
import { CATEGORIES, SEVERITIES } from '../contract.mjs';

const finding = z.strictObject({
  file: z.string().min(1).max(200),
  line: z.int().min(1),
  severity: z.enum(SEVERITIES),
  rule: z.string().max(60),
  message: z.string().max(400),
});

export const review = z.strictObject({
  number: z.int().min(0),
  repository: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/)
    .max(100),
  category: z.enum(CATEGORIES),
  draft: z.boolean(),
  confidence: z.number().min(0).max(1),
  labels: z.array(z.string().max(40)).max(20),
  findings: z.array(finding).max(50),
});
