/** Kept: the last words of workers that are gone, in this process and, where a journal is, on disk. */
import { resolve } from "node:path"
import type { ClusterEventBody } from "../../events.js"
import type { Fleet } from "../../fleet/state/context.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { KeptLogFile } from "../../history/logs.js"
import { LogKeeper } from "./keep/keeper.js"
import { type Keep, LastWords } from "./last-words.js"

/** A long-lived cluster has had a hundred thousand workers: those that went last are remembered here. */
const MOST_REMEMBERED = 1000

const known = new WeakMap<Fleet, ReadonlyMap<string, string>>()

/** What was kept of a worker that is gone; "" where nothing was. */
export function keptOf(fleet: Fleet, { instance, end }: WorkerRecord): string {
  const tail = end?.tail === undefined || end.tail === "" ? "" : `${end.tail}\n`
  return known.get(fleet)?.get(instance.id) ?? tail
}

export interface WorkerLogs {
  note(event: ClusterEventBody): void
  /** All is written. */
  end(): Promise<void>
}

/**
 * @param journal the directory of the launch journal; false: no last words are kept on disk.
 * @param directory where the logs of all workers are followed into files; undefined: nowhere.
 */
export function keepLogs(fleet: Fleet, journal: string | false, directory: string | undefined): WorkerLogs {
  const remembered = new Map<string, string>()
  known.set(fleet, remembered)
  const file = journal === false ? undefined : new KeptLogFile(fleet, journal)
  const keep: Keep = (worker, text, how) => {
    const { instance, group } = worker
    remembered.set(instance.id, text)
    const [oldest] = remembered.size > MOST_REMEMBERED ? remembered.keys() : []
    if (oldest !== undefined) remembered.delete(oldest)
    file?.add({ id: instance.id, name: workerName(instance, group), group, how, text })
  }
  const keeper = directory === undefined ? undefined : new LogKeeper(fleet, resolve(directory))
  const last = new LastWords(fleet, { keep, before: (workers) => keeper?.beforeEnd(workers) })
  fleet.beforeEnd = (workers) => last.beforeEnd(workers)
  return {
    note: (event) => {
      last.note(event)
      keeper?.note(event)
    },
    end: async () => {
      await keeper?.end()
      await file?.end()
    },
  }
}
