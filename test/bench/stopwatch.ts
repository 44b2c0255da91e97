/** Time and work of this process, for measurements only. */

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
