/** Help texts: commander lays them out, from the tables that the parser uses. */
import { Command, type Help } from "commander"
import { EXIT_TABLE } from "./exit-codes.js"
import { commandOf } from "./parse.js"
import type { Verb } from "./surroundings.js"

/** Lines of help are no longer, however wide the terminal. */
const WIDEST = 120
/** The width where the terminal's is unknown. */
const USUAL = 80

export function generalHelp(verbs: readonly Verb[], columns = USUAL): string {
  const program = new Command("muster").helpOption(false).helpCommand(false).argument("VERB")
  program.description("muster: makes, finds and ends clusters of VMs; no server, no control plane")
  for (const { name, summary, group } of verbs) program.command(name).summary(summary).helpGroup(`${group}:`)
  const heads = new Map(verbs.map((verb) => [verb.name, headOf(verb)]))
  program.configureHelp({
    ...layout(columns),
    commandUsage: () => "muster VERB [words] [flags]",
    subcommandTerm: (command: Command) => heads.get(command.name()) ?? command.name(),
    visibleArguments: () => [],
  })
  const { helpWidth = USUAL } = layout(columns)
  const rows = EXIT_TABLE.map(([code, what]) => filled(what, helpWidth, `  ${String(code).padEnd(5)}`))
  return `${program.helpInformation()}\n${filled(MORE, helpWidth)}\nExit codes:\n${rows.join("")}`
}

const MORE =
  "muster help VERB tells its flags, with an example. Credentials are those of the cloud's own tools (AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_* …)."

/** Broken between words; the lines after the first begin below its text. A word that is too long for the width stays whole. */
function filled(text: string, width: number, head = ""): string {
  const lines: string[] = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last !== undefined && head.length + last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line, at) => `${at === 0 ? head : " ".repeat(head.length)}${line}\n`).join("")
}

export function verbHelp(verb: Verb, columns = USUAL): string {
  const command = commandOf(verb).description(verb.about)
  command.configureHelp({
    ...layout(columns),
    commandUsage: () => `muster ${usageOf(verb)}${Object.keys(verb.flags).length > 0 ? " [flags]" : ""}`,
    optionTerm: ({ short, long }) => {
      const value = verb.flags[long?.slice(2) ?? ""]?.value
      return `${short === undefined ? "    " : `${short}, `}${long ?? ""}${value === undefined ? "" : ` ${value}`}`
    },
    optionDescription: ({ long, description }) => {
      const variable = verb.flags[long?.slice(2) ?? ""]?.variable
      return variable === undefined ? description : `${description} (or ${variable})`
    },
    visibleArguments: () => [],
  })
  const short = Object.entries(verb.shorthands ?? {}).map(([alias, words]) => {
    return `\nThe same as muster ${[verb.name, ...words].join(" ")}: muster ${alias}\n`
  })
  const also = (verb.aliases ?? []).map((alias) => `\nThe same: muster ${[alias, ...verb.words].join(" ")}\n`).join("")
  const heading = verb.examples.length === 1 ? "Example" : "Examples"
  return `${command.helpInformation()}${also}${short.join("")}\n${heading}:\n${verb.examples.map((line) => `  ${line}\n`).join("")}`
}

function layout(columns: number): Pick<Help, "helpWidth"> {
  // A terminal that was given no size says 0.
  return { helpWidth: Math.min(columns > 0 ? columns : USUAL, WIDEST) }
}

function usageOf({ name, words }: Verb): string {
  return [name, ...words].join(" ")
}

/** As the list of all names it. */
function headOf({ name, aliases = [], shorthands = {} }: Verb): string {
  return [name, ...aliases, ...Object.keys(shorthands)].join(", ")
}
