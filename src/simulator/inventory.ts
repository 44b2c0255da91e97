/** All instances, found by id and by the tags that are asked for most. */
import type { InstanceState, Market } from "../provider.js"
import { TAG } from "../fleet/tags.js"
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

const NONE: ReadonlyMap<string, Life> = new Map()

export class Inventory {
  /** Every instance there ever was. */
  readonly #all = new Map<string, Life>()
  /** Those that lists may still show. */
  readonly #listed = new Map<string, Life>()
  readonly #byTag = new Map<string, Map<string, Life>>()

  #isShuffled = false

  /** Lists come oldest first by themselves, unless tags were changed meanwhile. */
  get isOrdered(): boolean {
    return !this.#isShuffled
  }

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
    this.#listed.set(life.id, life)
    this.#index(life)
  }

  /** Long gone: only the truth remembers it. */
  unlist(life: Life): void {
    this.#listed.delete(life.id)
    for (const key of indexKeys(life)) {
      const lives = this.#byTag.get(key)
      lives?.delete(life.id)
      if (lives?.size === 0) this.#byTag.delete(key)
    }
  }

  retag(life: Life, tags: Readonly<Record<string, string>>): void {
    const isListed = this.#listed.has(life.id)
    this.#isShuffled ||= isListed
    if (isListed) this.unlist(life)
    life.tags = tags
    if (!isListed) return
    this.#listed.set(life.id, life)
    this.#index(life)
  }

  /** Those made after an order that match but for their state, which depends on who looks and when. */
  *matching(filter: WorldFilter, where: "listed" | "all", after = 0): Iterable<Life> {
    const ids = filter.ids === undefined ? undefined : new Set(filter.ids)
    const names = filter.names === undefined ? undefined : new Set(filter.names)
    const from = where === "all" ? this.#all : this.#listed
    for (const life of this.#candidates(filter, ids, from)) {
      if (life.order <= after) continue
      if (names !== undefined && (life.name === undefined || !names.has(life.name))) continue
      if (matches(life, filter)) yield life
    }
  }

  *#candidates(filter: WorldFilter, ids: Set<string> | undefined, from: ReadonlyMap<string, Life>): Iterable<Life> {
    if (ids === undefined) {
      yield* (from === this.#listed ? this.#narrowest(filter) : from).values()
      return
    }
    for (const id of ids) {
      const life = from.get(id)
      if (life !== undefined) yield life
    }
  }

  #narrowest(filter: WorldFilter): ReadonlyMap<string, Life> {
    let best: ReadonlyMap<string, Life> = this.#listed
    for (const key of INDEXED_TAGS) {
      const value = filter.tags?.[key]
      if (value === undefined) continue
      const lives = this.#byTag.get(`${key}=${value}`) ?? NONE
      if (lives.size < best.size) best = lives
    }
    return best
  }

  #index(life: Life): void {
    for (const key of indexKeys(life)) {
      const lives = this.#byTag.get(key)
      if (lives === undefined) this.#byTag.set(key, new Map([[life.id, life]]))
      else lives.set(life.id, life)
    }
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
