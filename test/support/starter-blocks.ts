/** Puts the block of a broker in the place of the one of memory, in a YAML file of a starter, as a person would. */
export function swapBlock(text: string, kind: string): string {
  const [before = '', ...blocks] = text.split(/^(?= *(?:# )?- kind: )/m);
  const swapped = blocks.map((block) => {
    if (block.trimStart().startsWith('- kind: memory')) {
      return block.replace(/^(?= *(?:- kind|topics|requests:|responses:))/gm, '# ');
    }
    return block.includes(`- kind: ${kind}`) ? block.replace(/^( *)# /gm, '$1') : block;
  });
  return before + swapped.join('');
}
