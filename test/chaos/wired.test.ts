import { test } from "vitest"
import { expectUnharmed, KILLS_TIMEOUT_MS } from "./expect.js"
import { wiredScene } from "./wired.js"
import { isLong } from "../support/long.js"

// Side by side: most of a kill is waiting, for a process to start and for a cloud to boot.
test.runIf(isLong).concurrent.each(["aws", "gcp", "azure"] as const)(
  "%s: four owners killed while they scale and close: the next one finds exactly the target, and ends it all",
  async (cloud) => {
    const scene = await wiredScene(cloud)
    try {
      await expectUnharmed(cloud, { ...scene.options, target: 5, journal: scene.journal, kills: 4, seed: 1 })
    } finally {
      await scene.end()
    }
  },
  KILLS_TIMEOUT_MS,
)
