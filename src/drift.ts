/** What `codegen --check` can find, with what it means. Documentation and `explain` walk this table. */
export const DRIFT = {
  'drift-missing': {
    meaning: 'The contract leads to this file, and it is not there.',
    fix: 'Run declaragent codegen and commit what it writes.',
  },
  'drift-stale': {
    meaning: 'The contract has changed since this file was generated.',
    fix: 'Run declaragent codegen and commit what it writes.',
  },
  'drift-edited': {
    meaning: 'This generated file was changed by hand.',
    fix: 'Run declaragent codegen, which overwrites it; what was changed belongs in the contract or in a skill.',
  },
  'drift-orphaned': {
    meaning: 'Nothing in the contract leads to this file any more.',
    fix: 'Run declaragent codegen, which deletes what it wrote itself; delete or move any other file.',
  },
  'drift-nothing': {
    meaning: 'There is nothing to generate, and a check that compares nothing would pass for ever.',
    fix: 'Write a capabilities.yaml, or give a peer in rpc-peers.yaml a contract.',
  },
} as const;
