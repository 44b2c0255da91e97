/** Boot timings: where the time of many boots went, and what shortens them. Pure. */
import { columns, placeName, spanText } from "../text.js"
import { adviceOf } from "./boot-advice.js"
import type { PhaseTime, StepEnd } from "./boot.js"

/** What is told of a boot also when the process is gone that saw it. */
export interface BootTold {
  readonly name: string
  readonly group: string
  readonly provider: string
  readonly region: string
  readonly instanceType: string
  /** `booting`: it goes on. `ended`: the worker went before it was ready. */
  readonly outcome: "ready" | "booting" | "ended"
  /** From its launch call until it was ready, or until now. */
  readonly ms: number
  /** Where that went, in order. They add up to `ms`. */
  readonly phases: readonly PhaseTime[]
}

/** One worker's boot. Moments are in milliseconds since 1970. */
export interface BootTiming extends BootTold {
  readonly id: string
  readonly zone: string
  /** When its launch call was sent; left out where another process sent it. */
  readonly requestedAt?: number
  /** When the cloud had accepted it. */
  readonly acceptedAt: number
  /** When it was seen to run first. */
  readonly runningAt?: number
  /** When its guest was heard first; left out where nobody listens. */
  readonly reachedAt?: number
  /** When it was known to be ready. */
  readonly readyAt?: number
  /** Steps of the guest that have ended; `atMs` is since the guest's start. */
  readonly steps: readonly StepEnd[]
}

/** Of many, in milliseconds. */
export interface BootSpread {
  readonly medianMs: number
  readonly p90Ms: number
  readonly slowestMs: number
  /** The name of the slowest. */
  readonly slowest: string
}

export interface PhaseSummary extends BootSpread {
  readonly phase: string
  /** Its part of the time of all these boots, 0 to 1. */
  readonly share: number
}

/** The boots at one place, or of one instance type there. */
export interface BootSummary {
  readonly provider: string
  readonly region: string
  readonly instanceType?: string
  readonly ready: number
  readonly booting: number
  readonly ended: number
  /** Whole boots; left out where none is known. */
  readonly boot?: BootSpread
  readonly phases: readonly PhaseSummary[]
  /** The part that took most of the time. */
  readonly largest?: string
  /** One sentence: the largest part, and what shortens it. Left out where the slowest boot took less than ten seconds. */
  readonly advice?: string
  /** Of those that boot, the one that does for longest; in words. */
  readonly slowest?: string
}

/** `String(timings)` is a table. */
export interface BootTimings<Worker extends BootTold = BootTiming> {
  readonly workers: readonly Worker[]
  /** One for each provider and region. */
  readonly providers: readonly BootSummary[]
  /** One for each instance type at a place that has several; none else. */
  readonly types: readonly BootSummary[]
  toString(): string
}

/** A boot that is over sooner needs no advice. */
const SHORT_MS = 10_000

export function bootTimings<Worker extends BootTold>(workers: readonly Worker[]): BootTimings<Worker> {
  const places = groupedBy(workers, ({ provider, region }) => `${provider} ${region}`)
  const types = places.flatMap((own) => {
    const byType = groupedBy(own, ({ instanceType }) => instanceType)
    return byType.length < 2 ? [] : byType.map((some) => summaryOf(some, true))
  })
  const timings = { workers, providers: places.map((own) => summaryOf(own, false)), types }
  return Object.defineProperty(timings, "toString", { value: () => bootText(timings) })
}

function groupedBy(workers: readonly BootTold[], key: (worker: BootTold) => string): readonly BootTold[][] {
  const groups = new Map<string, BootTold[]>()
  for (const worker of workers) {
    const own = groups.get(key(worker))
    if (own === undefined) groups.set(key(worker), [worker])
    else own.push(worker)
  }
  return [...groups.values()]
}

/** Of boots that came to their end; where there is none yet, of those that go on, as far as they are. */
function summaryOf(workers: readonly BootTold[], isOfType: boolean): BootSummary {
  const [first] = workers
  const of = (outcome: BootTold["outcome"]) => workers.filter((worker) => worker.outcome === outcome)
  const [ready, booting, ended] = [of("ready"), of("booting"), of("ended")]
  const told = ready.length > 0 ? ready : booting.length > 0 ? booting : ended
  const boot = spreadOf(told.map(({ ms, name }) => [ms, name]))
  const phases = phasesIn(told)
  const largest = phases.reduce<PhaseSummary | undefined>(
    (most, one) => (one.share > (most?.share ?? 0) ? one : most),
    undefined,
  )
  return {
    provider: first?.provider ?? "",
    region: first?.region ?? "",
    ...(isOfType ? { instanceType: first?.instanceType ?? "" } : {}),
    ...{ ready: ready.length, booting: booting.length, ended: ended.length },
    ...(boot === undefined ? {} : { boot }),
    phases,
    ...(largest === undefined ? {} : { largest: largest.phase }),
    ...(largest === undefined || (boot?.slowestMs ?? 0) < SHORT_MS ? {} : { advice: sentenceOf(largest) }),
    ...(booting.length === 0 ? {} : { slowest: slowestText(booting) }),
  }
}

