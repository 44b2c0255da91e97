/**
 * One spec behaves the same everywhere: on this machine, and on the three clouds' wires with the real program in a real shell for
 * each instance. Every row of the table is asserted to be the same in all places.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pLimit from "p-limit"
import { afterAll, describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { systemClock } from "../../src/calls/clock.js"
import { ShortfallError } from "../../src/errors.js"
import type { ClusterEvent } from "../../src/events.js"
import type { ClusterSpec } from "../../src/spec.js"
import { isLong } from "../support/long.js"
import { lacking, titled } from "../support/tools.js"
import { type Place, type PlaceName, PLACES as ALL_PLACES, placeOf, speedHere } from "./world/clouds.js"

/** All of them in the longer suites. */
const PLACES = isLong ? ALL_PLACES : ALL_PLACES.filter((place) => place === "local" || place === "aws")

const TARGET = 2
/** Longer than any row takes on a busy machine, in true milliseconds. */
const PATIENCE_MS = 300_000
/** So many clusters are there at once: what they start takes the time of others, of which a slow machine has less. */
const inTurn = pLimit(Math.max(4, Math.floor(speedHere() ** 2 / 6)))
/** A cluster's whole life where its deadline is to come, in true seconds, which are more on a slow machine: enough for two to be up before. */
const LIFETIME_S = Math.round(240 / speedHere())
/** For how long a worker may be not ready, in true seconds. */
const READY_S = Math.round(180 / speedHere())

/** What is compared: nothing in it depends on ids, times, or a cloud's words. */
interface Outcome {
  readonly events: readonly string[]
  readonly target: number
  readonly running: number
  readonly finished: string
  readonly launched: number
  readonly exitCodes: readonly (number | undefined)[]
  /** What the user's scripts have written, sorted. */
  readonly wrote: readonly string[]
  readonly error: string
  readonly explained: string
}

interface Run {
  readonly place: Place
  readonly cluster: Cluster
  readonly events: readonly ClusterEvent[]
  /** What the first call of scale came to. */
  readonly scaled: unknown
  /** The lines that the scripts have written. */
  wrote(): Promise<readonly string[]>
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
}

const checked = ({ speed }: Place, command: string): Partial<ClusterSpec> => ({
  ready: { command, timeout: `${READY_S * speed}s` },
  access: "192.0.2.7/32",
})

interface Row {
  /** 2 by default. */
  readonly target?: number
  readonly spec: (folder: string, place: Place) => Partial<ClusterSpec>
  /** @returns the error that the user gets. */
  readonly play: (run: Run) => Promise<unknown>
  readonly outcome: Outcome
}

const QUIET = { events: [], finished: "0+0", exitCodes: [], error: "", explained: "" } as const
const GOES_ON = 'echo up >>"$OUT"; exec sleep 100000'
const FAILS = 'echo "no licence" >&2; exit 3'

