/** A spec from flags: each flag is one path of the spec, and `--set` is any. Pure. */
import { SpecError, type SpecProblem } from "../../errors.js"
import { show } from "../../input/parse.js"
import type { Json } from "../../provider.js"
import type { Flags, Given } from "../surroundings.js"

/** A spec as data, as a file has it. */
export type SpecData = { readonly [key: string]: Json }

interface SpecFlag {
  readonly path: string
  readonly value: string
  readonly help: string
  readonly read: (text: string, flag: string) => Json
}

const text = (given: string): Json => given

function number(given: string, flag: string): Json {
  const value = Number(given)
  if (given.trim() !== "" && Number.isFinite(value)) return value
  throw problem(flag, given, "use a number")
}

function list(given: string): Json {
  return given
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")
}

function oneOrList(given: string): Json {
  const words = list(given) as readonly string[]
  return words.length === 1 ? (words[0] ?? "") : words
}

function yes(given: string, flag: string): Json {
  if (given === "true" || given === "false") return given === "true"
  throw problem(flag, given, "use true or false")
}

/** "8", "8..16", "8.." or "..16". */
function range(given: string, flag: string): Json {
  if (!given.includes("..")) return number(given, flag)
  const [min = "", max = "", ...rest] = given.split("..")
  if (rest.length > 0 || (min === "" && max === "")) throw problem(flag, given, "use 8, 8..16, 8.. or ..16")
  return {
    ...(min === "" ? {} : { min: number(min, flag) }),
    ...(max === "" ? {} : { max: number(max, flag) }),
  }
}

/** "L4", or "L4:2" for two of them. */
function gpu(given: string, flag: string): Json {
  const [name = "", count] = given.split(":")
  return { ...(name === "" ? {} : { name }), ...(count === undefined ? {} : { count: number(count, flag) }) }
}

/** "end", or one for each end: "success=end,failure=keep". */
function ends(given: string, flag: string): Json {
  if (!given.includes("=")) return given
  const rows = list(given) as readonly string[]
  const pairs = rows.map((row) => row.split("=") as [string, string?])
  const isRead = pairs.every(([end, action]) => ["success", "failure"].includes(end) && action !== undefined)
  if (isRead) return Object.fromEntries(pairs) as Json
  throw problem(flag, given, "use keep, end or replace, or success=end,failure=replace")
}

const flag = (path: string, value: string, help: string, read: SpecFlag["read"] = text): SpecFlag => {
  return { path, value, help, read }
}

const TABLE: Readonly<Record<string, SpecFlag>> = {
  "instance-type": flag("instanceType", "TYPE[,TYPE…]", "types by name", oneOrList),
  vcpus: flag("vcpus", "N|N..M", "or by what a type must have: vCPUs", range),
  "memory-gib": flag("memoryGiB", "N|N..M", "memory in GiB", range),
  gpu: flag("gpu", "NAME[:COUNT]", "GPUs", gpu),
  arch: flag("arch", "x86_64|arm64", "the architecture"),
  market: flag("market", "on-demand|spot|spot-with-fallback", "on-demand when left out"),
  zones: flag("zones", "ZONE[,ZONE…]", "only in these zones", list),
  spread: flag("spread", "one-zone|zones", "in one zone (the default), or over all"),
  order: flag("order", "cheapest|as-listed|fewest-calls", "cheapest when left out"),
  image: flag("image", "IMAGE", "what instances boot"),
  startup: flag("startup", "SCRIPT", "a shell script that each instance runs once"),
  setup: flag("setup", "SCRIPT", "a shell script that each instance runs before that"),
  "when-done": flag("whenDone", "ACTION", "then keep, end or replace it; or success=end,failure=replace", ends),
  container: flag("container", "IMAGE", "the image that both run in"),
  scratch: flag("scratch", "PATH", "where an instance's own disks are mounted"),
  "on-notice": flag("onNotice", "SCRIPT", "a shell script that runs before an end that has time"),
  drain: flag("drain", "DURATION", "how long a worker may go on when we choose to end it"),
  files: flag("files", "DIRECTORY", "files of this machine that each worker has, without what .gitignore names"),
  secrets: flag("secrets", "NAME[,NAME…]", "variables of yours that workers have, and that are kept nowhere", list),
  "max-lifetime": flag("maxLifetime", "DURATION", "everything ends so long after it was made; 12h when left out"),
  lease: flag("lease", "DURATION", "instances end so long after nobody renewed it"),
  "max-workers": flag("maxWorkers", "N", "never more instances than this", number),
  access: flag("access", "here|RANGE", "who may reach the workers over ssh; nobody when left out"),
  peers: flag("peers", "true|false", "true: workers reach every port of each other", yes),
  "keep-logs": flag("keepLogs", "DIR", "follow what the workers write into DIR/WORKER.log"),
  "budget-per-hour": flag("budget.perHour", "USD", "at most so much an hour", number),
  "budget-total": flag("budget.total", "USD", "at most so much in all", number),
}