function phasesIn(workers: readonly BootTold[]): readonly PhaseSummary[] {
  const all = workers.reduce((sum, { ms }) => sum + ms, 0)
  const byPhase = new Map<string, (readonly [ms: number, name: string])[]>()
  // The longest row first: in its order the parts are shown.
  const ordered = [...workers].sort((a, b) => b.phases.length - a.phases.length)
  for (const { phases, name } of ordered)
    for (const { phase, ms } of phases) {
      const own = byPhase.get(phase)
      if (own === undefined) byPhase.set(phase, [[ms, name]])
      else own.push([ms, name])
    }
  return [...byPhase].flatMap(([phase, times]) => {
    const spread = spreadOf(times)
    const sum = times.reduce((total, [ms]) => total + ms, 0)
    return spread === undefined ? [] : [{ phase, ...spread, share: all === 0 ? 0 : sum / all }]
  })
}

function spreadOf(times: readonly (readonly [ms: number, name: string])[]): BootSpread | undefined {
  const sorted = [...times].sort(([a], [b]) => a - b)
  const [slowestMs, slowest] = sorted.at(-1) ?? []
  if (slowestMs === undefined || slowest === undefined) return undefined
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1]?.[0] ?? 0)
  return { medianMs: at(0.5), p90Ms: at(0.9), slowestMs: Math.round(slowestMs), slowest }
}

function sentenceOf({ phase, share, medianMs }: PhaseSummary): string {
  const { what, how } = adviceOf(phase)
  const name = what === undefined ? phase : `${phase}, ${what}`
  return `most of the time, ${Math.round(share * 100)} %, goes to ${name} (${shortSpan(medianMs)} at the median): ${how}`
}

/** Below ten seconds tenths matter. */
export function shortSpan(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : spanText(ms)
}

/** "worker-3 for 4 min 32 s: in startup for 1.5 s; most went to setup, 4 min": the one of these that boots for longest. */
export function slowestText(booting: readonly BootTold[]): string {
  const slowest = booting.reduce((most, one) => (one.ms > most.ms ? one : most))
  const current = slowest.phases.at(-1)
  const largest = slowest.phases.reduce<PhaseTime | undefined>(
    (most, one) => (one.ms > (most?.ms ?? -1) ? one : most),
    undefined,
  )
  if (current === undefined || largest === undefined) return `${slowest.name} for ${shortSpan(slowest.ms)}`
  const rest = largest === current ? "" : `; most went to ${largest.phase}, ${shortSpan(largest.ms)}`
  return `${slowest.name} for ${shortSpan(slowest.ms)}: in ${current.phase} for ${shortSpan(current.ms)}${rest}`
}

/** Of boots that are not over: what holds the slowest up, and what would shorten that. Undefined where none boots. */
export function bootingText(timings: Pick<BootTimings, "providers">): string | undefined {
  const going = timings.providers.filter(({ slowest }) => slowest !== undefined)
  const [first] = [...going].sort((a, b) => b.booting - a.booting)
  if (first === undefined) return undefined
  const advice = first.advice === undefined ? "" : `; ${first.advice}`
  return `boots: the slowest is ${first.slowest}${advice}`
}

function bootText({ providers, types }: Pick<BootTimings, "providers" | "types">): string {
  if (providers.length === 0) return "no boots are known"
  return [...providers, ...types].flatMap(summaryLines).join("\n")
}

function summaryLines(summary: BootSummary): readonly string[] {
  const { provider, region, instanceType, ready, booting, ended, boot, phases, advice, slowest } = summary
  const what =
    instanceType === undefined ? placeName(provider, region) : `${placeName(provider, region)}, ${instanceType}`
  const counts = [
    `${ready} ready`,
    ...(booting > 0 ? [`${booting} booting`] : []),
    ...(ended > 0 ? [`${ended} ended before`] : []),
  ].join(", ")
  const cells = ({ medianMs, p90Ms, slowestMs, slowest: name }: BootSpread) => [
    ...[medianMs, p90Ms, slowestMs].map(shortSpan),
    name,
  ]
  const rows = phases.map((one) => [one.phase, ...cells(one), `${Math.round(one.share * 100)} %`])
  return [
    `${what}: ${counts}`,
    ...columns(
      [
        ["PHASE", "MEDIAN", "P90", "SLOWEST", "WHICH", "OF ALL"],
        ...rows,
        ...(boot === undefined ? [] : [["boot", ...cells(boot), ""]]),
      ],
      2,
    ),
    ...(advice === undefined ? [] : [`  ${advice}`]),
    ...(slowest === undefined ? [] : [`  the slowest now: ${slowest}`]),
  ]
}
