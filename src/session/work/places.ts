/** Work places: the workers of a cluster, as those who have work for them see them. */
import { onAbort } from "../../calls/aborts.js"
import { RejectedError, ShortfallError } from "../../errors.js"
import { deadlineError } from "../../fleet/ending/deadline.js"
import { explain } from "../../fleet/explain/explain.js"
import { mayLive } from "../../fleet/lifecycle.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import { Channels } from "../../work/farm/channels.js"
import { isHead, workerGroups } from "../../fleet/state/engine/head.js"
import type { Place, Places } from "../../work/farm/places.js"
import { hasContainer, Reach } from "../reach.js"

export interface WatchedFleet {
  readonly fleet: Fleet
  /** Calls it when a worker has changed; returns what ends that. */
  readonly watch: (changed: () => void) => () => void
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
  /** A call of `scale` is going on: it sets a target, and says itself what stops it. */
  readonly isScaling: () => boolean
  /** Work leaves the containers of workers. */
  readonly isOnMachine?: boolean
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

export function placesOf({ fleet, watch, checkOpen, isScaling, isOnMachine = false }: WatchedFleet): Places {
  const reach = new Reach(fleet)
  const { clock, roster } = fleet
  const { channels, done, busy } = sharedOf(fleet)
  return {
    clock,
    channels,
    watch,
    list: () => {
      // Nobody's work runs on the head of an engine.
      const workers = roster.living().filter(({ group }) => !isHead(fleet, group))
      return workers.flatMap((worker) => placeOf(worker, fleet, { reach, isOnMachine }))
    },
    problem(group) {
      try {
        checkOpen()
      } catch (error) {
        return error as Error
      }
      return isScaling() ? undefined : noneWillCome(fleet, group)
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

/** Why no worker will come, of a group or of any; undefined while there is one, or one may come. */
function noneWillCome(fleet: Fleet, group: string | undefined): Error | undefined {
  const isOf = (name: string) => group === undefined || name === group
  const isOwn = ({ group }: WorkerRecord) => isOf(group) && !isHead(fleet, group)
  if (fleet.roster.living().some((worker) => isOwn(worker) && mayLive(worker.state))) return undefined
  const over = fleet.money.over ?? deadlineError(fleet)
  if (over !== undefined) return over
  const { cluster } = fleet.owner
  const wanting = workerGroups(fleet).some(([name, { desired }]) => isOf(name) && desired > 0)
  if (!wanting) return new RejectedError(`cluster "${cluster}" has no workers, and wants none; scale it first`)
  const groups = explain(fleet).groups.filter(({ group: name, desired }) => isOf(name) && desired > 0)
  if (groups.some(({ stopped, booked }) => stopped === undefined || booked > 0)) return undefined
  const why = groups.map(({ stopped = "" }) => stopped).join("; ")
  const count = groups.reduce((sum, { desired }) => sum + desired, 0)
  const shortfall = { count, reasons: groups.flatMap((one) => one.shortfall.reasons) }
  const message = `cluster "${cluster}" has no workers for what is to be done, and launches none any more: ${why}`
  return new ShortfallError(message, { desired: count, running: 0, shortfall })
}

interface Ways {
  readonly reach: Reach
  readonly isOnMachine: boolean
}

function placeOf(worker: WorkerRecord, fleet: Fleet, { reach, isOnMachine }: Ways): readonly Place[] {
  const { instance, group, state, interruptedAt, drainsUntil, readiness } = worker
  const isGoing = state === "terminating" || state === "failed" || state === "lost"
  const endsAt = interruptedAt ?? drainsUntil ?? (isGoing ? fleet.clock.now() : undefined)
  const place = {
    id: instance.id,
    name: workerName(instance, group),
    group,
    isReady: state === "running" && readiness?.isReady !== false && !isExpecting(worker, fleet),
    ...(hasContainer(worker) && !isOnMachine
      ? { remote: () => reach.insideOf(worker), inside: () => reach.insideOf(worker) }
      : { remote: () => reach.remoteOf(worker) }),
  }
  if (endsAt === undefined) return [place]
  return [
    { ...place, endsAt, ...(interruptedAt === undefined && drainsUntil !== undefined ? { isDraining: true } : {}) },
  ]
}

/** Tasks find the files and secrets of the spec there. Whether another process has brought them is not known here. */
function isExpecting({ group: name, hasAll }: WorkerRecord, { groups, isOwner }: Fleet): boolean {
  const group = groups.get(name)?.group
  if (group === undefined || !isOwner || hasAll === true) return false
  return group.files.length > 0 || group.secrets.size > 0
}
