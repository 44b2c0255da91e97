/**
 * Before each file of tests. Files share a process, so that it loads an SDK once; what is ours is evaluated anew for each of
 * them, with its state and its hooks, and what a file changes of the process it must put back.
 */
import { afterAll, expect, vi } from "vitest"

const LOUD = ["SIGINT", "SIGTERM", "SIGHUP", "uncaughtException", "unhandledRejection", "beforeExit"] as const

interface Shared {
  readonly env: NodeJS.ProcessEnv
  readonly isRealEnv: boolean
  readonly directory: string
  readonly platform: string
  readonly listeners: readonly number[]
  readonly functions: readonly unknown[]
}

const env = process.env

function shared(): Shared {
  return {
    env: { ...process.env },
    isRealEnv: process.env === env,
    directory: process.cwd(),
    platform: process.platform,
    listeners: LOUD.map((name) => process.listenerCount(name)),
    functions: [setTimeout, setInterval, setImmediate, Date, fetch, process.stdout.write, process.stderr.write],
  }
}

vi.resetModules()
const before = shared()
afterAll(() => expect(shared()).toEqual(before))
