/** The command line: how long it takes to start, beyond a bare Node. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { simulate } from "../../../src/simulator/index.js"
import { importCosts } from "../child.js"
import { spreadOf } from "../statistics.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

/** Workers of each cluster that the local state tells of. */
const WORKERS = 100
const CLUSTERS = 5

/** What each may take at most, in milliseconds beyond a bare Node. */
const GOALS = {
  "muster --help": 60,
  "muster help up": 60,
  "muster version": 60,
  "muster get (local state)": 150,
  "muster get workers --offline": 150,
  "muster completion words": 100,
} as const

export const suite: Suite = {
  title: "cli",
  measure: async (options) => {
    const directory = mkdtempSync(join(tmpdir(), "muster-bench-"))
    try {
      await fill(join(directory, "journal"), options)
      return await measureStarts(join(directory, "journal"), options)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

async function fill(journal: string, { say }: SuiteOptions): Promise<void> {
  say(`${CLUSTERS} clusters of ${WORKERS} workers, for the local state`)
  const clock = new VirtualClock({ seed: 1 })
  const { provider } = simulate({ clock, seed: 1 })
  for (let count = 1; count <= CLUSTERS; count += 1) {
    const cluster = new Cluster({ provider, name: `bench-${count}`, instanceType: "s1.small" }, { clock, journal })
    await clock.run(cluster.scale(WORKERS))
    await clock.run(cluster.detach())
  }
}

async function measureStarts(journal: string, { runs, say }: SuiteOptions): Promise<readonly Row[]> {
  const lines: Readonly<Record<keyof typeof GOALS, readonly string[]>> = {
    "muster --help": ["--help"],
    "muster help up": ["help", "up"],
    "muster version": ["version"],
    "muster get (local state)": ["get", "--journal", journal, "--offline"],
    "muster get workers --offline": ["get", "workers", "bench-1", "--journal", journal, "--offline"],
    "muster completion words": ["completion", "--journal", journal, "words", "--", "delete", "be"],
  }
  say(`starting each of ${Object.keys(lines).length} command lines ${runs} times, beside a bare Node`)
  const texts = Object.entries(lines).map(([name, words]) => {
    const begin = `process.argv.splice(1, process.argv.length, "muster", ...${JSON.stringify(words)})`
    return [name, `${begin}; await import("./src/cli/index.js")`] as const
  })
  const costs = await importCosts(Object.fromEntries(texts), runs)
  return Object.entries(costs).map(([name, values]) => {
    const goal = GOALS[name as keyof typeof GOALS]
    return { name, unit: "ms" as const, ...spreadOf(values), note: `minus a bare Node, in pairs; ${goal} at most` }
  })
}
