/** Cloud: one that tells its time and whose guests keep their deadlines and leases, or one that does neither. */
import type { LaunchCall, Provider } from "../../../src/provider.js"
import { worldProvider } from "../../../src/simulator/index.js"
import { oursIn, type Stage } from "./play.js"

/** How often a guest looks whether its lease is over, in milliseconds. */
const LOOK_MS = 20_000

export function cloudOf(stage: Stage): Provider {
  const { world, trial } = stage
  const provider = worldProvider(world, { tellsTime: trial.tellsTime })
  if (!trial.tellsTime) return { ...provider, split: (...of) => provider.split(...of).map(withoutExpiry) }
  return trial.leaseMs === undefined ? provider : withLeases(stage, provider, trial.leaseMs)
}

function withoutExpiry(call: LaunchCall): LaunchCall {
  const { expiresAt: _, ...body } = call.body
  return { ...call, body }
}

/** Until when each instance's lease was renewed, in seconds since 1970. */
const leases = new WeakMap<Stage["world"], Map<string, number>>()

function withLeases(stage: Stage, provider: Provider, leaseMs: number): Provider {
  const { world, base } = stage
  let known = leases.get(world)
  if (known === undefined) {
    const renewed = new Map<string, number>()
    leases.set(world, renewed)
    known = renewed
    const look = () => {
      const over = oursIn(stage).filter(({ id, state, createdAt }) => {
        const until = renewed.get(id)
        return state === "running" && base.now() > (until === undefined ? createdAt + leaseMs + LOOK_MS : until * 1000)
      })
      if (over.length > 0) world.terminate(over.map(({ id }) => id))
      base.timer(LOOK_MS, look)
    }
    base.timer(LOOK_MS, look)
  }
  const renewals = known
  return {
    ...provider,
    renew: async (instances, until, calls) => {
      await calls.send("Renew", {}, async () => undefined)
      for (const { id } of instances) renewals.set(id, until)
    },
  }
}
