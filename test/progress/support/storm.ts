/** A spot storm on a small cloud in virtual time, and a terminal that watches it. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { showProgress } from "../../../src/progress/index.js"
import { type ScenarioName, simulate } from "../../../src/simulator/index.js"
import { TerminalDouble } from "./screen.js"

export interface Moment {
  readonly atMs: number
  readonly text: string
}

export interface Storm {
  readonly terminal: TerminalDouble
  /** What stood on the terminal at each of the moments. */
  readonly moments: readonly Moment[]
  /** Once it was closed, before anything else was written. */
  readonly last: string
}

export interface StormOptions {
  readonly workers: number
  readonly columns: number
  readonly rows: number
  /** From the beginning, in milliseconds; the cluster is closed after the last one. */
  readonly momentsMs: readonly number[]
  readonly scenario?: ScenarioName
  /** Sizes that the terminal is given after each moment. */
  readonly sizes?: readonly (readonly [columns: number, rows: number])[]
}

/** Thin spot pools, so that there are refusals too, and three in ten spot instances taken back after five minutes. */
export async function watchStorm(options: StormOptions): Promise<Storm> {
  const { workers, columns, rows, momentsMs, scenario = "spot-storm", sizes = [] } = options
  const clock = new VirtualClock({ seed: 1 })
  const { provider } = simulate({ clock, seed: 1, scenario, capacity: [{ market: "spot", count: 130 }] })
  const spec = { provider, vcpus: 2, market: "spot-with-fallback", name: "storm" } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  const terminal = new TerminalDouble(columns, rows, () => clock.now())
  const begunAt = clock.now()
  const moments: Moment[] = []
  const play = async () => {
    showProgress(cluster, { stream: terminal, mode: "terminal", clock })
    void cluster.scale(workers).catch(() => {})
    for (const [index, atMs] of momentsMs.entries()) {
      await clock.sleep(begunAt + atMs - clock.now())
      moments.push({ atMs, text: terminal.text })
      const [width, height] = sizes[index] ?? [terminal.columns, terminal.rows]
      if (width !== terminal.columns || height !== terminal.rows) terminal.resize(width, height)
    }
    await cluster.close()
  }
  await clock.run(play())
  return { terminal, moments, last: terminal.text }
}
