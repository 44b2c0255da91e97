/** What an owner process is told to do, and what it says while it does. Plain JSON: it crosses from process to process. */
import type { JsonObject } from "../../src/provider.js"
import type { Point, SeenPoint } from "./points.js"

/** How another process makes the provider: `factory` of `module` is called with `options`. */
export interface Place {
  /** A file URL, or a package's entry point. */
  readonly module: string
  readonly factory: string
  readonly options: JsonObject
}

export interface Errand {
  readonly place: Place
  readonly name: string
  /** The rest of the cluster's spec: startup, instanceType and so on. */
  readonly spec: JsonObject
  readonly target: number
  /** The journal's directory; false: none is kept. */
  readonly journal: string | false
  /** Where to die, and for a `during` point after how many milliseconds; without one it does its work to the end. */
  readonly death?: { readonly point: Point; readonly afterMs: number }
  /** It waits to be told before it closes. */
  readonly pauses: boolean
}

export type Report =
  | { readonly kind: "scaled"; readonly running: number; readonly ids: readonly string[] }
  | { readonly kind: "closed"; readonly leaked: readonly string[]; readonly points: readonly SeenPoint[] }
  | { readonly kind: "failed"; readonly phase: string; readonly message: string }