const ROWS: Readonly<Record<string, Row>> = {
  "success keep": {
    spec: () => ({ startup: 'echo did >>"$OUT"' }),
    play: async ({ until, wrote, place }) => {
      await until("both to have worked", async () => (await wrote()).length === TARGET)
      // Nothing follows: three seconds of true time are more than one look at the wires.
      await place.clock.sleep(3_000 * place.speed)
    },
    outcome: { ...QUIET, target: 2, running: 2, launched: 2, wrote: ["did", "did"] },
  },
  "success end": {
    spec: () => ({ startup: 'echo did >>"$OUT"', whenDone: "end" }),
    play: async ({ cluster }) => void (await cluster.finished()),
    outcome: {
      ...QUIET,
      events: ["success end startup 0 -> 1", "success end startup 0 -> 0"],
      target: 0,
      running: 0,
      finished: "2+0",
      launched: 2,
      exitCodes: [0, 0],
      wrote: ["did", "did"],
    },
  },
  "failure replace": {
    spec: (folder) => ({ startup: `mkdir '${folder}/once' 2>/dev/null && { ${FAILS}; }\n${GOES_ON}` }),
    play: async ({ until, cluster, wrote }) => {
      await until("both to be up", async () => (await wrote()).length === TARGET)
      await until("both to run", () => runningOf(cluster) === TARGET)
    },
    outcome: {
      ...QUIET,
      events: ["failure replace startup 3 -> 2 (no licence)"],
      target: 2,
      running: 2,
      launched: 3,
      exitCodes: [3],
      wrote: ["up", "up"],
      explained: "startup 3: no licence",
    },
  },
  "failing for ever": {
    // With one, each round is one worker: which of several fails first is chance.
    target: 1,
    spec: () => ({ startup: FAILS, whenDone: { success: "end", failure: "replace" } }),
    play: ({ cluster }) => cluster.finished().catch((error: unknown) => error),
    outcome: {
      events: [
        ...Array<string>(2).fill("failure replace startup 3 -> 1 (no licence)"),
        "given up: startup 3: no licence",
      ],
      target: 1,
      running: 0,
      finished: "0+0",
      launched: 2,
      exitCodes: [3, 3],
      wrote: [],
      error: "startup 3: no licence",
      explained: "startup 3: no licence",
    },
  },
  "not ready": {
    spec: (folder, place) => ({
      startup: `mkdir '${folder}/once' 2>/dev/null && : >'${folder}/bad-'"$MUSTER_NAME"\n: >'${folder}/begun-'"$MUSTER_NAME"\n${GOES_ON}`,
      // A check may come before the first of a script.
      ...checked(
        place,
        `[ -e '${folder}/begun-'"$MUSTER_NAME" ] && [ ! -e '${folder}/bad-'"$MUSTER_NAME" ] || { ${FAILS}; }`,
      ),
    }),
    play: async ({ cluster, until }) => {
      await until("both to be ready", () => cluster.workers.filter(({ ready }) => ready).length === TARGET)
    },
    outcome: {
      ...QUIET,
      events: ["ready", "not ready 3, replace (no licence)", "ready"],
      target: 2,
      running: 2,
      launched: 3,
      wrote: ["up", "up", "up"],
      explained: "startup 3: no licence",
    },
  },
  "never ready": {
    target: 1,
    spec: (_folder, place) => ({ startup: GOES_ON, ...checked(place, FAILS) }),
    play: ({ scaled }) => Promise.resolve(scaled),
    outcome: {
      ...QUIET,
      events: [...Array<string>(2).fill("not ready 3, replace (no licence)"), "given up: startup 3: no licence"],
      target: 1,
      running: 0,
      launched: 2,
      wrote: ["up", "up"],
      error: "startup 3: no licence",
      explained: "startup 3: no licence",
    },
  },
  notice: {
    spec: () => ({ startup: GOES_ON, onNotice: 'echo "notice $MUSTER_REASON" >>"$OUT"' }),
    play: async ({ place, cluster, until, wrote }) => {
      await until("both to be up", async () => (await wrote()).length === TARGET)
      await place.interrupt(cluster.workers[0]?.id ?? "")
      await until("a notice, and another to be up", async () => (await wrote()).length === TARGET + 2)
      await until("both to run", () => runningOf(cluster) === TARGET)
    },
    outcome: { ...QUIET, target: 2, running: 2, launched: 3, wrote: ["notice interrupted", "up", "up", "up"] },
  },
  deadline: {
    spec: (_folder, place) => ({ startup: GOES_ON, maxLifetime: `${LIFETIME_S * place.speed}s` }),
    play: async ({ until, cluster, wrote }) => {
      await until("both to be up", async () => (await wrote()).length === TARGET)
      await until("both to have ended", () => runningOf(cluster) === 0)
    },
    outcome: { ...QUIET, target: 2, running: 0, launched: 2, wrote: ["up", "up"] },
  },
}

