/** Act 2: from nothing to a hundred workers and back to nothing, against the clock. */
import { setTimeout as sleep } from "node:timers/promises"
import { receiptTable } from "./receipt.js"
import type { Stage } from "./stage.js"
import { countIn } from "./tally.js"

/** Long enough to be seen; `ps f` in another window shows them. */
const FULL_HOUSE_MS = 1500

export function hundred(stage: Stage): Promise<readonly string[]> {
  const { burst } = stage.options
  const spec = {
    name: "demo-hundred",
    provider: stage.local(),
    instanceType: "local-1",
    groups: { shell: {} },
    startup: "while :; do sleep 60; done",
  }
  return stage.perform(`act 2: 0 to ${burst} to 0`, spec, async (play) => {
    const askedAt = Date.now()
    await play.scale(burst)
    const ran = play.tally().ranAt.map((at) => at - askedAt)
    const addresses = new Set(play.cluster.workers.map((worker) => worker.privateIp)).size
    await sleep(FULL_HOUSE_MS, undefined, { signal: stage.signal })
    const endedAt = Date.now()
    await play.cluster.scale(0, { signal: stage.signal })
    const downMs = Date.now() - endedAt
    const gone = countIn(play.tally(), "terminated")
    const [first, half, all] = [ran[0], ran[Math.floor(ran.length / 2)], ran.at(-1)].map(secondsOf)
    return [
      `0 to ${burst}: first worker after ${first}, half of them after ${half}, all after ${all}, on ${addresses} addresses`,
      `${burst} to 0: ${gone} confirmed gone after ${secondsOf(downMs)}`,
      ...receiptTable(await play.cluster.close()),
    ]
  })
}

function secondsOf(ms: number | undefined): string {
  return ms === undefined ? "?" : `${(ms / 1000).toFixed(2)} s`
}
