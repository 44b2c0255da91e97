import type { Scene } from "./scene.js"

/** A sentence that every provider owes, and how to see whether it is kept. */
export interface ProviderPromise {
  readonly promise: string
  readonly check: (scene: Scene) => Promise<void>
}
