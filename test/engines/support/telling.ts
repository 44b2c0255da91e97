/**
 * Telling, without a wire: what stands in for `runCommand` where workers are told of their head. A suite mocks the module that has it,
 * and says what becomes of an address by `told`.
 */
import type { Instance, Route } from "../../../src/provider.js"
import { workerName } from "../../../src/fleet/reports/worker.js"
import type { runCommand } from "../../../src/remote/output.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"
import { live } from "../../cluster/support.js"

/** It takes as long as is said, and then the worker knows the address. */
export const told: { by: (worker: string, address: string) => Promise<void> } = { by: () => Promise.resolve() }

export const tellInstead: typeof runCommand = async (_remote, _command, { worker }, { stdin } = {}) => {
  await told.by(worker, String(stdin).trim())
  return { exitCode: 0, stdout: "", stderr: "", isCut: false }
}

/** Workers are reached here, heads are not. */
export function routeToWorkers({ tags, privateIp = "" }: Instance): Route | undefined {
  return tags["muster-group"] === "head" ? undefined : { kind: "local", words: [], address: privateIp }
}

/** Heads that are there, or on their way. */
export function headsIn(world: World): readonly WorldInstance[] {
  return live(world).filter(({ tags }) => tags["muster-group"] === "head")
}

/** The worker of this name that is there, or on its way. */
export function workerIn(world: World, worker: string): WorldInstance | undefined {
  return live(world).find((one) => workerName({ ...one, name: one.name ?? "" }, "") === worker)
}
