/**
 * Kill it: an owner process dies of SIGKILL at a seeded point; the next owner connects by name, scales to the target and
 * closes. Counted is what no crash may cause: a second instance for one that was made, one that nobody ends, and one of
 * somebody else's that is touched. The cloud is a parameter.
 */
import { systemClock } from "../../src/calls/clock.js"
import { startOwner, type Worker } from "./child.js"
import { chooseDeaths } from "./choose.js"
import type { Death, Errand, Report } from "./errand.js"
import type { Place } from "./places.js"
import type { SeenPoint } from "./points.js"
import type { SharedTime } from "./time.js"

/** What the cloud itself knows, behind the library's back. All of it is about the one cluster under test. */
export interface Evidence {
  /** Ids of the instances that run or will, and have not been told to end. */
  living(): Promise<readonly string[]>
  /** One entry for each time that an instance has begun to run, ever. */
  starts(): Promise<readonly string[]>
  /** Whatever is left, in words. */
  remains(): Promise<readonly string[]>
  /** What of somebody else's no longer is as it was, in words. */
  touched(): Promise<readonly string[]>
}

export interface KillOptions {
  readonly place: Place
  readonly kills: number
  readonly seed: number
  /** Instances to scale to. */
  readonly target: number
  readonly journal: string | false
  readonly name: string
  readonly spec: Errand["spec"]
  readonly time?: SharedTime
  /** For how long what a list has missed may differ from the target, in milliseconds of this machine. */
  readonly lagMs: number
  /** A fresh look for each kill. */
  readonly evidence: () => Promise<Evidence>
  /** Who comes after a death: a new process, unless told otherwise. */
  readonly successor?: (errand: Errand) => Worker
  /** Hears of each kill as it is done. */
  readonly onRow?: (row: KillRow) => void
}

/** What one kill came to; empty lists, and as many running and living as were asked for, are what is wanted. */
export interface KillRow extends Death {
  readonly running: number
  /** What the cloud itself says of that. */
  readonly living: number
  /** From the death to the target, in milliseconds. */
  readonly recoveryMs: number
  /** From the target to nothing, in milliseconds. */
  readonly closeMs: number
  /** Living when it died. */
  readonly survivors: number
  readonly duplicates: readonly string[]
  /** Instances that began beyond the target and were taken away again: without a journal nothing tells what was made unseen. */
  readonly surplus: number
  readonly leaks: readonly string[]
  readonly touched: readonly string[]
  /** What an owner said when it could not do it. */
  readonly problem?: string
}

/** Deaths that did not come because the point was not passed this time, per kill: there are fewer looks when the machine is quicker than it was in the rehearsal. */
const MOST_MISSES_EACH = 6

export async function killRepeatedly(options: KillOptions): Promise<readonly KillRow[]> {
  const deaths = chooseDeaths(await rehearse(options), options.seed)
  const rows: KillRow[] = []
  for (let misses = 0; rows.length < options.kills; ) {
    const row = await killAt(options, deaths.next().value)
    if (row === undefined) {
      misses += 1
      if (misses > options.kills * MOST_MISSES_EACH) throw new Error(`${misses} owners ended before they were killed`)
      continue
    }
    options.onRow?.(row)
    rows.push(row)
  }
  return rows
}

function errandOf({ place, name, spec, target, journal, time }: KillOptions): Errand {
  return { place, name, spec, target, journal, pauses: false, ...(time === undefined ? {} : { time }) }
}

/** One owner that lives to its end, to learn which points there are. */
async function rehearse(options: KillOptions): Promise<readonly SeenPoint[]> {
  const owner = startOwner(errandOf(options))
  for (let said = await owner.next(); said !== undefined; said = await owner.next()) {
    if (said.kind === "closed") {
      await owner.ended
      return said.points
    }
    if (said.kind === "failed") throw new Error(`rehearsing, ${said.phase}: ${said.message}`)
  }
  const { signal, errors } = await owner.ended
  throw new Error(`rehearsing: the owner ended with ${String(signal)} and said nothing: ${errors}`)
}

