/** Compare: what two walks on the same cloud saw differently. Pure. */
import { SpecError } from "../../errors.js"
import type { Verdict } from "../../live/verdicts.js"
import type { WalkReport, ToldMachine } from "./format.js"
import { exchangesOf } from "./packing.js"

export interface Comparison {
  readonly provider: string
  /** No assumption has another verdict, or is in one report alone. */
  readonly isEqual: boolean
  /** The two walks: when, where, with what. */
  readonly walks: readonly [WalkTold, WalkTold]
  readonly changes: readonly VerdictChange[]
  /** Of what is in both; seconds. */
  readonly timings: readonly Timing[]
  /** What the clouds' answers said of limits: the least that was left. */
  readonly limits: readonly LimitSeen[]
}

export interface WalkTold {
  readonly at: string
  readonly region: string
  readonly instanceType: string
  readonly versions: Readonly<Record<string, string>>
}

/** Undefined: that report does not have it. */
export interface VerdictChange {
  readonly id: string
  readonly says: string
  readonly verdicts: readonly [Verdict | undefined, Verdict | undefined]
}

export interface Timing {
  /** "batch: running" */
  readonly what: string
  readonly seconds: readonly [number | undefined, number | undefined]
}

export interface LimitSeen {
  readonly name: string
  readonly least: readonly [number | undefined, number | undefined]
}

/** @throws SpecError for reports of two clouds: there is nothing to compare. */
export function compare(a: WalkReport, b: WalkReport): Comparison {
  if (a.provider !== b.provider) {
    const message = `one report is of ${a.provider}, the other of ${b.provider}; compare two of the same cloud`
    throw new SpecError([{ option: "--compare", value: [a.provider, b.provider], message }])
  }
  const changes = changesOf(a, b)
  return {
    provider: a.provider,
    isEqual: changes.length === 0,
    walks: [walkOf(a), walkOf(b)],
    changes,
    timings: pairs(timingsOf(a), timingsOf(b)).map(([what, seconds]) => ({ what, seconds })),
    limits: pairs(limitsOf(a), limitsOf(b)).map(([name, least]) => ({ name, least })),
  }
}

function walkOf({ at, region, instanceType, versions }: WalkReport): WalkTold {
  const { packages, muster, node, system } = versions
  return { at, region, instanceType, versions: { "muster-vms": muster, node, system, ...packages } }
}

function changesOf(a: WalkReport, b: WalkReport): readonly VerdictChange[] {
  const ids = [...new Set([...a.assumptions, ...b.assumptions].map(({ id }) => id))]
  return ids.flatMap((id) => {
    const [one, other] = [a, b].map(({ assumptions }) => assumptions.find((assumption) => assumption.id === id))
    if (one?.verdict === other?.verdict) return []
    return [{ id, says: other?.says ?? one?.says ?? "", verdicts: [one?.verdict, other?.verdict] as const }]
  })
}

const MOMENTS = ["running", "booted", "gone"] as const

/** The middle one of each wave's machines, after the launch was sent; of what is gone, after its end was asked for. */
function timingsOf({ machines }: WalkReport): ReadonlyMap<string, number> {
  const waves = [...new Set(machines.map(({ wave }) => wave))]
  return new Map(
    waves.flatMap((wave) =>
      MOMENTS.flatMap((moment): readonly (readonly [string, number])[] => {
        const all = machines.filter((one) => one.wave === wave).flatMap((one) => lastedMs(one, moment) ?? [])
        const middle = all.sort((x, y) => x - y)[Math.floor(all.length / 2)]
        return middle === undefined ? [] : [[`${wave}: ${moment}`, middle / 1000]]
      }),
    ),
  )
}

function lastedMs(machine: ToldMachine, moment: (typeof MOMENTS)[number]): number | undefined {
  const at = machine[moment]
  const from = moment === "gone" ? machine.ended : machine.sent
  return at === null || from === null ? undefined : at - from
}

/** Headers that say how much of a limit is left. Some have several: "Microsoft.Compute/PutVM3Min;239,…". */
function limitsOf(report: WalkReport): ReadonlyMap<string, number> {
  const least = new Map<string, number>()
  const note = (name: string, left: number) => least.set(name, Math.min(left, least.get(name) ?? left))
  for (const [name, value] of exchangesOf(report).flatMap(({ answer }) => Object.entries(answer?.headers ?? {}))) {
    if (!name.includes("ratelimit")) continue
    for (const [, policy = "", left = ""] of value.matchAll(/(?:([\w./]+);)?(\d+)/g))
      note(policy === "" ? name : policy, Number(left))
  }
  return least
}

/** What either has, by name. */
function pairs(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): readonly (readonly [string, readonly [number | undefined, number | undefined]])[] {
  return [...new Set([...a.keys(), ...b.keys()])].map((name) => [name, [a.get(name), b.get(name)]])
}

/** For people. */
export function comparisonText({ provider, walks, changes, timings, limits }: Comparison): string {
  const [a, b] = walks
  const names = [...new Set([...Object.keys(a.versions), ...Object.keys(b.versions)])]
  const versions = names.filter((name) => a.versions[name] !== b.versions[name])
  const rows = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [title, ...lines, ""])
  const text = [
    `${provider}: ${a.at} ${a.region} ${a.instanceType}`,
    `${" ".repeat(provider.length)}  ${b.at} ${b.region} ${b.instanceType}`,
    "",
    ...(changes.length === 0 ? ["Every assumption has the same verdict in both.", ""] : []),
    ...rows(
      "Other verdicts:",
      changes.map(({ id, verdicts: [one = "-", other = "-"], says }) => `  ${id}: ${one} -> ${other}  (${says})`),
    ),
    ...rows(
      "Seconds, of the middle machine:",
      timings.map(({ what, seconds: [one, other] }) => `  ${what}: ${secondsText(one)} -> ${secondsText(other)}`),
    ),
    ...rows(
      "Limits, the least that was left:",
      limits.map(({ name, least: [one = "-", other = "-"] }) => `  ${name}: ${one} -> ${other}`),
    ),
    ...rows(
      "Versions:",
      versions.map((name) => `  ${name}: ${a.versions[name] ?? "-"} -> ${b.versions[name] ?? "-"}`),
    ),
  ].join("\n")
  // A report may be anybody's, and this is for a terminal.
  return text.replace(/[^\P{Cc}\n]/gu, "?")
}

function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? "-" : seconds.toFixed(1)
}
