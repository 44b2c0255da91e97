/** Makes the VMs of a bulk request: from place to place until all are there, each failure with its cause. */
import type { JsonObject } from "../../../../src/provider.js"
import type { Creation, Shortage } from "../../../../src/simulator/index.js"
import { addressesLeft } from "../prepare/addresses.js"
import type { Disk } from "../client/messages.js"
import type { BulkSpec } from "./bulk-spec.js"
import {
  exhaustedDetails,
  exhaustedMessage,
  minNotReached,
  nameTaken,
  noAddress,
  quotaIn,
  quotaMessage,
  shortageJson,
  type Site,
} from "./causes.js"
import { typed } from "../client/details.js"
import type { Asked } from "../client/handler.js"
import type { FailedVm } from "./inserts.js"
import { noteNames } from "../observe/names.js"
import { Refusal } from "../client/refusals.js"
import { roundsOf } from "./shapes.js"

/** Where to try, in order. */
export interface Place extends Site {
  readonly disks: readonly Disk[]
}

export interface Made {
  /** By zone: the names of what was made. */
  readonly names: Readonly<Record<string, readonly string[]>>
  readonly failed: readonly FailedVm[]
  /** Of the request as a whole, where too few were made: a summary, and the causes. */
  readonly errors: readonly JsonObject[]
}

/** The error that a script gives VMs of one place; undefined where it gives none. */
export type Spoil = (place: Place) => JsonObject | undefined

/** @throws Refusal where not one can be had: "capacity and quota are checked before it starts". */
export function make(asked: Asked, spec: BulkSpec, places: readonly Place[], spoil: Spoil = () => undefined): Made {
  const room = addressesLeft(asked.world, asked.project, spec.properties)
  const names: Record<string, string[]> = {}
  const failed: FailedVm[] = []
  const spoilt: FailedVm[] = []
  const short = new Map<Place, Shortage>()
  let rest = spec.names.slice(0, room)
  for (const { place, most } of attemptsOf(asked, spec, places)) {
    const { zone } = place
    const made = names[zone] ?? []
    const wanted = rest.slice(0, Math.max(0, most - made.length))
    if (wanted.length === 0) continue
    const error = spoil(place)
    const unlucky = error === undefined ? [] : wanted.slice(Math.floor(wanted.length / 2))
    if (error !== undefined) spoilt.push(...unlucky.map((name) => ({ name, zone, error })))
    const created = createIn(asked, spec, place, wanted.slice(0, wanted.length - unlucky.length))
    failed.push(...created.existing.map((name) => ({ name, zone, error: nameTaken(asked.project, zone, name) })))
    names[zone] = [...made, ...created.names]
    if (created.shortage !== undefined) short.set(place, created.shortage)
    const done = new Set([...unlucky, ...created.existing, ...created.names])
    rest = rest.filter((name) => !done.has(name))
  }
  const shortages = [...short].map(([place, shortage]) => ({ place, shortage }))
  if (rest.length === spec.count) refuseAtOnce(asked, shortages)
  const zone = places.at(-1)?.zone ?? ""
  failed.push(...spec.names.slice(room).map((name) => ({ name, zone, error: noAddress(asked, spec, name) })))
  failed.push(...rest.flatMap((name, index) => leftOut(asked, name, shortages[index % shortages.length])))
  const isEnough = Object.values(names).flat().length >= spec.min
  const errors = isEnough ? [] : [minNotReached(spec.min), ...causesOf(failed)]
  return { names, failed: [...failed, ...spoilt], errors }
}

/** Each once, however many VMs have it. */
function causesOf(failed: readonly FailedVm[]): readonly JsonObject[] {
  const causes = failed.map(({ zone, error }) => {
    return [JSON.stringify([zone, error.code, error.errorDetails ?? null]), error] as const
  })
  return [...new Map(causes).values()]
}

function attemptsOf(asked: Asked, { count }: BulkSpec, places: readonly Place[]) {
  return roundsOf(asked, count).flatMap((most) => places.map((place) => ({ place, most: most(place.zone) })))
}

interface Short {
  readonly place: Place
  readonly shortage: Shortage
}

function leftOut(asked: Asked, name: string, short: Short | undefined): readonly FailedVm[] {
  if (short === undefined) return []
  const { place, shortage } = short
  return [{ name, zone: place.zone, error: shortageJson(asked, place, shortage) }]
}

interface Created {
  readonly names: readonly string[]
  readonly existing: readonly string[]
  readonly shortage: Shortage | undefined
}

/** Names that exist already fail one by one; the others are made. */
function createIn(asked: Asked, spec: BulkSpec, place: Place, names: readonly string[]): Created {
  if (names.length === 0) return { names: [], existing: [], shortage: undefined }
  const creation = createAll(asked, spec, place, names)
  if (creation.kind === "exists") {
    const existing = creation.instances.map(({ name = "" }) => name)
    const others = createIn(
      asked,
      spec,
      place,
      names.filter((name) => !existing.includes(name)),
    )
    return { ...others, existing: [...existing, ...others.existing] }
  }
  if (creation.kind !== "created") return { names: [], existing: [], shortage: undefined }
  noteNames(asked.world, creation.instances)
  return { names: creation.instances.map(({ name = "" }) => name), existing: [], shortage: creation.shortage }
}

function createAll(
  { world }: Asked,
  spec: BulkSpec,
  { zone, machineType, disks }: Place,
  names: readonly string[],
): Creation {
  return world.create({
    zone,
    instanceType: machineType,
    market: spec.market,
    min: 1,
    max: names.length,
    names,
    tags: spec.labels,
    publicAddress: spec.publicAddress,
    attributes: { properties: { ...spec.properties, disks } as unknown as JsonObject },
    ...(spec.expiresAt === undefined ? {} : { expiresAt: spec.expiresAt }),
  })
}

/** What cannot give one instance is refused: a quota always, stock only where the wire's options ask for that. */
function refuseAtOnce({ world, project, settings }: Asked, shortages: readonly Short[]): void {
  const [first] = shortages
  if (first === undefined) return
  const { place, shortage } = first
  if (shortages.every((one) => one.shortage.reason === "quota")) {
    throw new Refusal(403, "quotaExceeded", quotaMessage(quotaIn(shortage.message), world.settings.region))
  }
  if (settings.exhausted !== "request") return
  throw new Refusal(503, "resourcePoolExhausted", exhaustedMessage(project, place), typed(exhaustedDetails(place)))
}
