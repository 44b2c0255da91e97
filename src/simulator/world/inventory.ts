/** All instances, found by id and by the tags that are asked for most. */
import type { InstanceState, Market } from "../../provider.js"
import { TAG } from "../../fleet/tags.js"
import type { Life } from "./life.js"

/** All fields given must match. */
export interface WorldFilter {
  readonly ids?: readonly string[]
  readonly names?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  readonly zones?: readonly string[]
  readonly instanceTypes?: readonly string[]
  readonly market?: Market
  readonly states?: readonly InstanceState[]
}

/** A list by one of these costs as much as there are matches, however many others there are. */
const INDEXED_TAGS: readonly string[] = [TAG.cluster, TAG.uid, TAG.launch]

/** Lives, oldest first, so that a page is found without looking at those before it. */
class Shelf {
  readonly #lives: Life[] = []

  get size(): number {
    return this.#lives.length
  }

  add(life: Life): void {
    const last = this.#lives.at(-1)
    if (last === undefined || last.order < life.order) this.#lives.push(life)
    else this.#lives.splice(this.#after(life.order), 0, life)
  }

  delete(life: Life): void {
    const at = this.#after(life.order) - 1
    if (this.#lives[at] === life) this.#lives.splice(at, 1)
  }

  *from(order: number): Iterable<Life> {
    for (let at = this.#after(order); at < this.#lives.length; at += 1) yield this.#lives[at] as Life
  }

  /** Where the first one stands that was made after this order. */
  #after(order: number): number {
    let [low, high] = [0, this.#lives.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#lives[middle] as Life).order <= order) low = middle + 1
      else high = middle
    }
    return low
  }
}

export class Inventory {
  /** Every instance there ever was. */
  readonly #all = new Map<string, Life>()
  /** Those that lists may still show. */
  readonly #listed = new Map<string, Life>()
  readonly #inOrder = new Shelf()
  readonly #byTag = new Map<string, Shelf>()

  /** How many there ever were. */
  get size(): number {
    return this.#all.size
  }

  get(id: string): Life | undefined {
    return this.#all.get(id)
  }

  all(): Iterable<Life> {
    return this.#all.values()
  }

  add(life: Life): void {
    this.#all.set(life.id, life)
    this.#show(life)
  }

  #show(life: Life): void {
    this.#listed.set(life.id, life)
    this.#inOrder.add(life)
    for (const key of indexKeys(life)) {
      const lives = this.#byTag.get(key) ?? new Shelf()
      this.#byTag.set(key, lives)
      lives.add(life)
    }
  }

  /** Long gone: only the truth remembers it. */
  unlist(life: Life): void {
    this.#listed.delete(life.id)
    this.#inOrder.delete(life)
    for (const key of indexKeys(life)) {
      const lives = this.#byTag.get(key)
      lives?.delete(life)
      if (lives?.size === 0) this.#byTag.delete(key)
    }
  }

  retag(life: Life, tags: Readonly<Record<string, string>>): void {
    const isListed = this.#listed.has(life.id)
    if (isListed) this.unlist(life)
    life.tags = tags
    if (isListed) this.#show(life)
  }

  /**
   * Those made after an order that match but for their state, which depends on who looks and when. Oldest first, unless they are
   * asked for by id.
   */
  *matching(filter: WorldFilter, where: "listed" | "all", after = 0): Iterable<Life> {
    const ids = filter.ids === undefined ? undefined : new Set(filter.ids)
    const names = filter.names === undefined ? undefined : new Set(filter.names)
    for (const life of this.#candidates(filter, ids, where, after)) {
      if (life.order <= after) continue
      if (names !== undefined && (life.name === undefined || !names.has(life.name))) continue
      if (matches(life, filter)) yield life
    }
  }

  *#candidates(
    filter: WorldFilter,
    ids: Set<string> | undefined,
    where: "listed" | "all",
    after: number,
  ): Iterable<Life> {
    if (ids === undefined) {
      yield* where === "all" ? this.#all.values() : this.#narrowest(filter).from(after)
      return
    }
    for (const id of ids) {
      const life = (where === "all" ? this.#all : this.#listed).get(id)
      if (life !== undefined) yield life
    }
  }

  #narrowest(filter: WorldFilter): Shelf {
    let best = this.#inOrder
    for (const key of INDEXED_TAGS) {
      const value = filter.tags?.[key]
      if (value === undefined) continue
      const lives = this.#byTag.get(`${key}=${value}`) ?? new Shelf()
      if (lives.size < best.size) best = lives
    }
    return best
  }
}

function indexKeys(life: Life): readonly string[] {
  return INDEXED_TAGS.flatMap((key) => {
    const value = life.tags[key]
    return value === undefined ? [] : [`${key}=${value}`]
  })
}

function matches({ tags, offer }: Life, filter: WorldFilter): boolean {
  return (
    hasTags(tags, filter.tags) &&
    (filter.zones === undefined || filter.zones.includes(offer.zone)) &&
    (filter.instanceTypes === undefined || filter.instanceTypes.includes(offer.instanceType)) &&
    (filter.market === undefined || filter.market === offer.market)
  )
}

function hasTags(tags: Readonly<Record<string, string>>, wanted: WorldFilter["tags"]): boolean {
  if (wanted === undefined) return true
  for (const key in wanted) if (tags[key] !== wanted[key]) return false
  return true
}
