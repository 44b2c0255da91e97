/** `muster-vms/simulator`: a small cloud to rehearse and to test on. */
export * from "../simulator/index.js"
export type { RehearsedSpec } from "../spec/types.js"
export type { WorldChanges } from "./clouds.js"
export { rehearse, type RehearseOptions } from "./rehearse.js"
export type { Rehearsal } from "./rehearsal.js"
export type { Mark, Sample } from "./timeline.js"
