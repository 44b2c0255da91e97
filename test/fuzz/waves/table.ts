/** Table: what many waves came to, by their kind. */
import { KINDS } from "./draw.js"
import type { Played } from "./play.js"

/** Of the waves of one kind, or of all. */
export interface WaveRow {
  readonly kind: string
  readonly waves: number
  readonly tasks: number
  readonly launched: number
  /** The part of them that have had a task. */
  readonly useful: number
  /** Most turns of the target in one wave, and how many waves had more than one. */
  readonly mostTurns: number
  readonly turnedMore: number
  /** The longest from the first task to the first target, and from the last task to none, in seconds. */
  readonly followedSeconds: number
  readonly zeroSeconds: number
  /** The average of all tasks, in seconds. */
  readonly waitSeconds: number
  readonly workerHours: number
  readonly oracleHours: number
  /** The first of the last two to the second. */
  readonly cost: number
}

const HOUR_MS = 3_600_000

export function rowOf(kind: string, waves: readonly Played[]): WaveRow {
  const sum = (of: (one: Played) => number) => waves.reduce((all, one) => all + of(one), 0)
  const most = (of: (one: Played) => number) => Math.max(...waves.map(of))
  const tasks = sum(({ done }) => done)
  const [launched, costMs, bestMs] = [sum((one) => one.launched), sum((one) => one.costMs), sum((one) => one.oracleMs)]
  return {
    ...{ kind, waves: waves.length, tasks, launched, useful: sum(({ useful }) => useful) / launched },
    ...{ mostTurns: most(({ turns }) => turns), turnedMore: waves.filter(({ turns }) => turns > 1).length },
    followedSeconds: most(({ followedMs }) => followedMs) / 1000,
    zeroSeconds: most(({ zeroMs }) => zeroMs) / 1000,
    waitSeconds: sum(({ waitMs, done }) => waitMs * done) / tasks / 1000,
    ...{ workerHours: costMs / HOUR_MS, oracleHours: bestMs / HOUR_MS, cost: costMs / bestMs },
  }
}

/** A row for each kind, and one for all of them. */
export function rowsOf(waves: readonly Played[]): readonly WaveRow[] {
  const rows = KINDS.map((kind) => [kind, waves.filter(({ wave }) => wave.kind === kind)] as const)
  return [...rows.filter(([, own]) => own.length > 0), ["all", waves] as const].map(([kind, own]) => rowOf(kind, own))
}

const HEAD = [
  "wave",
  "waves",
  "tasks",
  "launched",
  "had a task",
  "turns",
  "more than 1",
  "followed",
  "at zero",
  "a task waits",
  "worker hours",
  "oracle's",
  "cost",
]

export function tableOf(rows: readonly WaveRow[]): string {
  const cells = rows.map((row) => [
    ...[row.kind, row.waves, row.tasks, row.launched].map(String),
    ...[`${(100 * row.useful).toFixed(1)} %`, String(row.mostTurns), String(row.turnedMore)],
    ...[row.followedSeconds, row.zeroSeconds, row.waitSeconds].map((seconds) => `${seconds.toFixed(1)} s`),
    ...[row.workerHours, row.oracleHours].map((hours) => hours.toFixed(1)),
    `× ${row.cost.toFixed(3)}`,
  ])
  const widths = HEAD.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  ")
  return [HEAD, ...cells].map(line).join("\n")
}
