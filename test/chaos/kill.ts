/**
 * Kill it: an owner process dies of SIGKILL at a seeded point; a new process connects by name, scales to the target and
 * closes. Counted is what no crash may cause: a second instance for one that was made, one that nobody ends, and one of
 * somebody else's that is touched. The cloud is a parameter.
 */
import { systemClock } from "../../src/calls/clock.js"
import { startOwner } from "./child.js"
import { chooseDeaths } from "./choose.js"
import type { Errand, Place, Report } from "./errand.js"
import { nameOf, type Point, type SeenPoint } from "./points.js"

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
  readonly provider: Place
  readonly kills: number
  readonly seed: number
  /** Instances to scale to. */
  readonly target: number
  readonly journal: string | false
  readonly name: string
  readonly spec: Errand["spec"]
  /** A fresh look for each kill. */
  readonly evidence: () => Promise<Evidence>
}

/** What one kill came to; empty lists and `running` at the target are what is wanted. */
export interface KillRow {
  readonly point: Point
  readonly afterMs: number
  readonly running: number
  /** From the death to the target, in milliseconds. */
  readonly recoveryMs: number
  /** From the target to nothing, in milliseconds. */
  readonly closeMs: number
  /** Living when it died. */
  readonly survivors: number
  readonly duplicates: readonly string[]
  readonly leaks: readonly string[]
  readonly touched: readonly string[]
  /** What the second process said when it could not do it. */
  readonly problem?: string
}

/** Deaths that did not come because the point was not passed this time (there are fewer looks when it is quick). */
const MOST_MISSES = 20

export async function killRepeatedly(options: KillOptions): Promise<readonly KillRow[]> {
  const deaths = chooseDeaths(await rehearse(options), options.seed)
  const rows: KillRow[] = []
  for (let misses = 0; rows.length < options.kills; ) {
    const row = await killAt(options, deaths.next().value)
    if (row !== undefined) rows.push(row)
    else if (++misses > MOST_MISSES) throw new Error(`${misses} owners ended before they were killed`)
  }
  return rows
}

function errandOf({ provider, name, spec, target, journal }: KillOptions): Errand {
  return { place: provider, name, spec, target, journal, pauses: false }
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
export async function killAt(options: KillOptions, death: NonNullable<Errand["death"]>): Promise<KillRow | undefined> {
  const evidence = await options.evidence()
  if (!(await diesAt(options, death))) return undefined
  const survivors = await evidence.living()
  // Before it closes, an owner ends nothing: whatever began by then must be part of the target.
  const maybeEnded = death.point.phase === "close" ? await evidence.starts() : []
  const diedAt = systemClock.now()
  const successor = startOwner({ ...errandOf(options), pauses: true })
  const scaled = await successor.next()
  const recoveryMs = systemClock.now() - diedAt
  const duplicates = await duplicatesIn(options.target, evidence, maybeEnded)
  const toldAt = systemClock.now()
  if (scaled?.kind === "scaled") successor.goOn()
  const closed = scaled?.kind === "scaled" ? await successor.next() : scaled
  const closeMs = systemClock.now() - toldAt
  const { errors } = await successor.ended
  return {
    point: death.point,
    afterMs: death.afterMs,
    running: scaled?.kind === "scaled" ? scaled.running : 0,
    recoveryMs,
    closeMs,
    survivors: survivors.length,
    duplicates,
    leaks: [...(closed?.kind === "closed" ? closed.leaked : []), ...(await evidence.remains())],
    touched: await evidence.touched(),
    ...problemOf(closed, errors),
  }
}

/** False when the owner came to its end because the point did not come. @throws Error when it failed by itself. */
async function diesAt(options: KillOptions, death: NonNullable<Errand["death"]>): Promise<boolean> {
  const owner = startOwner({ ...errandOf(options), death })
  for (let said = await owner.next(); said !== undefined; said = await owner.next()) {
    if (said.kind === "failed")
      throw new Error(`before its death (${nameOf(death.point)}), ${said.phase}: ${said.message}`)
  }
  return (await owner.ended).signal === "SIGKILL"
}

/** More than the target lives, one began twice, or more began than the target and what the dead owner ended can explain. */
async function duplicatesIn(
  target: number,
  evidence: Evidence,
  maybeEnded: readonly string[],
): Promise<readonly string[]> {
  const [living, starts] = [await evidence.living(), await evidence.starts()]
  const twice = starts.filter((id, index) => starts.indexOf(id) !== index)
  const isEnded = (id: string) => maybeEnded.includes(id) && !living.includes(id)
  const surplus = starts.filter((id) => !isEnded(id)).slice(target)
  return [...new Set([...twice, ...surplus, ...living.slice(target)])]
}

function problemOf(closed: Report | undefined, errors: string): { problem?: string } {
  if (closed?.kind === "closed") return {}
  return { problem: closed?.kind === "failed" ? `${closed.phase}: ${closed.message}` : `it ended early: ${errors}` }
}

function wordsOf({ duplicates, leaks, touched, problem }: KillRow): string {
  const words = [...duplicates, ...leaks, ...touched, ...(problem === undefined ? [] : [problem])]
  return words.length === 0 ? "" : `: ${words.join(", ")}`
}

/** One line for each kill, and the sums. */
export function killTable(title: string, rows: readonly KillRow[], target: number): string {
  const sum = (count: (row: KillRow) => number) => rows.reduce((total, row) => total + count(row), 0)
  const recovered = rows.filter((row) => row.running === target && row.problem === undefined).length
  const lines = rows.map((row, index) => {
    const where = `${nameOf(row.point)}${row.point.edge === "during" ? ` + ${row.afterMs} ms` : ""}`
    const counts = `${row.survivors} survived, ${row.running} after ${row.recoveryMs} ms, 0 after ${row.closeMs} ms, ${row.duplicates.length} twice, ${row.leaks.length} left`
    return `  ${String(index + 1).padStart(2)}  ${where.padEnd(52)} ${counts}${wordsOf(row)}`
  })
  const sums = `kills ${rows.length} | recoveries ${recovered} | duplicates ${sum((row) => row.duplicates.length)} | leaks ${sum((row) => row.leaks.length)} | foreign touched ${sum((row) => row.touched.length)}`
  return [`${title}: ${sums}`, ...lines].join("\n")
}
