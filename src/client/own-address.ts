/** Own address: the address from which this machine's connections arrive on the internet. */
import type { Clock } from "../calls/clock.js"
import { SpecError } from "../errors.js"
import { ADDRESS_RANGE } from "../input/addresses.js"
import type { Environment } from "./proxy.js"

/** Answers with the address that it was asked from ("Add rules to a security group", Amazon EC2 User Guide). */
const SERVICE = "https://checkip.amazonaws.com"
const ANSWER_MS = 10_000
/** An address and a line's end. */
const MOST_LETTERS = 100
/** A laptop that moves has another one. */
const FRESH_MS = 60_000

/** Gives what a service answers. */
export type Ask = () => Promise<string>

const known = new WeakMap<Clock, { readonly at: number; readonly range: Promise<string> }>()

/**
 * The range of this address alone: "192.0.2.7/32". `MUSTER_ADDRESS`, an address or a range, stands in place of what the service says.
 *
 * @throws SpecError where it is not known: a range must then be given.
 */
export async function ownRange(
  clock: Clock,
  environment: Environment = process.env,
  ask: Ask = askService,
): Promise<string> {
  const { MUSTER_ADDRESS: given = "" } = environment
  if (given !== "") return rangeOf(given) ?? unknown(`MUSTER_ADDRESS is "${given}", which is no address`)
  const found = known.get(clock)
  if (found !== undefined && clock.now() - found.at < FRESH_MS) return found.range
  const range = clock.busy("asking for this machine's own address", askFor(ask))
  known.set(clock, { at: clock.now(), range })
  range.catch(() => known.delete(clock))
  return range
}

async function askFor(ask: Ask): Promise<string> {
  const answer = await ask().catch((error: unknown) => unknown(`${SERVICE}: ${(error as Error).message}`))
  return rangeOf(answer.trim()) ?? unknown(`${SERVICE} answered with something else than an address`)
}

function rangeOf(text: string): string | undefined {
  const range = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`
  return ADDRESS_RANGE.test(range) ? range : undefined
}

function unknown(why: string): never {
  const message = `own address unknown for "here" (${why}); give the address range that this machine is seen in: access: "192.0.2.7/32"`
  throw new SpecError([{ option: "cluster.access", value: "here", message }])
}

function askService(): Promise<string> {
  const { get } = process.getBuiltinModule("node:https")
  return new Promise((resolve, reject) => {
    let text = ""
    const request = get(SERVICE, { timeout: ANSWER_MS }, (response) => {
      response
        .setEncoding("utf8")
        .on("data", (piece: string) => {
          text = (text + piece).slice(0, MOST_LETTERS)
        })
        .on("end", () => resolve(text))
        .on("error", reject)
    })
    request
      .on("timeout", () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)))
      .on("error", reject)
  })
}
