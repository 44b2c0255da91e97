/** Adapting: groups of a cluster follow a demand. What carries it out is loaded at first use. */
import { resolveAdapt } from "../../demand/options.js"
import type { Adapting } from "../../demand/types.js"
import type { Session } from "../session.js"

/** A cluster whose groups may follow a demand. */
export interface Adaptable {
  /** The names of its groups, as far as they are known. */
  readonly groups: () => readonly string[]
  readonly open: (action: string) => Promise<Session>
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
  /** Throws where it was attached only to be watched. */
  readonly checkMayChange: () => void
}

/** @param given what `Cluster.adapt` was given. */
export async function adaptIn(cluster: Adaptable, given: unknown): Promise<Adapting> {
  const { groups, open, checkOpen, checkMayChange } = cluster
  checkOpen()
  // What is wrong whatever the cloud says is refused before the first request.
  resolveAdapt(given, groups())
  const { fleet } = await open("adapting")
  checkMayChange()
  const { maxWorkers } = fleet.money
  const wanted = resolveAdapt(given, [...fleet.groups.keys()], { maxWorkers })
  const { follow, takeOver } = await fleet.clock.busy("loading what follows a demand", import("./follow.js"))
  await takeOver(fleet)
  checkOpen()
  return follow(fleet, wanted)
}
