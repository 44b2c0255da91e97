/** Writable: whether the launch journal can be written is tried before anything is launched, so that it is said once. */
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { JournalError } from "../../errors.js"
import { makeDirectory } from "../../fleet/journal/draft.js"
import { directoryProblem } from "../../fleet/journal/permissions.js"
import { journalDirectoryIfAny } from "../local-state.js"
import type { Given, Surroundings } from "../surroundings.js"

/** @throws JournalError where the directory of the launch journal cannot be written. */
export async function requireJournal(given: Given, surroundings: Surroundings): Promise<void> {
  const directory = journalDirectoryIfAny(given, surroundings)
  if (directory === undefined) return
  const why = await surroundings.clock.busy("trying the launch journal", whyNotWritable(directory))
  if (why === undefined) return
  const advice = "Make it writable, or name another: --journal DIR"
  const message = `the launch journal cannot be written in ${directory}: ${why}; nothing was launched. ${advice}`
  throw new JournalError(message, { path: directory })
}

async function whyNotWritable(directory: string): Promise<string | undefined> {
  const problem = await directoryProblem(directory)
  if (problem !== undefined) return problem
  const trial = join(directory, `.trial.${process.pid}`)
  try {
    await makeDirectory(directory)
    await writeFile(trial, "\n", { mode: 0o600 })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await rm(trial, { force: true }).catch(() => {})
  }
}
