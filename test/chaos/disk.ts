/**
 * Kill points around everything that changes the disk: the journal's writes, and each step by which the local provider
 * makes and removes what it has.
 */
import fs from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { devNull } from "node:os"
import type { Pass } from "./points.js"

/** By name, so that those who import the functions themselves get these. */
const CHANGES = ["link", "mkdir", "rename", "rm", "symlink", "writeFile"] as const

/** Only the journal keeps a file open. */
const JOURNAL_WRITES = ["appendFile", "datasync"] as const

type Change = (...given: unknown[]) => Promise<unknown>

/** From now on, in all of this process. */
export async function watchDisk(pass: Pass): Promise<void> {
  const functions = fs as unknown as Record<string, Change>
  for (const name of CHANGES) watch(functions, name, `disk > ${name}`, pass)
  syncBuiltinESMExports()
  const file = await fs.open(devNull, "r")
  const methods = Object.getPrototypeOf(file) as Record<string, Change>
  for (const name of JOURNAL_WRITES) watch(methods, name, `journal > ${name}`, pass)
  await file.close()
}

function watch(owner: Record<string, Change>, name: string, step: string, pass: Pass): void {
  const change = owner[name]
  if (change === undefined) throw new Error(`this Node has no ${name}`)
  owner[name] = async function (this: unknown, ...given: unknown[]) {
    pass(step, "before")
    const answer: unknown = await change.apply(this, given)
    pass(step, "after")
    return answer
  }
}
