/** What guests do to their instances. The world plays those of its own provider; on a wire the real program runs. */
import { TAG } from "../../fleet/tags.js"
import { endedTag, markPrefix } from "../../guest/marks.js"
import type { WhenDone } from "../../provider.js"
import { leave, powerOff } from "./ending.js"
import { type GuestBoot, type Life, stateAt } from "./life.js"
import { sampleSpan, type Span } from "./luck.js"
import { drawLatency, nowOf, type WorldState } from "./state.js"

/** What the world plays of a guest: its startup, which goes on until the script of faults ends it, and what follows. */
export type PlayedGuest = {
  /** The cluster's, for the marks on the console. */
  readonly uid: string
  readonly whenDone: { readonly [K in keyof WhenDone]: WhenDone[K] }
  /** `power-off`: it powers itself off. `delete`: it writes the tag `muster-ended`, lingers, and deletes itself by its own identity. */
  readonly endsBy: "power-off" | "delete"
  /** It looks so long whether it is ready, in seconds; left out: nobody asks. */
  readonly readyTimeoutS?: number
}

/** For so long, in milliseconds, a guest lingers that has told its verdict by a tag. */
const LINGER_MS = 180_000

const STARTUP_ENDS_MS = 20_000

/** A console keeps so much, in characters (Compute Engine, "Viewing serial port output": 1 MB). */
const CONSOLE_CHARS = 1024 * 1024

/** Adds to the console of an instance that runs. */
export function write(state: WorldState, id: string, text: string): void {
  const life = state.inventory.get(id)
  if (life === undefined || stateAt(life, nowOf(state)) !== "running") return
  life.console = (life.console + text).slice(-CONSOLE_CHARS)
}

/** Plays the guest of an instance that was just made: nothing happens before it runs, or once it does no more. */
export function play(state: WorldState, life: Life, guest: PlayedGuest): void {
  const end = state.faults.nextStartup(life.offer)
  const startedAt = life.runningAt + drawGuest(state, state.settings.guestTimes.systemMs)
  const act: Act = (at, lines) =>
    state.agenda.add(at, () => {
      if (stateAt(life, at) === "running") mark(life, guest, lines(Math.max(0, Math.round(at - startedAt))))
    })
  const steps = playSteps(state, startedAt, act)
  const begunAt = steps.at(-1)?.[1] ?? startedAt
  act(begunAt, (ms) => [`${ms} startup begun`])
  const readyAt =
    guest.readyTimeoutS === undefined ? undefined : playChecks(state, life, { guest, startedAt, begunAt, act })
  life.guestBoot = { startedAt, steps, ...(readyAt === undefined ? {} : { readyAt }) }
  if (end === undefined) return
  const { exitCode = 0, afterMs = STARTUP_ENDS_MS, tail = "" } = end
  const at = Math.max(begunAt, life.runningAt + afterMs)
  state.agenda.add(at, () => {
    if (stateAt(life, at) !== "running") return
    const ms = Math.max(0, Math.round(at - startedAt))
    mark(life, guest, [`${ms} startup ended ${exitCode}`, ...told(tail), `${ms} done startup ${exitCode}`])
    followUp(state, life, guest, { at, exitCode })
  })
}

/** At a moment, lines by the milliseconds since the guest's start. */
type Act = (at: number, lines: (ms: number) => readonly string[]) => void

function drawGuest({ luck }: WorldState, span: Span): number {
  return sampleSpan(span, luck.delays)
}

function playSteps(state: WorldState, startedAt: number, act: Act): GuestBoot["steps"] {
  let at = startedAt
  return Object.entries(state.settings.guestTimes.steps).map(([step, span]) => {
    act(at, (ms) => [`${ms} ${step} begun`])
    at += drawGuest(state, span)
    act(at, (ms) => [`${ms} ${step} ended 0`])
    return [step, at] as const
  })
}

interface Checking {
  readonly guest: PlayedGuest
  readonly startedAt: number
  /** When its startup has begun. */
  readonly begunAt: number
  readonly act: Act
}

/** When they pass: never where the script of faults says so, or where their time is over before. */
function playChecks(state: WorldState, life: Life, { guest, startedAt, begunAt, act }: Checking): number {
  const { readyTimeoutS = 0 } = guest
  const fault = state.faults.nextCheck(life.offer)
  const passesAt = begunAt + drawLatency(state, "readyMs")
  const givesUpAt = Math.max(begunAt, startedAt + readyTimeoutS * 1000)
  act(begunAt, (ms) => [`${ms} ready begun`])
  if (fault === undefined && passesAt <= givesUpAt) {
    act(passesAt, (ms) => [`${ms} ready ended 0`])
    return passesAt
  }
  const { exitCode = 1, tail = "" } = fault ?? {}
  const words = [`${exitCode} check`, ...(tail === "" ? [] : tail.split("\n"))].map((line) => `ready| ${line}`)
  act(givesUpAt, (ms) => [...words, `${ms} ready ended ${exitCode}`])
  return Number.POSITIVE_INFINITY
}

function told(tail: string): readonly string[] {
  return tail === "" ? [] : tail.split("\n").map((line) => `| ${line}`)
}

function mark(life: Life, { uid }: PlayedGuest, lines: readonly string[]): void {
  life.console += lines.map((line) => `${markPrefix(uid)}${line}\n`).join("")
}

interface Ended {
  readonly at: number
  readonly exitCode: number
}

/** What its policy says of this end. */
function followUp(state: WorldState, life: Life, { whenDone, endsBy }: PlayedGuest, { at, exitCode }: Ended): void {
  if ((exitCode === 0 ? whenDone.success : whenDone.failure) === "keep") return
  if (endsBy === "power-off") {
    powerOff(state, life, at)
    return
  }
  state.inventory.retag(life, { ...life.tags, [TAG.ended]: endedTag({ step: "startup", exitCode }) })
  leave(state, life, { at: at + LINGER_MS, byRequest: true })
}
