/**
 * Boot: when the parts of one worker's boot were over. Pure.
 *
 * The owner knows when the launch call was sent, when it was answered, and when a look first showed the instance running. The guest's
 * marks count from its own start, by a clock that no one sets: what day the worker's clock has does not matter. When that start was, by
 * the owner's clock, follows from what was heard: a mark of 5,000 ms that is heard at a moment was begun 5,000 ms before it, or earlier.
 * The earliest of these is kept.
 */

/** What a guest's marks say of its boot. Milliseconds since its start. */
export interface BootMarks {
  /** Steps that have ended before it was ready, in their order. */
  readonly ended: readonly StepEnd[]
  /** The step that goes on. */
  readonly current?: { readonly step: string; readonly sinceMs: number }
  /** When its checks had passed. */
  readonly readyMs?: number
  /** The latest moment that it has told; left out after a restart, from where on it counts anew. */
  readonly latestMs?: number
}

export interface StepEnd {
  readonly step: string
  readonly atMs: number
  readonly exitCode: number
}

/** What is kept of a worker's boot, as small as it can be: ten thousand workers have one each. Moments are in milliseconds since 1970. */
export interface Boot {
  /** When its launch call was sent first; left out where this process did not send it. */
  readonly requestedAt?: number
  /** It ran already when this process saw it first: its parts are known where its guest tells them. */
  readonly isFound?: true
  /** It is ready when the head of an engine says so. */
  readonly joins?: boolean
  /** When the answer, or a list, showed it first; of one that ran already when the cloud says that it was made. */
  readonly acceptedAt: number
  /** When it was seen to run first. */
  runningAt?: number
  /** When its guest was heard first. */
  reachedAt?: number
  /** When its guest had started at the latest. */
  guestAt?: number
  /** Steps as name, end in milliseconds since the guest's start, exit code: one after the other. */
  steps?: readonly (string | number)[]
  current?: BootMarks["current"] | undefined
  /** When its checks had passed, in milliseconds since the guest's start. */
  readyMs?: number
  /** When the owner knew that it was ready. */
  readyAt?: number
  /** When it went before it was ready. */
  endedAt?: number
}

const MARK = /^(\d{1,12}) ([a-z]{1,20}) (begun|ended)(?: (\d{1,3}))?/

/** So many steps are kept of what a worker writes. */
const MOST_STEPS = 24

/** One text for each name: what a regular expression finds is a new one every time. Workers may write any names. */
const names = new Map<string, string>()
const MOST_NAMES = 100

function shared(name: string): string {
  const known = names.get(name)
  if (known === undefined && names.size < MOST_NAMES) names.set(name, name)
  return known ?? name
}

/** Reads the lines of a status file. `ready` and `health` go on beside the steps. */
export function readBootMarks(lines: readonly string[]): BootMarks {
  const ended: StepEnd[] = []
  let current: BootMarks["current"]
  let readyMs: number | undefined
  let latestMs = 0
  for (const line of lines) {
    const [, ms, step, what, code] = MARK.exec(line) ?? []
    if (ms === undefined || step === undefined) continue
    if (step === "reboot") return { ended, ...(readyMs === undefined ? {} : { readyMs }) }
    const atMs = Number(ms)
    latestMs = Math.max(latestMs, atMs)
    if (step === "health" || readyMs !== undefined) continue
    if (step === "ready") {
      if (what === "ended" && code === "0") readyMs = atMs
    } else if (what === "begun") current = { step, sinceMs: atMs }
    else {
      if (ended.length < MOST_STEPS) ended.push({ step, atMs, exitCode: Number(code ?? 0) })
      if (current?.step === step) current = undefined
    }
  }
  const goesOn = readyMs === undefined && current !== undefined ? { current } : {}
  return { ended, ...goesOn, ...(readyMs === undefined ? {} : { readyMs }), latestMs }
}

/**
 * Takes in what a guest has told.
 *
 * @param nowMs what its own clock showed when it told it, in milliseconds since its start, where it says so.
 */
export function noteMarks(boot: Boot, marks: BootMarks, now: number, nowMs?: number): void {
  boot.reachedAt ??= now
  if (boot.readyAt !== undefined) return
  // Its last mark may be of long ago.
  if (boot.isFound && nowMs === undefined) return
  if (marks.latestMs !== undefined) {
    const startedAt = now - Math.max(nowMs ?? 0, marks.latestMs)
    boot.guestAt = Math.max(boot.acceptedAt, Math.min(boot.guestAt ?? startedAt, startedAt))
  }
  boot.steps = marks.ended.flatMap(({ step, atMs, exitCode }) => [shared(step), atMs, exitCode])
  boot.current = marks.current
  if (marks.readyMs === undefined) return
  boot.readyMs = marks.readyMs
  // What was heard of long ago, others have heard: when the guest says that it was ready is all there is.
  if (boot.isFound && boot.guestAt !== undefined) boot.readyAt = boot.guestAt + marks.readyMs
}

/** A part of a boot, and how long it took, in milliseconds. */
export interface PhaseTime {
  /** `request`, `machine`, `system`, a step of the guest's, `ready`, `join`, `told`. */
  readonly phase: string
  readonly ms: number
}

/**
 * Where the time of a boot went, in its order. The parts add up to all of it, from when its launch call was sent until it was known to be
 * ready, or until `now` where it is not: then the last part is the one that goes on, or in which it ended.
 */
export function phasesOf(boot: Boot, now: number): readonly PhaseTime[] {
  const { requestedAt, acceptedAt, runningAt, guestAt, steps = [], current, readyMs, readyAt, endedAt, joins } = boot
  const end = readyAt ?? endedAt ?? now
  const phases: PhaseTime[] = []
  let last = requestedAt ?? acceptedAt
  const until = (phase: string, at: number) => {
    const to = Math.max(last, Math.min(at, end))
    // A name that comes twice is one part.
    const before = phases.findIndex((one) => one.phase === phase)
    if (before < 0) phases.push({ phase, ms: to - last })
    else phases[before] = { phase, ms: (phases[before]?.ms ?? 0) + to - last }
    last = to
  }
  if (requestedAt !== undefined) until("request", acceptedAt)
  const ranAt = Math.min(runningAt ?? Number.POSITIVE_INFINITY, guestAt ?? Number.POSITIVE_INFINITY)
  until("machine", ranAt)
  if (ranAt === Number.POSITIVE_INFINITY || (readyAt !== undefined && readyMs === undefined && joins !== true)) {
    // Nothing says when it is ready but that it runs.
    until("machine", end)
    return phases
  }
  if (guestAt === undefined) {
    // Without checks nobody asks the guest.
    until(joins === true ? "join" : "system", end)
    return phases
  }
  if (boot.isFound === undefined) until("system", guestAt)
  for (let at = 0; at < steps.length; at += 3) until(String(steps[at]), guestAt + Number(steps[at + 1]))
  if (readyMs !== undefined) until("ready", guestAt + readyMs)
  // Ready without a check that has passed: it has none, and its startup goes on.
  const isLast = readyMs !== undefined || readyAt !== undefined
  if (boot.isFound === undefined || readyMs === undefined)
    until(isLast ? (joins === true ? "join" : "told") : (current?.step ?? "ready"), end)
  return phases
}
