/** Holding: a cluster is kept as it was asked for until a person says what is to become of it. */
import type { Cluster } from "../../../cluster.js"
import { BudgetError, OwnershipError, ShortfallError, SpecError } from "../../../errors.js"
import { stayOnPurpose } from "../../../exit/idle.js"
import type { ScaleTarget } from "../../../verbs/types.js"
import { nearest, show } from "../../../input/parse.js"
import { deadlineOf } from "../../going-on.js"
import { EXIT, exitCodeOf, InterruptedError } from "../../exit-codes.js"
import { single } from "../../parse.js"
import type { Given, Surroundings } from "../../surroundings.js"
import type { Shown } from "./progress.js"

/** How many were asked for. */
export type Count = number | Readonly<Record<string, number>>

/** What becomes of a cluster whose process is to end. */
const ENDS = ["close", "let-go"] as const
type End = (typeof ENDS)[number]

export interface Held {
  readonly cluster: Cluster
  readonly given: Given
  readonly surroundings: Surroundings
  /** What goes on when it is let go of, as one line. */
  readonly lettingGo: () => string
  /** What becomes of the cluster where no user can be asked. */
  readonly atEnd: End
  readonly progress: Shown
}

/** @throws SpecError for anything but "close" and "let-go". */
export function onInterrupt(given: Given): End {
  const asked = single(given, "on-interrupt") ?? "close"
  const end = ENDS.find((one) => one === asked)
  if (end !== undefined) return end
  const near = nearest(asked, ENDS)
  const message = `is ${show(asked)}; ${near === undefined ? "use close or let-go" : `did you mean ${near}?`}`
  throw new SpecError([{ option: "--on-interrupt", value: asked, message }])
}

/** @param over resolves with "ended", or what stops the cluster for good. @returns the exit code. @throws what stops it. */
export async function hold(held: Held, over: Promise<unknown>): Promise<number> {
  const release = stayOnPurpose()
  try {
    return await untilTold(held, over)
  } finally {
    release()
  }
}

async function untilTold(held: Held, over: Promise<unknown>): Promise<number> {
  const { cluster, surroundings, atEnd, lettingGo, progress } = held
  for (;;) {
    const interrupted = surroundings.interrupts?.(lettingGo)
    const outcome = await Promise.race([over, ...(interrupted === undefined ? [] : [reasonOf(interrupted)])])
    if (outcome === "ended") return EXIT.ok
    if (!(outcome instanceof InterruptedError)) throw outcome
    // Nothing is redrawn over a question. A terminal that was closed has nobody who could answer.
    progress.pause()
    const wish = outcome.signal === "SIGHUP" ? undefined : await askWhat(held)
    progress.resume()
    if (wish === "go on") continue
    const end = wish ?? atEnd
    if (end === "close") await cluster.close()
    else await cluster.detach()
    progress.stop()
    surroundings.say(end === "close" ? `"${cluster.name}" is closed: nothing of it is left\n` : lettingGo())
    return wish === undefined ? exitCodeOf(outcome) : EXIT.ok
  }
}

function reasonOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener("abort", () => resolve(signal.reason), { once: true })
  })
}

/** The user's choice; undefined where no user can be asked. */
async function askWhat({ cluster, surroundings }: Held): Promise<End | "go on" | undefined> {
  const { prompt, say } = surroundings
  if (prompt === undefined) return undefined
  const question = `"${cluster.name}" runs ${cluster.workers.length} workers: (c)lose it, (l)et it go, or (g)o on? [c/l/g] `
  for (;;) {
    const answer = (await prompt(question))?.trim().toLowerCase() ?? "g"
    if (/^c(lose)?$/.test(answer)) return "close"
    if (/^l(et.?(it.?)?go)?$/.test(answer)) return "let-go"
    if (/^g(o.?on)?$/.test(answer) || answer === "") return "go on"
    say(`answer c, l or g\n`)
  }
}

/**
 * Resolves when the cluster has ended by itself: its deadline, or what may be spent, is reached and nothing of it is left, or it was
 * closed; and when it has the no workers that were asked for. A target that is short is said, and goes on being tried for. Else it resolves with the error that stops it.
 */
export async function untilOver(held: Held, count: Count): Promise<unknown> {
  const { cluster, surroundings, progress } = held
  const ended = untilNothingIsLeft(cluster)
  try {
    await cluster.scale(count as ScaleTarget)
    if (isNone(count)) return saidEmpty(held)
  } catch (error) {
    if (!(error instanceof ShortfallError) || isStopped(cluster)) return error
    progress.pause()
    surroundings.say(`${error.message}\nit goes on trying\n`)
    progress.resume()
  }
  return ended
}

function isNone(count: Count): boolean {
  return typeof count === "number" ? count === 0 : Object.values(count).every((own) => own === 0)
}

function saidEmpty({ cluster, surroundings, progress }: Held): "ended" {
  progress.stop()
  surroundings.say(`"${cluster.name}" has no workers, as asked: there is nothing to hold\n`)
  return "ended"
}

async function untilNothingIsLeft(cluster: Cluster): Promise<"ended" | Error> {
  let deadline = Number.POSITIVE_INFINITY
  let problem: Error | undefined
  for await (const event of cluster.events()) {
    if (event.type === "budget" && event.reached) problem = new BudgetError(event.message)
    if (event.type === "problem" && event.error === "OwnershipError") problem = new OwnershipError(event.message)
    if (event.type !== "pass") continue
    const { desired, running, pending, booked, terminating, at } = event
    if (running > 0) deadline = deadlineOf(cluster)
    const isNothingLeft = deadline < Number.POSITIVE_INFINITY && running + pending + booked + terminating === 0
    if (isNothingLeft && (desired === 0 || at >= deadline)) break
    if (running + pending + booked + terminating === 0 && isStopped(cluster)) return stoppedError(cluster)
  }
  return problem ?? "ended"
}

/** Nothing is launched any more for any group that wants workers, such as one whose startups fail again and again. */
function isStopped(cluster: Cluster): boolean {
  const wanting = cluster.explain().groups.filter(({ desired }) => desired > 0)
  return wanting.length > 0 && wanting.every(({ running, stopped }) => running === 0 && stopped !== undefined)
}

function stoppedError(cluster: Cluster): ShortfallError {
  const { groups } = cluster.explain()
  const desired = groups.reduce((sum, group) => sum + group.desired, 0)
  const reasons = groups.flatMap(({ shortfall }) => shortfall.reasons)
  const shortfall = { count: desired, reasons }
  const why = groups.flatMap(({ stopped }) => stopped ?? []).join("; ")
  return new ShortfallError(`"${cluster.name}" has no workers, and launches none any more: ${why}`, {
    desired,
    running: 0,
    shortfall,
  })
}
