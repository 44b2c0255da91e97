/** Shows the progress of a cluster: listens to it, looks at it now and then, and writes what is due. */
import type * as Zod from "zod"
import { type Clock, systemClock } from "../calls/clock.js"
import { meanwhile } from "../calls/timers.js"
import { parseOptions, type Z } from "../input/parse.js"
import { plainLines } from "../text.js"
import { jsonDue, NOTHING_WRITTEN } from "./json.js"
import { type Look, lookFor, modeFor, type ProgressMode, type ProgressStream } from "./look.js"
import { ProgressModel } from "./model/model.js"
import { Output } from "./output.js"
import { NOTHING_SAID, plainDue } from "./plain.js"
import { Screen } from "./screen.js"
import { frameOf } from "./terminal.js"
import type { ProgressView, Watched, Work } from "./model/types.js"

export interface ProgressOptions {
  /** Where it is written; `process.stderr` by default, so that standard output stays the program's own. */
  readonly stream?: ProgressStream
  /**
   * "terminal": a frame of at most 12 lines, redrawn in place. "plain": a line for each change, and one every 15 s. "json": one
   * object a line, with `v`, the version. "quiet": nothing. "auto", the default: "terminal" on one that can be redrawn, where `CI`
   * is not set; else "plain".
   */
  readonly mode?: ProgressMode
  /** The clock that the cluster was given; the machine's own by default. */
  readonly clock?: Clock
}

/** Progress that is being shown. */
export interface Progress extends Disposable {
  /**
   * Writes lines of the program's own: above the frame on a terminal, among the other lines in a log. Where JSON or nothing is shown
   * they are left out.
   */
  say(text: string): void
  /** Shows how much of what the workers do is done, from now on. */
  tell(work: Work): void
  /**
   * Takes the frame off the terminal and gives the cursor back, so that the program can ask a question; in a log no line is written.
   * Other clusters on the same terminal wait as well. What happens meanwhile is counted.
   */
  pause(): void
  /** Shows it again, below what was written meanwhile, with all that has happened since. */
  resume(): void
  /** Writes the last state and ends; the cursor is back. Calling it again does nothing. It ends by itself when the cluster does. */
  stop(): void
}

const TICK_MS = 100
/** A look at the cluster costs more than an event does. */
const LOOK_MS = 1_000
/** A look that takes long, as of thousands of workers, is followed by so many times as long. */
const LOOK_SHARE = 100

/**
 * Shows how far a cluster is, until it is closed or let go of, or `stop` is called: what runs, boots and is missing, what went wrong
 * by kind and code and when it is tried again, when all will run, what it costs. It asks no cloud, and changes nothing.
 *
 * Colours follow NO_COLOR and FORCE_COLOR, characters beyond ASCII the locale. Two on one terminal are shown one below the other.
 * The cursor comes back when the process ends by a signal or an exception, too.
 *
 * @example
 * using _shown = showProgress(cluster)
 * await cluster.scale(100)
 *
 * @throws SpecError when an option is wrong.
 */
