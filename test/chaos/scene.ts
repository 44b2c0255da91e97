/** Where owners are killed: a cloud with somebody else's instances in it. */
import type { KillOptions } from "./kill.js"
import type { CloudName } from "./places.js"

/** The name of the cluster that is killed, and its owner. */
export const NAME = "killed"
export const OWNER = "default"

export interface Scene {
  readonly options: Pick<KillOptions, "place" | "name" | "spec" | "evidence" | "time" | "lagMs">
  /** Where journals can be kept. */
  readonly journal: string
  /** Ends everything, the neighbours too. */
  end(): Promise<void>
}

export async function sceneAt(cloud: CloudName): Promise<Scene> {
  if (cloud === "local") return (await import("./local.js")).localScene()
  return (await import("./wired.js")).wiredScene(cloud)
}
