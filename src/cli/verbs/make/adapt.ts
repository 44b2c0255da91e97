/** `muster adapt`: has a cluster follow the demand that its file names, and holds it until it is interrupted. */
import type { Cluster } from "../../../cluster.js"
import { BudgetError, MusterError, OwnershipError, SpecError } from "../../../errors.js"
import type { AdaptData } from "../../../file/parse.js"
import { clusterOf, type NamedTarget, optionsOf } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { lettingGoText } from "../../going-on.js"
import { providersAt } from "../../spec/places.js"
import { namedTarget } from "../../spec/target.js"
import { requireJournal } from "../../state/writable.js"
import type { RunVerb } from "../../surroundings.js"
import { mayChange } from "../../taking-over.js"
import { type Held, hold, onInterrupt } from "./hold.js"
import { progressMode, progressOf } from "./progress.js"
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
  await requireJournal(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = clusterOf(target, providers, optionsOf(given, surroundings), { existing: "connect" })
  if (!(await mayChange(target, providers, given, surroundings))) return EXIT.failed
  const lettingGo = () => `${lettingGoText(cluster, target, providers, given)}\n`
  const progress = await progressOf(cluster, given, surroundings)
  const held: Held = { cluster, given, surroundings, lettingGo, atEnd, progress }
  try {
    return await hold(held, untilOver(cluster, adapt))
  } finally {
    progress.stop()
    await cluster.detach()
  }
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
