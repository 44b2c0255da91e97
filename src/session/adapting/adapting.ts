/** Adapting: groups of a cluster follow a demand. What carries it out is loaded at first use. */
import { resolveAdapt } from "../../demand/options.js"
import type { Adapting } from "../../demand/types.js"
import type { Session } from "../session.js"

/** A cluster whose groups may follow a demand. */
export interface Adaptable {
  /** The names of its groups, as far as they are known. */
  readonly groups: () => readonly string[]
  /** Its spec has an engine. */
  readonly hasEngine: () => boolean
  readonly open: (action: string) => Promise<Session>
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
  /** Throws where it was attached only to be watched. */
  readonly checkMayChange: () => void
}

/** @param given what `Cluster.adapt` was given. */
export async function adaptIn(cluster: Adaptable, given: unknown): Promise<Adapting> {
  const { groups, hasEngine, open, checkOpen, checkMayChange } = cluster
  checkOpen()
  // What is wrong whatever the cloud says is refused before the first request.
  resolveAdapt(given, groups(), { hasEngine: hasEngine() })
  const session = await open("adapting")
  checkMayChange()
  const { fleet } = session
  const { engine, money } = fleet
  const context = { maxWorkers: money.maxWorkers, hasEngine: engine !== undefined }
  const wanted = resolveAdapt(given, session.groups(), context)
  const { follow, takeOver } = await fleet.clock.busy("loading what follows a demand", import("./follow.js"))
  await takeOver(fleet)
  checkOpen()
  return follow(fleet, wanted)
}
