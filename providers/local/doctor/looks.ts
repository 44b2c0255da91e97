/** What workers on this machine need of it, one look each. */
import { availableParallelism, totalmem } from "node:os"
import type { Finding, Look } from "../../../src/provider.js"
import { type CgroupLimits, limitsOfCgroups } from "../machine/cgroup.js"
import { machineOf, notesOfProcess } from "../machine/machine.js"
import type { Config } from "../options.js"
import type { MachineView } from "./machine-view.js"

type Told = Finding | readonly Finding[]

const ok = (text: string): Finding => ({ status: "ok", text })
const warn = (text: string, remedy: string): Finding => ({ status: "warn", text, remedy })
const fail = (text: string, remedy: string): Finding => ({ status: "fail", text, remedy })

export function looksOf(config: Pick<Config, "root" | "capacity">, view: MachineView): readonly Look[] {
  const look = (name: string, tell: (signal: AbortSignal, hasContainer: boolean) => Told | Promise<Told>): Look => ({
    name,
    look: ({ group }, calls) =>
      calls.send("local.examine", {}, async ({ signal }) => [await tell(signal, group.container !== undefined)].flat()),
  })
  return [
    look("root", () => rootFinding(config.root, view)),
    look("home", () => homeFinding(view)),
    look("pid1", () => parentFinding(view)),
    look("proc", () => procFinding(view)),
    look("cgroup", () => shareFinding(limitsOfCgroups())),
    look("ulimits", () => limitFindings(config.capacity, view)),
    look("loopback", () => loopbackFinding(view)),
    look("docker", (signal, isNeeded) => dockerFinding(view, isNeeded, signal)),
    look("ssh", () => sshFinding(view)),
  ]
}

export async function rootFinding(root: string, view: MachineView): Promise<Finding> {
  const why = await view.whyNotWritable(root)
  if (why === undefined) return ok(`workers are kept in ${root}`)
  return fail(`nothing can be kept in ${root}: ${why}`, "name another directory: local({ root }), --option root=DIR")
}

export async function homeFinding(view: MachineView): Promise<Finding> {
  const home = view.home()
  if (home === undefined)
    return warn(
      "this user has no home directory",
      "set HOME, or XDG_STATE_HOME, to a directory that this user may write",
    )
  const why = await view.whyNotWritable(home)
  if (why === undefined) return ok(`HOME is ${home}`)
  return warn(`HOME is ${home}, which cannot be written: ${why}`, "set HOME to a directory that this user may write")
}

export async function parentFinding({ pid, platform, read }: MachineView): Promise<Finding> {
  const [own] = notesOfProcess(pid)
  if (own !== undefined) return warn(own, "docker run --init")
  const name = platform === "linux" ? (await read("/proc/1/comm"))?.trim() : undefined
  // Of programs that are not made for it nobody knows whether they take the exit status of orphans.
  return ok(name === undefined ? "this process is not number 1" : `process 1 is ${name}`)
}

export async function procFinding({ platform, read }: MachineView): Promise<Finding> {
  if (platform !== "linux")
    return ok("processes are found by ps: there is no /proc here, so that daemons of a worker outlive it")
  const [stat, environment] = await Promise.all([read("/proc/self/stat"), read("/proc/self/environ")])
  if (stat !== undefined && environment !== undefined) return ok("/proc tells of this user's processes")
  return fail("/proc cannot be read, by which workers are known and ended", "mount it: mount -t proc proc /proc")
}

export function shareFinding(limits: CgroupLimits): Finding {
  const has = { cores: availableParallelism(), memoryBytes: totalmem() }
  const { vcpus, memoryGiB, notes } = machineOf(has, limits)
  const by = Object.keys(limits).length === 0 ? "no control group limits it" : "as control groups limit it"
  const [note] = notes
  if (note !== undefined) return warn(note, "give the container a core: docker run --cpus 1")
  return { ...ok(`${vcpus} vCPU and ${memoryGiB} GiB, ${by}`), data: { vcpus, memoryGiB } }
}

/** What a worker takes: its supervisors, its scripts and what they start. */
const PROCESSES_EACH = 8
const FILES = 1024

export async function limitFindings(capacity: number, { platform, read }: MachineView): Promise<readonly Finding[]> {
  if (platform !== "linux") return [ok("ulimit is not read here")]
  const text = (await read("/proc/self/limits")) ?? ""
  const files = softLimit(text, "Max open files")
  const processes = softLimit(text, "Max processes")
  const few =
    files !== undefined && files < FILES
      ? [warn(`a process may have ${files} files open`, "raise it: ulimit -n 65536, LimitNOFILE= of a systemd unit")]
      : []
  const wanted = capacity * PROCESSES_EACH
  const tight =
    processes !== undefined && processes < wanted
      ? [
          warn(
            `this user may have ${processes} processes; ${capacity} workers may take ${wanted}`,
            "raise it (ulimit -u), or lower it: local({ capacity })",
          ),
        ]
      : []
  const found = [...few, ...tight]
  return found.length > 0 ? found : [ok(`${files ?? "unlimited"} open files, ${processes ?? "unlimited"} processes`)]
}

/** Undefined: unlimited, or not told. */
function softLimit(text: string, name: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(name))
  const soft = line?.slice(name.length).trim().split(/\s+/)[0] ?? ""
  return /^\d+$/.test(soft) ? Number(soft) : undefined
}

/** One of the addresses that workers get; none gets this one. */
const ADDRESS = "127.1.0.254"

export async function loopbackFinding({ platform, whyNotListening }: MachineView): Promise<Finding> {
  if (platform !== "linux") return ok("all workers share 127.0.0.1, each with ten ports of its own")
  const why = await whyNotListening(ADDRESS)
  if (why === undefined) return ok("each worker gets an address of its own, from 127.1.0.1 on")
  return fail(`no server can listen at ${ADDRESS}: ${why}`, "bring the loopback interface up: ip link set lo up")
}

export async function dockerFinding(view: MachineView, isNeeded: boolean, signal: AbortSignal): Promise<Finding> {
  const path = await view.find("docker")
  if (path === undefined) {
    if (!isNeeded) return ok("docker is not there; it is needed for container alone")
    return fail("docker is not there, and the spec has a container", "install it, or leave container out")
  }
  try {
    const version = await view.run(path, ["version", "--format", "{{.Server.Version}}"], signal)
    return ok(`docker ${version.trim()}`)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const text = `docker is there, but does not answer: ${(error as Error).message}`
    const remedy = "start its daemon, or let this user ask it (group docker)"
    return isNeeded ? fail(text, remedy) : warn(text, `${remedy}; it is needed for container alone`)
  }
}

/** Workers here need neither: `muster ssh` opens shells of clouds' workers. */
export async function sshFinding({ find }: MachineView): Promise<Finding> {
  const [ssh, sshd] = await Promise.all([find("ssh"), find("sshd")])
  const server = sshd === undefined ? "no sshd" : `sshd at ${sshd}`
  if (ssh !== undefined) return ok(`ssh at ${ssh}, ${server}; workers of this machine need neither`)
  return warn(`there is no ssh, ${server}`, "muster ssh to workers of clouds needs it: install openssh-client")
}
