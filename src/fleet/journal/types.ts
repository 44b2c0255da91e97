/** What a journal keeps, as its readers have it. */
import type { Instance, Json, LaunchCall } from "../../provider.js"

/** What the journals of a cluster say after a crash: the launch calls that no outcome closed. */
export interface OpenIntent extends Intent {
  /** When it was last sent, in milliseconds since 1970: from then on it may arrive. */
  readonly sentAt: number
  readonly outcome: "none" | "unsettled"
  readonly ref?: Json
}

/** An instance, and the launch call that made it; `at` is when that was last sent, in milliseconds since 1970. */
export interface MadeByIntent extends Pick<Intent, "provider" | "region" | "generation" | "at"> {
  readonly group: string
  readonly token: string
  readonly instance: Made
}

export interface Intent {
  readonly provider: string
  readonly region: string
  readonly wish: string
  readonly generation: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly call: LaunchCall
}

/** An instance that the answer to a launch call named. */
export type Made = Pick<Instance, "id" | "name" | "zone" | "instanceType" | "market" | "launchedAt">
