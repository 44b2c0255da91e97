/** What exists beside instances: templates, groups, NICs, disks, addresses. The world keeps and never reads them. */
import type { JsonObject } from "../../provider.js"

export interface Resource {
  readonly kind: string
  /** Unique within its kind. */
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
  readonly attributes: JsonObject
  /** The instance that it belongs to and goes with; without one it stays until it is deleted. */
  readonly goesWith?: string
}

export interface ResourceFilter {
  readonly kind?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly goesWith?: string
}

export class Resources {
  readonly #stored = new Map<string, Resource>()
  readonly #byInstance = new Map<string, Set<string>>()
  readonly #catchUp: () => void

  /** @param catchUp ends what is due to end by now; called before every read. */
  constructor(catchUp: () => void) {
    this.#catchUp = catchUp
  }

  /** Adds it unless its kind has one with this id; false then. The check and the act are one: names can be claimed. */
  add(resource: Resource): boolean {
    this.#catchUp()
    if (this.#stored.has(keyOf(resource.kind, resource.id))) return false
    this.put(resource)
    return true
  }

  /** Adds it, or replaces the one with this kind and id. */
  put(resource: Resource): void {
    this.delete(resource.kind, resource.id)
    const key = keyOf(resource.kind, resource.id)
    this.#stored.set(key, resource)
    if (resource.goesWith === undefined) return
    const keys = this.#byInstance.get(resource.goesWith) ?? new Set()
    this.#byInstance.set(resource.goesWith, keys.add(key))
  }

  get(kind: string, id: string): Resource | undefined {
    this.#catchUp()
    return this.#stored.get(keyOf(kind, id))
  }

  /** All that match every field given, oldest first. */
  list(filter: ResourceFilter = {}): readonly Resource[] {
    this.#catchUp()
    const wanted = Object.entries(filter.tags ?? {})
    return [...this.#stored.values()].filter(
      ({ kind, tags, goesWith }) =>
        (filter.kind === undefined || filter.kind === kind) &&
        (filter.goesWith === undefined || filter.goesWith === goesWith) &&
        wanted.every(([key, value]) => tags[key] === value),
    )
  }

  /** Whether there was one. */
  delete(kind: string, id: string): boolean {
    const key = keyOf(kind, id)
    const instance = this.#stored.get(key)?.goesWith
    if (instance !== undefined) this.#byInstance.get(instance)?.delete(key)
    return this.#stored.delete(key)
  }

  /** The instance is gone: so is what goes with it. */
  deleteWith(instance: string): void {
    for (const key of this.#byInstance.get(instance) ?? []) this.#stored.delete(key)
    this.#byInstance.delete(instance)
  }
}

function keyOf(kind: string, id: string): string {
  return `${kind}/${id}`
}
