/** What guests do to their instances. The world plays those of its own provider; on a wire the real program runs. */
import { TAG } from "../../fleet/tags.js"
import { endedTag, markPrefix } from "../../guest/marks.js"
import type { WhenDone } from "../../provider.js"
import { leave, powerOff } from "./ending.js"
import { type Life, stateAt } from "./life.js"
import { sampleSpan } from "./luck.js"
import { nowOf, type WorldState } from "./state.js"

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
  const running = (at: number, act: () => void) =>
    state.agenda.add(at, () => {
      if (stateAt(life, at) === "running") act()
    })
  running(life.runningAt, () => mark(life, guest, ["0 startup begun"]))
  if (guest.readyTimeoutS !== undefined)
    playCheck(state, life, guest, { running, timeoutMs: guest.readyTimeoutS * 1000 })
  if (end === undefined) return
  const { exitCode = 0, afterMs = STARTUP_ENDS_MS, tail = "" } = end
  const at = life.runningAt + afterMs
  const told = tail === "" ? [] : tail.split("\n").map((line) => `| ${line}`)
  running(at, () => {
    mark(life, guest, [`${afterMs} startup ended ${exitCode}`, ...told, `${afterMs} done startup ${exitCode}`])
    followUp(state, life, guest, { at, exitCode })
  })
}

interface Playing {
  readonly running: (at: number, act: () => void) => void
  readonly timeoutMs: number
}

/** Its check passes some time after its startup has begun, or never, as the script of faults says. */
function playCheck(state: WorldState, life: Life, guest: PlayedGuest, { running, timeoutMs }: Playing): void {
  const failing = state.faults.nextCheck(life.offer)
  const passesMs = sampleSpan(state.latency.readyMs, state.luck.delays)
  running(life.runningAt, () => mark(life, guest, ["0 ready begun"]))
  if (failing === undefined && passesMs <= timeoutMs) {
    running(life.runningAt + passesMs, () => mark(life, guest, [`${passesMs} ready ended 0`]))
    return
  }
  const { exitCode = 1, tail = "" } = failing ?? {}
  const words = [`${exitCode} check`, ...(tail === "" ? [] : tail.split("\n"))].map((line) => `ready| ${line}`)
  running(life.runningAt + timeoutMs, () => mark(life, guest, [...words, `${timeoutMs} ready ended ${exitCode}`]))
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
