/** Functions that tests run on workers. */
import { spawn } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { TaskContext } from "muster-vms"
import { doubled } from "./doubled.js"

export function double(value: number): number {
  return doubled(value)
}

export function about(input: string, { index, attempt, worker }: TaskContext): readonly unknown[] {
  return [input, index, attempt, worker]
}

export function clones(value: Map<string, Date>): { readonly map: Map<string, Date>; readonly bytes: Uint8Array } {
  return { map: value, bytes: new Uint8Array([1, 2]) }
}

export function throws(value: number): never {
  console.error(`before ${value}`)
  throw new RangeError(`no ${value}`)
}

export function exits(code: number): void {
  console.log("last words")
  process.exit(code)
}

export function closure(): () => void {
  return () => {}
}

export function process_(): number {
  return process.pid
}

/** Leaves a timer, a variable and a process behind. */
export function untidy(): number {
  setInterval(() => {}, 1000)
  process.env.LEFT = "behind"
  spawn("sleep", ["1000"], { stdio: "ignore" })
  return process.pid
}

export function left(): string | undefined {
  return process.env.LEFT
}

export async function waits(seconds: number, { signal }: TaskContext): Promise<string> {
  await sleep(seconds * 1000, undefined, { signal })
  return "waited"
}

/** Blocks for ever, once it has told where. */
export function blocksAt(_: number, { log }: TaskContext): void {
  log(String(process.pid))
  for (;;);
}

export function writes(value: number, { output, log }: TaskContext): void {
  writeFileSync(join(output, `file-${value}`), "x".repeat(value))
  log(`wrote ${value}`)
}

/** Node's version for a number, else what it was given. */
export function versionOr(value: unknown): unknown {
  return typeof value === "number" ? process.versions.node : value
}

export const notAFunction = 1

/** Changes something of its process that others share. */
export function meddles(what: string): number {
  if (what === "global") Object.assign(globalThis, { leftBehind: 1 })
  if (what === "random") Math.random = () => 0.5
  if (what === "console") console.log = () => {}
  if (what === "method") Object.assign(Array.prototype, { leftBehind: 1 })
  if (what === "listener") process.on("SIGUSR2", () => {})
  if (what === "deaf") process.removeAllListeners()
  return process.pid
}

/** Writes more than a pipe holds, in one turn. */
export function floods(count: number): number {
  for (let at = 0; at < count; at += 1) console.log("x".repeat(99_999))
  return process.pid
}

export function large(bytes: number): Uint8Array {
  return new Uint8Array(bytes)
}
