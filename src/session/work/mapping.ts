/** Work: `map` and `call` of a cluster. What carries them out is loaded at first use. */
import type { Clock } from "../../calls/clock.js"
import { RejectedError, SpecError } from "../../errors.js"
import { show } from "../../input/parse.js"
import { type MapRun, mapRun, takenUp } from "../../work/map.js"
import type { Inputs, Task, WorkOptions } from "../../work/types.js"
import type { AnyTask, OpenWork, PreparedWork } from "../../work/work.js"
import type { Session } from "../session.js"
import type { Reached } from "../workers.js"

/** A cluster that has work. */
export interface Working extends Reached {
  readonly clock: Clock
  /** The session once it is open; undefined where nobody has asked for it. Throws why it could not be opened. */
  readonly opened: (signal: AbortSignal | undefined) => Promise<Session | undefined>
  /** A call of `scale` is going on. */
  readonly isScaling: () => boolean
  readonly watch: (changed: () => void) => () => void
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
}

/** What is to be done, and how its caller wants it. */
export interface Mapping {
  readonly verb: string
  readonly inputs: Inputs<unknown>
  readonly task: AnyTask
  /** Each worker has one task, and no more. */
  readonly isOnceAWorker?: boolean
  /** Of commands that a function makes: what tells them from others. */
  readonly identity?: string
  /** Called once all that needs no worker is known to be right: the cluster may be made now. */
  readonly prepared?: () => void
}

export function mapIn<Out, Options extends WorkOptions>(
  working: Working,
  mapping: Mapping,
  options: Options,
): MapRun<Out, Options> {
  const inputs = takenUp(mapping.inputs)
  return mapRun<Out, Options>(() => beginIn(working, { ...mapping, inputs }, options), options)
}

async function beginIn(working: Working, mapping: Mapping, options: WorkOptions): Promise<OpenWork> {
  const { name, clock, session, isScaling, checkOpen } = working
  checkOpen()
  const isToCome = mapping.prepared !== undefined || isScaling()
  if (session() === undefined && !isToCome) throw noWorkers(name)
  const [{ prepareWork }, begun] = await clock.busy(
    "loading what carries out work",
    Promise.all([import("../../work/work.js"), import("./begin.js")]),
  )
  const { verb, inputs, task, identity } = mapping
  const work = await prepareWork({ verb, inputs, task, identity, options, clock })
  try {
    return await beginPrepared(working, work, mapping, { options, begun })
  } catch (error) {
    await work.close()
    throw error
  }
}

async function beginPrepared(
  working: Working,
  work: PreparedWork,
  { verb, isOnceAWorker = false, prepared }: Mapping,
  { options, begun }: { readonly options: WorkOptions; readonly begun: typeof import("./begin.js") },
): Promise<OpenWork> {
  const { signal, group, host = false } = options
  const { name, session, opened } = working
  signal?.throwIfAborted()
  prepared?.()
  const open = session() ?? (await opened(signal))
  if (open === undefined) throw noWorkers(name)
  checkGroup(verb, group, [...open.fleet.groups.keys()])
  return begun.beginOn({ ...working, fleet: open.fleet, isOnMachine: host }, work, { isOnceAWorker })
}

function checkGroup(verb: string, group: string | undefined, groups: readonly string[]): void {
  if (group === undefined || groups.includes(group)) return
  const message = `is ${show(group)}; no such group; groups: ${groups.join(", ")}`
  throw new SpecError([{ option: `${verb}.group`, value: group, message }])
}

function noWorkers(name: string): RejectedError {
  return new RejectedError(`cluster "${name}" has no workers yet; scale it first`)
}

/** One task, on whichever worker is free. */
export async function callIn<In, Out>(
  working: Working,
  task: Task<In, Out>,
  input: In,
  options: WorkOptions,
): Promise<Out> {
  const mapping = { verb: "call", inputs: [input], task }
  const [value] = await mapIn<Out, WorkOptions>(working, mapping, options).all()
  return value as Out
}