export const SPEC_FLAGS: Flags = {
  ...Object.fromEntries(
    Object.entries(TABLE).map(([name, { value, help }]) => [name, { type: "string", value, help } as const]),
  ),
  set: { type: "string", value: "KEY=VALUE", help: "any field of the spec: groups.gpu.market=spot; KEY:=JSON" },
}

/** @throws SpecError with every value that cannot be read. */
export function specOf(given: Given): SpecData {
  const problems: SpecProblem[] = []
  let spec: SpecData = {}
  const put = (path: string, read: () => Json) => {
    try {
      spec = withValue(spec, path.split("."), read()) as SpecData
    } catch (error) {
      if (!(error instanceof SpecError)) throw error
      problems.push(...error.problems)
    }
  }
  for (const [name, { path, read }] of Object.entries(TABLE)) {
    const value = given.values[name]?.at(-1)
    if (value !== undefined) put(path, () => read(value, `--${name}`))
  }
  for (const assignment of given.values.set ?? []) {
    const [key, value] = splitAssignment("--set", assignment)
    put(key, () => ownField(key, value))
  }
  if (problems.length > 0) throw new SpecError(problems)
  return spec
}

/** What a command line says in a way of its own: `--set` beside it would be a second answer to the same question. */
const SAID_ELSEWHERE: Readonly<Record<string, string>> = {
  name: "the name is a word of the command line: muster plan NAME",
  owner: "use --owner NAME",
  provider: "use --provider NAME, and --option KEY=VALUE for its options",
  region: "use --region NAME",
  target: "use --workers N, or GROUP=N for each group",
  clusters: "it sets fields of one cluster, and the name chooses which: muster plan NAME",
  version: "it is of the file alone; write it there",
}

function ownField(key: string, value: Json): Json {
  const [first = ""] = key.split(".")
  if (!Object.hasOwn(SAID_ELSEWHERE, first)) return value
  throw new SpecError([{ option: `--set ${key}`, message: `is not set so; ${SAID_ELSEWHERE[first] ?? ""}` }])
}

/** The flag that says a field of the spec, or something in it, as it was written: "--vcpus", "--set budget.perHour". */
export function flagSaying(path: string, given: Given): string | undefined {
  const isIt = (said: string) => path === said || path.startsWith(`${said}.`)
  const own = Object.entries(TABLE).find(([name, one]) => given.values[name] !== undefined && isIt(one.path))
  if (own !== undefined) return `--${own[0]}`
  const keys = (given.values.set ?? []).map((assignment) => assignment.split(/:?=/)[0] ?? "")
  const key = keys.find(isIt)
  return key === undefined ? undefined : `--set ${key}`
}

/** "key=text", or "key:=json". @throws SpecError for anything else. */
export function splitAssignment(flagName: string, given: string): readonly [string, Json] {
  const at = given.indexOf("=")
  if (at <= 0) throw problem(flagName, given, "use KEY=VALUE, or KEY:=JSON")
  const [key, value] = [given.slice(0, at), given.slice(at + 1)]
  if (!key.endsWith(":")) return [key, value]
  try {
    return [key.slice(0, -1), JSON.parse(value) as Json]
  } catch {
    throw problem(flagName, given, "what follows := is no JSON")
  }
}

/** How many workers: a number, or one for each group: "web=3". @throws SpecError. */
export function countsOf(
  given: readonly string[],
  flagName = "--workers",
): number | Record<string, number> | undefined {
  if (given.length === 0) return undefined
  const [first = ""] = given
  if (given.length === 1 && !first.includes("=")) return count(first, flagName)
  return Object.fromEntries(
    given
      .flatMap((word) => word.split(","))
      .map((word) => {
        const [group = "", value = ""] = word.split("=")
        if (group === "" || !word.includes("="))
          throw problem(flagName, word, "with several groups use GROUP=N for each")
        return [group, count(value, flagName)] as const
      }),
  )
}

function count(given: string, flagName: string): number {
  if (/^\d+$/.test(given)) return Number(given)
  throw problem(flagName, given, "use a whole number, or GROUP=N")
}

function withValue(at: Json | undefined, [key = "", ...rest]: readonly string[], value: Json): Json {
  const before = typeof at === "object" && at !== null && !Array.isArray(at) ? at : {}
  const own = Object.hasOwn(before, key) ? (before as Record<string, Json>)[key] : undefined
  return { ...before, [key]: rest.length === 0 ? value : withValue(own, rest, value) }
}

function problem(option: string, value: string, remedy: string): SpecError {
  return new SpecError([{ option, value, message: `is ${show(value)}; ${remedy}` }])
}
