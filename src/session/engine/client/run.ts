/** Run: a program of this machine, with the variables by which it finds a cluster. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { constants } from "node:os"
import { StringDecoder } from "node:string_decoder"
import type { Clock } from "../../../calls/clock.js"
import { CommandError, MusterError } from "../../../errors.js"
import { endAfter } from "../../../remote/ending.js"
import { hearing } from "../../../remote/hearing.js"
import type { Command, Ended, Signal } from "../../../remote/remote.js"
import type { RunOptions } from "./types.js"

/** Of what a program writes, the last that an error has, in characters. */
const TAIL = 16_384

/** As it stands in an error, in place of a worker's name. */
const HERE = "this machine"

export function runHere(
  command: Command,
  environment: Readonly<Record<string, string>>,
  options: RunOptions,
  clock: Clock,
): Promise<Ended> {
  return hearing(options, (heard) => run(command, environment, heard, clock))
}

async function run(
  command: Command,
  environment: Readonly<Record<string, string>>,
  { check = true, onOutput, ...options }: RunOptions,
  clock: Clock,
): Promise<Ended> {
  options.signal?.throwIfAborted()
  const [program = "", ...args] = typeof command === "string" ? ["/bin/sh", "-c", command] : command
  const child = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...environment, ...options.environment },
    // A terminal is shared with what is in its own group alone. Else it has a group of its own: what ends it ends what it has started.
    ...(onOutput === undefined ? { stdio: "inherit" } : { stdio: ["ignore", "pipe", "pipe"], detached: true }),
  })
  const tails = { stdout: "", stderr: "" }
  const hear = (stream: "stdout" | "stderr", text: string) => {
    if (text === "") return
    tails[stream] = (tails[stream] + text).slice(-TAIL)
    onOutput?.(stream, text)
  }
  for (const stream of ["stdout", "stderr"] as const) listenTo(child, stream, hear)
  const closed = endOf(child)
  await started(child, program)
  const { signal } = options
  const ended = await endAfter(closed, {
    kill: (name) => (onOutput === undefined ? child.kill(name) : killGroup(child, name)),
    options: signal === undefined ? {} : { signal },
    clock,
  })
  if (!check || ended.exitCode === 0) return ended
  const how = ended.signal === undefined ? `exit code ${ended.exitCode}` : `signal ${ended.signal}`
  const last = (tails.stderr.trim() === "" ? tails.stdout : tails.stderr).trim()
  const message = `${[command].flat().join(" ")}: ${how}${last === "" ? "" : `; the last that it wrote:\n${last}`}`
  throw new CommandError(message, { worker: HERE, exitCode: ended.exitCode, ...tails })
}

function killGroup({ pid = 0, stdout, stderr }: ChildProcess, signal: Signal): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has just ended.
  }
  // What has left the group may hold them open.
  if (signal === "SIGKILL") for (const stream of [stdout, stderr]) stream?.destroy()
}

function listenTo(
  child: ChildProcess,
  name: "stdout" | "stderr",
  hear: (stream: "stdout" | "stderr", text: string) => void,
): void {
  const decoder = new StringDecoder("utf8")
  child[name]?.on("data", (bytes: Buffer) => hear(name, decoder.write(bytes)))
  child[name]?.once("end", () => hear(name, decoder.end()))
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      resolve(signal === null ? { exitCode: code ?? 0 } : { exitCode: 128 + (constants.signals[signal] ?? 0), signal })
    })
  })
}

async function started(child: ChildProcess, program: string): Promise<void> {
  try {
    await once(child, "spawn")
  } catch (cause) {
    const message = `starting ${program}: ${(cause as Error).message}; is it on this machine's path?`
    throw new MusterError(message, { code: "CommandNotStarted", cause })
  }
}
