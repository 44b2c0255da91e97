/** Ends: an owner dies, or is told to end twice, while it launches; `ends/play.ts` says what must hold. */
import type { WiredCloud } from "../../chaos/wires.js"
import type { Counts, FuzzSuite } from "../suite.js"

async function playEnd(cloud: WiredCloud, seed: number): Promise<Counts> {
  // Loaded when it is played: it brings the clouds' SDKs.
  const { play } = await import("../ends/play.js")
  const { play: chosen, broken, instances, requests, saidGone, saidMore, virtualHours } = await play(cloud, seed)
  if (broken.length > 0) throw new Error(`${JSON.stringify(chosen)}\n  ${broken.join("\n  ")}`)
  return {
    ends: 1,
    "said to be gone": saidGone,
    "said to come": saidMore,
    instances,
    requests,
    "virtual hours": virtualHours,
  }
}

export const endSuites: readonly FuzzSuite[] = (["aws", "gcp", "azure"] as const).map((cloud) => ({
  name: `ends-${cloud}`,
  about: `an owner ends in the midst of a launch on ${cloud}: once somebody has said that all is gone, nothing runs`,
  testRuns: 6,
  ciRuns: 60,
  run: (seed) => playEnd(cloud, seed),
}))
