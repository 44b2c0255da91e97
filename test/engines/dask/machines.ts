/** Machines of the local provider, looked at from outside: their processes and files. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** Every process by the name of the worker that it belongs to. */
function processes(): readonly { readonly pid: number; readonly name: string }[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const variables = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0")
      const name = variables.find((one) => one.startsWith("MUSTER_NAME="))?.slice("MUSTER_NAME=".length)
      return name === undefined ? [] : [{ pid: Number(entry), name }]
    } catch {
      // It has just ended.
      return []
    }
  })
}

/** Of these workers those that have a process. */
export function alive(names: readonly string[]): readonly string[] {
  const living = new Set(processes().map(({ name }) => name))
  return names.filter((name) => living.has(name))
}

/** As when a cloud takes a machine away: SIGKILL to all that runs there. */
export function endAbruptly(name: string): void {
  for (const one of processes()) {
    if (one.name !== name) continue
    try {
      process.kill(one.pid, "SIGKILL")
    } catch {
      // It ended with another one.
    }
  }
}

/** One program of a worker alone; whether it ran. */
export function killProgram(name: string, part: string): boolean {
  const own = processes().filter((one) => one.name === name && textOf(`/proc/${one.pid}/cmdline`).includes(part))
  for (const { pid } of own) process.kill(pid, "SIGKILL")
  return own.length > 0
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // It has just ended.
    return ""
  }
}

/** What all processes of these workers have in memory of their own, in bytes. */
export function memoryOf(names: readonly string[]): number {
  const wanted = new Set(names)
  const pages = processes()
    .filter(({ name }) => wanted.has(name))
    .map(({ pid }) => {
      const [, resident = 0, shared = 0] = textOf(`/proc/${pid}/statm`).split(" ").map(Number)
      return resident - shared
    })
  return 4096 * pages.reduce((sum, one) => sum + one, 0)
}

/** Files below a folder that have a text in them. */
export function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => {
      try {
        return statSync(path).isFile() && readFileSync(path, "latin1").includes(text)
      } catch {
        return false
      }
    })
}

/** @throws Error after five minutes. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 300_000
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`waited for ${what}`)
    await sleep(50)
  }
}