export function showProgress(cluster: Watched, options: ProgressOptions = {}): Progress {
  parseOptions("showProgress", optionsSchema, options)
  const { clock = systemClock, stream = process.stderr, mode = "auto" } = options
  const model = new ProgressModel(cluster.name, clock.now())
  model.begin(cluster.workers, clock.now())
  const display = displayFor(mode, stream, () => model.view(clock.now()), clock)
  const look = lookAt(cluster, model, clock)
  const stopHearing = cluster.on("*", (event) => {
    model.hear(event, clock.now())
    // At once: the caller that closed the cluster may write next.
    if (event.type === "closed") stop()
  })
  let isPaused = false
  const stopTicking = every(clock, TICK_MS, () => {
    look(false)
    if (!isPaused) display.tick()
  })
  const forget = whenOver(cluster, () => stop())
  let isOver = false
  const stop = () => {
    if (isOver) return
    isOver = true
    stopTicking()
    stopHearing()
    look(true)
    display.end()
    forget()
  }
  look(true)
  display.tick()
  return {
    say: (text) => display.say(plainLines(text)),
    tell: (work) => model.tell(work),
    pause: () => {
      isPaused = true
      if (!isOver) display.pause()
    },
    resume: () => {
      isPaused = false
      if (!isOver) display.resume()
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

/** Calls `stop` when the cluster has no more to tell. @returns what ends that: who listens on is there for as long as the cluster is. */
function whenOver(cluster: Watched, stop: () => void): () => void {
  const events = cluster.events()
  const untilOver = async () => {
    while ((await events.next()).done !== true);
  }
  void untilOver().then(stop)
  return () => void events.return(undefined)
}

/** Takes over what no event tells, when a look is due. */
function lookAt(cluster: Watched, model: ProgressModel, clock: Clock): (isDue: boolean) => void {
  let nextAt = 0
  return (isDue) => {
    const begunAt = clock.now()
    if (begunAt < nextAt && !isDue) return
    model.see(cluster.explain(), cluster.cost(), begunAt)
    const tookMs = clock.now() - begunAt
    nextAt = begunAt + Math.max(LOOK_MS * speedOf(clock), tookMs * LOOK_SHARE)
  }
}

/** Calls `fn` every `ms` of the machine's time, or of a virtual clock's. What is only shown keeps no process alive. */
function every(clock: Clock, ms: number, fn: () => void): () => void {
  if (clock.isReal === true) return meanwhile(ms, fn)
  let cancel = () => {}
  const wait = () => {
    cancel = clock.timer(ms * speedOf(clock), () => {
      fn()
      wait()
    })
  }
  wait()
  return () => cancel()
}

function speedOf({ speed = 1 }: Clock): number {
  return speed
}

/** What shows it: `tick` writes what is due, which is not asked for between `pause` and `resume`; `end` writes the last state. */
interface Display {
  tick(): void
  pause(): void
  resume(): void
  end(): void
  say(text: string): void
}

const nothing = () => {}

function displayFor(asked: ProgressMode, stream: ProgressStream, view: () => ProgressView, clock: Clock): Display {
  const mode = modeFor(asked, stream, process.env)
  const look = lookFor(stream, process.env, process.platform)
  switch (mode) {
    case "terminal":
      return terminalDisplay(stream, view, look, clock)
    case "plain":
      return plainDisplay(Output.to(stream), view, look)
    case "json":
      return jsonDisplay(Output.to(stream), view)
    case "quiet":
      return { tick: nothing, pause: nothing, resume: nothing, end: nothing, say: nothing }
  }
}

function terminalDisplay(stream: ProgressStream, view: () => ProgressView, look: Look, clock: Clock): Display {
  const screen = Screen.on(stream)
  const frame = (size: Parameters<typeof frameOf>[1]) => frameOf(view(), size, look)
  screen.add(frame)
  const tick = () => screen.draw(clock.now(), speedOf(clock))
  return {
    tick,
    pause: () => screen.pause(frame),
    resume: () => {
      screen.resume(frame)
      tick()
    },
    end: () => screen.remove(frame),
    say: (text) => screen.say(text),
  }
}

function plainDisplay(output: Output, view: () => ProgressView, { unicode }: Look): Display {
  let said = NOTHING_SAID
  const write = (isLast: boolean) => {
    const due = plainDue(view(), said, { unicode, isLast })
    said = due.said
    if (due.lines.length > 0) output.write(`${due.lines.join("\n")}\n`)
  }
  return {
    tick: () => write(false),
    pause: nothing,
    resume: nothing,
    end: () => write(true),
    say: (text) => output.write(`${text}\n`),
  }
}

function jsonDisplay(output: Output, view: () => ProgressView): Display {
  let written = NOTHING_WRITTEN
  const write = (isLast: boolean) => {
    const due = jsonDue(view(), written, isLast)
    written = due.written
    if (due.lines.length > 0) output.write(`${due.lines.join("\n")}\n`)
  }
  return { tick: () => write(false), pause: nothing, resume: nothing, end: () => write(true), say: nothing }
}

function optionsSchema(z: Z): Zod.ZodType {
  const isStream = (value: unknown) => {
    const { write, on, writable } = (value ?? {}) as Partial<ProgressStream>
    return typeof write === "function" && typeof on === "function" && typeof writable === "boolean"
  }
  const isClock = (value: unknown) => typeof (value as Clock | undefined)?.timer === "function"
  return z.strictObject({
    stream: z.custom(isStream, "must be a stream that can be written to: writable, write and on").optional(),
    mode: z.enum(["auto", "terminal", "plain", "json", "quiet"]).optional(),
    clock: z.custom(isClock, "must be a Clock").optional(),
  })
}
