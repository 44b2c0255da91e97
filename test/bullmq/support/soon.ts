import { expect } from "vitest"

/** What becomes so by itself: with patience, because other tests have the machine as well. */
export function soon<T>(read: () => T | Promise<T>): ReturnType<typeof expect.poll> {
  return expect.poll(read, { timeout: 60_000, interval: 5 })
}
