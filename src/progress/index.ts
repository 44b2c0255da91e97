/** `muster-vms/progress`: how far a cluster is, for a person, a log and a program. */
export type { TroubleKind } from "./model/kinds.js"
export type { ProgressMode, ProgressStream } from "./look.js"
export { type Progress, type ProgressOptions, showProgress } from "./show.js"
export type { Eta, Phase, ProgressView, Tasks, Trouble, Watched, Work } from "./model/types.js"
