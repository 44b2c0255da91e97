/** Where progress is shown: redrawn in place on a terminal, as plain lines elsewhere. */
import type { WriteStream } from "node:tty"
import { styleText } from "node:util"
import { frameOf, type Look, lineOf, phaseOf } from "./frame.js"
import type { Progress } from "./progress.js"

export interface Screen {
  /** Something to read, above what is being shown. */
  say(text: string): void
  /**
   * Shows progress from now on; calls `current` often, and `now` for the time that its events have, the machine's by
   * default. The returned function leaves its last state in view.
   */
  show(current: () => Progress, now?: () => number): () => void
  /** Gives the terminal back. May be called at any time, and twice. */
  close(): void
}

/** Ten redraws a second are as many as an eye follows. */
const REDRAW_MS = 100
/** So that nobody takes a silent job for a dead one. */
const HEARTBEAT_MS = 15_000

const HIDE_CURSOR = "\u001b[?25l"
const SHOW_CURSOR = "\u001b[?25h"
const ERASE_BELOW = "\u001b[J"
const up = (lines: number) => (lines === 0 ? "\r" : `\u001b[${lines}A\r`)

type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows">>

/** @param env decides with `TERM` and `CI` whether to redraw, with the locale whether to use more than ASCII. */
export function openScreen(stream: Stream, env: NodeJS.ProcessEnv = process.env): Screen {
  const isLive = stream.isTTY === true && env.TERM !== "dumb" && (env.CI ?? "") === ""
  return isLive ? liveScreen(stream, env) : plainScreen(stream)
}

function liveScreen(stream: Stream, env: NodeJS.ProcessEnv): Screen {
  const unicode = /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "")
  const paint: Look["paint"] = (style, text) => styleText(style, text, { stream })
  let drawn = 0
  let current: (() => Progress) | undefined
  let clock = Date.now
  const erase = () => {
    if (drawn > 0) stream.write(up(drawn) + ERASE_BELOW)
    drawn = 0
  }
  const draw = () => {
    if (current === undefined) return
    // The last column stays free: some terminals wrap a line that fills it.
    const look = { columns: Math.max(1, (stream.columns ?? 80) - 1), paint, unicode }
    const lines = frameOf(current(), clock(), look).slice(0, Math.max(1, (stream.rows ?? 24) - 1))
    stream.write(`${drawn === 0 ? HIDE_CURSOR : up(drawn)}${lines.map((line) => `${line}\u001b[K\n`).join("")}`)
    drawn = lines.length
  }
  return {
    say: (text) => {
      erase()
      stream.write(`${text}\n`)
      draw()
    },
    show: (next, now = Date.now) => {
      current = next
      clock = now
      draw()
      const timer = setInterval(draw, REDRAW_MS)
      return () => {
        clearInterval(timer)
        draw()
        current = undefined
        drawn = 0
      }
    },
    close: () => {
      current = undefined
      stream.write(SHOW_CURSOR)
    },
  }
}

function plainScreen(stream: Stream): Screen {
  const say = (text: string) => void stream.write(`${text}\n`)
  return {
    say,
    show: (current, clock = Date.now) => {
      let phase = ""
      let saidAt = 0
      const look = () => {
        const progress = current()
        const now = Date.now()
        if (phaseOf(progress) === phase && now - saidAt < HEARTBEAT_MS) return
        phase = phaseOf(progress)
        saidAt = now
        say(lineOf(progress, clock()))
      }
      look()
      const timer = setInterval(look, REDRAW_MS)
      return () => {
        clearInterval(timer)
        look()
      }
    },
    close: () => {},
  }
}
