import type { World } from "../../../../src/simulator/index.js"
import type { Lie } from "../../../../src/simulator/requests/lies.js"

/** Lies by the assumptions that they break. Each is made anew for a wire, because it remembers what it has seen. */
export type Lies = Readonly<Record<string, (world: World) => Omit<Lie, "breaks">>>
