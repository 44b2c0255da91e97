/** Versions: what must be equal in client, head and workers. Dask itself only warns, and then fails in the middle of the work. */
import { type ChildProcess, spawn } from "node:child_process"
import { SpecError } from "../../errors.js"
import type { DaskConfig } from "./config.js"

/** By their names; left out where they are not known. */
export type Versions = Readonly<Partial<Record<(typeof NAMES)[number], string>>>

const NAMES = ["distributed", "dask", "python"] as const

const ASK = `import importlib.util as u, json, sys
if u.find_spec("distributed") is None:
    print("null")
else:
    import dask, distributed
    print(json.dumps({"python": "%d.%d.%d" % sys.version_info[:3], "dask": dask.__version__, "distributed": distributed.__version__}))`

/** Loading distributed takes a second; the first time, from a slow disk, many. */
const DEADLINE_MS = 60_000

/** Of head and workers, as far as the options say. */
export function expectedVersions({ requirements, python }: DaskConfig): Versions {
  const [dask, distributed] = [requirements.pins.get("dask"), requirements.pins.get("distributed")]
  return {
    ...(python === undefined ? {} : { python }),
    ...(dask === undefined ? {} : { dask }),
    ...(distributed === undefined ? {} : { distributed }),
  }
}

/** What differs in its first two numbers, in words: "distributed 2022.12.1 here, 2024.1.0 on the head". */
export function differences(here: Versions, there: Versions, where: string): readonly string[] {
  return NAMES.flatMap((name) => {
    const [ours, theirs] = [here[name], there[name]]
    if (ours === undefined || theirs === undefined || minor(ours) === minor(theirs)) return []
    return [`${name} ${ours} here, ${theirs} ${where}`]
  })
}

function minor(version: string): string {
  return plain(version).split(".").slice(0, 2).map(Number).join(".")
}

/**
 * What the client on this machine runs with.
 *
 * @returns undefined where there is no such Python, or it has no distributed: then no client of it runs here.
 * @throws SpecError where a Python that was named cannot be asked.
 */
export async function clientVersions({ client }: DaskConfig, signal: AbortSignal): Promise<Versions | undefined> {
  if (client === false) return undefined
  const isNamed = client !== "python3"
  try {
    const versions = JSON.parse(await output(client, signal)) as Versions | null
    if (versions !== null) return versions
    if (isNamed) throw clientProblem(client, "has no distributed: install it there, or give another")
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SpecError) throw error
    if (!isNamed) return undefined
    throw clientProblem(client, `cannot be asked for its versions: ${(error as Error).message}`)
  }
}

function clientProblem(client: string, what: string): SpecError {
  const message = `is "${client}", which ${what}; give false where no client runs on this machine`
  return new SpecError([{ option: "dask.client", value: client, message }])
}

function output(python: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    // There are no pipes where this process has no file left to open: an error follows then.
    const child: ChildProcess = spawn(python, ["-c", ASK], {
      stdio: ["ignore", "pipe", "pipe"],
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    })
    let [out, err] = ["", ""]
    child.stdout?.on("data", (bytes: Buffer) => (out += bytes.toString()))
    child.stderr?.on("data", (bytes: Buffer) => (err = (err + bytes.toString()).slice(-2000)))
    child.once("error", reject)
    child.once("close", (code) => {
      if (code === 0) resolve(out)
      else reject(new Error(err.trim().split("\n").at(-1) ?? `it ended with code ${code}`))
    })
  })
}

/** @throws SpecError where this machine's client would not get along with what is to be installed. */
export async function checkVersions(config: DaskConfig, signal: AbortSignal): Promise<void> {
  const there = expectedVersions(config)
  if (Object.keys(there).length === 0) return
  const here = await clientVersions(config, signal)
  checkClient(config, here, there, "on head and workers")
}

/** @throws SpecError where client and head have other versions, or the head another one than `version` says. */
export function checkClientAndHead(config: DaskConfig, here: Versions | undefined, head: Versions | undefined): void {
  const { version } = config
  const [other] = version === undefined ? [] : differences({ distributed: version, dask: version }, head ?? {}, "")
  if (version !== undefined && other !== undefined) {
    const found = head?.distributed ?? head?.dask ?? ""
    const message = `is "${version}", and the head has ${found}, since it was launched: give version "${plain(found)}", or leave it out; for "${version}" close the cluster and make another one`
    throw new SpecError([{ option: "dask.version", value: version, message }])
  }
  checkClient(config, here, head, "on the head")
}

function checkClient(config: DaskConfig, here: Versions = {}, there: Versions = {}, where: string): void {
  const differing = differences(here, there, where)
  if (differing.length === 0) return
  const { client, python, version } = config
  const isPython = differing.every((text) => text.startsWith("python "))
  const fails = `${differing.join("; ")}: a client of ${String(client)} would fail; give`
  const others = "another client, or client: false where no client runs on this machine"
  const ours = here.distributed ?? here.dask
  if (version !== undefined && !isPython && ours !== undefined) {
    const message = `is "${version}": ${fails} version "${plain(ours)}", install ${version} here, or give ${others}`
    throw new SpecError([{ option: "dask.version", value: version, message }])
  }
  const option = isPython && python !== undefined ? "dask.python" : "dask.requirements"
  throw new SpecError([{ option, message: `${fails} both the same versions, ${others}` }])
}

/** Without what a distribution adds: "2022.12.1+ds.1" is "2022.12.1". */
function plain(version: string): string {
  return version.split("+", 1).join("")
}
