/** Engine: the part of a cluster's spec that says what makes one computer of all workers. */
import type { Engine } from "../../engines/engine.js"
import { HEAD } from "../../fleet/lifecycle.js"
import type { SpecProblem } from "../../errors.js"
import { show, type Z } from "../../input/parse.js"
import { type EngineChoice, engineOf, isEngineData, nameOf } from "./engine-data.js"
import type { ResolvedEngine, ResolvedGroup, ResolvedProvider } from "../resolved.js"
import type { ClusterFields, WorkerFields } from "../types.js"
import { headLifeProblems } from "./head-life.js"

export { HEAD } from "../../fleet/lifecycle.js"

/** What every engine has, beside its name and ports. */
const SEAM = ["head", "worker", "state", "drain", "client"] as const

export const engineSchema = (z: Z) => {
  const error = ({ input }: { readonly input?: unknown }) => {
    if (typeof input === "function") return "use what it returns: call it, as in dask()"
    const lacking = lackingOf(input)
    if (lacking.length < SEAM.length) return `lacks ${lacking.join(", ")}: it was made for another version of the seam`
    return "use an object made by a factory such as dask(), or a name with its options: { dask: {} }"
  }
  // The problems of data are reported elsewhere.
  return z.custom<EngineChoice>((value) => lackingOf(value).length === 0 || isEngineData(value), { error })
}

/** What of the seam something lacks. */
function lackingOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return SEAM
  const candidate = value as Partial<Engine>
  return SEAM.filter((part) => typeof candidate[part] !== "function")
}

/** Fields of the whole spec that its head has as well. It is another machine, and nobody's work runs there. */
const SHARED = [
  ...["arch", "zones", "image", "setup", "container", "scratch", "environment", "files", "secrets"],
  ...["publicAddress", "tags"],
] as readonly (keyof WorkerFields)[]

/** What names a machine. */
const MACHINE = ["instanceType", "vcpus", "memoryGiB", "gpu", "localDisk"] as const

/** A scheduler of hundreds of workers has enough with these. */
const HEAD_SIZE: WorkerFields = { vcpus: { min: 2 }, memoryGiB: { min: 4 } }

/** @param isElsewhere on a cloud, which sells machines of many sizes. */
export function resolveEngine(spec: ClusterFields, isElsewhere: boolean): ResolvedEngine | undefined {
  if (spec.engine === undefined) return undefined
  const given = SHARED.flatMap((field) => (spec[field] === undefined ? [] : [[field, spec[field]] as const]))
  return {
    given: engineOf(spec.engine),
    headFields: { ...Object.fromEntries(given), ...(isElsewhere ? HEAD_SIZE : {}) },
  }
}

/** The spec with what an engine implies. @param isElsewhere on a cloud, whose workers are reached over ssh. */
export function withImplied(spec: ClusterFields, isElsewhere: boolean): ClusterFields {
  if (spec.engine === undefined) return spec
  return { ...spec, peers: spec.peers ?? true, ...(spec.access === undefined && isElsewhere ? { access: "here" } : {}) }
}

/** What `plan` says of that. */
export function engineNotes(given: ClusterFields, spec: ClusterFields): readonly string[] {
  if (given.engine === undefined) return []
  const implied = [
    ...(given.peers === undefined ? ["peers: true (every port of a worker is open to the cluster's others)"] : []),
    ...(given.access === spec.access ? [] : ['access: "here" (port 22 is open to this machine\'s own address)']),
  ]
  return implied.length === 0 ? [] : [`engine ${nameOf(given.engine)} implies ${implied.join(" and ")}`]
}

/** All that its head is: what the spec says, before that what the engine says. */
export function headFieldsOf({ headFields }: ResolvedEngine, own: WorkerFields = {}): WorkerFields {
  const choosesMachine = MACHINE.some((field) => own[field] !== undefined)
  const { vcpus, memoryGiB, ...shared } = headFields
  return {
    ...shared,
    ...(choosesMachine ? {} : { ...(vcpus && { vcpus }), ...(memoryGiB && { memoryGiB }) }),
    ...own,
    environment: { ...shared.environment, ...own.environment },
    tags: { ...shared.tags, ...own.tags },
    market: "on-demand",
  }
}

/** What is wrong with what stands beside an engine. */
export function engineProblems(
  spec: ClusterFields,
  groups: readonly ResolvedGroup[],
  providers: readonly ResolvedProvider[],
  isElsewhere: boolean,
): readonly SpecProblem[] {
  if (spec.engine === undefined) return headLifeProblems(spec)
  const name = nameOf(spec.engine)
  return [
    ...headLifeProblems(spec),
    ...(spec.groups?.[HEAD] === undefined
      ? []
      : [{ option: `cluster.groups.${HEAD}`, message: `is the group of ${name}'s own head; give it another name` }]),
    ...placeProblems(spec, providers),
    ...(spec.access === false && isElsewhere ? [accessProblem(name)] : []),
    ...(spec.peers === false ? [peersProblem(name)] : []),
    ...groups.flatMap((group) => scriptProblems(spec, group)),
  ]
}

function accessProblem(name: string): SpecProblem {
  const message = `is false, and ${name}'s head is reached over ssh; leave it out (then it is "here"), or say from where`
  return { option: "cluster.access", value: false, message }
}

function peersProblem(name: string): SpecProblem {
  return {
    option: "cluster.peers",
    value: false,
    message: `is false, and workers of ${name} talk to each other; leave it out`,
  }
}

/** Its workers talk to each other all the time, at private addresses. */
function placeProblems(spec: ClusterFields, providers: readonly ResolvedProvider[]): readonly SpecProblem[] {
  const regions = [spec.region ?? []].flat()
  const why = `and the workers of an engine talk to each other at private addresses; give one`
  return [
    ...(providers.length > 1
      ? [{ option: "cluster.provider", message: `names ${providers.length} providers, ${why}` }]
      : []),
    ...(regions.length > 1
      ? [{ option: "cluster.region", value: regions, message: `names ${regions.length} regions, ${why}` }]
      : []),
  ]
}

/** What is the engine's own part, by the field that has it. */
function scriptProblems(spec: ClusterFields, { name, asked, ready }: ResolvedGroup): readonly SpecProblem[] {
  const at = (field: keyof WorkerFields) =>
    spec.groups?.[name]?.[field] === undefined ? `cluster.${field}` : `cluster.groups.${name}.${field}`
  const engine = spec.engine === undefined ? "" : nameOf(spec.engine)
  const { container } = asked
  return [
    ...(asked.startup === undefined
      ? []
      : [{ option: at("startup"), message: `is ${engine}'s own part; what prepares the machine goes into setup` }]),
    ...(typeof container === "object" && container.command !== undefined
      ? [
          {
            option: `${at("container")}.command`,
            message: `is ${engine}'s own part; leave it out: ${engine} runs inside`,
          },
        ]
      : []),
    ...(asked.whenDone === undefined
      ? []
      : [
          {
            option: at("whenDone"),
            value: asked.whenDone,
            message: `is ${show(asked.whenDone)}, and what ${engine} runs does not end by itself; leave it out`,
          },
        ]),
    ...(ready?.checks.some((check) => "startup" in check) === true
      ? [
          {
            option: at("ready"),
            message: `waits for the end of startup, which is ${engine}'s and goes on; use another check`,
          },
        ]
      : []),
  ]
}
