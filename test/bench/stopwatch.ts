/** Time, work and memory of this process, for measurements only. */

export type Started = bigint

export function stopwatch(): Started {
  return process.hrtime.bigint()
}

export function millisecondsSince(started: Started): number {
  return Number(process.hrtime.bigint() - started) / 1e6
}

export interface Effort {
  readonly wallMs: number
  /** Of all threads, in user and system mode. */
  readonly cpuMs: number
}

/** What `work` takes. */
export async function effortOf(work: () => Promise<unknown>): Promise<Effort> {
  const started = stopwatch()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { wallMs: millisecondsSince(started), cpuMs: (user + system) / 1000 }
}

const SAMPLE_MS = 50

/** The most memory (RSS, in MiB) that this process had while `work` went on. */
export async function mostMemoryOf(work: () => Promise<unknown>): Promise<number> {
  let most = process.memoryUsage.rss()
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, SAMPLE_MS)
  await work().finally(() => clearInterval(sampling))
  return most / 2 ** 20
}
