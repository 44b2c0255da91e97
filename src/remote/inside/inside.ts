/**
 * Inside: the same worker, whose commands run in its container.
 *
 * `docker exec` passes no signal on, and what it has started goes on when it is ended itself. So each command tells its number first and
 * begins when it is told to; a signal goes to that number, by a `docker exec` of its own.
 */
import type { Readable, Writable } from "node:stream"
import { constants } from "node:os"
import { onAbort } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { TimeoutError, TransientError } from "../../errors.js"
import { NOT_UP_YET } from "../../guest/inside.js"
import { endAfter } from "../ending.js"
import { checkLimits } from "../limits.js"
import { handOn, Leader, newMark } from "../leader.js"
import type { Command, Ended, Remote, RemoteProcess, Signal, SpawnOptions } from "../remote.js"
import { beginLine, beginWords, enterWords, type GuestPlace, strikeWords } from "./words.js"

export interface InsidePlace extends GuestPlace {
  /** The name of the worker, for errors. */
  readonly worker: string
  /** Of the container, where it is known. */
  readonly image: string | undefined
  /** A container that is not up yet is waited for so long, in milliseconds; 0: not at all. */
  readonly patienceMs: number
}

/** A worker whose commands run in its container. */
export interface InsideRemote extends Remote {
  /** Of the container, where it is known. */
  readonly image: string | undefined
  /** The machine around it. */
  readonly machine: Remote
  /**
   * The words that have the machine give a file of its own to a command in the container: as standard input, with its size in bytes as
   * one word more.
   *
   * @param before shell text that sets `muster_file`; where it ends, nothing runs in the container.
   */
  pouring(before: string, command: readonly string[]): readonly string[]
}

/** The container is not up yet: it may come, and is asked again. */
export class NotUpError extends TransientError {}

/** From one look for a container to the next, in milliseconds: at first, and twice as long each time, to the most. */
const [LOOK_MS, MOST_LOOK_MS] = [100, 5000]

/** Docker has answered by then, or does not, in milliseconds. */
const START_MS = 60_000

/** A signal that has not arrived after so long does not, in milliseconds. */
const STRIKE_MS = 10_000

/** Docker waits two seconds for what holds the output of an ended command open; after SIGKILL nobody waits much longer, in milliseconds. */
const LAST_MS = 3000

/** Of what docker says, in an error. */
const WORDS_LINES = 5

/**
 * Files and ports are the machine's.
 *
 * @param machine commands run there as whoever reaches the worker.
 */
export function insideRemote(machine: Remote, place: InsidePlace, clock: Clock): InsideRemote {
  const entrance = new Entrance(machine, place, clock)
  return {
    image: place.image,
    machine,
    pouring: (before, command) => enterWords(place, command, before),
    spawn: (command, options = {}) => entrance.spawn(command, options),
    forward: (port, at) => machine.forward(port, at),
    close: () => machine.close(),
  }
}

/** What runs in the container, and waits to begin. */
interface Waiting {
  readonly process: RemoteProcess
  readonly leader: Leader
  readonly stderr: Readable
  readonly pid: string
}

class Entrance {
  readonly #machine: Remote
  readonly #place: InsidePlace
  readonly #clock: Clock

  constructor(machine: Remote, place: InsidePlace, clock: Clock) {
    this.#machine = machine
    this.#place = place
    this.#clock = clock
  }

  /**
   * @throws SpecError for a command or a variable that no machine takes.
   * @throws TransientError with code "ContainerNotEntered" where the command could not begin; NotUpError where it has no container yet.
   */
  async spawn(command: Command, options: SpawnOptions): Promise<RemoteProcess> {
    checkLimits(command, options)
    const { worker, patienceMs } = this.#place
    const until = this.#clock.now() + patienceMs
    for (let pauseMs = LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, MOST_LOOK_MS)) {
      options.signal?.throwIfAborted()
      const waiting = await this.#enter(command, options)
      if (waiting !== undefined) return this.#begin(waiting, beginLine(command, options), options)
      if (this.#clock.now() >= until) throw notUp(worker, patienceMs)
      await this.#clock.sleep(pauseMs, options.signal)
    }
  }

