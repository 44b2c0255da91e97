/** `muster forward`: a port of a worker on this machine. */
import { once } from "node:events"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import type { WorkerHandle } from "../../../session/reach.js"
import { working } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import type { RunVerb } from "../../surroundings.js"
import { onTheWay } from "./transport.js"

export const run: RunVerb = async (given, surroundings) => {
  const [, name = "", ports = ""] = given.words
  const [port, at] = portsOf(ports)
  const { out, say, interrupts, unread } = surroundings
  const hold = async (worker: WorkerHandle) => {
    const interrupted = interrupts?.()
    const end = AbortSignal.any([unread, interrupted].filter((one) => one !== undefined))
    const { port: here, close } = await worker.forward(port, at)
    out(`127.0.0.1:${here}\n`)
    say(`leads to port ${port} of ${name}, until Ctrl-C\n`)
    if (!end.aborted) await once(end, "abort")
    await close()
    return interrupted?.aborted === true ? EXIT.SIGINT : EXIT.ok
  }
  return working(given, surroundings, (cluster) => onTheWay(surroundings, hold(cluster.worker(name))))
}

function portsOf(text: string): readonly [port: number, at: number] {
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text)
  const [port, at] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? match?.[1] ?? 0)]
  if (port > 0 && port < 65_536 && at < 65_536) return [port, at]
  throw new SpecError([
    {
      option: "PORT",
      value: text,
      message: `is ${show(text)}; use a port of the worker, or PORT:LOCAL: 8787, 8787:9000`,
    },
  ])
}
