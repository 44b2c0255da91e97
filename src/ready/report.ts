/** Report: how a worker is, as its guest has written it. Pure. */
import { markPrefix, TAIL_LINES } from "../guest/marks.js"
import { type BootMarks, readBootMarks } from "./boot.js"

/** A check that has failed, in its words. */
export interface CheckWords {
  /** As people name it: "tcp 8786". */
  readonly check: string
  readonly exitCode: number
  /** The last lines that it has written. */
  readonly tail: string
}

/** What one look at a guest has told. */
export interface Report {
  /** The step that goes on. */
  readonly step?: string
  /** Its program has no checks: it was made without. */
  readonly isUnchecked: boolean
  readonly hasPassed: boolean
  /** The exit code with which the guest has given up. */
  readonly gaveUp?: number
  /** The machine was started again, and its startup does not run again. */
  readonly wasRestarted: boolean
  /** The exit code of the check of health that fails. */
  readonly unhealthy?: number
  /** Of the check that failed last. */
  readonly words?: CheckWords
  readonly boot: BootMarks
  /** What the guest's clock showed, in milliseconds since its start, where it says so. */
  readonly nowMs?: number
}

const MARK = /^\d+ ([a-z]+) (begun|ended|skipped)(?: (\d{1,3}))?/

/** What the lines of a status file say. */
function readMarks(lines: readonly string[]): Omit<Report, "isUnchecked" | "words" | "nowMs"> {
  const begun: string[] = []
  let [hasPassed, wasRestarted] = [false, false]
  let gaveUp: number | undefined
  let unhealthy: number | undefined
  for (const line of lines) {
    const [, step, what, code] = MARK.exec(line) ?? []
    if (step === undefined) continue
    const exitCode = Number(code ?? 0)
    if (what === "begun") begun.push(step)
    else if (begun.includes(step)) begun.splice(begun.lastIndexOf(step), 1)
    if (step === "reboot") wasRestarted = true
    if (step === "ready" && what === "ended") [hasPassed, gaveUp] = [exitCode === 0, exitCode || undefined]
    if (step === "health" && what === "ended") unhealthy = exitCode || undefined
  }
  const step = begun.at(-1)
  return {
    ...(step === undefined ? {} : { step }),
    hasPassed: hasPassed && !wasRestarted,
    wasRestarted,
    boot: readBootMarks(lines),
    ...(gaveUp === undefined ? {} : { gaveUp }),
    ...(unhealthy === undefined ? {} : { unhealthy }),
  }
}

/** The first line of the words has code and name, the others are what the check has written. */
function wordsOf(lines: readonly string[]): CheckWords | undefined {
  const [, code, check] = /^(\d{1,3}) (.+)$/.exec(lines[0] ?? "") ?? []
  if (code === undefined || check === undefined) return undefined
  const tail = lines.slice(1).filter((line) => line.trim() !== "")
  return { check, exitCode: Number(code), tail: tail.slice(-TAIL_LINES).join("\n") }
}

/** One block of what `watchCommand` prints; undefined while the guest has written nothing. */
export function readBlock(lines: readonly string[]): Report | undefined {
  const of = (letter: string) =>
    lines.filter((line) => line.startsWith(`${letter} `)).map((line) => line.slice(2).replace(/\r$/, ""))
  const marks = of("s")
  if (marks.length === 0) return undefined
  const { unhealthy: _marked, ...status } = readMarks(marks)
  const [, unhealthy] = /^unhealthy (\d{1,3})$/.exec(of("h")[0] ?? "") ?? []
  const words = wordsOf(of("w"))
  const [, nowMs] = /^(\d{1,12})$/.exec(of("t")[0] ?? "") ?? []
  return {
    ...status,
    ...(nowMs === undefined ? {} : { nowMs: Number(nowMs) }),
    isUnchecked: lines[0] !== "= checked",
    ...(unhealthy === undefined ? {} : { unhealthy: Number(unhealthy) }),
    ...(words === undefined ? {} : { words }),
  }
}

/** The same by what a console has of this cluster's marks. Whether it was made without checks, it cannot tell before its end. */
export function readConsole(text: string, uid: string): Report | undefined {
  const prefix = markPrefix(uid)
  const own = text.split("\n").flatMap((line) => {
    const at = line.indexOf(prefix)
    return at < 0 ? [] : [line.slice(at + prefix.length).replace(/\r$/, "")]
  })
  if (own.length === 0) return undefined
  const said = own.flatMap((mark, at) => (mark.startsWith("ready| ") ? [[at, mark.slice(7)] as const] : []))
  // The last row of them: each begins with code and name.
  const first = said.findLastIndex(([at], index) => said[index - 1]?.[0] !== at - 1)
  const words = first < 0 ? undefined : wordsOf(said.slice(first).map(([, line]) => line))
  return { ...readMarks(own), isUnchecked: false, ...(words === undefined ? {} : { words }) }
}
