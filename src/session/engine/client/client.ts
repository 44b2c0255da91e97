/** Client: the ports of an engine's head on this machine, and how programs here find them. */
import { firstOf, onAbort } from "../../../calls/aborts.js"
import { withDeadline } from "../../../calls/deadline.js"
import type { EngineClient, EngineHead, EnginePorts } from "../../../engines/engine.js"
import { MusterError, RejectedError, SpecError, TimeoutError } from "../../../errors.js"
import { type Fleet, messageOf } from "../../../fleet/state/context.js"
import type { FleetEngine } from "../../../fleet/state/engine/fleet-engine.js"
import { headOf } from "../../../fleet/state/engine/head.js"
import { listen } from "../../../remote/listen.js"
import type { Forward } from "../../../remote/remote.js"
import { HEAD } from "../../../spec/engine/engine.js"
import { Heads } from "../heads.js"
import { runHere } from "./run.js"
import type { ClusterClient } from "./types.js"

/** From one try to the next while the head does not answer yet, in milliseconds. */
const AGAIN_MS = 500

/** A head that has taken so long for its answer has not answered, in milliseconds. */
const ANSWER_MS = 10_000

export interface Wanted {
  readonly ports: Partial<EnginePorts>
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Throws why the cluster cannot be used any more. */
  readonly checkOpen: () => void
  /** A call of `scale` is going on, which may launch the head. */
  readonly isScaling: () => boolean
}

/**
 * @throws SpecError when the cluster has no engine. @throws RejectedError when it has no head and wants none.
 * @throws TimeoutError when no head answers in time, with what was heard of it last.
 */
export async function openClient(fleet: Fleet, wanted: Wanted): Promise<ClusterClient> {
  const { engine: own } = fleet
  if (own === undefined) throw withoutEngine(fleet)
  const heads = new Heads(fleet)
  await untilAnswered(fleet, own, heads, wanted)
  const end = new AbortController()
  const forwards: Forward[] = []
  const close = async () => {
    forget()
    end.abort(new MusterError("this client is closed", { code: "ClientClosed" }))
    await Promise.all(forwards.map((forward) => forward.close()))
  }
  const forget = onAbort(fleet.signal, () => void close())
  try {
    const client = await clientOf(own, heads, { ...wanted, forwards, end: end.signal })
    fleet.signal.throwIfAborted()
    return {
      ...client,
      run: (command, options = {}) => {
        end.signal.throwIfAborted()
        return runHere(command, client.environment, options, fleet.clock)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The head as long as the client lives: what is made for it (files with keys) stays when the head becomes another one. */
async function clientOf(
  { engine }: FleetEngine,
  heads: Heads,
  { ports, forwards, end }: { ports: Partial<EnginePorts>; forwards: Forward[]; end: AbortSignal },
): Promise<EngineClient> {
  const opened = async (port: number, at: number | undefined) => {
    const forward = await listen(async () => heads.head().reach(port), at)
    forwards.push(forward)
    return forward.port
  }
  const { scheduler, dashboard } = engine.ports
  const forwarded = {
    scheduler: await opened(scheduler, ports.scheduler),
    ...(dashboard === undefined ? {} : { dashboard: await opened(dashboard, ports.dashboard) }),
  }
  const head: EngineHead = { ...heads.head(), signal: end }
  return engine.client(head, forwarded)
}

async function untilAnswered(fleet: Fleet, own: FleetEngine, heads: Heads, wanted: Wanted): Promise<void> {
  const { clock } = fleet
  const { timeoutMs, signal, checkOpen, isScaling } = wanted
  const giveUpAt = clock.now() + timeoutMs
  const over = firstOf(fleet.signal, signal)
  try {
    for (let last = "it has no address yet"; ; ) {
      signal?.throwIfAborted()
      checkOpen()
      if (!isWanted(fleet) && !isScaling()) {
        throw new RejectedError(`"${fleet.owner.cluster}" has no head; scale it to one worker at least first`)
      }
      if (heads.current() !== undefined) {
        const problem = await askOnce(fleet, own, heads, over.signal)
        if (problem === undefined) return
        last = problem
      }
      if (clock.now() >= giveUpAt) {
        throw new TimeoutError(`waiting for the head of "${fleet.owner.cluster}" for ${timeoutMs / 1000} s: ${last}`)
      }
      await clock.sleep(Math.min(AGAIN_MS, giveUpAt - clock.now()), over.signal).catch(() => {})
    }
  } finally {
    over.letGo()
  }
}

/** @returns why the head has not answered; undefined where it has. */
async function askOnce(
  { clock }: Fleet,
  { engine }: FleetEngine,
  heads: Heads,
  signal: AbortSignal,
): Promise<string | undefined> {
  const end = new AbortController()
  try {
    const late = () => new TimeoutError(`it does not answer within ${ANSWER_MS / 1000} s`)
    await withDeadline(clock, engine.state(heads.head(end)), ANSWER_MS, late, signal)
    return undefined
  } catch (error) {
    return messageOf(error)
  } finally {
    end.abort(new Error("nobody waits for this answer any more"))
  }
}

function isWanted(fleet: Fleet): boolean {
  return headOf(fleet) !== undefined || (fleet.groups.get(HEAD)?.desired ?? 0) > 0
}

function withoutEngine({ owner: { cluster } }: Fleet): SpecError {
  const message = `is not given, and only the workers of an engine have clients; "${cluster}" has none`
  return new SpecError([{ option: "cluster.engine", message }])
}
