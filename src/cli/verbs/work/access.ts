/** `muster access`: who may reach the ssh of a cluster's workers. */
import { wallAheadMs } from "../../../calls/clock.js"
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { placeOf } from "../../../fleet/roster/keys.js"
import type { Provider } from "../../../provider.js"
import type { ClusterOpening } from "../../../session/access/openings.js"
import { wordProblem } from "../../../spec/access.js"
import { type NamedTarget, working } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { formatOf, rowsText, type Shape } from "../../output.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { holderSeen, holderText } from "../../taking-over.js"

export const run: RunVerb = (given, surroundings) => {
  const from = given.values.from ?? []
  const isClosing = given.switches.has("close")
  if (isClosing && from.length > 0)
    throw new SpecError([{ option: "--close", message: "is given beside --from; leave one of them out" }])
  const problems = from.flatMap((range) => wordProblem("--from", range, "access: % into the spec") ?? [])
  if (problems.length > 0) throw new SpecError(problems)
  formatOf(given)
  return working(given, surroundings, async (cluster, target, providers) => {
    if (from.length === 0 && !isClosing) {
      if (providers.every(({ limits }) => limits.takesKeys === undefined))
        surroundings.say(`workers of ${providers.map(placeOf).join(", ")} need none: they are reached without ssh\n`)
      return show(await cluster.openings(), given, surroundings, cluster)
    }
    if (!(await isAllowed(isClosing, target, providers, given, surroundings))) return EXIT.failed
    return isClosing ? close(cluster, given, surroundings) : open(cluster, from, given, surroundings)
  })
}

async function open(cluster: Cluster, from: readonly string[], given: Given, surroundings: Surroundings) {
  const openings = await cluster.openAccess({ from })
  const { length } = cluster.workers
  surroundings.say(`open to the ${counted(length, "worker")} that "${cluster.name}" has now\n`)
  return show(openings, given, surroundings, cluster)
}

async function close(cluster: Cluster, given: Given, surroundings: Surroundings) {
  await cluster.closeAccess()
  const left = await cluster.openings()
  surroundings.say(`what Muster had opened to workers of "${cluster.name}" is closed\n`)
  return left.length === 0 ? EXIT.ok : show(left, given, surroundings, cluster)
}

async function show(openings: readonly ClusterOpening[], given: Given, surroundings: Surroundings, { name }: Cluster) {
  const format = formatOf(given)
  if (openings.length > 0 || format === "json" || format === "yaml") {
    surroundings.out(await rowsText(openings, SHAPE, given, surroundings))
  } else {
    surroundings.say(`nothing lets ssh in to workers of "${name}"\n`)
  }
  return EXIT.ok
}

const SHAPE: Shape<ClusterOpening> = {
  nameOf: ({ rule }) => `openings/${rule}`,
  columns: [
    { head: "RULE", cell: ({ rule }) => rule },
    { head: "PLACE", cell: ({ place }) => place },
    { head: "FROM", cell: ({ from }) => from.join(", ") },
  ],
}

/**
 * Whether it may be opened or closed: no other process was seen owning the cluster, or the user or `--yes` allows it. That process goes on
 * in any case.
 *
 * @throws SpecError where no user can be asked.
 */
async function isAllowed(
  isClosing: boolean,
  target: NamedTarget,
  providers: readonly Provider[],
  given: Given,
  surroundings: Surroundings,
): Promise<boolean> {
  if (given.switches.has("yes")) return true
  const holder = await holderSeen(target, providers, given, surroundings)
  if (holder === undefined) return true
  const { clock, ask, say } = surroundings
  const held = `"${target.name}" is held by ${holderText(holder, clock.now() + wallAheadMs(clock))}`
  if (ask === undefined)
    throw new SpecError([
      { option: "--yes", message: `is missing: ${held}, which goes on; its workers' ports are changed all the same` },
    ])
  const what = isClosing ? "Close what is open to its workers" : "Open port 22 of its workers"
  if (await ask(`${held}. ${what}? That process goes on.`)) return true
  say("nothing was changed\n")
  return false
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}
