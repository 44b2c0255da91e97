/**
 * Majors of the clouds' clients that want a newer Node than the oldest of ours, whose `npm ci` would warn of them: they are in a
 * project of their own, with its own lock, and what tries them skips where that is not installed.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"

/** A version of a client, as tests name it. */
export interface Client {
  readonly title: string
  /** What finds it for `require`: its package's name, or its folder. */
  readonly sdk: string
  readonly isThere: boolean
}

/** Said where it is not. */
export const NOT_THERE = "not installed: npm run newer-sdks"

function newer(name: string, version: string): Client {
  const sdk = join(projectFolder(import.meta.dirname), ".ci/newer-sdks/node_modules", name)
  const isThere = existsSync(sdk)
  return { title: `${name} ${version}${isThere ? "" : ` (${NOT_THERE})`}`, sdk, isThere }
}

/** Programs run from a copy below the project. */
function projectFolder(at: string): string {
  return existsSync(join(at, ".ci")) || dirname(at) === at ? at : projectFolder(dirname(at))
}

const usual = (name: string): Client => ({ title: name, sdk: name, isThere: true })

export const ARM_COMPUTE: readonly [Client, Client] = [usual("@azure/arm-compute"), newer("@azure/arm-compute", "25")]
export const COMPUTE: readonly [Client, Client] = [usual("@google-cloud/compute"), newer("@google-cloud/compute", "7")]

/** Those of them that can be tried here. */
export function installed(clients: readonly Client[]): readonly string[] {
  return clients.filter(({ isThere }) => isThere).map(({ sdk }) => sdk)
}

/** What is said of those that cannot. */
export function missingOf(clients: readonly Client[]): string {
  return clients.flatMap(({ title, isThere }) => (isThere ? [] : [`; ${title}`])).join("")
}
