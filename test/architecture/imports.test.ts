import { join, sep } from "node:path"
import { describe, expect, test } from "vitest"
import { impureReaches, problemsOf, PURE } from "./rules.js"
import { readSource } from "./source.js"
import { sourcesIn } from "./sources.js"

const sources = [...sourcesIn("src"), ...sourcesIn("providers")]

describe("the directions of imports", () => {
  test("every file imports only what it may", () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(100)
    expect(sources.flatMap(problemsOf)).toEqual([])
  })

  test("pure stages are there, and reach no I/O through others", () => {
    const paths = new Set(sources.map(({ path }) => path))
    expect([...PURE].filter((stage) => !paths.has(stage))).toEqual([])
    expect(impureReaches(sources)).toEqual([])
  })

  test("relative imports name files that there are", () => {
    const paths = new Set(sources.map(({ path }) => path))
    const missing = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => join(path, "..", specifier).split(sep).join("/").replace(/\.js$/, ".ts"))
        .filter((target) => !paths.has(target))
        .map((target) => `${path} imports ${target}`),
    )
    expect(missing).toEqual([])
  })
})

/** Each is wrong, or right but for looking wrong: the rules must tell. */
const CASES: readonly (readonly [path: string, text: string, problem: RegExp | undefined])[] = [
  ["providers/aws/list.ts", `import { list } from "../gcp/list.js"`, /imports providers\/gcp\/list.ts/],
  ["providers/aws/list.ts", `import { plan } from "../../src/fleet/plan.js"`, /knows the seam/],
  ["providers/aws/list.ts", `import { TAG } from "../../src/fleet/tags.js"`, undefined],
  ["providers/aws/list.ts", `import { Compute } from "@azure/arm-compute"`, /imports @azure/],
  ["providers/aws/list.ts", `import { EC2Client } from "@aws-sdk/client-ec2"`, undefined],
  ["providers/aws/list.ts", `import { World } from "../../src/simulator/index.js"`, /simulator/],
  ["providers/aws/wire/index.ts", `import { World } from "../../../src/simulator/index.js"`, undefined],
  ["providers/aws/live/index.ts", `import { judgeTags } from "../../../src/live/judges.js"`, undefined],
  ["providers/aws/live/index.ts", `import { LIES } from "../wire/lies/index.js"`, /knows the double/],
  ["providers/aws/live/index.ts", `import { World } from "../../../src/simulator/index.js"`, /knows the seam/],
  ["src/live/judges.ts", `import { World } from "../simulator/index.js"`, /simulator/],
  ["src/doctor/live/walk.ts", `import { brokenBy } from "../../simulator/requests/lies.js"`, /simulator/],
  ["providers/aws/options.ts", `import { z } from "zod"`, /imports zod/],
  ["providers/aws/options.ts", `import type { z } from "zod"`, undefined],
  ["providers/aws/options.ts", `import { type z } from "zod"`, undefined],
  ["providers/local/host.ts", `import { systemClock } from "../../src/calls/clock.js"`, /calls\/clock/],
  ["src/cluster.ts", `import { aws } from "../providers/aws/index.js"`, /lazy registry/],
  ["src/registry.ts", `import { aws } from "../providers/aws/index.js"`, /lazy registry/],
  ["src/registry.ts", `const load = () => import("../providers/aws/index.js")`, undefined],
  ["src/cluster.ts", `const load = () => import("../providers/aws/index.js")`, /lazy registry/],
  ["src/cluster.ts", `import { World } from "./simulator/index.js"`, /simulator/],
  ["src/cluster.ts", `import { showProgress } from "./progress/index.js"`, /does not know who shows it/],
  ["src/session/session.ts", `const load = () => import("../progress/index.js")`, /does not know who shows it/],
  ["src/cli/run.ts", `const load = () => import("../progress/index.js")`, undefined],
  ["src/progress/model/model.ts", `import { styleText } from "node:util"`, /pure/],
  ["src/parse.ts", `import { z } from "zod"`, /first use/],
  ["src/parse.ts", `export { z } from "zod"`, /first use/],
  ["src/cluster.ts", `import { createServer } from "node:http"`, /first use/],
  ["src/fleet/plan.ts", `import { readFile } from "node:fs"`, /pure/],
  ["src/fleet/replace.ts", `import { createCalls } from "../calls/send.js"`, /pure/],
  ["src/fleet/observe.ts", `const now = Date.now()`, /uses Date/],
  ["src/fleet/observe.ts", `const now = new Date()`, /uses Date/],
  ["src/fleet/observe.ts", `let expires: Date | undefined`, undefined],
  ["src/fleet/observe.ts", `const luck = Math.random()`, /uses Math.random/],
  ["src/fleet/observe.ts", `globalThis.setTimeout(() => {}, 1)`, /uses setTimeout/],
  ["src/fleet/observe.ts", `const wait = setTimeout`, /uses setTimeout/],
  ["src/fleet/observe.ts", `const speed = engine.performance`, undefined],
  ["src/fleet/observe.ts", `import { setTimeout as sleep } from "node:timers/promises"`, /take a Clock/],
  ["providers/gcp/list.ts", `import { AsyncLocalStorage } from "node:async_hooks"`, /every promise/],
  [
    "src/session/session.ts",
    `const either = AbortSignal.any([fleet.signal, own])`,
    /uses AbortSignal.any: take firstOf/,
  ],
  ["src/session/session.ts", `const late = AbortSignal.timeout(1)`, undefined],
  ["src/cli/verbs/look/watch.ts", `const over = AbortSignal.any(signals)`, undefined],
  ["src/calls/clock.ts", `const now = Date.now()`, undefined],
]

describe("the rules themselves", () => {
  test.each(CASES)("%s: %s", (path, text, problem) => {
    const problems = problemsOf(readSource(path, text)).join("\n")
    if (problem === undefined) expect(problems).toBe("")
    else expect(problems).toMatch(problem)
  })

  test("a pure stage that reaches I/O through another file is found", () => {
    const plan = readSource("src/fleet/plan.ts", `import { rank } from "./planning/rank.js"`)
    const rank = readSource("src/fleet/planning/rank.ts", `import { readFileSync } from "node:fs"`)
    expect(impureReaches([plan, rank])).toEqual([
      "src/fleet/plan.ts reaches node:fs through src/fleet/planning/rank.ts",
    ])
  })

  test("what only types need is not reached", () => {
    const plan = readSource("src/fleet/plan.ts", `import type { Rank } from "./planning/rank.js"`)
    const rank = readSource("src/fleet/planning/rank.ts", `import { readFileSync } from "node:fs"`)
    expect(impureReaches([plan, rank])).toEqual([])
  })
})
