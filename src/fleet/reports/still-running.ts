/** Still running: what a process leaves running when it ends, in one line. Pure. */
import { plainWord } from "../../guest/text.js"
import { momentText, wallAheadMs } from "../../calls/clock.js"
import { usdText } from "../../money/budget.js"
import type { Provider } from "../../provider.js"
import { PROVIDER_NAMES } from "../../spec.js"
import type { Fleet } from "../state/context.js"
import { placeOf } from "../roster/keys.js"

/**
 * What goes on, what it costs an hour, when it ends by itself, and the command that ends it; undefined when nothing of this
 * process' cluster goes on.
 *
 * @param journal the directory of its launch journal, where that is not the usual one.
 */
export function stillRunningText(fleet: Fleet, journal: string | undefined): string | undefined {
  const places = fleet.providers.filter((provider) => !provider.limits.endsWithProcess && hasAnyAt(fleet, provider))
  // A watcher leaves the cluster as it was.
  if (!fleet.isOwner || places.length === 0) return undefined
  const where = places.map(placeOf).join(", ")
  const verb = fleet.closing ? "is not confirmed gone" : "goes on"
  const whose = fleet.owner.owner === "default" ? "" : ` --owner ${fleet.owner.owner}`
  const read = journal === undefined ? "" : ` --journal ${plainWord(journal)}`
  const end = commandsText(fleet, places, DELETE, `${whose}${read}`)
  return `"${fleet.owner.cluster}" ${verb}: ${sizeText(fleet)} (${where}), ${priceText(fleet)}, ${endText(fleet, places)}; end it: ${end}`
}

/** How many there are, and how many were asked for beside them: "3 instances", "3 instances and 97 asked for". */
export function sizeText({ roster }: Fleet): string {
  const count = roster.all.living.size
  const asked = roster.outstandingAsked().reduce((sum, launch) => sum + launch.count, 0)
  return [
    ...(count > 0 || asked === 0 ? [counted(count, "instance")] : []),
    ...(asked > 0 ? [`${asked} asked for`] : []),
  ].join(" and ")
}

/** The command that shows what still exists of the cluster. */
export function listCommandText(fleet: Fleet): string {
  return commandsText(fleet, fleet.providers, LIST, "")
}

/** Of a launch call whose instances are not seen yet the dearest offer counts. */
function priceText({ roster }: Fleet): string {
  let { pricePerHour, unpriced } = roster.all.prices()
  for (const { launch, count } of roster.outstandingAsked()) {
    const prices = launch.call.offers.map((offer) => offer.pricePerHour)
    if (prices.includes(undefined)) unpriced += count
    else pricePerHour += count * Math.max(0, ...prices.map((price = 0) => price))
  }
  return usdText(pricePerHour, unpriced, " an hour")
}

/** A command of the command line, and what a program does in its place. */
interface Verb {
  readonly command: (cluster: string) => string
  readonly program: (cluster: string) => string
}

const DELETE: Verb = {
  command: (cluster) => `delete ${cluster}`,
  program: (cluster) => `Cluster.attach("${cluster}") and close()`,
}
const LIST: Verb = { command: () => "list", program: () => "Cluster.list({ provider })" }

function hasAnyAt({ roster }: Fleet, provider: Provider): boolean {
  return roster.at(provider).living.size > 0 || [...roster.launches.asked()].some((one) => one.provider === provider)
}

/** When instances end without an owner. */
function endText({ owner, clock, leaseMs }: Fleet, places: readonly Provider[]): string {
  const deadline = Number(owner.deadline) * 1000
  const until = leaseMs === undefined ? deadline : Math.min(deadline, clock.now() + wallAheadMs(clock) + leaseMs)
  const others = places.filter(({ limits }) => limits.outlivesDeadline).map(placeOf)
  const ends = `until ${momentText(until)} at the latest`
  return others.length === 0 ? ends : `${ends}, but in ${others.join(", ")} until somebody ends it`
}

/** One command for each cloud; what no command line can make is a program's to do. */
function commandsText({ owner }: Fleet, places: readonly Provider[], verb: Verb, flags: string): string {
  const calls = new Map<string, { readonly head: string; readonly tail: string; readonly regions: string[] }>()
  for (const provider of places) {
    const { name, region } = provider
    const options = Object.entries(provider.whereabouts?.() ?? {}).map(
      ([key, value]) => ` --option ${plainWord(`${key}=${value}`)}`,
    )
    const isKnown = (PROVIDER_NAMES as readonly string[]).includes(name)
    const head = isKnown
      ? `npx --no-install muster ${verb.command(owner.cluster)} --provider ${name}`
      : verb.program(owner.cluster)
    const tail = options.join("")
    const known = calls.get(head + tail)
    if (known !== undefined) known.regions.push(region)
    else calls.set(head + tail, { head, tail, regions: name === "local" || !isKnown ? [] : [region] })
  }
  return [...calls.values()]
    .map(({ head, tail, regions }) => {
      const region = regions.length === 0 ? "" : ` --region ${regions.join(",")}`
      return head.startsWith("npx") ? `${head}${region}${tail}${flags}` : head
    })
    .join(" && ")
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}
