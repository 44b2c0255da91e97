/** `muster logs`: what a worker has written. */
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import { working } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { single } from "../../parse.js"
import type { Given, RunVerb } from "../../surroundings.js"

export const run: RunVerb = async (given, surroundings) => {
  const { out, say, interrupts, unread, watchReader, clock } = surroundings
  const [, name = ""] = given.words
  const lines = tailOf(given)
  const tail = lines === undefined ? {} : { tail: lines }
  return working(given, surroundings, async (cluster) => {
    const worker = cluster.worker(name)
    cluster.on("note", ({ message }) => say(`${message}\n`))
    if (!given.switches.has("follow")) {
      out(await worker.logs(tail))
      return EXIT.ok
    }
    const endWatch = await clock.busy("looking who reads", Promise.resolve(watchReader?.()))
    const interrupted = interrupts?.()
    const signal = AbortSignal.any([unread, interrupted].filter((one) => one !== undefined))
    for await (const text of worker.logs({ follow: true, ...tail, signal })) out(text)
    endWatch?.()
    return interrupted?.aborted === true ? EXIT.SIGINT : EXIT.ok
  })
}

function tailOf(given: Given): number | undefined {
  const asked = single(given, "tail")
  if (asked === undefined) return undefined
  if (/^\d+$/.test(asked)) return Number(asked)
  throw new SpecError([{ option: "--tail", value: asked, message: `is ${show(asked)}; use a whole number` }])
}
