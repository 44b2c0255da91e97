/** Workers: commands and files for the workers of a cluster. What carries them is loaded at first use. */
import { RejectedError } from "../errors.js"
import type { ExecOptions, WorkerResult } from "../remote/exec.js"
import type { Command } from "../remote/remote.js"
import { logsOf } from "./logs.js"
import type { Reach, WorkerHandle } from "./reach.js"
import type { Session } from "./session.js"

/** The session of a cluster; undefined before it was opened. */
export type SessionOf = () => Session | undefined

/** @throws RejectedError when the cluster has never been opened: there is nobody to talk to. */
async function reachOf(session: SessionOf, name: string): Promise<Reach> {
  const opened = session()
  if (opened === undefined)
    throw new RejectedError(`cluster "${name}" has no workers yet; scale it first, or attach to it`)
  const { Reach: Loaded } = await import("./reach.js")
  return new Loaded(opened.fleet)
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
  return (await reachOf(session, name)).exec(command, options, group)
}

/** The worker is looked up at each call: it may come later, and may have gone. */
export function workerHandle({ name: cluster, session }: Reached, name: string): WorkerHandle {
  const worker = async () => (await reachOf(session, cluster)).worker(name)
  return {
    name,
    exec: async (command, options) => (await worker()).exec(command, options),
    spawn: async (command, options) => (await worker()).spawn(command, options),
    shell: async () => (await worker()).shell(),
    forward: async (port, at) => (await worker()).forward(port, at),
    send: async (from, to, options) => (await worker()).send(from, to, options),
    fetch: async (paths, to, options) => (await worker()).fetch(paths, to, options),
    logs: logsOf(async () => (await reachOf(session, cluster)).consoleOf(name)),
  }
}
