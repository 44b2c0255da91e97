/** Machine: what doctor looks at on this machine, whatever the place: Node, the state directory, the proxy. */
import { access, constants, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { stateDirectory } from "../client/machine.js"
import { type Environment, proxyFor } from "../client/proxy.js"
import { directoryProblem } from "../fleet/journal/permissions.js"
import type { Finding } from "../provider.js"

/** As package.json has it: the first that is supported, and the first that is not tried. */
const NODE = { least: [20, 20], below: 25 } as const

export function nodeFindings(version: string = process.versions.node): readonly Finding[] {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const isOld = major < NODE.least[0] || (major === NODE.least[0] && minor < NODE.least[1])
  if (isOld) return [{ status: "fail", text: `Node ${version}`, remedy: `use Node ${NODE.least.join(".")} or newer` }]
  if (major >= NODE.below)
    return [
      { status: "warn", text: `Node ${version}, which Muster is not tried with`, remedy: "use Node 20, 22 or 24" },
    ]
  return [{ status: "ok", text: `Node ${version}` }]
}

/** Where journals, keys and histories are kept. Nothing is made: a directory that is not there yet must have one above it that is. */
export async function stateFindings(
  journal: string | false | undefined,
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  if (journal === false)
    return [{ status: "warn", text: "no launch journal is kept", remedy: "leave out journal: false" }]
  const directory = journal ?? join(stateDirectory(env), "muster", "journal")
  const problem = await directoryProblem(directory)
  if (problem !== undefined) {
    const remedy = "nothing is launched with such a journal: correct it, or name another directory (--journal DIR)"
    return [{ status: "fail", text: `${directory} ${problem}`, remedy }]
  }
  const there = await nearestThere(directory)
  try {
    await access(there, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { message } = error as Error
    const remedy = "make it writable, or name another directory: --journal DIR, XDG_STATE_HOME"
    return [{ status: "fail", text: `${directory} cannot be written: ${message}`, remedy }]
  }
  return [{ status: "ok", text: there === directory ? directory : `${directory}, made with the first launch` }]
}

async function nearestThere(directory: string): Promise<string> {
  const isThere = await stat(directory).then(
    () => true,
    () => false,
  )
  const above = dirname(directory)
  return isThere || above === directory ? directory : nearestThere(above)
}

/** Where any cloud's API is: NO_PROXY may except some of them. */
const SOMEWHERE = { secure: true, host: "cloud.invalid", port: 443 }

/** @throws SpecError that names a variable which is no proxy's address. */
export function proxyFindings(env: Environment): readonly Finding[] {
  const proxy = proxyFor(SOMEWHERE, env)
  if (proxy === undefined) return [{ status: "ok", text: "none is named by HTTPS_PROXY" }]
  const exceptions = env.no_proxy ?? env.NO_PROXY ?? ""
  const but = exceptions.trim() === "" ? "" : `, but for ${exceptions.trim()}`
  const user = proxy.authorization === undefined ? "" : ", with a user of its own"
  return [{ status: "ok", text: `requests go through ${proxy.name}${user}${but}` }]
}
