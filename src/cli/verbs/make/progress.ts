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

/** Shows the cluster's progress until what it returns is called. */
export async function progressOf(cluster: Cluster, given: Given, surroundings: Surroundings): Promise<() => void> {
  const mode = progressMode(given)
  const { progress: stream, clock } = surroundings
  if (stream === undefined || mode === "quiet") return () => {}
  const { showProgress } = await clock.busy("loading progress", import("../../../progress/index.js"))
  const shown = showProgress(cluster, { stream, mode, clock })
  return () => shown.stop()
}
