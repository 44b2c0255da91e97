/** A walk of the small cloud, whose assumptions are those that all clouds share. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { TAG } from "../../../src/fleet/tags.js"
import { judgeConsistency, judgeDeadlines, judgeStates, judgeTags, toldOn } from "../../../src/live/judges.js"
import type { Assumption, Provider, Walk } from "../../../src/provider.js"
import { type SimulateOptions, simulate, type World } from "../../../src/simulator/index.js"
import { playGuests } from "./support.js"

function assumption(id: string): Assumption {
  const words = { says: `${id} holds.`, source: "the small cloud", probe: "It is looked at." }
  return { id, ...words, basis: "documented", code: ["src/simulator/"] }
}

/** The small cloud's own prices are its machines'. */
export function toyWalk(provider: Provider, changes: Partial<Walk> = {}): Walk {
  return {
    assumptions: ["toy.tags", "toy.states", "toy.listed", "toy.deadline", "toy.boots"].map(assumption),
    provider,
    startup: "echo doctor hello there",
    endsBy: ["toy:End"],
    besides: () => 0,
    booted: (stage, worker) => {
      stage.saw("toy.boots", toldOn(worker, "hello") === "there", "what its startup wrote")
      return Promise.resolve()
    },
    judge: (stage) => {
      judgeTags(stage, "toy.tags", ({ owner }) => ({ [TAG.uid]: owner.uid, [TAG.cluster]: owner.cluster }))
      judgeStates(stage, "toy.states")
      judgeConsistency(stage, "toy.listed", provider.limits.consistencyMs)
      judgeDeadlines(stage, "toy.deadline", 60_000)
      return Promise.resolve()
    },
    ...changes,
  }
}

export interface Toy {
  readonly clock: VirtualClock
  readonly world: World
  /** With the walk. */
  readonly provider: Provider
  readonly run: <T>(promise: Promise<T>) => Promise<T>
  /** Ends its guests. */
  readonly stop: () => void
}

export interface ToyOptions {
  readonly seed?: number
  readonly world?: Omit<SimulateOptions, "clock" | "seed">
  readonly walk?: Partial<Walk>
  readonly change?: (provider: Provider) => Provider
  /** Its guests do nothing at their deadline. */
  readonly staysOn?: boolean
}

export function toy({ seed = 1, world: like = {}, walk = {}, change = (one) => one, staysOn }: ToyOptions = {}): Toy {
  const clock = new VirtualClock({ seed })
  const latency = { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 5_000 }
  const { world, provider: plain } = simulate({ clock, seed, latency, ...like })
  const provider = change(staysOn === true ? withoutExpiry(plain) : plain)
  const stop = playGuests({
    world,
    clock,
    programOf: ({ tags }) => tags[TAG.deadline] ?? "",
    linesOf: () => ["doctor hello there"],
    ...(staysOn === true
      ? { lie: { guest: { breaks: "toy.deadline", staysOn: () => true }, isBroken: () => true } }
      : {}),
  })
  const withWalk: Provider = { ...provider, walk: () => Promise.resolve(toyWalk(provider, walk)) }
  return { clock, world, provider: withWalk, run: (promise) => clock.run(promise), stop }
}

/** The small cloud itself ends instances at their deadline, as Compute Engine does. */
function withoutExpiry(provider: Provider): Provider {
  return {
    ...provider,
    launch: ({ body, ...call }, calls) => {
      const { expiresAt: _never, ...rest } = body
      return provider.launch({ ...call, body: rest }, calls)
    },
  }
}
