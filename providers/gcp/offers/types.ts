/** What Compute Engine says of its machine types. */
import { AuthError, SpecError, TransientError } from "../../../src/errors.js"
import type { Arch, Calls, Gpu, Offer, OfferQuery } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Send } from "../client/send.js"
import { familyOf, seriesOf } from "../client/refusals/series.js"
import { archOf, gpuCountOf, gpuNameOf, isGpu, localSsdGiB, takesLocalSsds } from "./families.js"
import type { NativeMachineType } from "../client/native.js"
import type { GcpOptions } from "../options.js"
import { pages } from "../client/pages.js"

export type TypeFacts = Pick<
  Offer,
  "zone" | "instanceType" | "family" | "vcpus" | "memoryGiB" | "arch" | "gpu" | "localDiskGiB"
>

const FIELDS =
  "items(name,guestCpus,memoryMb,architecture,accelerators,bundledLocalSsds,deprecated),nextPageToken,warning(code,message)"

/** A filter of more names is longer than reading them all. */
const NAMED_AT_MOST = 40

/** A zone that did not answer. */
export interface UnreachableZone {
  readonly zone: string
  readonly error: TransientError
}

export interface Types {
  readonly types: readonly TypeFacts[]
  readonly unreachable: readonly UnreachableZone[]
}

/**
 * The named types, or all there are, in each zone that answers. Without the right to read types, their names tell enough, unless
 * the query asks for a range of something.
 *
 * @throws SpecError when a named type is in none of the zones; the first zone's own error, when no zone answered.
 */
export async function typesIn(
  send: Send,
  options: GcpOptions,
  query: OfferQuery & { readonly zones: readonly string[] },
  calls: Calls,
): Promise<Types> {
  refuseUnknown(
    (query.instanceTypes ?? []).filter((name) => !TYPE_NAME.test(name)),
    query.zones,
  )
  try {
    const { found, unreachable } = await readZones(send, query, calls)
    const known = new Set(found.map(({ native }) => native.name))
    const missing = (query.instanceTypes ?? []).filter((name) => !known.has(name))
    // A zone that does not answer may have it.
    if (unreachable.length === 0) refuseUnknown(missing, query.zones)
    return { types: found.flatMap(({ zone, native }) => factsOf(zone, native, options)), unreachable }
  } catch (error) {
    if (!(error instanceof AuthError) || query.instanceTypes === undefined || asksForFacts(query)) throw error
    const { instanceTypes, zones } = query
    const types = zones.flatMap((zone) => instanceTypes.map((name) => unreadType(zone, name, query.arch)))
    return { types, unreachable: [] }
  }
}

/** One zone in trouble is no reason to do without the others. */
async function readZones(
  send: Send,
  { zones, instanceTypes }: OfferQuery & { readonly zones: readonly string[] },
  calls: Calls,
): Promise<{ readonly found: readonly Found[]; readonly unreachable: readonly UnreachableZone[] }> {
  const unreachable: UnreachableZone[] = []
  const lists = zones.map(async (zone) => {
    try {
      return await readTypes(send, { zone, ...(instanceTypes === undefined ? {} : { names: instanceTypes }) }, calls)
    } catch (error) {
      calls.signal.throwIfAborted()
      if (!(error instanceof TransientError)) throw error
      unreachable.push({ zone, error })
      return []
    }
  })
  return { found: (await Promise.all(lists)).flat(), unreachable }
}

interface Found {
  readonly zone: string
  readonly native: NativeMachineType
}

interface Wanted {
  readonly zone: string
  readonly names?: readonly string[]
}

const readTypes = sharedRead(async (send: Send, { zone, names }: Wanted, calls: Calls): Promise<readonly Found[]> => {
  const isNamed = names !== undefined && names.length <= NAMED_AT_MOST
  const filter = isNamed ? { filter: names.map((name) => `(name=${name})`).join(" OR ") } : {}
  const request = { what: `reading the machine types of ${zone}`, message: { zone, ...filter }, fields: FIELDS }
  const found: Found[] = []
  for await (const page of pages(send, calls, "machineTypes.list", request)) {
    found.push(...(page.items ?? []).map((native) => ({ zone, native })))
  }
  return names === undefined ? found : found.filter(({ native }) => names.includes(native.name ?? ""))
})

/** What else has a place in a filter would ask for something else there. */
const TYPE_NAME = /^[a-z][a-z0-9-]{0,62}$/

function refuseUnknown(missing: readonly string[], zones: readonly string[]): void {
  if (missing.length === 0) return
  const message = `${missing.join(", ")} is in none of ${zones.join(", ")}; check the name, such as "n2-standard-4", and that the zones have it`
  throw new SpecError([{ option: "instanceType", value: missing, message }])
}

/** None for what cannot be launched: a type on its way out, or one that does not take what was asked to be attached. */
function factsOf(zone: string, native: NativeMachineType, options: GcpOptions): readonly TypeFacts[] {
  const { name: instanceType = "", guestCpus = 0, memoryMb = 0, deprecated } = native
  const isEnding = deprecated?.state === "OBSOLETE" || deprecated?.state === "DELETED"
  if (instanceType === "" || isEnding) return []
  const builtIn = Number(native.bundledLocalSsds?.partitionCount ?? 0)
  const attached = takesLocalSsds(instanceType) ? (options.localSsds ?? 0) : 0
  if (options.localSsds !== undefined && builtIn + attached === 0) return []
  const localDiskGiB = (builtIn || attached) * localSsdGiB(instanceType)
  const gpu = gpuOf(instanceType, native, options)
  return [
    {
      zone,
      instanceType,
      family: familyOf(instanceType),
      vcpus: Number(guestCpus),
      memoryGiB: Number(memoryMb) / 1024,
      arch:
        native.architecture === "ARM64" ? "arm64" : native.architecture === "X86_64" ? "x86_64" : archOf(instanceType),
      ...(gpu === undefined ? {} : { gpu }),
      ...(localDiskGiB === 0 ? {} : { localDiskGiB }),
    },
  ]
}

/** Built in, or attached: only N1 takes GPUs by choice ("GPU machine types"). */
function gpuOf(
  instanceType: string,
  { accelerators, guestCpus = 0 }: NativeMachineType,
  { accelerator }: GcpOptions,
): Gpu | undefined {
  const built = accelerators?.[0]
  if (built?.guestAcceleratorType !== undefined) {
    if (!isGpu(built.guestAcceleratorType)) return undefined
    const count = gpuCountOf(instanceType, Number(built.guestAcceleratorCount ?? 1), Number(guestCpus))
    return { name: gpuNameOf(built.guestAcceleratorType), count }
  }
  if (accelerator === undefined || seriesOf(instanceType) !== "n1") return undefined
  return { name: gpuNameOf(accelerator.type), count: accelerator.count }
}

/** "n2-standard-4", "n2-custom-4-8192" */
function unreadType(zone: string, instanceType: string, asked: Arch | undefined): TypeFacts {
  const [, vcpus, memoryMb] = /-(\d+)(?:-(\d+))?/.exec(instanceType) ?? []
  return {
    zone,
    instanceType,
    family: familyOf(instanceType),
    ...(vcpus === undefined ? {} : { vcpus: Number(vcpus) }),
    ...(memoryMb === undefined ? {} : { memoryGiB: Number(memoryMb) / 1024 }),
    arch: asked ?? archOf(instanceType),
  }
}

function asksForFacts({ vcpus, memoryGiB, gpu, localDiskGiB }: OfferQuery): boolean {
  return [vcpus, memoryGiB, gpu, localDiskGiB].some((asked) => asked !== undefined)
}
