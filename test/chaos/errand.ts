/** What an owner process is told to do, and what it says while it does. Plain JSON: it crosses from process to process. */
import type { JsonObject } from "../../src/provider.js"
import type { Place } from "./places.js"
import type { Point, SeenPoint } from "./points.js"
import type { SharedTime } from "./time.js"

export interface Errand {
  readonly place: Place
  readonly name: string
  /** The rest of the cluster's spec: startup, instanceType and so on. */
  readonly spec: JsonObject
  readonly target: number
  /** The journal's directory; false: none is kept. */
  readonly journal: string | false
  /** The machine's own time when left out. */
  readonly time?: SharedTime
  /** Where to die, and for a `during` point after how many milliseconds; without one it does its work to the end. */
  readonly death?: Death
  /** It waits to be told before it closes. */
  readonly pauses: boolean
}

export interface Death {
  readonly point: Point
  readonly afterMs: number
}

export type Report =
  | { readonly kind: "begun"; readonly phase: string }
  | { readonly kind: "scaled"; readonly running: number; readonly ids: readonly string[] }
  | { readonly kind: "closed"; readonly leaked: readonly string[]; readonly points: readonly SeenPoint[] }
  | { readonly kind: "failed"; readonly phase: string; readonly message: string }
