/** What the compiler knows of work; support/refused.ts has what it refuses. Both are type-checked with all others. */
import { expectTypeOf, test } from "vitest"
import { type Cluster, type CommandOutput, remote, runJob, type TaskFailed, type TaskSuccess } from "muster-vms"
import type { refused } from "./support/refused.js"

const tasks = remote<typeof import("./support/tasks.js")>(new URL("./support/tasks.ts", import.meta.url))
const cluster = undefined as unknown as Cluster<"cpu" | "gpu">
const here = { provider: "local" } as const

/** Never called: what is asked of the compiler stands in it. */
function typed() {
  return {
    all: cluster.map([1, 2], tasks.double).all(),
    yielded: cluster.map([1], tasks.double, { errors: "yield" }).all(),
    thrown: cluster.map([1], tasks.double, { errors: "throw", slots: "vcpus" }).all(),
    called: cluster.call(tasks.waits, 3),
    outputs: cluster.map(["a"], { command: (word) => ["echo", word.toUpperCase()] }).all(),
    job: runJob(here, { workers: 2, inputs: [1, 2], work: tasks.double }),
    yieldingJob: runJob(here, { workers: 2, inputs: ["a"], work: { command: "true" }, errors: "yield" }),
  }
}

test("results have the types that functions return, and failures are among them where they are asked for", () => {
  type Typed = ReturnType<typeof typed>
  expectTypeOf<Awaited<Typed["all"]>>().toEqualTypeOf<number[]>()
  expectTypeOf<Awaited<Typed["thrown"]>>().toEqualTypeOf<number[]>()
  expectTypeOf<Awaited<Typed["yielded"]>>().toEqualTypeOf<(TaskSuccess<number> | TaskFailed)[]>()
  expectTypeOf<Awaited<Typed["called"]>>().toEqualTypeOf<string>()
  expectTypeOf<Awaited<Typed["outputs"]>>().toEqualTypeOf<CommandOutput[]>()
  expectTypeOf<Awaited<Typed["job"]>>().toEqualTypeOf<number[]>()
  expectTypeOf<Awaited<Typed["yieldingJob"]>>().toEqualTypeOf<(TaskSuccess<CommandOutput> | TaskFailed)[]>()
  expectTypeOf<typeof refused>().returns.toBeVoid()
  type Each = Typed["job"] extends AsyncIterable<infer One> ? One : never
  expectTypeOf<Each>().toEqualTypeOf<TaskSuccess<number>>()
})
