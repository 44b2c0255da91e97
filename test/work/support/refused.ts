/** What the compiler refuses of work: each line below such a comment would be an error without it. Never called. */
import { type Cluster, remote, runJob } from "muster-vms"

const tasks = remote<typeof import("./tasks.js")>(new URL("./tasks.ts", import.meta.url))
const cluster = undefined as unknown as Cluster<"cpu" | "gpu">
const here = { provider: "local" } as const

export function refused() {
  // @ts-expect-error: it takes numbers.
  cluster.map(["a"], tasks.double)
  // @ts-expect-error: the module exports no such function.
  cluster.map([1], tasks.triple)
  // @ts-expect-error: it is exported, and no function.
  cluster.map([1], tasks.notAFunction)
  // @ts-expect-error: a function of this process cannot be sent.
  cluster.map([1], (value: number) => value)
  // @ts-expect-error: it is "throw" or "yield".
  cluster.map([1], tasks.double, { errors: "ignore" })
  // @ts-expect-error: a duration has a unit.
  cluster.map([1], tasks.double, { taskTimeout: "90" })
  // @ts-expect-error: it takes a number.
  void cluster.call(tasks.double, "a")
  // @ts-expect-error: the command is made of texts.
  cluster.map(["a"], { command: (word: number) => ["echo", String(word)] })
  // @ts-expect-error: nothing says how many workers.
  runJob(here, { inputs: [1], work: tasks.double })
  // @ts-expect-error: it takes numbers.
  runJob(here, { workers: 1, inputs: ["a"], work: tasks.double })
  // @ts-expect-error: there is no such group.
  runJob({ ...here, groups: { cpu: {} } }, { workers: { gpu: 1 }, inputs: [1], work: tasks.double })
}
