/** Register: every worker there is and was, by instance, by key and by group. */
import type { Provider } from "../../provider.js"
import type { WorkerRecord } from "./worker-record.js"

export class Register {
  /** In the order in which they were first seen. */
  readonly all: WorkerRecord[] = []
  readonly #byId = new Map<Provider, Map<string, WorkerRecord>>()
  readonly #byGroup = new Map<string, WorkerRecord[]>()

  add(worker: WorkerRecord): void {
    const { provider, instance, group } = worker
    this.all.push(worker)
    const ids = this.#byId.get(provider) ?? new Map<string, WorkerRecord>()
    this.#byId.set(provider, ids.set(instance.id, worker))
    const members = this.#byGroup.get(group) ?? []
    members.push(worker)
    this.#byGroup.set(group, members)
  }

  find(provider: Provider, id: string): WorkerRecord | undefined {
    return this.#byId.get(provider)?.get(id)
  }

  /** By its key, as `keyOf` makes it. */
  ofKey(key: string): WorkerRecord | undefined {
    for (const [provider, ids] of this.#byId) {
      const place = keyOf(provider, "")
      const worker = key.startsWith(place) ? ids.get(key.slice(place.length)) : undefined
      if (worker !== undefined) return worker
    }
    return undefined
  }

  ofGroup(group: string): readonly WorkerRecord[] {
    return this.#byGroup.get(group) ?? []
  }
}

/** Ids are unique within one provider and region only. */
export function keyOf(provider: Provider, id: string): string {
  return `${provider.name}/${provider.region}/${id}`
}
