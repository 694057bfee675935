import type { CompletedCommand, CompletedWord } from './describe-commands.js';

/** The script of a shell. Agents and capabilities are read by the shell itself, off the names of generated files. */
export function scriptFor(shell: 'bash' | 'zsh' | 'fish', commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
    default:
      return shell satisfies never;
  }
}

/** A bash function that fills `path` with the command that the words lead to, and `arguments` with what follows it. */
function walkLines(commands: readonly CompletedCommand[], words: string): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `  local path='' word arguments isValue=''
  arguments=()
  for word in ${words}; do
    if [[ -n $isValue ]]; then isValue=''; continue; fi
    case "$word" in
      ${valuedOptions(commands).join('|')}) isValue=yes; continue ;;
    esac
    case "\${path:+$path }$word" in
      ${paths.join('|')}) path="\${path:+$path }$word" ;;
      -*|*' -'*) ;;
      *) arguments+=("$word") ;;
    esac
  done`;
}

function valuedOptions(commands: readonly CompletedCommand[]): string[] {
  return [...new Set(commands.flatMap(({ valued }) => valued))];
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ path, commands: subs, options, argument, choices }) => {
    const chosen = Object.entries(choices).map(
      ([option, values]) => `      [[ $previous == ${option} ]] && words='${values.join(' ')}' && options=''\n`,
    );
    const words = [...subs.map(({ word }) => word), ...argument].join(' ');
    return `    '${path}')
      words='${words}' options='${options.map(({ word }) => word).join(' ')}'
${chosen.join('')}      ;;`;
  });
  return `# Completion of declaragent in bash: eval "$(declaragent completion bash)"
_declaragent() {
  local line="\${COMP_LINE:0:COMP_POINT}" all current previous words options file
  read -ra all <<<"$line"
  [[ $line == *[[:space:]] ]] && all+=('')
  local last=$(( \${#all[@]} - 1 ))
  current="\${all[last]}" previous=''
  (( last > 1 )) && previous="\${all[last-1]}"
${walkLines(commands, '"${all[@]:1:last-1}"')}
  case "$path" in
${cases.join('\n')}
  esac
  if [[ $path == call && \${#arguments[@]} == 0 ]]; then
    for file in generated/*/index.ts; do
      # What compgen is given it expands: no name that is more than a name.
      [[ -e $file ]] && file="\${file#generated/}" && file="\${file%/index.ts}"
      [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9_-]*$ ]] && words+=" agent://$file"
    done
  elif [[ $path == call && \${#arguments[@]} == 1 ]]; then
    for file in generated/"\${arguments[0]#agent://}"/capabilities/*.gen.ts; do
      [[ -e $file ]] && file="\${file##*/}" && file="\${file%.gen.ts}"
      [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9_-]*$ ]] && words+=" $file"
    done
  fi
  [[ $current == -* ]] && words="$options"
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  # Bash breaks words at colons, and puts in what follows the last one.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=( "\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}" )
  fi
}
complete -o default -F _declaragent declaragent
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ path, commands: subs, options, argument, choices }) => {
    const chosen = Object.entries(choices).map(
      ([option, values]) => `      [[ $previous == ${option} ]] && { compadd -- ${values.join(' ')}; return }\n`,
    );
    const words = [...subs, ...argument.map((word) => ({ word, summary: '' }))];
    return `    '${path}')
${chosen.join('')}      found=(${zshWords(words)}) options=(${zshWords(options)})
      ;;`;
  });
  return `#compdef declaragent
# Completion of declaragent in zsh: eval "$(declaragent completion zsh)", after compinit
_declaragent() {
  local previous="\${words[CURRENT-1]}" current="\${words[CURRENT]}" file
  local -a found options agents
${walkLines(commands, '"${(@)words[2,CURRENT-1]}"')}
  case "$path" in
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then
    _describe 'option' options
    return
  fi
  if [[ $path == call && \${#arguments} == 0 ]]; then
    for file in generated/*/index.ts(N); do agents+=("agent://\${\${file#generated/}%/index.ts}"); done
    compadd -- $agents
  elif [[ $path == call && \${#arguments} == 1 ]]; then
    for file in generated/\${arguments[1]#agent://}/capabilities/*.gen.ts(N); do agents+=("\${\${file##*/}%.gen.ts}"); done
    compadd -- $agents
  elif (( \${#found} )); then
    _describe 'command' found
  else
    _files
  fi
}
compdef _declaragent declaragent
`;
}

/** `'word:summary'` each, where a colon of the word has a backslash. */
function zshWords(words: readonly CompletedWord[]): string {
  return words.map(({ word, summary }) => quoted(`${word.replaceAll(':', '\\:')}:${summary}`)).join(' ');
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, commands: subs, options, argument, choices }) => {
    const at = `-n '__declaragent_at ${quoted(path).replaceAll("'", '"')}'`;
    return [
      ...subs.map(({ word, summary }) => `complete -c declaragent -f ${at} -a ${word} -d ${quoted(summary)}`),
      ...argument.map((word) => `complete -c declaragent -f ${at} -a ${word}`),
      ...options.map(({ word, summary }) => {
        const values = choices[word];
        const name = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
        const taken = values === undefined ? '' : ` -x -a '${values.join(' ')}'`;
        return `complete -c declaragent ${at} ${name}${taken} -d ${quoted(summary)}`;
      }),
    ];
  });
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# Completion of declaragent in fish: declaragent completion fish > ~/.config/fish/completions/declaragent.fish
function __declaragent_words
  set -l path
  set -l arguments
  set -l isValue
  for word in (commandline -opc)[2..-1]
    if test -n "$isValue"
      set isValue
    else if contains -- $word ${valuedOptions(commands).join(' ')}
      set isValue yes
    else if contains -- (string join -- ' ' $path $word) ${paths.join(' ')}
      set path $path $word
    else if not string match -q -- '-*' $word
      set arguments $arguments $word
    end
  end
  echo "$path"
  printf '%s\\n' $arguments
end
function __declaragent_at
  set -l words (__declaragent_words)
  test "$words[1]" = "$argv[1]"
end
function __declaragent_call
  set -l words (__declaragent_words)
  if test (count $words) -le 1; or test -z "$words[2]"
    for file in generated/*/index.ts
      echo agent://(string replace -r '^generated/(.*)/index.ts$' '$1' $file)
    end
  else if test (count $words) -eq 2
    for file in generated/(string replace 'agent://' '' $words[2])/capabilities/*.gen.ts
      string replace -r '.*/(.*)\\.gen\\.ts$' '$1' $file
    end
  end
end
${lines.join('\n')}
complete -c declaragent -f -n '__declaragent_at call' -a '(__declaragent_call)'
`;
}

/** A word in single quotes, for every shell of the three. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
