import { SpecError, type SpecProblem } from "../../../src/errors.js"
import type { Calls, GroupRequest, JsonObject, Owner, Prepared } from "../../../src/provider.js"
import { addressOf, placeOf } from "./network.js"
import { billingEndpoint } from "../offers/billing.js"
import type { Send } from "../client/send.js"
import { isCloudConfig } from "../../../src/guest/text.js"
import { cloudConfigProblems } from "../../../src/tables/cloud-config.js"
import { guestScript } from "./guest.js"
import { noticeNotes } from "./guest-notice.js"
import { registryProblems } from "./registry.js"
import { containerNotes } from "../../../src/guest/image.js"
import type { Blueprint } from "./blueprint.js"
import { imagesOf } from "./images.js"
import { groupTagProblems } from "../../../src/tables/tag-rules.js"
import { LABEL_RULES } from "../tag-rules.js"
import { LONGEST_RUN_DAYS, METADATA_VALUE_BYTES } from "../limits.js"
import type { KnownRules } from "./firewall/known-rules.js"
import { accessProblems, wayIn, type WayIn } from "./firewall/way-in.js"
import { specItems } from "./group-spec.js"
import type { GcpOptions, GcpReservation } from "../options.js"

const ALL_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]

interface Request {
  readonly owner: Owner
  readonly group: GroupRequest
  readonly known: KnownRules
}

/**
 * Pins image, network, labels and startup script of one group. Makes firewall rules where the group asks for a way in, and else nothing.
 *
 * @throws SpecError with all that Compute Engine would refuse of the request.
 */
export async function prepare(send: Send, options: GcpOptions, request: Request, calls: Calls): Promise<Prepared> {
  calls.signal.throwIfAborted()
  const { owner, group } = request
  const startup = startupItems(options, owner, group)
  const items = [...startup, ...loginItems(options), ...hostKeyItems(group)]
  const problems = [...problemsOf(options, group, startup), ...deadlineProblems(owner, calls.now())]
  if (problems.length > 0) throw new SpecError(problems)
  const [{ images, notes }, address] = await Promise.all([
    imagesOf(send, options, group, calls),
    addressOf(send, options, group, calls),
  ])
  const spec = specItems(group, items)
  // Last: nothing is made for a group that could not be launched.
  const { tags, notes: wayInNotes } = await wayInOf(send, options, request, calls)
  const body: Blueprint = {
    images,
    metadata: [...items, ...spec.items],
    // The group's tag goes before a label of the provider's with the same key.
    labels: { ...options.labels, ...group.tags, ...spec.labels },
    place: placeOf(options),
    publicAddress: address.given,
    ...(tags.length === 0 ? {} : { networkTags: tags }),
    properties: propertiesOf(options),
    disk: { ...options.disk },
    ...reservationOf(options),
    localSsds: options.localSsds ?? 0,
    ...(options.accelerator === undefined ? {} : { accelerator: options.accelerator }),
    skipGuestOsShutdown: options.skipGuestOsShutdown ?? false,
    overrides: options.overrides ?? {},
    owner: { ...owner },
  }
  return {
    notes: [...notes, ...address.notes, ...spec.notes, ...wayInNotes, ...warningsOf(options, group)],
    body: JSON.parse(JSON.stringify(body)) as JsonObject,
  }
}

function wayInOf(send: Send, options: GcpOptions, { owner, group, known }: Request, calls: Calls): Promise<WayIn> {
  const make = () => wayIn(send, options, owner, group, calls)
  if (calls.readOnly) return make()
  known.prepared(owner, group.access !== undefined || group.peers === true)
  return known.inTurn(make)
}

function problemsOf(options: GcpOptions, group: GroupRequest, startup: Blueprint["metadata"]): readonly SpecProblem[] {
  return [
    ...groupTagProblems(group, options.labels ?? {}, LABEL_RULES),
    ...cloudConfigProblems(group),
    ...registryProblems(options, group),
    ...accessProblems(group.access),
    ...startup.flatMap(({ value }) => sizeProblems(value)),
  ]
}

function warningsOf(options: GcpOptions, group: GroupRequest): readonly string[] {
  return [...priceNotes(options), ...noticeNotes(options, group), ...containerNotes(group)]
}

/** cloud-init reads the user's cloud-config from "user-data", on images that have it (Container-Optimized OS, Ubuntu). */
function startupItems(options: GcpOptions, owner: Owner, group: GroupRequest): Blueprint["metadata"] {
  const { startup } = group
  const ours = guestScript(owner, group, options.region, options.serviceAccount !== undefined)
  return [
    { key: "startup-script", value: ours },
    ...(startup !== undefined && isCloudConfig(startup) ? [{ key: "user-data", value: startup }] : []),
  ]
}

function loginItems({ osLogin }: GcpOptions) {
  return osLogin === undefined ? [] : [{ key: "enable-oslogin", value: osLogin ? "TRUE" : "FALSE" }]
}

/** The guest agent of Google's images then tells its host keys where they can be read ("Set and query guest attributes"). */
function hostKeyItems({ access }: GroupRequest) {
  return access === undefined ? [] : [{ key: "enable-guest-attributes", value: "TRUE" }]
}

function propertiesOf({ serviceAccount, scopes = ALL_SCOPES, secureBoot }: GcpOptions): JsonObject {
  return {
    // Without an entry an instance has no identity, which is enough for most work.
    ...(serviceAccount === undefined ? {} : { serviceAccounts: [{ email: serviceAccount, scopes }] }),
    ...(secureBoot === undefined ? {} : { shieldedInstanceConfig: { enableSecureBoot: secureBoot } }),
  }
}

function reservationOf({ reservation = "any" }: GcpOptions): Pick<Blueprint, "reservation"> {
  const { name, provisioningModel }: GcpReservation =
    typeof reservation === "string" ? { name: reservation } : reservation
  if (name === "any" && typeof reservation === "string") return {}
  const isNone = name === "none" && typeof reservation === "string"
  const specific = { key: "compute.googleapis.com/reservation-name", values: [name] }
  const affinity: JsonObject = isNone
    ? { consumeReservationType: "NO_RESERVATION" }
    : { consumeReservationType: "SPECIFIC_RESERVATION", ...specific }
  return { reservation: { affinity, isBound: provisioningModel !== undefined } }
}

/** The plan says so where prices are not known. */
function priceNotes(options: GcpOptions): readonly string[] {
  if (billingEndpoint(options) !== undefined) {
    return [
      "prices are your table's, else Google's list prices of vCPUs, memory, GPUs and local SSDs; boot disks come on top. What the Cloud Billing API does not tell (not enabled, or no sum of parts) has no price",
    ]
  }
  if (options.prices !== undefined) return []
  return ["prices are not known here; name them with gcp({ prices }) for budgets and cheapest-first"]
}

function sizeProblems(script: string): readonly SpecProblem[] {
  const bytes = Buffer.byteLength(script)
  if (bytes <= METADATA_VALUE_BYTES) return []
  const message = `startup, environment and Muster's own part are ${bytes} bytes; a metadata value takes ${METADATA_VALUE_BYTES}. Let startup fetch what is large`
  return [{ option: "startup", message }]
}

function deadlineProblems({ deadline }: Owner, now: number): readonly SpecProblem[] {
  const days = (Number(deadline) * 1000 - now) / 86_400_000
  if (days <= LONGEST_RUN_DAYS) return []
  const message = `ends in ${Math.ceil(days)} days; Compute Engine ends instances by itself after at most ${LONGEST_RUN_DAYS} days`
  return [{ option: "maxLifetime", message }]
}
