import { find } from "./instances.js"
import type { Handler } from "../client/handler.js"
import { invalid } from "../client/refusals.js"

/** What a Linux guest writes while it boots, and what Muster's writes; there is nothing before it boots. */
export const CONSOLE: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const { port = "1", start = "0", instance = "", zone = "" } = asked.parameters
    if (!(Number(port) >= 1 && Number(port) <= 4)) throw invalid("port", port, "Must be between 1 and 4, inclusive.")
    const { id, runningAt } = find(asked)
    const booted = runningAt === undefined ? "" : `[    0.000000] Linux version 6.1.0-cloud (${instance})\n`
    const whole = booted + asked.world.consoleText(id)
    const from = Number(start) < 0 ? Math.max(0, whole.length + Number(start)) : Number(start)
    return {
      kind: "compute#serialPortOutput",
      contents: whole.slice(from),
      start: String(from),
      next: String(whole.length),
      selfLink: `https://www.googleapis.com/compute/v1/projects/${asked.project}/zones/${zone}/instances/${instance}/serialPort`,
    }
  },
}