/** One death, and what the next owner makes of it; undefined when the point was not passed. */
export async function killAt(options: KillOptions, death: Death): Promise<KillRow | undefined> {
  const evidence = await options.evidence()
  const before = await diesAt(options, death)
  if (before === "lived") return undefined
  const survivors = await evidence.living()
  // Before it closes, an owner ends nothing: whatever began by then must be part of the target.
  const maybeEnded = death.point.phase === "close" ? await evidence.starts() : []
  const diedAt = systemClock.now()
  const successor = (options.successor ?? startOwner)({ ...errandOf(options), pauses: true })
  const scaled = await successor.next()
  const recoveryMs = systemClock.now() - diedAt
  const living = scaled?.kind === "scaled" ? await livingAtRest(options, evidence) : await evidence.living()
  const { duplicates, surplus } = await surplusIn(options, evidence, { living, maybeEnded })
  const toldAt = systemClock.now()
  if (scaled?.kind === "scaled") successor.goOn()
  const closed = scaled?.kind === "scaled" ? await successor.next() : scaled
  const closeMs = systemClock.now() - toldAt
  const { errors } = await successor.ended
  return {
    ...death,
    running: scaled?.kind === "scaled" ? scaled.running : 0,
    living: living.length,
    recoveryMs,
    closeMs,
    survivors: survivors.length,
    duplicates,
    surplus,
    leaks: [...(closed?.kind === "closed" ? closed.leaked : []), ...(await evidence.remains())],
    touched: await evidence.touched(),
    ...problemOf(before, closed, errors),
  }
}

/** Whether it died as it was told, came to its end because the point did not come, or in words why it failed by itself. */
async function diesAt(options: KillOptions, death: Death): Promise<"died" | "lived" | { readonly failed: string }> {
  const owner = startOwner({ ...errandOf(options), death })
  let failed: string | undefined
  for (let said = await owner.next(); said !== undefined; said = await owner.next()) {
    if (said.kind === "failed") failed = `before its death, ${said.phase}: ${said.message}`
  }
  const { signal, errors } = await owner.ended
  if (failed !== undefined) return { failed }
  if (signal === "SIGKILL") return "died"
  return errors === "" ? "lived" : { failed: `before its death: ${errors}` }
}

/**
 * A list may have shown what the dead owner had told to end, so that the target is reached a moment later. More than the
 * target is never right, but without a journal: what lists show late is taken away when they do.
 */
async function livingAtRest({ target, lagMs, journal }: KillOptions, evidence: Evidence): Promise<readonly string[]> {
  const deadline = systemClock.now() + lagMs
  for (;;) {
    const living = await evidence.living()
    const isAtRest = journal === false ? living.length === target : living.length >= target
    if (isAtRest || systemClock.now() > deadline) return living
    await systemClock.sleep(20)
  }
}

/** More than the target lives, one began twice, or more began than the target and what the dead owner ended can explain. */
async function surplusIn(
  { target, journal }: KillOptions,
  evidence: Evidence,
  { living, maybeEnded }: { readonly living: readonly string[]; readonly maybeEnded: readonly string[] },
): Promise<Pick<KillRow, "duplicates" | "surplus">> {
  const starts = await evidence.starts()
  const twice = starts.filter((id, index) => starts.indexOf(id) !== index)
  const isEnded = (id: string) => maybeEnded.includes(id) && !living.includes(id)
  const surplus = starts.filter((id) => !isEnded(id)).slice(target)
  const wrong = journal === false ? [] : surplus
  return { duplicates: [...new Set([...twice, ...wrong, ...living.slice(target)])], surplus: surplus.length }
}

function problemOf(
  before: "died" | { readonly failed: string },
  closed: Report | undefined,
  errors: string,
): { problem?: string } {
  const early = before === "died" ? [] : [before.failed]
  const late = closed?.kind === "failed" ? [`${closed.phase}: ${closed.message}`] : []
  const silent = closed === undefined ? [`it ended early: ${errors}`] : []
  const words = [...early, ...late, ...silent]
  return words.length === 0 ? {} : { problem: words.join("; ") }
}

/** Whether the next owner had exactly the target, nothing is left, and nothing else was touched. */
export function isUnharmed(row: KillRow, target: number): boolean {
  const { running, living, duplicates, leaks, touched, problem } = row
  const isExact = running === target && living === target && problem === undefined
  return isExact && [...duplicates, ...leaks, ...touched].length === 0
}
