/** Help texts, from the tables that the parser uses. */
import { EXIT } from "./exit-codes.js"
import type { Flags } from "./flags.js"
import type { Command } from "./run.js"

const CODES: readonly (readonly [number, string])[] = [
  [EXIT.ok, "done"],
  [EXIT.failed, "something else went wrong"],
  [EXIT.usage, "the command line is wrong, or nobody could be asked and --yes was not given"],
  [EXIT.auth, "credentials are missing, wrong, or not enough"],
  [EXIT.resource, "something could not be ended or removed"],
  [EXIT.timeout, "the cloud did not confirm within --timeout, or a launch on its way may still make something"],
  [EXIT.notFound, "nothing of that name is there"],
  [EXIT.SIGINT, "interrupted by SIGINT"],
  [EXIT.SIGTERM, "ended by SIGTERM"],
]

export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => usageOf(command).length), "help COMMAND".length)
  const lines = commands.map((command) => `  muster ${usageOf(command).padEnd(width)}   ${command.summary}`)
  const codes = CODES.map(([code, what]) => `  ${String(code).padEnd(3)}   ${what}`)
  return [
    "muster: finds and ends clusters by their tags",
    "",
    ...lines,
    `  muster ${"help COMMAND".padEnd(width)}   its flags`,
    `  muster ${"version".padEnd(width)}   of this program`,
    "",
    "Credentials are those of the cloud's own tools (AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_* …).",
    "",
    "Exit codes:",
    ...codes,
    "",
  ].join("\n")
}

export function commandHelp(command: Command): string {
  return [`muster ${usageOf(command)}`, "", command.about, "", ...flagLines(command.flags), ""].join("\n")
}

function usageOf({ name, words }: Command): string {
  return [name, ...words].join(" ")
}

function flagLines(flags: Flags): readonly string[] {
  const heads = Object.entries(flags).map(([name, { short, value }]) => {
    return `  ${short === undefined ? "   " : `-${short},`} --${name}${value === undefined ? "" : ` ${value}`}`
  })
  const width = Math.max(...heads.map((head) => head.length))
  return Object.values(flags).map(({ help, variable }, index) => {
    const instead = variable === undefined ? "" : ` (or ${variable})`
    return `${heads[index]?.padEnd(width)}   ${help}${instead}`
  })
}