async function play(name: string, where: PlaceName): Promise<Outcome> {
  const row = ROWS[name] as Row
  const folder = await mkdtemp(join(tmpdir(), "muster-table-"))
  const out = join(folder, "out")
  const place = await placeOf(where)
  const { provider, instanceType, market, clock } = place
  const environment = { OUT: out }
  const spec = { name: "table", provider, instanceType, market, environment, ...row.spec(folder, place) }
  const cluster = new Cluster(spec as ClusterSpec, { clock, seed: 1, journal: false })
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  const wrote = async () => (await readFile(out, "utf8").catch(() => "")).split("\n").filter((line) => line !== "")
  const until: Run["until"] = async (what, holds) => {
    const end = systemClock.now() + PATIENCE_MS
    while (!(await holds())) {
      if (systemClock.now() > end) throw new Error(`${name} on ${where}: waited ${PATIENCE_MS} ms for ${what}`)
      await systemClock.sleep(20)
    }
  }
  try {
    const scaled: unknown = await cluster.scale(row.target ?? TARGET).catch((thrown: unknown) => thrown)
    const error = await row.play({ place, cluster, events, scaled, wrote, until })
    const [group] = cluster.explain().groups
    const { desired } = cluster.group("default")
    const running = runningOf(cluster)
    const { succeeded = 0, failed = 0 } = group?.finished ?? {}
    const written = [...(await wrote())].sort()
    const explained = told(String(cluster.explain()))
    const receipt = await cluster.close()
    return {
      events: events.flatMap(wordsOf),
      target: desired,
      running,
      finished: `${succeeded}+${failed}`,
      launched: receipt.instances.length,
      exitCodes: receipt.instances.flatMap(({ exitCode }) => exitCode ?? []).sort(),
      wrote: written,
      error: error instanceof ShortfallError ? told(error.message) : "",
      explained,
    }
  } finally {
    await cluster.close().catch(() => undefined)
    await place.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function runningOf({ workers }: Cluster): number {
  return workers.filter(({ state }) => state === "running").length
}

/** Whether code and tail of a failed startup are there. */
function told(text: string): string {
  return /exit code 3/.test(text) && text.includes("no licence") ? "startup 3: no licence" : ""
}

function wordsOf(event: ClusterEvent): readonly string[] {
  if (event.type === "finished") {
    const { outcome, action, step, exitCode, desired, tail = "" } = event
    const how = step === undefined ? [] : [step, exitCode]
    return [`${[outcome, action, ...how].join(" ")} -> ${desired}${tail === "" ? "" : ` (${tail})`}`]
  }
  if (event.type === "ready") {
    const { isReady, exitCode, action, tail = "" } = event
    return [isReady ? "ready" : `not ready ${exitCode}, ${action} (${tail})`]
  }
  if (event.type === "problem" && event.error === "StartupFailures") return [`given up: ${told(event.message)}`]
  return []
}

const COLUMNS = ["", "place", "events", "target", "running", "finished", "launched", "exit codes"]
const rows = new Map<string, readonly (readonly string[])[]>()

afterAll(() => {
  const table = [COLUMNS, ...Object.keys(ROWS).flatMap((name) => rows.get(name) ?? [])]
  const width = (column: number) => Math.max(...table.map((cells) => cells[column]?.length ?? 0))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(width(at)))
      .join("  ")
      .trimEnd()
  process.stdout.write(`${table.map(line).join("\n")}\n`)
})

function cellsOf(name: string, place: string, outcome: Outcome): readonly string[] {
  const { events, target, running, finished, launched, exitCodes } = outcome
  return [name, place, events.join("; "), ...[target, running, finished, launched, exitCodes.join(" ")].map(String)]
}

/** What takes long alone is in the longer suites. */
const LONG_ROWS = ["not ready", "never ready", "deadline"]
const TRIED = Object.entries(ROWS).filter(([name]) => isLong || !LONG_ROWS.includes(name))

describe.concurrent.each(TRIED)("%s", (name, { outcome: expected }) => {
  // In other rows of `npm test` nothing depends on what an instance asks its metadata.
  const noCurl = isLong || name === "notice" ? lacking("curl") : undefined
  test.skipIf(noCurl !== undefined)(
    titled(`is the same in ${PLACES.join(", ")}`, noCurl),
    { timeout: 8 * PATIENCE_MS },
    async () => {
      const outcomes = await Promise.all(PLACES.map((place) => inTurn(() => play(name, place))))
      rows.set(
        name,
        outcomes.map((outcome, at) => cellsOf(at === 0 ? name : "", PLACES[at] ?? "", outcome)),
      )
      for (const [at, place] of PLACES.entries()) expect(outcomes[at], place).toEqual(expected)
    },
  )
})
