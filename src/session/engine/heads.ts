/** Heads: how this process talks to the head of an engine. One connection goes there; each port of it is at an address of this machine. */
import { onAbort } from "../../calls/aborts.js"
import type { EngineHead } from "../../engines/engine.js"
import { MusterError } from "../../errors.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import { headAddressOf, headOf } from "../../fleet/state/engine/head.js"
import type { Forward } from "../../remote/remote.js"
import { Reach } from "../reach.js"

/** Where connections to a port of the head begin. */
type Place = Awaited<ReturnType<EngineHead["reach"]>>

interface Known {
  readonly worker: WorkerRecord
  readonly address: string
  readonly abort: AbortController
  readonly places: Map<number, Promise<Place>>
}

export class Heads {
  readonly #fleet: Fleet
  readonly #reach: Reach
  #known: Known | undefined

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#reach = new Reach(fleet)
    onAbort(fleet.signal, () => this.#forget())
  }

  /** The worker that is the head now, once it has an address; what was said by way of an earlier one ends. */
  current(): WorkerRecord | undefined {
    const worker = headOf(this.#fleet)
    const address = headAddressOf(this.#fleet)
    if (this.#known !== undefined && (this.#known.worker !== worker || this.#known.address !== address)) this.#forget()
    if (worker === undefined || address === undefined || this.#fleet.signal.aborted) return undefined
    this.#known ??= { worker, address, abort: new AbortController(), places: new Map() }
    return worker
  }

  /**
   * The head as its engine reaches it.
   *
   * @param end ends what the engine does with it, and is aborted when the head is no more. Whoever gives it aborts it in the end.
   * @throws MusterError with code "NoHead" where there is none.
   */
  head(end?: AbortController): EngineHead {
    const worker = this.current()
    const known = this.#known
    if (worker === undefined || known === undefined)
      throw new MusterError(`"${this.#fleet.owner.cluster}" has no head now; scale it first`, { code: "NoHead" })
    const { abort, address } = known
    if (end !== undefined)
      onAbort(
        end.signal,
        onAbort(abort.signal, () => end.abort(abort.signal.reason)),
      )
    return {
      address,
      reach: (port) => this.#placeOf(known, port),
      secret: (name) => this.#secretOf(worker, name),
      keep: (files, until) => this.#keep(files, until),
      signal: (end ?? abort).signal,
    }
  }

  #placeOf(known: Known, port: number): Promise<Place> {
    const there = known.places.get(port) ?? this.#open(known, port)
    known.places.set(port, there)
    there.catch(() => known.places.delete(port))
    return there
  }

  async #open({ worker, address, abort }: Known, port: number): Promise<Place> {
    if (worker.provider.route?.(worker.instance)?.kind === "local") return { host: address, port }
    const forward = await (await this.#reach.remoteTo(worker)).forward(port)
    if (abort.signal.aborted) {
      // It was no more before the port was open.
      closeQuietly(forward)
      throw abort.signal.reason
    }
    onAbort(abort.signal, () => closeQuietly(forward))
    return { host: "127.0.0.1", port: forward.port }
  }

  async #secretOf(worker: WorkerRecord, name: string): Promise<string> {
    const { supplies, groups } = this.#fleet
    const group = groups.get(worker.group)?.group
    const holder = { name: workerName(worker.instance, worker.group), id: worker.instance.id, group: worker.group }
    const values = group === undefined ? {} : await supplies.secretsOf(group).of(holder)
    const value = values[name]
    if (value === undefined) throw new MusterError(`the head's boot has no secret ${name}`, { code: "SecretMissing" })
    return value
  }

  #keep(files: Readonly<Record<string, string>>, until: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { engine } = this.#fleet
    if (engine === undefined) throw new MusterError("this cluster has no engine", { code: "NoHead" })
    return engine.secrets.keep(files, until)
  }

  #forget(): void {
    this.#known?.abort.abort(new MusterError("this head is no more", { code: "NoHead" }))
    this.#known = undefined
  }
}

function closeQuietly(forward: Forward): void {
  void forward.close().catch(() => {})
}
