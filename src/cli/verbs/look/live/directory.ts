/** Directory: where the report of a live walk goes, tried before anything is made. */
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { SpecError } from "../../../../errors.js"
import { makeDirectory } from "../../../../fleet/journal/draft.js"

/** @throws SpecError where nothing can be written there. */
export async function requireDirectory(directory: string): Promise<void> {
  const trial = join(directory, `.muster-doctor.${process.pid}`)
  try {
    await makeDirectory(directory)
    await writeFile(trial, "\n", { mode: 0o600 })
  } catch (error) {
    const message = `nothing can be written into ${directory}: ${(error as Error).message}; nothing was made; name another directory`
    throw new SpecError([{ option: "--report", value: directory, message }])
  } finally {
    await rm(trial, { force: true }).catch(() => {})
  }
}
