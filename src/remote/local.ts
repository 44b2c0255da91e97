/** Local: a worker that is a group of processes on this machine. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { constants } from "node:os"
import type { Clock } from "../calls/clock.js"
import { MusterError } from "../errors.js"
import type { Route } from "../provider.js"
import { endAfter } from "./ending.js"
import { listen } from "./listen.js"
import type { Ended, Forward, Remote, RemoteProcess, Signal, SpawnOptions } from "./remote.js"
import { travelling } from "./shell.js"

/**
 * Commands are started through the words of the route, which bring them into the worker's group, with its environment and in its
 * directory. A variable that is added travels as on any other machine: in no argument list.
 */
export function localRemote(
  { words, address }: Pick<Route & { kind: "local" }, "words" | "address">,
  clock: Clock,
): Remote {
  return {
    async spawn(command, options = {}) {
      const { text, input } = travelling(command, options)
      const [program = "/bin/sh", ...args] = [...words, "/bin/sh", "-c", text]
      const child = spawn(program, args, {
        cwd: "/",
        // A group of its own: what ends the command ends what it started.
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
        env: { PATH: process.env.PATH ?? PLAIN_PATH },
      })
      await started(child, program)
      return processOf(child, { options, input }, clock)
    },
    forward: (port: number, at?: number): Promise<Forward> => listen(async () => ({ host: address, port }), at),
    close: () => Promise.resolve(),
  }
}

/** What left the command's group may hold its output open: after SIGKILL nobody waits longer for it, in milliseconds. */
const LAST_MS = 500

const PLAIN_PATH = "/usr/local/bin:/usr/bin:/bin"

async function started(child: ChildProcess, program: string): Promise<void> {
  try {
    await once(child, "spawn")
  } catch (cause) {
    throw new MusterError(`starting ${program}: ${(cause as Error).message}`, { code: "CommandNotStarted", cause })
  }
}

interface Given {
  readonly options: SpawnOptions
  /** What its standard input begins with. */
  readonly input: string
}

function processOf(child: ChildProcess, { options, input }: Given, clock: Clock): RemoteProcess {
  const { stdin, stdout, stderr, pid } = child
  if (stdin === null || stdout === null || stderr === null || pid === undefined) {
    throw new MusterError("a command was started without its streams")
  }
  let isOver = false
  let cancel = () => {}
  const kill = (signal: Signal = "SIGTERM") => {
    if (isOver) return
    if (signal === "SIGKILL") {
      cancel()
      cancel = clock.timer(LAST_MS, () => [stdout, stderr].map((stream) => stream.destroy()))
    }
    try {
      process.kill(-pid, signal)
    } catch {
      // It has just ended.
    }
  }
  const closed = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => {
      isOver = true
      cancel()
      resolve(signal === null ? { exitCode: code ?? 0 } : { exitCode: 128 + (constants.signals[signal] ?? 0), signal })
    })
  })
  const ended = endAfter(closed, { kill, options, clock, feeding: { stdin, before: input } })
  return { stdin, stdout, stderr, ended, kill }
}
