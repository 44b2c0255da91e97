/**
 * `muster completion SHELL`: the script that a shell reads, and what it asks for. Names come from this machine's state: no cloud is
 * asked.
 */
import { SpecError } from "../../../errors.js"
import { nearest, show } from "../../../input/parse.js"
import { EXIT } from "../../exit-codes.js"
import { journalDirectoryIfAny, knownNames } from "../../local-state.js"
import type { Flag, Given, RunVerb, Surroundings, Verb } from "../../surroundings.js"

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# muster completion: source <(muster completion bash)
_muster() {
  local IFS=$'\\n'
  local found
  found="$(muster completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$found" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _muster muster
`,
  zsh: `#compdef muster
# muster completion: source <(muster completion zsh)
_muster() {
  local -a found
  found=("\${(@f)$(muster completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _muster muster
`,
  fish: `# muster completion: muster completion fish | source
complete -c muster -f -a '(muster completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
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

/** What may stand where the last word of a line is begun. */
async function completions(
  line: readonly string[],
  verbs: readonly Verb[],
  given: Given,
  surroundings: Surroundings,
): Promise<readonly string[]> {
  const last = line.at(-1) ?? ""
  const [name, ...before] = line.slice(0, -1)
  const all = await candidates(name, before, last, verbs, given, surroundings)
  return all.filter((word) => word.startsWith(last))
}

async function candidates(
  name: string | undefined,
  before: readonly string[],
  last: string,
  verbs: readonly Verb[],
  given: Given,
  { env, clock }: Surroundings,
): Promise<readonly string[]> {
  if (name === undefined) return [...verbs.flatMap(namesOf), "help"]
  if (name === "help") return verbs.map((verb) => verb.name)
  const verb = verbs.find((one) => namesOf(one).includes(name))
  if (verb === undefined) return []
  const flag = flagOf(verb, before.at(-1))
  if (flag?.type === "string") return (flag.value?.split("|") ?? []).filter((word) => /^[a-z0-9_-]+$/.test(word))
  if (last.startsWith("-")) return Object.keys(verb.flags).map((one) => `--${one}`)
  const place = verb.words[wordsIn(verb, before) + (verb.shorthands?.[name]?.length ?? 0)] ?? ""
  const inside = place.replaceAll(/[[\]]/g, "")
  if (/^[a-z0-9|-]+$/.test(inside)) return inside.split("|")
  const directory = journalDirectoryIfAny(given, { env })
  if (!inside.startsWith("NAME") || directory === undefined) return []
  return clock.busy("reading local state", knownNames(directory))
}

function namesOf({ name, aliases = [], shorthands = {} }: Verb): readonly string[] {
  return [name, ...aliases, ...Object.keys(shorthands)]
}

function flagOf({ flags }: Verb, word: string | undefined): Flag | undefined {
  return Object.entries(flags).find(([name, { short }]) => word === `--${name}` || word === `-${short ?? ""}`)?.[1]
}

/** How many words that are no flags and no values of flags come before. */
function wordsIn(verb: Verb, before: readonly string[]): number {
  return before.filter((word, at) => {
    return !word.startsWith("-") && flagOf(verb, before[at - 1])?.type !== "string"
  }).length
}
