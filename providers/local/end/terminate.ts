/** Asks every instance's supervisor at once to end it; the grace, and what follows it, is theirs. */
import { remove } from "../client/remove.js"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import pLimit from "p-limit"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Termination } from "../../../src/provider.js"
import { checkRoot, PRIVATE_FILE, readText, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { noteEndings } from "./endings.js"
import { isErrno, toCloudError } from "../client/errors.js"
import { type Host, readHost, pidOf } from "../client/host.js"
import { observe } from "../observe/instance.js"
import { type InstanceRecord, PROVIDER } from "../client/record.js"
import { startScript } from "../launch/start.js"

/** Instances looked at, at the same time. */
const LOOKERS = 16

type Answer = Termination["accepted"][number] | Termination["failures"][number]

/** An instance that is to end, marked so on disk. */
interface Marked {
  readonly record: InstanceRecord
  /** It has no process, or none yet: its directory can go at once. */
  readonly empty: boolean
  readonly supervisor: string | undefined
}

/**
 * Ends all of them. An instance that is unknown, or not the one that was meant, counts as gone and is left alone.
 * Each is marked before any is signalled, and then all are signalled in one turn: their ends keep both cores busy.
 */
export async function terminateAll(layout: Layout, instances: readonly Instance[], calls: Calls): Promise<Termination> {
  return calls.send("local.terminate", {}, async () => {
    await checkRoot(layout)
    const host = readHost()
    const limit = pLimit(LOOKERS)
    await noteEndings(layout, host, instances)
    const marked = await Promise.all(instances.map((one) => limit(() => answering(one, () => mark(layout, host, one)))))
    const signalled = marked.map((one) => ("record" in one ? signal(host, one) : one))
    const answers = await Promise.all(
      signalled.map((one) =>
        limit(() => ("record" in one ? answering({ id: one.record.name }, () => finish(layout, host, one)) : one)),
      ),
    )
    return {
      accepted: answers.filter((answer) => "state" in answer),
      failures: answers.filter((answer) => "code" in answer),
    }
  })
}

/** What `step` returns; if it throws, that is this one instance's failure. */
async function answering<T>({ id }: Pick<Instance, "id">, step: () => Promise<T>): Promise<T | Answer> {
  try {
    return await step()
  } catch (error) {
    return failureOf(id, error)
  }
}

function failureOf(id: string, error: unknown): Answer {
  const known = toCloudError(`terminating ${id}`, error, { provider: PROVIDER })
  return {
    id,
    code: isErrno(error) ? error.code : "Error",
    message: known.message,
  }
}

/** The mark comes before the look for a supervisor, so that one which starts at this moment sees it and ends again. */
async function mark(layout: Layout, host: Host, instance: Instance): Promise<Marked | Answer> {
  const gone: Answer = { id: instance.id, state: "terminated" }
  const observation = await observe(layout, host, instance.id)
  if (observation === undefined || !isMeant(observation.record, instance)) return gone
  const { record, state, unstarted: untouched } = observation
  const here = layout.instance(record.name)
  const file = join(here, "terminating")
  if ((await unlessMissing(writeMark(file, host.self))) === undefined) return gone
  const supervisor = await readText(join(here, "supervisor"))
  return { record, supervisor, empty: state === "gone" || state === "terminated" || untouched }
}

/** A disk that is full or read-only stops no termination: the mark matters only to what is just starting. */
async function writeMark(file: string, maker: string): Promise<true> {
  try {
    await writeFile(file, maker, { mode: PRIVATE_FILE })
  } catch (error) {
    if (!isErrno(error, "ENOSPC", "EDQUOT", "EROFS")) throw error
  }
  return true
}

function isMeant(record: InstanceRecord, instance: Instance): boolean {
  const { cluster, uid, owner, launch } = TAG
  const [mine, theirs] = [record.tags, instance.tags]
  return [cluster, uid, owner, launch].every((tag) => mine[tag] === theirs[tag])
}

/** Looked at and signalled in one turn. SIGCONT because it may have been stopped. */
function signal(host: Host, marked: Marked): Marked | Answer {
  const id = marked.record.name
  if (!host.isAlive(marked.supervisor)) return marked
  try {
    process.kill(pidOf(marked.supervisor), "SIGTERM")
    process.kill(pidOf(marked.supervisor), "SIGCONT")
    return { id, state: "terminating" }
  } catch (error) {
    return isErrno(error, "ESRCH") ? marked : failureOf(id, error)
  }
}

/** For what has no supervisor. A watchdog ends it by itself then, and a reaper is there for nothing else. */
async function finish(layout: Layout, host: Host, { record, empty }: Marked): Promise<Answer> {
  const here = layout.instance(record.name)
  const identities = await Promise.all(["watchdog", "reaper"].map((file) => readText(join(here, file))))
  const isSupervised = identities.some((identity) => host.isAlive(identity))
  if (empty && !isSupervised) {
    await remove(layout, record)
    return { id: record.name, state: "terminated" }
  }
  if (!isSupervised) await startScript(layout, record, "reap")
  return { id: record.name, state: "terminating" }
}
