/** `muster logs`: what a worker has written. */
import { momentText } from "../../../calls/clock.js"
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import { working } from "../../clusters.js"
import { EXIT, NothingThereError } from "../../exit-codes.js"
import { journalDirectoryIfAny } from "../../local-state.js"
import { single } from "../../parse.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"

export const run: RunVerb = async (asked, surroundings) => {
  const given = withWorker(asked)
  const [cluster = "", worker = ""] = given.words
  const lines = tailOf(given)
  try {
    return await working(given, surroundings, (found) => logsOf(found, worker, lines, given, surroundings))
  } catch (error) {
    // The worker is gone, or all of its cluster is: this machine may have kept the last of it.
    const isGone = error instanceof NothingThereError || (error instanceof SpecError && isUnknownWorker(error))
    if (isGone && (await showKept(cluster, worker, lines, given, surroundings))) return EXIT.ok
    throw error
  }
}

async function logsOf(
  cluster: Cluster,
  name: string,
  lines: number | undefined,
  given: Given,
  { out, say, interrupts, unread, watchReader, clock }: Surroundings,
): Promise<number> {
  const worker = cluster.worker(name)
  const tail = lines === undefined ? {} : { tail: lines }
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
}

/** False where this machine has kept nothing of it. */
async function showKept(
  cluster: string,
  worker: string,
  lines: number | undefined,
  given: Given,
  surroundings: Surroundings,
): Promise<boolean> {
  const { out, say, clock } = surroundings
  const journal = journalDirectoryIfAny(given, surroundings)
  if (journal === undefined) return false
  const { readKeptLog } = await clock.busy("loading the library", import("../../../history/logs.js"))
  const kept = await clock.busy("reading the history", readKeptLog(cluster, worker, { journal }))
  if (kept === undefined) return false
  say(`${kept.name} is gone (${kept.how}); the last that was kept of it, at ${momentText(kept.at)}:\n`)
  const { lastLines } = await clock.busy("loading the library", import("../../../session/logs/console.js"))
  out(lastLines(kept.text, lines))
  return true
}

function isUnknownWorker({ problems }: SpecError): boolean {
  return problems.some(({ option }) => option === "worker")
}

/** "NAME WORKER", or "NAME/WORKER". */
function withWorker(given: Given): Given {
  const [first = "", second] = given.words
  if (second !== undefined) return given
  const [cluster = "", worker = "", ...more] = first.split("/")
  if (worker !== "" && more.length === 0) return { ...given, words: [cluster, worker] }
  throw new SpecError([{ option: "WORKER", value: first, message: `is not given; use muster logs NAME WORKER` }])
}

function tailOf(given: Given): number | undefined {
  const asked = single(given, "tail")
  if (asked === undefined) return undefined
  if (/^\d+$/.test(asked)) return Number(asked)
  throw new SpecError([{ option: "--tail", value: asked, message: `is ${show(asked)}; use a whole number` }])
}
