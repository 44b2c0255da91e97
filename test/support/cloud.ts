/** What the tests of every cloud have: a double of it on a loopback port, an adapter that talks to it, and the clock both run on. */
import { afterEach } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { bareCalls, createCalls } from "../../src/calls/send.js"
import type { Calls, GroupRequest, Instance, LaunchCall, Prepared, Provider } from "../../src/provider.js"
import { World, type WorldOptions } from "../../src/simulator/index.js"
import { GROUP, OWNER } from "./wishes.js"

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly readOnly?: boolean
}

export interface Cloud<W, P extends Provider = Provider> {
  readonly clock: VirtualClock
  readonly world: World
  readonly wire: W
  readonly provider: P
  /** The core's calls: paced, limited in time and retried. */
  readonly calls: (options?: CallOptions) => Calls
  readonly bare: (options?: CallOptions) => Calls
  /** Lets virtual time pass until it is settled. */
  readonly run: <T>(promise: Promise<T>) => Promise<T>
}

/** Quick unless told otherwise: no delays, no lag in lists, so that only what a test is about takes time. */
export function quickWorld(like: Omit<WorldOptions, "clock">, changes: Partial<WorldOptions> = {}) {
  const clock = new VirtualClock({ seed: 7 })
  const latency = { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 5_000 }
  return { clock, world: new World({ ...like, clock, listLagMs: 0, latency, ...changes }) }
}

export function cloudOf<W, P extends Provider>(
  parts: Pick<Cloud<W, P>, "clock" | "world" | "wire" | "provider">,
): Cloud<W, P> {
  const { clock, provider } = parts
  const optionsOf = (given: CallOptions = {}) => ({
    clock,
    ...given,
    signal: given.signal ?? new AbortController().signal,
  })
  return {
    ...parts,
    calls: (given) => createCalls({ limits: provider.limits, ...optionsOf(given) }),
    bare: (given) => bareCalls(optionsOf(given)),
    run: (promise) => clock.run(promise),
  }
}

/** Registers doubles that are closed after each test. @param check what must hold of them then. */
export function closedAfterEach<W extends { close(): Promise<void> }>(check: (wires: readonly W[]) => void = () => {}) {
  const open: W[] = []
  afterEach(async () => {
    const wires = open.splice(0)
    await Promise.all(wires.map((wire) => wire.close()))
    check(wires)
  })
  return (wire: W): W => {
    open.push(wire)
    return wire
  }
}

export function prepareOf<W, P extends Provider>(
  cloud: Cloud<W, P>,
  group: Partial<GroupRequest> = {},
  calls = cloud.bare(),
  owner = OWNER,
): Promise<Prepared> {
  return cloud.run(cloud.provider.prepare(owner, { ...GROUP, ...group }, calls))
}

/** Sends all launch calls at once; those that are not settled then have made nothing yet. */
export async function launchAll<W, P extends Provider>(
  cloud: Cloud<W, P>,
  launches: readonly LaunchCall[],
  calls: Calls,
): Promise<readonly Instance[]> {
  const all = await cloud.run(Promise.all(launches.map((call) => cloud.provider.launch(call, calls))))
  return all.flatMap((launched) => launched.instances)
}
