/** Functions that make trouble for whoever runs them. */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { TaskContext } from "muster-vms"

/** Takes all memory that there is. */
export function greedy(): number {
  const all: string[][] = []
  for (;;) all.push(Array.from({ length: 100_000 }, (_, index) => `${index} ${all.length}`))
}

export function binary(): string {
  process.stdout.write(Buffer.from([0, 255, 254, 10, 0]))
  console.log("\u0000muster-frames\n")
  return "written"
}

/** Its child leaves the group, and holds its output. */
export function daemon(): number | undefined {
  return spawn("setsid", ["sleep", "20"], { stdio: "inherit" }).pid
}

/** Ends, with a child outside its group that holds its output. */
export function endsWithDaemon(): never {
  spawn("setsid", ["sleep", "20"], { stdio: "inherit" })
  process.exit(4)
}

export function throwsLater(): Promise<never> {
  setTimeout(() => {
    throw new RangeError("later")
  }, 10)
  return new Promise(() => {})
}

export function rejectsAside(): string {
  void Promise.reject(new Error("aside"))
  return "done"
}

/** What it is told while it waits. */
export async function listens(_: number, { signal, secondsLeft, log }: TaskContext): Promise<readonly number[]> {
  log("listens")
  const before = secondsLeft()
  await sleep(60_000, undefined, { signal }).catch(() => {})
  return [before, secondsLeft()]
}

/** Removes a directory of the worker's, or empties it, and says which process did so. */
export function removes(what: string): number {
  const runners = join(process.cwd(), ".muster-work")
  if (what === "all") rmSync(runners, { recursive: true })
  if (what === "own") for (const name of readdirSync(runners)) rmSync(join(runners, name), { recursive: true })
  if (what === "files")
    for (const name of readdirSync(runners))
      for (const file of readdirSync(join(runners, name)))
        rmSync(join(runners, name, file), { recursive: true, force: true })
  if (what === "here") rmSync(process.cwd(), { recursive: true })
  if (what === "cwd") {
    process.chdir(mkdtempSync(join(tmpdir(), "muster-gone-")))
    rmSync(process.cwd(), { recursive: true })
  }
  return process.ppid
}

export function ends(): void {
  process.kill(process.pid, "SIGKILL")
}
