/**
 * Openings: who may reach the ssh of workers that live. Whoever may change the cloud's rules may open and close; no cluster is taken over
 * for it, and nothing is noted here: what is open is what the cloud shows.
 */
import type * as Zod from "zod"
import { RejectedError, SpecError } from "../../errors.js"
import { parseOptions, type Z } from "../../input/parse.js"
import { withTimeout } from "../../fleet/leftovers/with-timeout.js"
import { rangesOf } from "../../fleet/launching/access-request.js"
import { placeOf } from "../../fleet/roster/keys.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { AccessControl, Calls, Instance, Opening, Provider } from "../../provider.js"
import { ACCESS_USER, everyoneProblem, type ResolvedAccess, rangeSchema } from "../../spec/access.js"
import type { AddressRange } from "../../spec/types.js"

/** What is opened to whom: a range, or several; the whole internet only as `{ from }`. */
export type OpenAccess = AddressRange | { readonly from: AddressRange | readonly AddressRange[] }

/** Something that lets ssh in to workers of a cluster. */
export interface ClusterOpening extends Opening {
  /** "aws eu-west-2", … */
  readonly place: string
}

type Act = (gate: Gate, calls: Calls) => Promise<readonly Opening[]>

/** How long one place may take, in milliseconds. */
const LONGEST_MS = 5 * 60_000

/** A place whose rules can be changed, with the workers there that are not on their way out. */
interface Gate {
  readonly provider: Provider
  readonly control: AccessControl
  readonly instances: readonly Instance[]
}

/** What lets ssh in to the workers of a cluster now; nothing where they are reached without. @throws what a place throws that could not be looked at. */
export function openingsOf(fleet: Fleet): Promise<readonly ClusterOpening[]> {
  return atGates(fleet, gatesOf(fleet), "looking what is open", true, seen(fleet))
}

function seen({ owner }: Fleet): Act {
  return ({ control, instances }, calls) => control.openings(owner, instances, calls)
}

/**
 * Opens port 22 of the workers that there are now, beside what is open already.
 *
 * @throws SpecError where a range is none, or "here" is unknown. @throws RejectedError where there is nothing to open.
 */
export async function openTo(fleet: Fleet, asked: OpenAccess): Promise<readonly ClusterOpening[]> {
  const from = await rangesOf(rangesAsked(asked), fleet.clock)
  checkGates(fleet)
  const via = fleet.access?.via ?? "auto"
  const access = { from, port: 22, isPrivate: via !== "auto" && via !== "public" } as const
  return atGates(fleet, gatesOf(fleet), "opening access", false, ({ control, instances }, calls) =>
    control.open(fleet.owner, access, instances, calls),
  )
}

/** Takes away what Muster has opened to the workers that there are now. */
export async function closeAll(fleet: Fleet): Promise<void> {
  checkGates(fleet)
  looks.delete(fleet)
  await atGates(fleet, gatesOf(fleet), "closing access", false, async ({ control, instances }, calls) => {
    await control.close(fleet.owner, instances, calls)
    return []
  })
}

/** Places where something was seen open, or is being looked at. */
const looks = new WeakMap<Fleet, Map<Provider, Promise<boolean>>>()

/**
 * How a worker of a place is reached. Where the spec gives no access, but the cloud shows that something is open, it is reached as it
 * would be by default: the key is on every worker.
 *
 * @throws SpecError where nothing is open.
 */
export async function accessAt(fleet: Fleet, provider: Provider): Promise<ResolvedAccess> {
  if (fleet.access !== undefined) return fleet.access
  const known = looks.get(fleet) ?? new Map<Provider, Promise<boolean>>()
  looks.set(fleet, known)
  const look = known.get(provider) ?? isOpenAt(fleet, provider)
  known.set(provider, look)
  const isOpen = await look.catch((error: unknown) => {
    known.delete(provider)
    throw error
  })
  if (isOpen) return BY_DEFAULT
  known.delete(provider)
  const { cluster } = fleet.owner
  const nothing =
    provider.access === undefined
      ? `add access: "here" to the spec`
      : `and nothing is open in ${placeOf(provider)}: add access: "here" to the spec, or open it to the workers that live: muster access ${cluster} --from here`
  throw new SpecError([
    { option: "cluster.access", message: `is not given${provider.access === undefined ? ": " : ", "}${nothing}` },
  ])
}

async function isOpenAt(fleet: Fleet, provider: Provider): Promise<boolean> {
  const gates = gatesOf(fleet, [provider])
  return (await atGates(fleet, gates, "looking what is open", true, seen(fleet))).length > 0
}

const BY_DEFAULT: ResolvedAccess = {
  from: [],
  via: "auto",
  user: ACCESS_USER,
  keyFile: undefined,
  authorizedKeys: [],
}

const openSchema = (z: Z): Zod.ZodType => {
  const range = rangeSchema(z)
  const from = z.union([range, z.array(range).min(1, "name at least one range")])
  return z.strictObject({ access: z.union([range, z.strictObject({ from })]) })
}

function rangesAsked(asked: OpenAccess): readonly string[] {
  parseOptions("openAccess", openSchema, { access: asked })
  if (typeof asked !== "string") return [asked.from].flat()
  const problem = everyoneProblem("openAccess.access", asked, "openAccess(%)")
  if (problem !== undefined) throw new SpecError([problem])
  return [asked]
}

function gatesOf({ providers, roster }: Fleet, among = providers): readonly Gate[] {
  return among.flatMap((provider): readonly Gate[] => {
    const { access: control } = provider
    const living = roster.living().filter((worker) => worker.provider === provider && worker.state !== "terminating")
    const instances = living.map(({ instance }) => instance)
    return control === undefined || instances.length === 0 ? [] : [{ provider, control, instances }]
  })
}

/** @throws RejectedError where there is nothing that could be opened or closed. */
function checkGates(fleet: Fleet): void {
  if (gatesOf(fleet).length > 0) return
  const { providers, owner } = fleet
  const doing = `access to "${owner.cluster}"`
  if (providers.some(({ access }) => access !== undefined))
    throw new RejectedError(`${doing}: it has no worker now; give access in its spec, for those that will be launched`)
  const places = providers.map(placeOf).join(", ")
  if (providers.every(({ limits }) => limits.takesKeys === undefined))
    throw new RejectedError(`${doing}: workers of ${places} need none: they are reached without ssh`)
  throw new RejectedError(`${doing}: Muster opens nothing in ${places}; let port 22 in yourself`)
}

/** At all places at once. @throws the first error, with its place, once all have answered. */
async function atGates(
  fleet: Fleet,
  gates: readonly Gate[],
  doing: string,
  readOnly: boolean,
  act: Act,
): Promise<readonly ClusterOpening[]> {
  const options = { clock: fleet.clock, ms: LONGEST_MS, doing, readOnly }
  const outcomes = await Promise.allSettled(
    gates.map(async (gate) => {
      const found = await withTimeout(gate.provider, options, (calls) => act(gate, calls))
      return found.map((opening) => ({ place: placeOf(gate.provider), ...opening }))
    }),
  )
  const failed = outcomes.find((outcome) => outcome.status === "rejected")
  if (failed !== undefined) throw failed.reason as Error
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []))
}
