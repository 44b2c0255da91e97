/** Who may import whom. */
import { posix } from "node:path"
import type { Import, Source } from "./source.js"

/** A cloud's own packages. */
const CLOUD_PACKAGES: Readonly<Record<string, RegExp>> = {
  aws: /^(@aws-sdk|@smithy)\//,
  gcp: /^(@google-cloud\/|google-auth-library$|google-gax$|gaxios$)/,
  azure: /^@azure\//,
  local: /^$/,
}

/** What an adapter may use of the core: the seam, and what is the same for every cloud. */
const SEAM = /^src\/((provider|errors|offer|rights|fleet\/tags)\.ts$|input\/|client\/|guest\/|live\/|tables\/)/

const WIRES = /^providers\/[a-z]+\/wire\//

const CLOCK: ReadonlySet<string> = new Set(["src/calls/clock.ts", "src/calls/timers.ts"])
/** Programs of their own, which are sent to workers and have the time of those. */
const ON_WORKERS = /^src\/work\/runner\//
const REGISTRY = "src/registry.ts"
export const PURE: ReadonlySet<string> = new Set([
  ...["plan", "planning/exchange", "planning/eta", "replace", "lifecycle", "unavailable"].map(
    (stage) => `src/fleet/${stage}.ts`,
  ),
  ...["bill", "budget", "allowance"].map((stage) => `src/money/${stage}.ts`),
  ...["model/model", "terminal", "plain", "json"].map((part) => `src/progress/${part}.ts`),
])
const HEAVY = /^(zod|@aws-sdk\/|@smithy\/|@google-cloud\/|@azure\/|node:(http|https|http2|net|tls)$)/
/** Servers live here, and are loaded when somebody asks for one. */
const SERVERS = /^src\/(dashboard|cli)\//
/** Who plays on small clouds. */
const PLAYS = /^src\/(simulator|rehearsal)\//
/** What is above the library: whoever asks for one loads it. */
const FACES = /^src\/(cli|progress)\//
/** On Node 20 a storage or a hook slows every promise of the process down, the user's too, and once used it stays. */
const HOOKS = /^(node:)?async_hooks$/
/** On Node 20 it leaves something in each signal that it is given, for as long as that lives. */
const JOINED = "AbortSignal.any"
/** Here it is given what ends with one command, one question to a head, one live walk or the cluster. */
const JOINS = /^(src\/(cli|engines)\/|src\/fleet\/closing\.ts$|providers\/azure\/client\/tapped\.ts$)/
const TIMERS = /^node:(timers|timers\/promises|perf_hooks)$/

type Rule = (source: Source, target: string, found: Import) => string | undefined

/** `target` is a path from the root for a relative import, else the package's name. */
const RULES: readonly Rule[] = [
  providersStayAtTheSeam,
  coreKnowsNoProvider,
  coreLoadsNothingHeavy,
  coreKnowsNoSimulator,
  coreKnowsNoFace,
  pureStagesDoNoIo,
  onlyTheClockHasTimers,
  nothingHooksPromises,
]

/** One sentence for each import or use that is not allowed. */
export function problemsOf(source: Source): readonly string[] {
  const imports = source.imports.flatMap((found) => {
    const target = targetOf(source.path, found.specifier)
    return RULES.flatMap((rule) => rule(source, target, found) ?? [])
  })
  const uses = source.globals.flatMap((name) => problemOfUse(source, name) ?? [])
  return [...imports, ...uses].map((problem) => `${source.path} ${problem}`)
}

function problemOfUse({ path }: Source, name: string): string | undefined {
  if (name === JOINED)
    return JOINS.test(path) ? undefined : `uses ${name}: take firstOf of src/calls/aborts.ts, and let go`
  return CLOCK.has(path) || ON_WORKERS.test(path) ? undefined : `uses ${name}: take a Clock`
}

/** What pure stages reach by imports that survive compilation, and what of that does I/O. */
export function impureReaches(sources: readonly Source[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  return [...PURE].flatMap((stage) =>
    [...reach(byPath, stage)].flatMap(([path, from]) =>
      path.startsWith("node:") || path.startsWith("src/calls/") ? [`${stage} reaches ${path} through ${from}`] : [],
    ),
  )
}

function reach(sources: ReadonlyMap<string, Source>, start: string): ReadonlyMap<string, string> {
  const reached = new Map<string, string>()
  const queue = [start]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const found of sources.get(path)?.imports ?? []) {
      const target = targetOf(path, found.specifier)
      if (found.typeOnly || reached.has(target)) continue
      reached.set(target, path)
      queue.push(target)
    }
  }
  return reached
}

function targetOf(path: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts")
}

function providersStayAtTheSeam({ path }: Source, target: string, found: Import): string | undefined {
  const [root, cloud = ""] = path.split("/")
  if (root !== "providers") return undefined
  if (WIRES.test(target) && !WIRES.test(path)) return `imports ${target}: nothing here knows the double of its cloud`
  if (target.startsWith(`providers/${cloud}/`) || SEAM.test(target)) return undefined
  if (target.startsWith("src/simulator/") && path.startsWith(`providers/${cloud}/wire/`)) return undefined
  if (target.startsWith("node:") || target === "p-limit" || CLOUD_PACKAGES[cloud]?.test(target) === true)
    return undefined
  if (target === "zod" && found.typeOnly) return undefined
  return `imports ${target}: an adapter knows the seam and its own cloud, nothing else`
}

function coreKnowsNoProvider({ path }: Source, target: string, found: Import): string | undefined {
  if (!path.startsWith("src/") || !target.startsWith("providers/")) return undefined
  if (path === REGISTRY && (found.lazy || found.typeOnly)) return undefined
  return `imports ${target}: the core knows providers only through the lazy registry`
}

function coreLoadsNothingHeavy({ path }: Source, target: string, found: Import): string | undefined {
  if (!path.startsWith("src/") || SERVERS.test(path) || !HEAVY.test(target)) return undefined
  return found.typeOnly || found.lazy
    ? undefined
    : `imports ${target}: it is loaded at its first use, not with the core`
}

function coreKnowsNoSimulator({ path }: Source, target: string): string | undefined {
  if (!path.startsWith("src/") || PLAYS.test(path) || !target.startsWith("src/simulator/")) return undefined
  return `imports ${target}: only those who rehearse load the simulator`
}

function coreKnowsNoFace({ path }: Source, target: string): string | undefined {
  if (!path.startsWith("src/") || FACES.test(path) || !FACES.test(target)) return undefined
  return `imports ${target}: the library does not know who shows it`
}

function pureStagesDoNoIo({ path }: Source, target: string): string | undefined {
  if (!PURE.has(path)) return undefined
  const isIo = target.startsWith("node:") || target.startsWith("src/calls/")
  return isIo ? `imports ${target}: this stage is pure` : undefined
}

function onlyTheClockHasTimers({ path }: Source, target: string): string | undefined {
  return !CLOCK.has(path) && TIMERS.test(target) ? `imports ${target}: take a Clock` : undefined
}

function nothingHooksPromises(_source: Source, target: string, found: Import): string | undefined {
  return HOOKS.test(target) && !found.typeOnly
    ? `imports ${target}: every promise of the process pays for it`
    : undefined
}
