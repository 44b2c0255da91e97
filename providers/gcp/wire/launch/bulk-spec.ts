/** What a bulkInsert asks for, checked as Compute Engine checks it before anything is made. */
import type { Arch, Market } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { ACCELERATORS } from "../world.js"
import { imageOf, pathIn } from "../account.js"
import type { Asked } from "../client/handler.js"
import { checkLabels } from "../client/labels.js"
import type { Disk, Properties } from "../client/messages.js"
import { checkTags } from "../prepare/firewall-rules.js"
import { invalid, notFound, Refusal } from "../client/refusals.js"
import { checkReservation, checkScheduling } from "./scheduling.js"

export interface BulkSpec {
  readonly count: number
  readonly min: number
  readonly names: readonly string[]
  readonly market: Market
  readonly labels: Readonly<Record<string, string>>
  readonly publicAddress: boolean
  readonly expiresAt?: number
  readonly properties: Properties
}

/** "up to 5,000 VMs" ("About bulk creation of VMs"). */
const MOST = 5_000
const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/
const AT = "resource.instanceProperties"

export function bulkSpec({ world, project, body }: Asked): BulkSpec {
  const {
    count: given = "0",
    minCount = given,
    perInstanceProperties,
    namePattern,
  } = body as Readonly<Record<string, unknown>>
  const [count, min] = [Number(given), Number(minCount)]
  if (!(count >= 1 && count <= MOST))
    throw invalid("resource.count", given, `Must be between 1 and ${MOST}, inclusive.`)
  if (!(min >= 1 && min <= count))
    throw invalid("resource.minCount", minCount, "Must be between 1 and count, inclusive.")
  // The client writes empty maps where nothing was given.
  const named = Object.keys(perInstanceProperties ?? {}).length > 0 ? perInstanceProperties : undefined
  if ((named === undefined) === (namePattern === undefined)) {
    throw new Refusal(400, "required", "Exactly one of namePattern and perInstanceProperties must be given.")
  }
  const properties = (body.instanceProperties ?? {}) as unknown as Properties
  checkLabels(properties.labels ?? {}, `${AT}.labels`)
  checkTags(`${AT}.tags`, properties.tags?.items ?? [])
  checkMetadata(properties)
  checkNetwork(world, project, properties)
  const { scheduling = {} } = properties
  const expiresAt = checkScheduling(scheduling, world.clock.now())
  checkReservation(scheduling, properties.reservationAffinity)
  return {
    count,
    min,
    names: namesOf(named, String(namePattern), count),
    market: scheduling.provisioningModel === "SPOT" ? "spot" : "on-demand",
    labels: properties.labels ?? {},
    publicAddress: (properties.networkInterfaces?.[0]?.accessConfigs ?? []).length > 0,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    properties,
  }
}

function namesOf(named: unknown, pattern: string, count: number): readonly string[] {
  if (named === undefined) return Array.from({ length: count }, (_, index) => numbered(pattern, index + 1))
  const names = Object.keys(named as object)
  if (names.length !== count)
    throw invalid("resource.perInstanceProperties", names.length, `Must name ${count} instances, as many as count.`)
  const bad = names.find((name) => !NAME.test(name))
  if (bad !== undefined)
    throw invalid("resource.perInstanceProperties", bad, `Must be a match of regex '${NAME.source}'`)
  return names
}

