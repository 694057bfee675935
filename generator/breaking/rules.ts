/** Whom a change breaks: what travels, what compiles, or how agents and models behave. */
export type Dimension = 'WIRE' | 'SOURCE' | 'BEHAVIOUR';

/** How sure it is: a change breaks, nobody can tell, or it is harmless and only listed. */
export type Verdict = 'breaking' | 'unknown' | 'compatible';

/** The part of a version that a change asks for. */
export type Bump = 'major' | 'minor' | 'patch' | 'none';

export interface Rule {
  readonly dimension: Dimension;
  readonly verdict: Verdict;
  /** An error decides the exit status; a warning breaks only those who rely on what a contract does not promise. */
  readonly level: 'error' | 'warning' | 'note';
  readonly bump: Bump;
  /** One sentence: what has changed, and for whom. */
  readonly meaning: string;
  /** One sentence: what to do about it. */
  readonly fix: string;
}

const breaks = (dimension: Dimension, meaning: string, fix: string): Rule => {
  return { dimension, verdict: 'breaking', level: 'error', bump: 'major', meaning, fix };
};
const risks = (dimension: Dimension, bump: Bump, meaning: string, fix: string): Rule => {
  return { dimension, verdict: 'breaking', level: 'warning', bump, meaning, fix };
};
const leavesOpen = (meaning: string, fix: string): Rule => {
  return { dimension: 'WIRE', verdict: 'unknown', level: 'error', bump: 'major', meaning, fix };
};
const adds = (dimension: Dimension, meaning: string, fix: string): Rule => {
  return { dimension, verdict: 'compatible', level: 'note', bump: 'minor', meaning, fix };
};

const KEEP_INPUT = 'Accept what was accepted, or add a capability beside this one and deprecate it.';
const KEEP_OUTPUT = 'Answer within what was promised, or add a capability beside this one and deprecate it.';
const DECIDE =
  'Leave the keyword as it was, or write it with those that can be compared: type, enum, bounds, properties.';

/** Every rule there is. */
export type RuleId =
  | 'agent-renamed'
  | 'agent-removed'
  | 'capability-removed'
  | 'transport-removed'
  | 'transport-topic-changed'
  | 'transport-broker-changed'
  | 'transport-undecided'
  | 'transport-added'
  | 'input-type-narrowed'
  | 'input-value-removed'
  | 'input-bound-tightened'
  | 'input-pattern-tightened'
  | 'input-property-required'
  | 'input-property-refused'
  | 'input-property-constrained'
  | 'input-union-narrowed'
  | 'input-condition-tightened'
  | 'input-undecided'
  | 'input-widened'
  | 'input-property-removed'
  | 'output-type-widened'
  | 'output-value-added'
  | 'output-bound-loosened'
  | 'output-pattern-loosened'
  | 'output-property-optional'
  | 'output-property-added'
  | 'output-property-loosened'
  | 'output-union-widened'
  | 'output-condition-loosened'
  | 'output-undecided'
  | 'output-narrowed'
  | 'output-property-removed'
  | 'output-property-declared'
  | 'error-added'
  | 'error-removed'
  | 'error-details-widened'
  | 'error-details-undecided'
  | 'error-details-removed'
  | 'error-details-added'
  | 'type-renamed'
  | 'capability-added'
  | 'idempotent-removed'
  | 'timeout-lowered'
  | 'default-changed'
  | 'description-changed'
  | 'redact-removed'
  | 'deprecated-added';

