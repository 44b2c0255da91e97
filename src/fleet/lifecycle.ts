/** The life of a worker: its states, the legal steps between them, and what follows from each. Pure. */
import type { Instance, InstanceState, Limits } from "../provider.js"

/** The group of the one worker that has an engine's scheduler. */
export const HEAD = "head"

/**
 * `pending`: made, not yet running. `running`. `interrupted`: the cloud has said that it will take it away. `failed`: it
 * did not start, or was stopped; it is still there. `lost`: it vanished without us. `terminating`: asked to go.
 * `terminated`: gone, confirmed.
 */
export type WorkerState = "pending" | "running" | "interrupted" | "failed" | "lost" | "terminating" | "terminated"

/** The code of a worker that another party stopped; no cloud reports it. */
export const STOPPED = "Stopped"

/** From each state, the states that may follow, and what makes them follow. */
const NEXT: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  // Started; notice while starting; never started; vanished; we asked; gone.
  pending: ["running", "interrupted", "failed", "lost", "terminating", "terminated"],
  // Notice; stopped or ended by itself; vanished; we asked; gone.
  running: ["interrupted", "failed", "lost", "terminating", "terminated"],
  // The notice was carried out, or we asked first.
  interrupted: ["failed", "lost", "terminating", "terminated"],
  failed: ["lost", "terminating", "terminated"],
  // Seeing an instance is proof, not seeing it is not: a list may have missed it.
  lost: ["pending", "running", "failed", "terminating", "terminated"],
  terminating: ["terminated"],
  terminated: [],
}

/** The state after `wanted` was observed: `wanted` where that step is legal, else what it was. */
export function advance(state: WorkerState, wanted: WorkerState): WorkerState {
  return NEXT[state].includes(wanted) ? wanted : state
}

/** Counts toward `desired`: it runs, or will. */
export function counts(state: WorkerState): boolean {
  return state === "pending" || state === "running"
}

/** May still run or cost money: terminations are for these. */
export function mayLive(state: WorkerState): boolean {
  return state !== "terminated" && state !== "lost"
}

/**
 * The state of a worker by an observation of its instance.
 *
 * @param bootsFrom when it began to boot, in milliseconds since 1970: by our clock where we have seen it made, as a cloud's
 * may be an hour apart from it.
 */
export function observedState(
  instance: Instance,
  limits: Pick<Limits, "goneStates" | "bootMs">,
  now: number,
  bootsFrom = instance.launchedAt,
): WorkerState {
  if (limits.goneStates.includes(instance.state)) return "terminated"
  if (instance.state === "terminating") return "terminating"
  if (instance.state === "terminated") return "terminated"
  if (instance.state === "stopped" || instance.failure !== undefined) return "failed"
  if (instance.state === "running") return "running"
  return now - bootsFrom > limits.bootMs ? "failed" : "pending"
}

const STATES: readonly InstanceState[] = ["pending", "running", "stopped", "terminating", "terminated"]

/** The states in which an instance may still run or cost money. */
export function livingStates(limits: Pick<Limits, "goneStates">): InstanceState[] {
  return STATES.filter((state) => state !== "terminated" && !limits.goneStates.includes(state))
}
