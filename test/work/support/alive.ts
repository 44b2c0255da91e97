/** Alive: whether a process of this machine lives. */
import { readFileSync } from "node:fs"

/** One that has ended and that nobody has waited for is dead. */
export function isAlive(pid: string | number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${String(pid).trim()}/stat`, "utf8"))
  } catch {
    return false
  }
}
