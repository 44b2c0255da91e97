/** An owner's work: it opens the cluster, scales it, and closes it. */
import { Cluster } from "../../src/cluster.js"
import type { Provider } from "../../src/provider.js"
import type { ClusterSpec } from "../../src/spec.js"
import type { Errand, Report } from "./errand.js"
import { providerAt } from "./places.js"
import type { SeenPoint } from "./points.js"
import { clockOf } from "./time.js"

/** Longer than any of it takes, in the cloud's time; what goes on for so long has failed. */
const TIMEOUT = "20m"

/** What differs between an owner that may die and one that may not. */
export interface Owning {
  wrap(provider: Provider): Provider
  /** A phase begins, and with it ends the one before. */
  enter(phase: string): void
  tell(report: Report): Promise<void>
  /** Resolves when it has been told to go on. */
  told(): Promise<void>
  /** What it passed so far. */
  points(): readonly SeenPoint[]
}

export async function own(errand: Errand, owning: Owning): Promise<void> {
  let phase = "scale"
  const enter = async (next: string) => {
    phase = next
    owning.enter(next)
    await owning.tell({ kind: "begun", phase: next })
  }
  try {
    await enter("scale")
    const cluster = await openCluster(errand, owning)
    const { running } = await cluster.scale(errand.target, { timeout: TIMEOUT })
    await owning.tell({ kind: "scaled", running, ids: cluster.workers.map((worker) => worker.id) })
    if (errand.pauses) await owning.told()
    await enter("close")
    const { leaked } = await cluster.close({ timeout: TIMEOUT })
    owning.enter("end")
    await owning.tell({ kind: "closed", leaked: leaked.map((row) => row.id), points: owning.points() })
  } catch (error) {
    await owning.tell({ kind: "failed", phase, message: error instanceof Error ? error.message : String(error) })
  }
}

async function openCluster({ place, name, spec, journal, time }: Errand, owning: Owning): Promise<Cluster> {
  const provider = owning.wrap(await providerAt(place))
  return new Cluster({ ...spec, name, provider, existing: "connect" } as ClusterSpec, { journal, clock: clockOf(time) })
}
