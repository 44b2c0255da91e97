/** Work places: the workers of a cluster, as those who have work for them see them. */
import { onAbort } from "../../calls/aborts.js"
import { RejectedError } from "../../errors.js"
import { mayLive } from "../../fleet/lifecycle.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import { Channels } from "../../work/farm/channels.js"
import type { Place, Places } from "../../work/farm/places.js"
import { Reach } from "../reach.js"

export interface WatchedFleet {
  readonly fleet: Fleet
  /** Calls it when a worker has changed; returns what ends that. */
  readonly watch: (changed: () => void) => () => void
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
}

/** What all calls of a cluster share, for as long as it is held. */
interface Shared {
  readonly channels: Channels
  /** What was done once, by worker and key. */
  readonly done: Map<string, Promise<void>>
  /** How many calls have tasks on a worker. */
  readonly busy: Map<string, number>
}

const known = new WeakMap<Fleet, Shared>()

function sharedOf(fleet: Fleet): Shared {
  const shared = known.get(fleet) ?? { channels: new Channels(fleet.clock), done: new Map(), busy: new Map() }
  if (known.has(fleet)) return shared
  known.set(fleet, shared)
  onAbort(fleet.signal, () => void shared.channels.close())
  return shared
}

export function placesOf({ fleet, watch, checkOpen }: WatchedFleet): Places {
  const reach = new Reach(fleet)
  const { clock, roster } = fleet
  const { channels, done, busy } = sharedOf(fleet)
  return {
    clock,
    channels,
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
      const name = `${id} ${key}`
      const doing = done.get(name) ?? work()
      done.set(name, doing)
      doing.catch(() => done.delete(name))
      return doing
    },
    busy(id, isBusy) {
      const calls = (busy.get(id) ?? 0) + (isBusy ? 1 : -1)
      if (calls > 0) busy.set(id, calls)
      else busy.delete(id)
      const worker = roster.living().find(({ instance }) => instance.id === id)
      if (worker === undefined) return
      if (calls > 0) worker.isBusy = true
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
  if (endsAt === undefined) return [place]
  return [
    { ...place, endsAt, ...(interruptedAt === undefined && drainsUntil !== undefined ? { isDraining: true } : {}) },
  ]
}
