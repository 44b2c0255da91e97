/** Dask: a scheduler and its workers, on machines of any provider. See docs/dask.md. */
import { randomBytes } from "node:crypto"
import { plainOptions } from "../../input/parse.js"
import type { JsonObject } from "../../provider.js"
import type { Engine, EngineBoot, EngineGroup } from "../engine.js"
import { headStartup } from "./boot/head.js"
import { setupScript } from "./boot/setup.js"
import { SECRETS } from "./boot/shell.js"
import { workerStartup } from "./boot/worker.js"
import { loadForge, makeCertificates } from "./certificates.js"
import { checkGroups } from "./check.js"
import { clientOf } from "./client.js"
import { configOf, type DaskConfig } from "./config.js"
import type { DaskOptions } from "./options.js"
import { drainMembers, readState } from "./routes.js"
import { checkVersions } from "./versions.js"

export type { DaskOptions } from "./options.js"

/**
 * Makes one Dask cluster of a cluster's workers: `new Cluster({ engine: dask(), … })`. Its head runs the scheduler, each worker joins it
 * under its own name, and a worker that Muster ends by its own choice gives away first what it holds.
 *
 * @param options.requirements what is installed on head and workers: a list, or a file (`requirements.txt`, `uv.lock`,
 *   `pyproject.toml`). Left out: nothing, and the image or container has `distributed`.
 * @param options.version of `dask` and `distributed`, which are installed: "2024.1.0".
 * @param options.python version of Python on head and workers: "3.11"; the image's own by default.
 * @param options.client the Python of this machine whose versions are compared before anything is paid for; "python3" by default,
 *   `false` for none.
 * @param options.head what the head is, beside what the spec says at the top.
 * @param options.nthreads threads of each worker; as many as cores by default.
 * @param options.memoryLimit memory of each worker: bytes, "8GiB", a part (0.9), "auto" by default, `false` for no limit.
 * @param options.nanny whether a process beside each worker starts it again; `true` by default.
 * @param options.deathTimeout how long a worker waits for its head before it looks anew; "60s" by default.
 * @param options.resources what tasks may ask for of a group's workers, beside its name, its labels and GPU.
 * @param options.tls whether connections are encrypted and only this cluster's keys let in; `false` by default.
 * @param options.dashboard whether the head serves Dask's dashboard; `true` by default.
 * @param options.port of the scheduler; 8786 by default. @param options.dashboardPort 8787 by default.
 * @param options.env variables of head and workers.
 * @returns the engine, for the spec's `engine`.
 * @throws SpecError with all that is wrong with the options: `distributed` is not among the requirements, a file cannot be read,
 *   versions contradict each other.
 */
export function dask(options?: DaskOptions): Engine {
  const config = configOf(options)
  if (config.tls) loadForge()
  const setup = setupScript(config)
  const parts = { ...(setup === undefined ? {} : { setup }), environment: config.env }
  const tls = config.tls ? { [SECRETS.tls]: { make: makeCertificates } } : {}
  return {
    name: "dask",
    ports: { scheduler: config.port, dashboard: config.dashboardPort },
    ...(config.head === undefined ? {} : { headFields: config.head }),
    recipe: recipeOf(options, config),
    check: async (groups, signal) => {
      checkGroups(config, groups)
      await checkVersions(config, signal)
    },
    head: (): EngineBoot => ({
      ...parts,
      startup: headStartup(config),
      secrets: { [SECRETS.token]: { make: () => randomBytes(32).toString("hex") }, ...tls },
    }),
    worker: (group: EngineGroup): EngineBoot => ({
      ...parts,
      startup: workerStartup(config, group),
      secrets: tls,
    }),
    state: (head) => readState(config, head),
    drain: (head, names, options) => drainMembers(config, head, names, options),
    client: (head, forwarded) => clientOf(config, head, forwarded),
  }
}

/** Another machine may have no file of requirements, or another one: what was read is kept. */
function recipeOf(options: DaskOptions = {}, { requirements, hasRequirements }: DaskConfig): JsonObject {
  const { requirements: _, version: __, ...rest } = options
  return { ...plainOptions(rest), ...(hasRequirements ? { requirements: requirements.lines } : {}) }
}