  /** Undefined where the container is not up yet. */
  async #enter(command: Command, { signal, isLasting = false }: SpawnOptions): Promise<Waiting | undefined> {
    // Until it has begun: what ends it later is told inside first.
    const before = new AbortController()
    const unheard = onAbort(signal, () => before.abort(signal?.reason))
    const mark = newMark()
    try {
      const words = enterWords(this.#place, beginWords(mark, command))
      const process = await this.#machine.spawn(words, { isLasting, signal: before.signal })
      const leader = new Leader(mark)
      const source = process.stderr as Readable
      const stderr = handOn(source, leader)
      // One that is cut off ends nothing behind it.
      source.once("close", () => leader.end())
      const heard = await this.#untilHeard(process, leader)
      if (typeof heard === "string") return { process, leader, stderr, pid: heard }
      if (heard.exitCode === NOT_UP_YET) return undefined
      throw notEntered(this.#place, heard, leader.said)
    } finally {
      unheard()
    }
  }

  /** Its number, or how it ended without one. Without the line that has it begin it ends with its input. */
  async #untilHeard(process: RemoteProcess, leader: Leader): Promise<string | Ended> {
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      const { worker } = this.#place
      const error = () =>
        new TimeoutError(`${worker}: docker has not begun a command within ${START_MS / 1000} s`, {
          code: "ContainerSilent",
        })
      cancel = this.#clock.timer(START_MS, () => reject(error()))
    })
    try {
      return await Promise.race([leader.pid, process.ended, late])
    } catch (error) {
      process.ended.catch(() => {})
      process.stdin.end()
      process.kill("SIGKILL")
      throw error
    } finally {
      cancel()
    }
  }

  #begin({ process, leader, stderr, pid }: Waiting, line: string, options: SpawnOptions): RemoteProcess {
    const sent = new Set<Signal>()
    let isOver = false
    const kill = (signal: Signal = "SIGTERM") => {
      if (isOver) return
      sent.add(signal)
      const struck = this.#strike(pid, signal).catch(() => {})
      if (signal !== "SIGKILL") return
      const cancel = this.#clock.timer(STRIKE_MS, () => process.kill("SIGKILL"))
      void struck.then(() => {
        cancel()
        if (!isOver) this.#clock.timer(LAST_MS, () => isOver || process.kill("SIGKILL"))
      })
    }
    const over = endOf(process.ended, leader, sent).finally(() => {
      isOver = true
    })
    const feeding = { stdin: process.stdin as Writable, before: line }
    const ended = endAfter(over, { kill, options, clock: this.#clock, feeding })
    return { stdin: process.stdin, stdout: process.stdout, stderr, ended, kill }
  }

  async #strike(pid: string, signal: Signal): Promise<void> {
    const words = enterWords(this.#place, strikeWords(pid, signal))
    const { stdout, stderr, ended } = await this.#machine.spawn(words, { stdin: "", timeoutMs: STRIKE_MS })
    for (const stream of [stdout, stderr]) stream.resume()
    await ended
  }
}

/** A container's process ends with a code alone: it is by a signal where that was sent, and the code is the signal's. */
async function endOf(ended: Promise<Ended>, leader: Leader, sent: ReadonlySet<Signal>): Promise<Ended> {
  const { exitCode } = await ended
  // What it has written last is passed on by then: to whoever listens, and else to be read.
  const isOver = () =>
    leader.destroyed || (leader.readableFlowing === true ? leader.readableEnded : leader.writableFinished)
  const [end, other] = leader.readableFlowing === true ? (["end", "close"] as const) : (["finish", "close"] as const)
  if (!isOver()) await new Promise((resolve) => leader.once(end, resolve).once(other, resolve))
  const signal = [...sent].find((name) => exitCode === 128 + constants.signals[name])
  return signal === undefined ? { exitCode } : { exitCode, signal }
}

function notUp(worker: string, patienceMs: number): NotUpError {
  const since = patienceMs === 0 ? "" : ` after ${patienceMs / 1000} s`
  const message = `${worker}: its container is not up${since}; muster logs shows how far it is, and { host: true } (--host) runs beside it`
  return new NotUpError(message, { code: "ContainerNotUp" })
}

/** Docker's words, which are no command's. */
function notEntered({ worker, image }: InsidePlace, { exitCode }: Ended, said: string): TransientError {
  const words = said.trim().split("\n").slice(-WORDS_LINES).join("\n") || `exit code ${exitCode}`
  const which = image === undefined ? "" : ` (${image})`
  const message = `${worker}: the command could not begin in the worker's container${which}: ${words}; { host: true } (--host) runs it beside the container`
  return new TransientError(message, { code: "ContainerNotEntered" })
}
