/** Examine: all places of a spec, and this machine. */
import { systemClock } from "../calls/clock.js"
import { resolveProviders } from "../fleet/opening/providers.js"
import { SpecError } from "../errors.js"
import type { Finding, FindingStatus } from "../provider.js"
import { type ClusterSpec, resolveSpec } from "../spec.js"
import { findingsOf, type Looking } from "./look.js"
import { nodeFindings, proxyFindings, stateFindings } from "./machine.js"
import { placeReport } from "./place.js"
import type { DoctorLine, DoctorOptions, DoctorReport, DoctorSpec } from "./report.js"

/** A cloud that answers at all has answered in a tenth of this. */
const TIMEOUT_MS = 30_000

/** @throws SpecError when the spec or an option is wrong; the signal's reason. */
export async function examine(spec: DoctorSpec, options: DoctorOptions = {}): Promise<DoctorReport> {
  const { clock = systemClock, timeoutMs = TIMEOUT_MS, signal = new AbortController().signal } = options
  const { env = process.env, journal, workers = 1 } = options
  if (!(timeoutMs > 0)) throw wrong("timeoutMs", timeoutMs, "use a number of milliseconds above 0")
  const resolved = resolveSpec(spec as ClusterSpec)
  const groups = resolved.groups.map(({ name }) => name)
  const countOf = countsOf(workers, groups)
  const looking: Looking = { clock, timeoutMs, signal }
  const at = clock.now()
  const [machine, places] = await Promise.all([
    machineLines(looking, journal, env as NodeJS.ProcessEnv),
    resolveProviders(resolved, clock).then((providers) =>
      Promise.all(
        providers.map(async (provider) => ({
          provider,
          report: await placeReport(provider, { spec: resolved, countOf, looking }),
        })),
      ),
    ),
  ])
  const lines = [...machine, ...places.flatMap(({ report }) => report.lines)]
  const requests = places.map(
    ({ provider, report }) => [`${provider.name} ${provider.region}`, report.requests] as const,
  )
  return { status: worst(lines), at, lines, requests: Object.fromEntries(requests) }
}

function countsOf(
  workers: NonNullable<DoctorOptions["workers"]>,
  groups: readonly string[],
): (group: string) => number {
  const given = typeof workers === "number" ? Object.fromEntries(groups.map((name) => [name, workers])) : workers
  for (const [name, count] of Object.entries(given)) {
    if (!groups.includes(name))
      throw wrong(`workers.${name}`, count, `there is no such group; groups: ${groups.join(", ")}`)
    if (!Number.isInteger(count) || count < 0) throw wrong("workers", count, "use a whole number of workers")
  }
  return (group) => given[group] ?? 1
}

function wrong(option: string, value: unknown, rule: string): SpecError {
  return new SpecError([{ option: `doctor.${option}`, value, message: `is ${String(value)}; ${rule}` }])
}

async function machineLines(
  looking: Looking,
  journal: DoctorOptions["journal"],
  env: NodeJS.ProcessEnv,
): Promise<readonly DoctorLine[]> {
  const { clock } = looking
  const looks: readonly (readonly [string, () => readonly Finding[] | Promise<readonly Finding[]>])[] = [
    ["node", () => nodeFindings()],
    ["state", () => clock.busy("looking at the state directory", stateFindings(journal, env))],
    ["proxy", () => proxyFindings(env)],
  ]
  const found = await Promise.all(
    looks.map(async ([check, look]) => {
      const findings = await findingsOf(looking, {}, async () => look())
      return findings.map((finding): DoctorLine => ({ ...finding, check }))
    }),
  )
  return found.flat()
}

function worst(lines: readonly DoctorLine[]): FindingStatus {
  const has = (status: FindingStatus) => lines.some((line) => line.status === status)
  return has("fail") ? "fail" : has("warn") ? "warn" : "ok"
}
