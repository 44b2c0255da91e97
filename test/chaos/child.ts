/** An owner process, seen from its parent. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { systemClock } from "../../src/calls/clock.js"
import type { Errand, Report } from "./errand.js"
import { WHOLE } from "./points.js"

/** Beside this file where it is a program; the tests, which run from sources, start what was made of it. */
const OWNER = import.meta.url.endsWith(".ts") ? "../../.cache/js/test/chaos/owner.js" : "./owner.js"

/** Far above what an owner needs for its few instances, also on a machine busy with other tests. */
const PATIENCE_MS = 400_000

export interface Ending {
  /** The signal that ended it; null when it came to its end. */
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

/** Somebody who does an errand. */
export interface Worker {
  /** The next thing that it says; undefined when it has ended. */
  next(): Promise<Report | undefined>
  /** Lets one that pauses go on. */
  goOn(): void
  readonly ended: Promise<Ending>
}

export function startOwner(errand: Errand): Worker {
  const child = fork(fileURLToPath(new URL(OWNER, import.meta.url)), [JSON.stringify(errand)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  })
  const reports = new Reports()
  child.on("message", (message) => {
    const report = message as Report
    if (report.kind === "begun") killWithin(child, errand, report.phase)
    else reports.say(report)
  })
  const ended = endOf(child)
  void ended.then(() => reports.end())
  return { ended, goOn: () => void child.send("go on"), next: () => reports.next() }
}

/** What was said and not yet heard. */
export class Reports {
  readonly #said: Report[] = []
  #isOver = false
  #wake = () => {}

  say(report: Report): void {
    this.#said.push(report)
    this.#wake()
  }

  end(): void {
    this.#isOver = true
    this.#wake()
  }

  /** Undefined when there will be no more. */
  async next(): Promise<Report | undefined> {
    while (this.#said.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#said.shift()
  }
}

/** From outside, so that it dies at any instruction and not only between two turns of its event loop. */
function killWithin(child: ChildProcess, { death }: Errand, phase: string): void {
  if (death?.point.step !== WHOLE || death.point.phase !== phase) return
  systemClock.timer(death.afterMs, () => void child.kill("SIGKILL"))
}

async function endOf(child: ChildProcess): Promise<Ending> {
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
