/** Progress of what takes long, on standard error. */
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { nearest, show } from "../../../input/parse.js"
import { single } from "../../parse.js"
import type { Given, Surroundings } from "../../surroundings.js"

export const MODES = ["auto", "terminal", "plain", "json", "quiet"] as const

/** @throws SpecError for a mode that there is not. */
export function progressMode(given: Given): (typeof MODES)[number] {
  const asked = single(given, "progress") ?? "auto"
  const mode = MODES.find((one) => one === asked)
  if (mode !== undefined) return mode
  const near = nearest(asked, MODES)
  const message = `is ${show(asked)}; ${near === undefined ? `use one of ${MODES.join(", ")}` : `did you mean ${near}?`}`
  throw new SpecError([{ option: "--progress", value: asked, message }])
}

/** Progress that can be put away while something else is said. */
export interface Shown {
  /** Leaves the terminal to others, until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** Writes the last state and ends. */
  readonly stop: () => void
}

const nothing = () => {}

/** Nothing is shown. */
export const QUIET: Shown = { pause: nothing, resume: nothing, stop: nothing }

/** Shows the cluster's progress until it is stopped. */
export async function progressOf(cluster: Cluster, given: Given, surroundings: Surroundings): Promise<Shown> {
  const mode = progressMode(given)
  const { progress: stream, clock } = surroundings
  if (stream === undefined || mode === "quiet") return QUIET
  const { showProgress } = await clock.busy("loading progress", import("../../../progress/index.js"))
  return showProgress(cluster, { stream, mode, clock })
}
