/** Open: from a spec to a fleet. Finds out what lives under the name, and claims, takes over or refuses it. */
import { givenGroups, groupNamesOf, makeFleet } from "./make-fleet.js"
import type { OpenOptions } from "./options.js"
import { resolveProviders } from "./providers.js"
import { SpecError } from "../../errors.js"
import type { Owner, Provider } from "../../provider.js"
import { mayEnd } from "../state/held.js"
import type { ResolvedSpec } from "../../spec/resolved.js"
import type { Fleet } from "../state/context.js"
import { deadlineOf, findExisting, isAlive, NO_EXISTING } from "./existing.js"
import { addQuarantined, emitQuarantined } from "./quarantined.js"
import { adopt, acquire, emitNotes } from "./acquire.js"
import { ownerProcessTag } from "../ownership/owner-process.js"
import { randomHex } from "../state/names.js"
import { withEngine } from "./engines.js"
import { recallGroups } from "./recall.js"
import type { Recalled } from "../state/kept-spec.js"
import { continueBills } from "../spending/spending.js"
import type { Found } from "../state/found.js"

export interface Opened {
  readonly fleet: Fleet
  /** The cluster lived before: disposing of this object leaves it alone. */
  readonly attached: boolean
}

export async function openFleet(
  name: string,
  isNamed: boolean,
  spec: ResolvedSpec,
  options: OpenOptions,
): Promise<Opened> {
  const providers = await resolveProviders(spec, options.clock)
  checkLease(spec, providers)
  checkEnds(spec, providers)
  const unlistable = new Set<Provider>()
  const existing = isNamed ? await findExisting(name, spec, providers, { ...options, unlistable }) : NO_EXISTING
  const { found } = existing
  const recalled = await recallMissing(spec, found, options)
  const fleet = makeFleet(
    ownerOf(name, spec, found, { clock: options.clock, providers }),
    await withEngine(spec, recalled, { clock: options.clock, providers }),
    { ...existing, providers, recalled, isNamed, unlistable },
    options,
  )
  addQuarantined(fleet, existing.quarantined)
  if (options.mode === "create") emitQuarantined(fleet)
  if (found !== undefined) adopt(fleet, found)
  const isContinued = found !== undefined || spec.existing === "connect" || options.mode === "attach"
  if (isContinued) await continueBills(fleet, found, options.journal)
  if (found === undefined) emitNotes(fleet)
  else if (options.takeOver) await acquire(fleet)
  return { fleet, attached: (found !== undefined && isAlive(found)) || options.mode === "attach" }
}

/** The specs of groups that the user did not describe, as their instances keep them. */
async function recallMissing(
  spec: ResolvedSpec,
  found: Found | undefined,
  options: OpenOptions,
): Promise<ReadonlyMap<string, Recalled>> {
  if (found === undefined || options.quick === true) return new Map()
  const given = givenGroups(spec, options).map((group) => group.name)
  return recallGroups(
    found,
    groupNamesOf(found).filter((name) => !given.includes(name)),
    options,
  )
}

/** A lease is only as good as the guest's own look at its tags. */
function checkLease({ leaseMs }: ResolvedSpec, providers: readonly Provider[]): void {
  const without = providers.find((provider) => provider.renew === undefined)
  if (leaseMs === undefined || without === undefined) return
  const message = `is given, but ${without.name} has no leases: its instances cannot read their own tags without credentials. Leave it out; maxLifetime ends them without anybody's help`
  throw new SpecError([{ option: "cluster.lease", value: leaseMs, message }])
}

/** An end that was asked for and that no guest can carry out would leave workers that are paid for until the deadline. */
function checkEnds({ groups }: ResolvedSpec, providers: readonly Provider[]): void {
  const unable = providers.find(({ limits }) => limits.keepsEnded !== undefined)
  const chosen = groups.filter((group) => group.choosesEnd && mayEnd(group))
  if (unable === undefined || chosen.length === 0) return
  const message = `ends workers, which cannot be on ${unable.name}: ${unable.limits.keepsEnded}; or give whenDone: "keep"`
  const problems = chosen.map(({ name, whenDone }) => {
    return {
      option: name === "default" ? "cluster.whenDone" : `cluster.groups.${name}.whenDone`,
      value: whenDone,
      message,
    }
  })
  throw new SpecError(problems)
}

function ownerOf(
  name: string,
  spec: ResolvedSpec,
  found: Found | undefined,
  { clock, providers }: Pick<Fleet, "clock" | "providers">,
): Owner {
  return {
    cluster: name,
    uid: found?.uid ?? randomHex(clock, 16),
    owner: spec.owner,
    generation: found?.generation ?? 1,
    deadline: found?.deadline ?? deadlineOf(spec, clock, providers),
    claim: randomHex(clock, 8),
    holder: ownerProcessTag(clock),
  }
}
