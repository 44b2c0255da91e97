/** `muster adapt`: has a cluster follow the demand that its file names, and holds it until it is interrupted. */
import type { Cluster } from "../../../cluster.js"
import { BudgetError, MusterError, OwnershipError, SpecError } from "../../../errors.js"
import type { AdaptData } from "../../../file/parse.js"
import type { NamedTarget } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { namedTarget } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { hold, onInterrupt } from "./hold.js"
import { holding } from "./holding.js"
import { progressMode } from "./progress.js"
import { unitOf } from "./unit.js"

export const run: RunVerb = async (given, surroundings) => {
  const atEnd = onInterrupt(given)
  progressMode(given)
  const target = await namedTarget(given, surroundings)
  const adapt = adaptOf(target)
  if (given.switches.has("unit")) {
    surroundings.out(unitOf(target, given))
    return EXIT.ok
  }
  return holding(target, { given, surroundings, atEnd }, (held) => hold(held, untilOver(held.cluster, adapt)))
}

/** @throws SpecError that shows what to write, where the file says nothing of it. */
function adaptOf({ fromFile }: NamedTarget): AdaptData {
  if (fromFile?.adapt !== undefined) return fromFile.adapt
  const where = fromFile === undefined ? "adapt" : `${fromFile.where("adapt")}: adapt`
  const message = 'is missing; say in the file what to follow: adapt: { maximum: 10, demand: { command: "./demand" } }'
  throw new SpecError([{ option: where, message }])
}

/** Resolves with what stops the cluster, or has ended that all of its groups follow a demand. */
async function untilOver(cluster: Cluster, adapt: AdaptData): Promise<unknown> {
  const events = cluster.events()
  try {
    await cluster.adapt(adapt as Parameters<Cluster["adapt"]>[0])
  } catch (error) {
    return error
  }
  const following = new Set(
    cluster.explain().groups.flatMap(({ group, adapting }) => (adapting === undefined ? [] : [group])),
  )
  for await (const event of events) {
    if (event.type === "budget" && event.reached) return new BudgetError(event.message)
    if (event.type === "problem" && event.error === "OwnershipError") return new OwnershipError(event.message)
    if (event.type !== "adapt" || event.ended !== true) continue
    following.delete(event.group)
    if (following.size === 0) return new MusterError(`"${cluster.name}" follows no demand any more: ${event.why}`)
  }
  return "ended"
}
