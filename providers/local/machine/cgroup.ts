/**
 * How much of this machine the processes here may use. A container's limits are in control groups, of which `os.totalmem` and
 * `os.availableParallelism` know nothing: a container of 512 MiB sees the memory of its host.
 *
 * Version 2 (Linux, "Control Group v2"): `memory.max` in bytes, `cpu.max` as "<quota> <period>", each "max" for none. Version 1
 * ("Memory Resource Controller", "CFS Bandwidth Control"): `memory.limit_in_bytes`, `cpu.cfs_quota_us` (-1 for none) over
 * `cpu.cfs_period_us`. Every group on the way up to the root of the mount limits all that are in it, so the least counts.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path/posix"

export interface CgroupLimits {
  /** Cores' worth of time; undefined when nothing limits it. */
  readonly cores?: number
  readonly memoryBytes?: number
}

/** A file's text; undefined when it is not there or cannot be read. */
export type ReadFile = (path: string) => string | undefined

/** A hierarchy as it is mounted here. */
interface Mount {
  /** The group that its mount point shows: not "/" in a container that has the cgroup namespace of its host. */
  readonly root: string
  readonly point: string
  /** Version 1's controllers; version 2 has all of them in one place. */
  readonly controllers: readonly string[] | "all"
}

/** What limits this process; nothing where there are no control groups. */
export function limitsOfCgroups(read: ReadFile = readHere): CgroupLimits {
  const groups = parseGroups(read("/proc/self/cgroup") ?? "")
  const mounts = parseMounts(read("/proc/self/mountinfo") ?? "")
  const cores: number[] = []
  const memory: number[] = []
  for (const folder of mounts.flatMap((mount) => foldersOf(mount, groups))) {
    const at = (file: string) => read(join(folder, file))?.trim() ?? ""
    // No folder has both: version 1 and 2 name their files differently.
    cores.push(quotaOf(at("cpu.max")), quotaOf(`${at("cpu.cfs_quota_us")} ${at("cpu.cfs_period_us")}`))
    memory.push(amountOf(at("memory.max")), amountOf(at("memory.limit_in_bytes")))
  }
  const [leastCores, leastBytes] = [Math.min(...cores), Math.min(...memory)]
  return {
    ...(Number.isFinite(leastCores) ? { cores: leastCores } : {}),
    ...(Number.isFinite(leastBytes) ? { memoryBytes: leastBytes } : {}),
  }
}

/** The path of this process's group by controller; version 2's is under "all". Lines are "<id>:<controllers>:<path>". */
function parseGroups(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>()
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    if (controllers === "") groups.set("all", path)
    for (const controller of controllers.split(",")) if (controller !== "") groups.set(controller, path)
  }
  return groups
}

/** proc_pid_mountinfo(5): "<id> <parent> <device> <root> <mount point> <options> … - <type> <source> <super options>". */
function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line): readonly Mount[] => {
    const [before = "", after = ""] = line.split(" - ")
    const [, , , root, point] = before.split(" ").map(unescapeOctal)
    const [type, , options = ""] = after.split(" ")
    if (root === undefined || point === undefined) return []
    if (type === "cgroup2") return [{ root, point, controllers: "all" }]
    return type === "cgroup" ? [{ root, point, controllers: options.split(",") }] : []
  })
}

/** Blanks and backslashes in paths stand there as three octal digits. */
function unescapeOctal(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** The folders of this process's group and of all above it, as far as the mount shows them. */
function foldersOf({ root, point, controllers }: Mount, groups: ReadonlyMap<string, string>): readonly string[] {
  const names = controllers === "all" ? ["all"] : controllers.filter((name) => name === "cpu" || name === "memory")
  const path = names.map((name) => groups.get(name)).find((found) => found !== undefined)
  if (path === undefined) return []
  const isBelow = root === "/" || path === root || path.startsWith(`${root}/`)
  const inside = isBelow ? path.slice(root === "/" ? 0 : root.length) : ""
  const parts = inside.split("/").filter((part) => part !== "" && part !== "..")
  return Array.from({ length: parts.length + 1 }, (_, depth) => join(point, ...parts.slice(0, depth)))
}

/** Cores' worth of "<quota> <period>", both in microseconds. */
function quotaOf(text: string): number {
  const [quota = Number.POSITIVE_INFINITY, period = Number.POSITIVE_INFINITY] = text.split(" ").map(amountOf)
  return Number.isFinite(period) ? quota / period : Number.POSITIVE_INFINITY
}

/** "max", -1 and what is missing limit nothing. */
function amountOf(text: string): number {
  const amount = /^\d+$/.test(text) ? Number(text) : 0
  return amount > 0 ? amount : Number.POSITIVE_INFINITY
}

function readHere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}
