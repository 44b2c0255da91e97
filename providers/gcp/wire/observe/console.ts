import { find } from "./instances.js"
import type { Handler } from "../client/handler.js"
import { invalid } from "../client/refusals.js"

/** What a Linux guest writes while it boots; there is nothing before it does. */
export const CONSOLE: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const { port = "1", start = "0", instance = "", zone = "" } = asked.parameters
    if (!(Number(port) >= 1 && Number(port) <= 4)) throw invalid("port", port, "Must be between 1 and 4, inclusive.")
    const { runningAt, attributes } = find(asked)
    const written = [
      ...(runningAt === undefined ? [] : [`[    0.000000] Linux version 6.1.0-cloud (${instance})`]),
      ...(attributes.console === undefined ? [] : [String(attributes.console)]),
    ]
    const whole = written.map((line) => `${line}\n`).join("")
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
