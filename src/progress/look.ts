/** How progress looks on a stream: what the stream is and what the environment says decide. Pure. */
import { styleText } from "node:util"

export type ProgressMode = "auto" | "terminal" | "plain" | "json" | "quiet"

/** Where progress is written: a terminal or anything else that takes text, such as any of Node's writable streams. */
export interface ProgressStream {
  readonly writable: boolean
  readonly isTTY?: boolean
  /** Of a terminal, in characters. */
  readonly columns?: number
  readonly rows?: number
  /** Whether it takes more at once; else it emits "drain" when it does. */
  write(text: string): boolean
  on(event: "error" | "drain", listener: () => void): unknown
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta"

export interface Look {
  /** More than ASCII may be shown. */
  readonly unicode: boolean
  readonly paint: (style: Style, text: string) => string
}

type Environment = Readonly<Record<string, string | undefined>>

/** A terminal that can be redrawn gets frames; a log, a pipe and continuous integration get lines. */
export function modeFor(
  mode: ProgressMode,
  { isTTY }: Pick<ProgressStream, "isTTY">,
  env: Environment,
): Exclude<ProgressMode, "auto"> {
  if (mode !== "auto") return mode
  return isTTY === true && env.TERM !== "dumb" && !isSet(env.CI) ? "terminal" : "plain"
}

export function lookFor(stream: Pick<ProgressStream, "isTTY">, env: Environment, platform: string): Look {
  const isColoured = hasColour(stream, env)
  return {
    unicode: hasUnicode(env, platform),
    paint: (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text),
  }
}

/** FORCE_COLOR beats NO_COLOR, as it does in Node itself. */
function hasColour({ isTTY }: Pick<ProgressStream, "isTTY">, env: Environment): boolean {
  const { FORCE_COLOR: forced } = env
  if (forced !== undefined) return forced !== "0" && forced !== "false"
  return isTTY === true && !isSet(env.NO_COLOR) && env.TERM !== "dumb"
}

/** On Windows its new terminal, elsewhere what the locale names. */
function hasUnicode(env: Environment, platform: string): boolean {
  if (platform === "win32") return isSet(env.WT_SESSION)
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find(isSet) ?? ""
  return /utf-?8/i.test(locale)
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "false"
}
