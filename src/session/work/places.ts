/** Work places: the workers of a cluster, as those who have work for them see them. */
import { RejectedError } from "../../errors.js"
import { mayLive } from "../../fleet/lifecycle.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { Place, Places } from "../../work/farm/places.js"
import { Reach } from "../reach.js"

export interface WatchedFleet {
  readonly fleet: Fleet
  /** Calls it when a worker has changed; returns what ends that. */
  readonly watch: (changed: () => void) => () => void
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
}

/** What was done once on workers; as long as the cluster is held. */
const done = new WeakMap<Fleet, Map<string, Promise<void>>>()

export function placesOf({ fleet, watch, checkOpen }: WatchedFleet): Places {
  const reach = new Reach(fleet)
  const { clock, roster } = fleet
  return {
    clock,
    watch,
    list: () => roster.living().flatMap((worker) => placeOf(worker, reach, clock.now())),
    problem() {
      try {
        checkOpen()
      } catch (error) {
        return error as Error
      }
      const isWanted = [...fleet.groups.values()].some(({ desired }) => desired > 0)
      if (isWanted || roster.living().some(({ state }) => mayLive(state))) return undefined
      return new RejectedError(`cluster "${fleet.owner.cluster}" has no workers, and wants none; scale it first`)
    },
    once(id, key, work) {
      const known = done.get(fleet) ?? new Map<string, Promise<void>>()
      done.set(fleet, known)
      const name = `${id} ${key}`
      const doing = known.get(name) ?? work()
      known.set(name, doing)
      doing.catch(() => known.delete(name))
      return doing
    },
    busy(id, isBusy) {
      const worker = roster.living().find(({ instance }) => instance.id === id)
      if (worker === undefined) return
      if (isBusy) worker.isBusy = true
      else delete worker.isBusy
    },
  }
}

function placeOf(worker: WorkerRecord, reach: Reach, now: number): readonly Place[] {
  const { instance, group, state, interruptedAt, drainsUntil } = worker
  const isGoing = state === "terminating" || state === "failed" || state === "lost"
  const endsAt = interruptedAt ?? drainsUntil ?? (isGoing ? now : undefined)
  const place = {
    id: instance.id,
    name: workerName(instance, group),
    group,
    isReady: state === "running",
    remote: () => reach.remoteOf(worker),
  }
  return [endsAt === undefined ? place : { ...place, endsAt }]
}
