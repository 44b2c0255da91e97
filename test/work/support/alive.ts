/** Alive: whether a process of this machine lives. */
import { existsSync, readFileSync } from "node:fs"

/** One that has ended and that nobody has waited for is dead. */
export function isAlive(pid: string | number): boolean {
  const stat = `/proc/${String(pid).trim()}/stat`
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"))
}
