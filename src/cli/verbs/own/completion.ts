/**
 * `muster completion SHELL`: the script that a shell reads, and what it asks for. Names come from this machine's state: no cloud is
 * asked.
 */
import { SpecError } from "../../../errors.js"
import { nearest, show } from "../../../input/parse.js"
import { EXIT } from "../../exit-codes.js"
import type { RunVerb } from "../../surroundings.js"
import { completions } from "./candidates.js"

/** A word that ends with "=" goes on: no space is put after it. Where nothing is known, files are offered. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# muster completion: source <(muster completion bash)
_muster() {
  local IFS=$'\\n'
  COMPREPLY=($(muster completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ "\${COMPREPLY[0]-}" == *= ]] && compopt -o nospace
  return 0
}
complete -o default -F _muster muster
`,
  zsh: `#compdef muster
# muster completion: source <(muster completion zsh)
_muster() {
  local -a found goes_on
  found=("\${(@f)$(muster completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found:#}")
  (( \${#found} )) || { _files; return }
  goes_on=("\${(@M)found:#*=}")
  (( \${#goes_on} )) && compadd -S '' -- "\${goes_on[@]}"
  compadd -- "\${(@)found:#*=}"
}
compdef _muster muster
`,
  fish: `# muster completion: muster completion fish | source
function __muster_words
  set -l found (muster completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c muster -f -a '(__muster_words)'
`,
}

export const run: RunVerb = async (given, surroundings, verbs) => {
  const [shell = "", ...line] = given.words
  if (shell === "words") {
    const words = await completions(line, verbs, given, surroundings)
    surroundings.out(words.map((word) => `${word}\n`).join(""))
    return EXIT.ok
  }
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  if (script === undefined) {
    const known = Object.keys(SCRIPTS)
    const near = nearest(shell, known)
    const hint = near === undefined ? `use one of ${known.join(", ")}` : `did you mean ${near}?`
    throw new SpecError([{ option: "SHELL", value: shell, message: `is ${show(shell)}; ${hint}` }])
  }
  surroundings.out(script)
  return EXIT.ok
}
