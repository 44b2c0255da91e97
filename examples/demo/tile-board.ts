/** Which tile is with whom. A worker has at most one tile; one that is lost gives it back. */
import type { Tile } from "./mandelbrot.js"

export class TileBoard {
  readonly total: number
  readonly #waiting: Tile[]
  readonly #out = new Map<string, Tile>()
  readonly #made = new Map<string, number>()
  #returned = 0

  constructor(tiles: readonly Tile[]) {
    this.total = tiles.length
    this.#waiting = [...tiles]
  }

  get done(): number {
    return this.total - this.#waiting.length - this.#out.size
  }

  /** How many tiles came back because their worker was lost. */
  get returned(): number {
    return this.#returned
  }

  /** Tiles by the worker that made them. */
  get made(): ReadonlyMap<string, number> {
    return this.#made
  }

  /** The next tile; undefined when every one is done or out. */
  take(worker: string): Tile | undefined {
    const tile = this.#waiting.shift()
    if (tile !== undefined) this.#out.set(worker, tile)
    return tile
  }

  /** The tile that is with the worker; undefined when it has none (any more). */
  tileOf(worker: string): Tile | undefined {
    return this.#out.get(worker)
  }

  /** The worker has made its tile. */
  finish(worker: string): void {
    if (this.#out.delete(worker)) this.#made.set(worker, (this.#made.get(worker) ?? 0) + 1)
  }

  /** The worker is gone: what it had is the next to be handed out. */
  lose(worker: string): void {
    const tile = this.#out.get(worker)
    if (tile === undefined) return
    this.#out.delete(worker)
    this.#waiting.unshift(tile)
    this.#returned += 1
  }
}
