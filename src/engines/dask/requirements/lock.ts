/** Lock: what a `uv.lock` says that a project needs, as lines with exact versions and the markers that say where. Pure. */

interface Needed {
  readonly name: string
  readonly version?: string
  readonly marker?: string
  readonly extra?: readonly string[]
}

interface Package {
  readonly name: string
  readonly version?: string
  readonly source?: Readonly<Record<string, string>>
  readonly dependencies?: readonly Needed[]
  readonly "optional-dependencies"?: Readonly<Record<string, readonly Needed[]>>
}

export interface Lock {
  readonly package?: readonly Package[]
}

/** A package, or one of its extras, where all these markers hold. */
interface Visit {
  readonly one: Package
  readonly extra: string | undefined
  readonly markers: readonly string[]
}

/** More than any project has; who comes here goes in a circle. */
const MOST_VISITS = 200_000

/** @throws Error where it is not uv's, or needs what is only on this machine. */
export function linesOfPackages({ package: packages }: Lock, path: string): readonly string[] {
  if (packages === undefined) throw new Error("it has no packages: is it a lock of uv?")
  const roots = packages.filter(({ source }) => source?.virtual !== undefined || source?.editable !== undefined)
  const own = roots.filter(({ source }) => (source?.virtual ?? source?.editable) === ".")
  const begin = own.length > 0 ? own : roots
  if (begin.length === 0) throw new Error("no package of it is the project's own: is it a lock of uv?")
  const places = walk(packages, begin)
  return [...places]
    .filter(([one]) => !roots.includes(one))
    .map(([one, markers]) => `${pinned(one, path)}${markerText(markers)}`)
    .sort()
}

/** Where each package that is reached is needed: sets of markers of which one must hold. */
function walk(
  packages: readonly Package[],
  begin: readonly Package[],
): ReadonlyMap<Package, readonly (readonly string[])[]> {
  const places = new Map<Package, (readonly string[])[]>()
  const seen = new Set<string>()
  const queue: Visit[] = begin.map((one) => ({ one, extra: undefined, markers: [] }))
  for (let visit = queue.pop(); visit !== undefined; visit = queue.pop()) {
    const { one, extra, markers } = visit
    const key = JSON.stringify([one.name, one.version, extra, markers])
    if (seen.has(key)) continue
    if (seen.add(key).size > MOST_VISITS) throw new Error("its packages need each other in too many ways")
    places.set(one, [...(places.get(one) ?? []), markers])
    const needs = extra === undefined ? one.dependencies : one["optional-dependencies"]?.[extra]
    for (const need of needs ?? []) queue.push(...visitsOf(packages, need, markers))
  }
  return places
}

function visitsOf(packages: readonly Package[], need: Needed, before: readonly string[]): readonly Visit[] {
  const found = packages.filter(({ name, version }) => name === need.name && (need.version ?? version) === version)
  const markers = need.marker === undefined ? before : [...new Set([...before, need.marker])].sort()
  return found.flatMap((one) => [undefined, ...(need.extra ?? [])].map((extra) => ({ one, extra, markers })))
}

function pinned({ name, version, source = {} }: Package, path: string): string {
  if (source.git !== undefined) {
    const [url = "", commit] = source.git.split("#")
    return `${name} @ git+${url.split("?")[0]}${commit === undefined ? "" : `@${commit}`}`
  }
  if (source.url !== undefined) return `${name} @ ${source.url}`
  if (source.registry !== undefined && version !== undefined) return `${name}==${version}`
  throw new Error(
    `${name} is of this machine alone, which workers do not have; give ${path} without it, and files and setup in the spec`,
  )
}

/** Nothing where it is needed everywhere. */
function markerText(ways: readonly (readonly string[])[]): string {
  if (ways.some((markers) => markers.length === 0)) return ""
  const texts = new Set(ways.map((markers) => markers.map((marker) => `(${marker})`).join(" and ")))
  const all = [...texts].sort()
  return ` ; ${all.length === 1 ? all[0] : all.map((text) => `(${text})`).join(" or ")}`
}
