/** Workers: commands and files for the workers of a cluster. What carries them is loaded at first use. */
import { RejectedError } from "../errors.js"
import type { ExecOptions, WorkerResult } from "../remote/exec.js"
import { withInput } from "../remote/input.js"
import type { OpenAccess } from "./access/openings.js"
import type { Command } from "../remote/remote.js"
import { logsOf } from "./logs.js"
import type { Reach, WorkerHandle } from "./reach.js"
import type { Session } from "./session.js"

/** The session of a cluster; undefined before it was opened. */
export type SessionOf = () => Session | undefined

/** @throws RejectedError when the cluster has never been opened: there is nobody to talk to. */
function openedOr(session: SessionOf, name: string): Session {
  const opened = session()
  if (opened !== undefined) return opened
  throw new RejectedError(`cluster "${name}" has no workers yet; scale it first, or attach to it`)
}

async function reachOf(session: SessionOf, name: string): Promise<Reach> {
  const { fleet } = openedOr(session, name)
  const { Reach: Loaded } = await fleet.clock.busy("loading the library", import("./reach.js"))
  return new Loaded(fleet)
}

/** A cluster, as its workers are reached through it. */
export interface Reached {
  readonly name: string
  readonly session: SessionOf
}

export async function execIn(
  { name, session }: Reached,
  command: Command,
  options: ExecOptions,
  group?: string,
): Promise<readonly WorkerResult[]> {
  return withInput(options.stdin, async () => (await reachOf(session, name)).exec(command, options, group))
}

/** The openings of a cluster. */
export function accessOf({ name, session }: Reached) {
  const loaded = async () => {
    const { fleet } = openedOr(session, name)
    return { fleet, ...(await fleet.clock.busy("loading the library", import("./access/openings.js"))) }
  }
  return {
    openings: async () => {
      const { fleet, openingsOf } = await loaded()
      return openingsOf(fleet)
    },
    open: async (asked: OpenAccess) => {
      const { fleet, openTo } = await loaded()
      return openTo(fleet, asked)
    },
    close: async () => {
      const { fleet, closeAll } = await loaded()
      return closeAll(fleet)
    },
  }
}

/** The worker is looked up at each call: it may come later, and may have gone. */
export function workerHandle({ name: cluster, session }: Reached, name: string): WorkerHandle {
  const worker = async () => (await reachOf(session, cluster)).worker(name)
  return {
    name,
    exec: (command, options) => withInput(options?.stdin, async () => (await worker()).exec(command, options)),
    spawn: (command, options) => withInput(options?.stdin, async () => (await worker()).spawn(command, options)),
    shell: async (command) => (await worker()).shell(command),
    forward: async (port, at) => (await worker()).forward(port, at),
    send: async (from, to, options) => (await worker()).send(from, to, options),
    fetch: async (paths, to, options) => (await worker()).fetch(paths, to, options),
    logs: logsOf(async () => (await reachOf(session, cluster)).consoleOf(name)),
  }
}
