/** `muster-vms/simulator`: a small cloud to rehearse and to test on. */
export * from "../simulator/index.js"
export type { RehearsedSpec } from "../spec/types.js"
export type { WorldChanges } from "./clouds.js"
export { type Rehearsal, rehearse, type RehearseOptions } from "./rehearse.js"
