/** Ways to break a promise on purpose, each with the name of the invariant that has to notice. */
export const SABOTAGES = {
  'lose an outcome': 'ends',
  'end twice': 'ends once',
  'run twice': 'runs once',
  'say no': 'executed',
  'mix answers up': 'own answer',
  'send after the end': 'quiet',
  'answer twice': 'answers once',
  'start late': 'in time',
  'run too many': 'bounded',
  'leave a timer': 'leaves nothing',
  'never stop': 'stops',
  'throw into a timer': 'never throws',
} as const;

/** A way to break one promise, to see that it is noticed. */
export type Sabotage = keyof typeof SABOTAGES;