/** Every rule by its id. Tests hold a breaking and a harmless fixture to each; documentation is printed from it. */
export const RULES: Readonly<Record<RuleId, Rule>> = {
  'agent-renamed': breaks(
    'WIRE',
    'The agent has another address, so that calls of the old one are answered by nobody.',
    'Keep the address, or let an agent at the old one pass calls on until all callers have moved.',
  ),
  'agent-removed': breaks(
    'WIRE',
    'An agent is gone, and calls of its address are answered by nobody.',
    'Bring it back until nobody calls it; if it has moved, name the folder in which it is now as well.',
  ),
  'capability-removed': breaks(
    'WIRE',
    'A capability is gone, and calls of it are refused.',
    'Keep it, with deprecated saying what to use instead, until nobody calls it.',
  ),
  'transport-removed': breaks(
    'WIRE',
    'The agent no longer listens on a transport.',
    'Keep the transport until all callers have another in their rpc-peers.yaml.',
  ),
  'transport-topic-changed': breaks(
    'WIRE',
    'Requests are read from another topic, subject or queue than callers publish to.',
    'Keep the topic, or add a second block of that transport with the new one.',
  ),
  'transport-broker-changed': breaks(
    'WIRE',
    'No address of the broker is left that callers of the old contract know.',
    'Keep one of the old addresses, or write the address as a variable that is set where the agent runs.',
  ),
  'transport-undecided': leavesOpen(
    'An option of a transport has changed on which reaching the agent may depend.',
    'Try whether a caller with the old option still reaches the agent, and accept the change if it does.',
  ),
  'transport-added': adds('WIRE', 'The agent listens on one more transport.', 'Nothing needs to be done.'),
  'input-type-narrowed': breaks('WIRE', 'Old input of a type that was legal is refused.', KEEP_INPUT),
  'input-value-removed': breaks('WIRE', 'A value that callers could send is refused.', KEEP_INPUT),
  'input-bound-tightened': breaks(
    'WIRE',
    'Old input lies outside the new bounds of a number, a length or a count.',
    KEEP_INPUT,
  ),
  'input-pattern-tightened': breaks('WIRE', 'Old text does not have the new pattern or format.', KEEP_INPUT),
  'input-property-required': breaks(
    'WIRE',
    'A property must be there that old callers may leave out.',
    'Leave the property optional, and say in its description what its absence means.',
  ),
  'input-property-refused': breaks(
    'WIRE',
    'A property that old callers may send is refused.',
    'Leave the property in the schema, or leave the object open.',
  ),
  'input-property-constrained': risks(
    'WIRE',
    'minor',
    'An open object declares a property, which an old caller may send with another content under the same name.',
    'Nothing needs to be done if no caller sends it; with additionalProperties: false from the start none can.',
  ),
  'input-union-narrowed': breaks('WIRE', 'Old input fits none, or more than one, of the new alternatives.', KEEP_INPUT),
  'input-condition-tightened': breaks('WIRE', 'Old input breaks a condition that is new.', KEEP_INPUT),
  'input-undecided': leavesOpen('It cannot be decided whether all old input is still accepted.', DECIDE),
  'input-widened': adds(
    'SOURCE',
    'The skill is sent input that the old contract refused.',
    'See whether the skill copes with the new input; the types say where it does not.',
  ),
  'input-property-removed': risks(
    'BEHAVIOUR',
    'minor',
    'A property of the input is no longer declared: who sends it is not refused and may not be heard.',
    'Keep the property, with deprecated: true, until nobody sends it.',
  ),
  'output-type-widened': breaks('WIRE', 'An answer may be of a type that old callers refuse.', KEEP_OUTPUT),
  'output-value-added': breaks('WIRE', 'An answer may have a value that old callers refuse.', KEEP_OUTPUT),
  'output-bound-loosened': breaks(
    'WIRE',
    'An answer may lie outside the old bounds of a number, a length or a count.',
    KEEP_OUTPUT,
  ),
  'output-pattern-loosened': breaks('WIRE', 'An answer may not have the old pattern or format.', KEEP_OUTPUT),
  'output-property-optional': breaks(
    'WIRE',
    'A property may be missing that old callers were promised.',
    'Leave the property required.',
  ),
  'output-property-added': breaks(
    'WIRE',
    'An answer may have a property that the old, closed schema refuses.',
    'Open the object in a version of its own, and add the property when all callers have it.',
  ),
  'output-property-loosened': risks(
    'WIRE',
    'minor',
    'A property that old callers check is no longer declared, so that anything may stand under its name.',
    'Nothing needs to be done if the name is not used for anything else.',
  ),
  'output-union-widened': breaks(
    'WIRE',
    'An answer may fit none, or more than one, of the old alternatives.',
    KEEP_OUTPUT,
  ),
  'output-condition-loosened': breaks('WIRE', 'An answer may break a condition that old callers check.', KEEP_OUTPUT),
  'output-undecided': leavesOpen('It cannot be decided whether old callers accept all new answers.', DECIDE),
  'output-narrowed': adds(
    'SOURCE',
    'The skill may no longer answer all that it could.',
    'See whether the skill answers within the new schema; the types say where it does not.',
  ),
  'output-property-removed': breaks(
    'SOURCE',
    'A property of the answer is no longer declared, so that code that reads it does not compile.',
    'Keep the property, with deprecated: true, until nobody reads it.',
  ),
  'output-property-declared': adds(
    'SOURCE',
    'An answer of an open object may have a property of which the old contract said nothing.',
    'See whether the skill fills it in; callers that know it may read it, and others pass it over.',
  ),
  'error-added': risks(
    'SOURCE',
    'minor',
    'The skill may answer with one more error: a switch over the codes misses it, and old callers see it as EAGENTRPC_HANDLER_ERROR.',
    'Tell callers; code with a default branch goes on as it is.',
  ),
  'error-removed': breaks(
    'SOURCE',
    'A declared error is gone, so that code that compares its code does not compile.',
    'Keep the error declared, even if the skill no longer answers with it.',
  ),
  'error-details-widened': breaks('WIRE', 'The details of an error may be such that old callers refuse.', KEEP_OUTPUT),
  'error-details-undecided': leavesOpen(
    'It cannot be decided whether old callers accept the details of an error.',
    DECIDE,
  ),
  'error-details-removed': breaks(
    'WIRE',
    'An error no longer has the details that old callers check.',
    'Keep the details.',
  ),
  'error-details-added': adds('SOURCE', 'An error has details that it had not.', 'Nothing needs to be done.'),
  'type-renamed': breaks(
    'SOURCE',
    'Generated code no longer exports a type, so that code that imports it does not compile.',
    'Keep the name with x-ts-name.',
  ),
  'capability-added': adds(
    'SOURCE',
    'The agent has one more capability, which its skills must have as well.',
    'Run declaragent codegen, which starts the skill.',
  ),
  'idempotent-removed': breaks(
    'BEHAVIOUR',
    'A call is no longer idempotent: who tries again may have the work done twice.',
    'Keep idempotent: true, or add a capability beside this one.',
  ),
  'timeout-lowered': risks(
    'BEHAVIOUR',
    'minor',
    'Callers wait less long than they did, and give up calls that used to succeed.',
    'Keep timeoutMs unless the skill has become that much faster.',
  ),
  'default-changed': breaks(
    'BEHAVIOUR',
    'Leaving a property out means something else than it did.',
    'Keep the default, and let callers ask for the new one.',
  ),
  'description-changed': risks(
    'BEHAVIOUR',
    'patch',
    'A text has changed by which models choose a capability or fill in its input.',
    'See whether agents that rely on it still choose as they should.',
  ),
  'redact-removed': risks(
    'BEHAVIOUR',
    'minor',
    'A value that was kept out of logs may be logged.',
    'Keep x-redact: true unless the value is harmless.',
  ),
  'deprecated-added': adds(
    'BEHAVIOUR',
    'Callers are asked to use something else.',
    'Tell callers until when it stays.',
  ),
};

const BUMPS: readonly Bump[] = ['none', 'patch', 'minor', 'major'];

/** The greatest of the bumps that changes ask for. */
export function impliedBump(rules: readonly RuleId[]): Bump {
  const index = Math.max(0, ...rules.map((id) => BUMPS.indexOf(RULES[id].bump)));
  return BUMPS[index] ?? 'none';
}
