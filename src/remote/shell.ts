/** Shell: a command with its environment and directory, as text that any POSIX `sh` reads. Pure. */
import { exportLines } from "../guest/steps/environment.js"
import { plainWord } from "../guest/text.js"
import type { Command, SpawnOptions } from "./remote.js"

/** The words that run a command. */
export function argvOf(command: Command): readonly string[] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command
}

/**
 * What a remote shell is asked to run. Variables do not stand in it, since anybody on a machine may read its argument lists: they
 * are read from the first line of standard input, which `environmentLine` makes.
 */
export function remoteText(command: Command, { cwd, environment }: Pick<SpawnOptions, "cwd" | "environment">): string {
  const parts: string[] = []
  // `read` takes a byte at a time, and leaves what follows to the command.
  if (hasVariables(environment)) parts.push(`IFS= read -r m && eval "$(printf %s "$m" | base64 -d)" && unset m`)
  if (cwd !== undefined) parts.push(`cd -- ${plainWord(cwd)}`)
  parts.push(`exec ${argvOf(command).map(plainWord).join(" ")}`)
  return parts.join(" && ")
}

/** The first line of standard input for a command with an environment; "" for one without. */
export function environmentLine(environment: SpawnOptions["environment"]): string {
  if (!hasVariables(environment)) return ""
  return `${Buffer.from(`${exportLines(environment).join("\n")}\n`).toString("base64")}\n`
}

function hasVariables(environment: SpawnOptions["environment"]): environment is Readonly<Record<string, string>> {
  return environment !== undefined && Object.keys(environment).length > 0
}
