/** What a model may do, by keys such as `RequestAgent:agent://pr-reviewer/review-pr`. */
export interface Permissions {
  /** Whether a key is granted, allowed and not denied. */
  allows(key: string): boolean;
}

export interface PermissionRules {
  /** The `tools` of a skill, or the defaults of agent.yaml: nothing else is there at all. */
  readonly grants: readonly string[];
  /** `permissions.allow` of agent.yaml; all that is granted unless set. */
  readonly allow?: readonly string[] | undefined;
  /** `permissions.deny` of agent.yaml, which wins. */
  readonly deny?: readonly string[] | undefined;
}

/** The name of the tool that calls any capability of any peer, and of the keys of such calls. */
export const REQUEST_AGENT = 'RequestAgent';

/** The key of a call. Its parts come from contracts, and not from what a model has written. */
export function callKey(to: string, capability: string): string {
  return `${REQUEST_AGENT}:${to}/${capability}`;
}

export function createPermissions({ grants, allow, deny = [] }: PermissionRules): Permissions {
  const isIn = (patterns: readonly string[], key: string): boolean =>
    patterns.some((pattern) => matches(pattern === REQUEST_AGENT ? `${REQUEST_AGENT}:*` : pattern, key));
  return {
    allows: (key) => isIn(grants, key) && (allow === undefined || isIn(allow, key)) && !isIn(deny, key),
  };
}

/**
 * Whether a text is one that a pattern means: `*` stands for any text, `?` for one character. It goes back to the last
 * star only, so that no pattern takes long.
 */
export function matches(pattern: string, text: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const expected = pattern[from];
    if (expected === '*') {
      star = from++;
      resume = at;
    } else if (expected === '?' || expected === text[at]) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[from] === '*') from++;
  return from === pattern.length;
}
