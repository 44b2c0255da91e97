/** An owner process, seen from its parent. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { systemClock } from "../../src/calls/clock.js"
import type { Errand, Report } from "./errand.js"

const OWNER = fileURLToPath(new URL("../../dist/test/chaos/owner.js", import.meta.url))

/** Far above what an owner needs for its few instances, also on a machine busy with other tests. */
const PATIENCE_MS = 110_000

export interface Death {
  /** The signal that ended it; null when it came to its end. */
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

export interface OwnerProcess {
  /** The next thing that it says; undefined when it has ended. */
  next(): Promise<Report | undefined>
  /** Lets one that pauses go on. */
  goOn(): void
  readonly ended: Promise<Death>
}

export function startOwner(errand: Errand): OwnerProcess {
  const child = fork(OWNER, [JSON.stringify(errand)], { stdio: ["ignore", "ignore", "pipe", "ipc"] })
  const reports: Report[] = []
  let wake = () => {}
  child.on("message", (report) => {
    reports.push(report as Report)
    wake()
  })
  let isOver = false
  const ended = deathOf(child)
  void ended.then(() => {
    isOver = true
    wake()
  })
  return {
    ended,
    goOn: () => void child.send("go on"),
    next: async () => {
      while (reports.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return reports.shift()
    },
  }
}

async function deathOf(child: ChildProcess): Promise<Death> {
  let errors = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text
  })
  const cancel = systemClock.timer(PATIENCE_MS, () => void child.kill("SIGTERM"))
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once("close", (_code, by) => resolve(by))
    child.once("error", reject)
  })
  cancel()
  return { signal, errors }
}
