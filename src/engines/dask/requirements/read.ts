/** Requirements: what is to be installed, from a list or a file of this machine, as lines that pip and uv take. */
import { readFileSync } from "node:fs"
import { basename, dirname, resolve } from "node:path"
import { SpecError, type SpecProblem } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import type { DaskOptions } from "../options.js"
import { type Line, parseLine, pinOf } from "./line.js"
import { linesOfLock, linesOfProject } from "./toml.js"

export interface Requirements {
  /** Each a requirement, or an option of pip and uv. */
  readonly lines: readonly string[]
  /** Versions that are exact, by the package's name. */
  readonly pins: ReadonlyMap<string, string>
}

const OPTION = "dask.requirements"

/** What is missing where nothing of it brings the scheduler. */
const MISSING =
  'do not have distributed, which runs head and workers; add "distributed" (or "dask[distributed]"), in the version that your client has'

/** @param version of dask and distributed: it is added where they are not pinned. */
export function readRequirements(
  given: DaskOptions["requirements"],
  version: string | undefined,
): Requirements & { readonly problems: readonly SpecProblem[] } {
  if (given === undefined) {
    const lines = version === undefined ? [] : [`dask==${version}`, `distributed==${version}`]
    return { lines, pins: pinsOf(lines.map(lineOf)), problems: [] }
  }
  const read = typeof given === "string" ? ofFile(given) : ofList(given)
  if (read.problems.length > 0) return { lines: [], pins: new Map(), problems: read.problems }
  const pins = pinsOf(read.lines)
  const problems = [...missing(read.lines), ...contradictions(pins, version)]
  const added = version === undefined ? [] : ["dask", "distributed"].filter((name) => !pins.has(name))
  const lines = [...read.lines, ...added.map((name) => lineOf(`${name}==${version}`))]
  return { lines: lines.map(({ text }) => text), pins: pinsOf(lines), problems }
}

interface Read {
  readonly lines: readonly Line[]
  readonly problems: readonly SpecProblem[]
}

function ofList(given: readonly string[]): Read {
  return joined(given.map((text, at) => readLine(text, `${OPTION}.${at}`)))
}

function ofFile(path: string): Read {
  try {
    if (basename(path) === "uv.lock") return ofTexts(path, linesOfLock(path))
    if (path.endsWith(".toml")) return ofTexts(path, linesOfProject(path))
    return ofText(path, [])
  } catch (error) {
    if (error instanceof SpecError) return { lines: [], problems: error.problems }
    const { code } = error as NodeJS.ErrnoException
    const isList = code === "ENOENT" && !path.includes("/") && "name" in parseLine(path)
    const message =
      code === "ENOENT"
        ? `is ${show(path)}, and there is no such file${isList ? `; a requirement itself belongs into a list: [${show(path)}]` : ""}`
        : `is ${show(path)}, which cannot be read: ${(error as Error).message}`
    return { lines: [], problems: [{ option: OPTION, value: path, message }] }
  }
}

function ofTexts(path: string, texts: readonly string[]): Read {
  return joined(texts.map((text) => readLine(text, OPTION, `${path}: `)))
}

/** As pip has it: a line may go on after a backslash; "#" begins a comment; another file may be named. */
function ofText(path: string, from: readonly string[]): Read {
  const texts = readFileSync(path, "utf8")
    .replaceAll(/\\\r?\n/g, " ")
    .split(/\r?\n/)
  return joined(
    texts.flatMap((raw, at) => {
      const text = raw.replace(/(^|\s)#.*$/, "").trim()
      const other = /^(?:-r|--requirement)[ =]\s*(\S+)$/.exec(text)?.[1]
      if (text === "") return []
      if (other === undefined) return [readLine(text, OPTION, `${path}, line ${at + 1}: `)]
      const next = resolve(dirname(path), other)
      if (!from.includes(next)) return [ofText(next, [...from, resolve(path)])]
      return [{ lines: [], problems: [{ option: OPTION, message: `${path}, line ${at + 1}: files name each other` }] }]
    }),
  )
}

function readLine(text: string, option: string, where = ""): Read {
  const line = parseLine(text)
  if (!("problem" in line)) return { lines: [line], problems: [] }
  // What is refused may hold a password.
  const shown = line.isSecret ? "is not shown" : `is ${show(text)}`
  return { lines: [], problems: [{ option, message: `${where}${shown}; ${line.problem}` }] }
}

function joined(reads: readonly Read[]): Read {
  return { lines: reads.flatMap(({ lines }) => lines), problems: reads.flatMap(({ problems }) => problems) }
}

function lineOf(text: string): Line {
  const line = parseLine(text)
  return "problem" in line ? { text } : line
}

function pinsOf(lines: readonly Line[]): ReadonlyMap<string, string> {
  const pins = new Map<string, string>()
  for (const line of lines) {
    const pin = pinOf(line)
    if (line.name === undefined || pin === undefined) continue
    pins.set(line.name, pin)
    // Each release of dask asks for the same of distributed.
    if (bringsDistributed(line) && !pins.has("distributed")) pins.set("distributed", pin)
  }
  return pins
}

function bringsDistributed({ name, extras = [] }: Line): boolean {
  if (name === "distributed") return true
  return name === "dask" && extras.some((extra) => extra === "distributed" || extra === "complete")
}

function missing(lines: readonly Line[]): readonly SpecProblem[] {
  return lines.some(bringsDistributed) ? [] : [{ option: OPTION, message: MISSING }]
}

function contradictions(pins: ReadonlyMap<string, string>, version: string | undefined): readonly SpecProblem[] {
  if (version === undefined) return []
  return ["dask", "distributed"].flatMap((name) => {
    const pin = pins.get(name)
    if (pin === undefined || pin === version) return []
    const message = `is ${show(version)}, and requirements have ${name} ${pin}; give one of them`
    return [{ option: "dask.version", value: version, message }]
  })
}
