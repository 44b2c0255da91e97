/** The process that owns a cluster, and may die at a chosen point: it scales up, closes, and tells its parent. */
import { systemClock } from "../../src/calls/clock.js"
import { watchDisk } from "./disk.js"
import type { Errand, Report } from "./errand.js"
import { nameOf, type Pass, PointCounter, type SeenPoint, WHOLE, withKillPoints } from "./points.js"
import { own } from "./work.js"

const errand = JSON.parse(process.argv[2] ?? "{}") as Errand
const counter = new PointCounter()
const seen: SeenPoint[] = []
let enteredAt = systemClock.now()

function die(): void {
  process.kill(process.pid, "SIGKILL")
}

const pass: Pass = (step, edge) => {
  const point = counter.next(step, edge)
  const { death } = errand
  const isMine = death !== undefined && nameOf(death.point) === nameOf(point)
  if (edge !== "during") {
    seen.push(point)
    if (isMine) die()
    return undefined
  }
  const begun = systemClock.now()
  if (isMine) systemClock.timer(death.afterMs, die)
  return () => void seen.push({ ...point, lastedMs: systemClock.now() - begun })
}

/** Numbers begin anew; the phase that ends can be died in at any moment of it. */
function enter(phase: string): void {
  const now = systemClock.now()
  if (counter.phase !== "") seen.push({ ...counter.next(WHOLE, "during"), lastedMs: now - enteredAt })
  enteredAt = now
  counter.phase = phase
}

/** Resolves when the parent has it: what is said last must not be lost with the process. */
async function tell(report: Report): Promise<void> {
  await new Promise((resolve) => process.send?.(report, undefined, {}, resolve))
}

await watchDisk(pass)
await own(errand, {
  wrap: (provider) => withKillPoints(provider, pass),
  enter,
  tell,
  told: () => new Promise((resolve) => process.once("message", () => resolve())),
  points: () => seen,
})
process.disconnect()
