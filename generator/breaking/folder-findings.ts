/** What there is to say about a folder or an entry besides its changes. */
export interface FolderFinding {
  readonly level: 'error' | 'warning' | 'note';
  /** One sentence: when it is reported. */
  readonly meaning: string;
  /** One sentence: what to do about it. */
  readonly fix: string;
}

/** Every code of a finding that is no change of a contract, but says something of a folder or of an entry. */
export type FolderFindingCode =
  | 'against-unreadable'
  | 'folder-missing'
  | 'contract-added'
  | 'contract-moved'
  | 'contract-absent'
  | 'unused-acceptance';

/** The same by their codes, which documentation and `explain` walk. */
export const FOLDER_FINDINGS: Readonly<Record<FolderFindingCode, FolderFinding>> = {
  'against-unreadable': {
    level: 'error',
    meaning: 'What the contract shall be compared with cannot be had, so that nothing was compared.',
    fix: "Name a commit that this clone has and at which the contract compiles, or the path of an agent's folder or of a capabilities file.",
  },
  'folder-missing': {
    level: 'error',
    meaning: 'A folder of the command line is neither on the disk nor in the old version.',
    fix: 'Correct the path.',
  },
  'contract-added': {
    level: 'note',
    meaning: 'The old version has no contract of this agent: it is new and breaks nobody.',
    fix: 'Nothing needs to be done.',
  },
  'contract-moved': {
    level: 'note',
    meaning: 'The contract was in another folder in the old version, and is compared with what it was there.',
    fix: 'Nothing needs to be done.',
  },
  'contract-absent': {
    level: 'note',
    meaning: 'A folder has no contract to compare, on neither side, such as that of an agent that only calls others.',
    fix: 'Nothing needs to be done.',
  },
  'unused-acceptance': {
    level: 'warning',
    meaning: 'An entry of accepted-changes.yaml speaks of a change that is not there, or no longer that one.',
    fix: 'Remove the entry.',
  },
};
