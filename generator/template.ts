import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type Handlebars from 'handlebars';
import { readyModule } from './ready.js';

const require = createRequire(import.meta.url);
const runtime = require('handlebars/runtime') as typeof Handlebars;

/** A hole without a value is an error, and what fills it is code already. */
export const TEMPLATE_OPTIONS = { strict: true, noEscape: true, knownHelpersOnly: true } as const;

const templates = new Map<string, Handlebars.TemplateDelegate>();

/** Fills a template with text. */
export function fillTemplate(name: string, holes: Readonly<Record<string, unknown>>): string {
  const template = templates.get(name) ?? load(name);
  templates.set(name, template);
  return template(holes, { allowProtoPropertiesByDefault: false });
}

/** The compiler is loaded only where a template has not been made ready. */
function load(name: string): Handlebars.TemplateDelegate {
  const text = readFileSync(require.resolve(`#templates/${name}`), 'utf8');
  const ready = readyModule(name, templateSource(text));
  if (ready !== undefined) return runtime.template(ready as TemplateSpecification);
  return (require('handlebars') as typeof Handlebars).compile(text, TEMPLATE_OPTIONS);
}

/** All that decides what a compiled template does. */
export function templateSource(text: string): string {
  return JSON.stringify([runtime.VERSION, TEMPLATE_OPTIONS, text]);
}