function numbered(pattern: string, number: number): string {
  return pattern.replace(/#+/, (signs) => String(number).padStart(signs.length, "0"))
}

/** "values must be less than or equal to 262144 bytes", and all of it 512 KB. */
function checkMetadata({ metadata }: Properties): void {
  const items = metadata?.items ?? []
  const sizes = items.map(({ key = "", value = "" }) => Buffer.byteLength(key) + Buffer.byteLength(value))
  const large = items.find(({ value = "" }) => Buffer.byteLength(value) > 262_144)
  if (large !== undefined)
    throw invalid(`${AT}.metadata`, large.key, "Metadata value is too large: it must not exceed 262144 bytes.")
  if (sizes.reduce((a, b) => a + b, 0) > 524_288)
    throw invalid(`${AT}.metadata`, "items", "Metadata is too large: 512 KB at most.")
}

function checkNetwork(world: World, project: string, { networkInterfaces = [] }: Properties): void {
  const [nic] = networkInterfaces
  if (nic === undefined) throw new Refusal(400, "required", `Required field '${AT}.networkInterfaces' not specified`)
  for (const kind of ["network", "subnetwork"] as const) {
    const name = nic[kind]
    if (name === undefined) continue
    const path = pathIn(project, name)
    if (world.resources.get(kind, path) === undefined) throw notFound(path)
  }
}

/** What depends on the type and the zone. */
export function checkMachine(asked: Asked, zone: string, machineType: string, spec: BulkSpec): void {
  const { world, project } = asked
  // "machineType: a name, not a URL; a URL yields INTERNAL_ERROR" (the field's own comment).
  if (machineType.includes("/")) throw new Refusal(503, "backendError", "INTERNAL_ERROR")
  const offer = world.offers.find(
    (one) => one.zone === zone && one.instanceType === machineType && one.market === spec.market,
  )
  if (offer === undefined) {
    throw invalid(
      `${AT}.machineType`,
      machineType,
      `Machine type with name '${machineType}' does not exist in zone '${zone}'.`,
    )
  }
  const { guestAccelerators = [], scheduling = {} } = spec.properties
  for (const { acceleratorType = "" } of guestAccelerators) {
    if (!machineType.startsWith("n1-"))
      throw invalid(`${AT}.guestAccelerators`, acceleratorType, `Accelerators cannot be attached to ${machineType}.`)
    if (ACCELERATORS[acceleratorType]?.includes(zone.slice(-1)) !== true) {
      throw invalid(
        `${AT}.guestAccelerators`,
        acceleratorType,
        `Accelerator type '${acceleratorType}' does not exist in zone '${zone}'.`,
      )
    }
  }
  const hasGpu = guestAccelerators.length > 0 || offer.gpu !== undefined
  if (hasGpu && scheduling.onHostMaintenance !== "TERMINATE") {
    throw invalid(
      `${AT}.scheduling.onHostMaintenance`,
      scheduling.onHostMaintenance ?? "MIGRATE",
      "Instances with guest accelerators do not support live migration.",
    )
  }
  checkDisks(world, project, { machineType, arch: offer.arch }, spec.properties.disks ?? [])
}

interface Machine {
  readonly machineType: string
  readonly arch: Arch
}

/**
 * Which disks a machine boots from, in the words of the service: "pd-ssd disk type cannot be used by c4-standard-4 machine
 * type." is what users post for C4, C4A, N4, A4 and bare metal; the same of hyperdisk-balanced for E2, N2 and T2D, and of
 * pd-standard for C3.
 */
function takes(machineType: string, diskType: string): boolean {
  if (/^(c4|n4|c4a|n4a|c4d|n4d|a4|x4)-|-metal$/.test(machineType)) return diskType.startsWith("hyperdisk-")
  if (/^c3d?-/.test(machineType)) return diskType !== "pd-standard"
  return diskType.startsWith("pd-")
}

export function checkDisks(
  world: World,
  project: string,
  { machineType, arch }: Machine,
  disks: readonly Disk[],
): void {
  const [boot] = disks
  const { sourceImage = "", diskType = "pd-standard" } = boot?.initializeParams ?? {}
  if (boot?.boot !== true)
    throw new Refusal(
      400,
      "required",
      "Invalid value for field 'resource.disks': ''. A boot disk must be specified as the first disk.",
    )
  if (diskType.includes("/")) throw new Refusal(503, "backendError", "INTERNAL_ERROR")
  if (!takes(machineType, diskType)) {
    throw new Refusal(400, "badRequest", `${diskType} disk type cannot be used by ${machineType} machine type.`)
  }
  checkKey(boot.diskEncryptionKey)
  const image = imageOf(world, pathIn(project, sourceImage))
  if (image === undefined) throw notFound(pathIn(project, sourceImage))
  if ((image.arch === "ARM64") !== (arch === "arm64")) {
    throw invalid(
      `${AT}.disks[0]`,
      sourceImage,
      `The image's architecture (${image.arch}) is not that of ${machineType}.`,
    )
  }
}

const KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+(\/cryptoKeyVersions\/\d+)?$/

/** "Protect resources by using Cloud KMS keys". Bulk requests take no keys of customers themselves ("About bulk creation"). */
function checkKey(key: Disk["diskEncryptionKey"]): void {
  if (key === undefined || (Object.keys(key).join() === "kmsKeyName" && KEY.test(key.kmsKeyName ?? ""))) return
  throw invalid(
    "resource.instanceProperties.disks[0].diskEncryptionKey",
    JSON.stringify(key),
    "It is no key of Cloud KMS.",
  )
}
