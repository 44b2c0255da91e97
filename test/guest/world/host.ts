/**
 * Host: runs the guests of a wire's instances. Each is the program that the wire got with the launch, in a real shell, on a machine
 * that is a folder: with the wire's metadata, a console that the world reads, and a power-off that the world hears of. The time of
 * its `date` and `sleep` is the world's.
 */
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Clock, systemClock } from "../../../src/calls/clock.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"

/** What is a cloud's own of its guests. */
export interface HostedCloud {
  readonly world: World
  /** The user data of an instance, decoded. */
  programOf(instance: WorldInstance): string
  /** Where the guest finds its cloud. */
  environmentOf(instance: WorldInstance): Promise<Readonly<Record<string, string>>>
}

export interface Host {
  /** The status file of a guest; "" where there is none. */
  status(id: string): Promise<string>
  /** Ends every guest, and removes their machines. */
  stop(): Promise<void>
}

/** How often the host looks, in true milliseconds. */
const EVERY_MS = 25

const MARK = "MUSTER_TEST_MACHINE"

interface Machine {
  readonly root: string
  read: number
}

/** Starts it. @param speed how many times as fast as true time the world's clock goes. */
export function hostGuests(cloud: HostedCloud, speed: number): Host {
  const machines = new Map<string, Machine>()
  const gone = new Set<string>()
  let isOver = false
  const look = async () => {
    while (!isOver) {
      for (const instance of cloud.world.truth({ states: ["running"] })) {
        if (machines.has(instance.id) || gone.has(instance.id)) continue
        machines.set(instance.id, await boot(cloud, instance, speed))
      }
      for (const [id, machine] of machines) {
        await follow(cloud.world, id, machine)
        if (cloud.world.instance(id)?.state === "running") continue
        gone.add(id)
        machines.delete(id)
        await end(machine)
      }
      await systemClock.sleep(EVERY_MS)
    }
  }
  const looking = look()
  return {
    status: async (id) => {
      const machine = machines.get(id)
      return machine === undefined ? "" : readFile(join(machine.root, "var/lib/muster/status"), "utf8").catch(() => "")
    },
    stop: async () => {
      isOver = true
      await looking
      for (const machine of machines.values()) await end(machine)
    },
  }
}

async function boot(cloud: HostedCloud, instance: WorldInstance, speed: number): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), "muster-hosted-"))
  await mkdir(join(root, "dev"))
  await mkdir(join(root, "bin"))
  await writeFile(join(root, "dev/console"), "")
  const off = `: >"$${MARK}/off"`
  const commands = { shutdown: off, poweroff: off, ...timeCommands(cloud.world.clock, speed) }
  for (const [name, text] of Object.entries(commands)) {
    await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`)
    await chmod(join(root, "bin", name), 0o755)
  }
  await writeFile(join(root, "user-data"), cloud.programOf(instance))
  const own = await cloud.environmentOf(instance)
  const path = `${join(root, "bin")}:${process.env.PATH ?? ""}`
  const env = { PATH: path, HOME: root, MUSTER_ROOT: root, [MARK]: root, ...own }
  spawn("/bin/sh", [join(root, "user-data")], { env, cwd: root, stdio: "ignore", detached: true }).unref()
  return { root, read: 0 }
}

/** The world's time: whole seconds are enough for guests. Parts of a second are true ones. */
function timeCommands(clock: Clock, speed: number): Readonly<Record<string, string>> {
  const [there, here] = [Math.round(clock.now()), Math.round(systemClock.now())]
  return {
    date: `[ "$*" = +%s ] || exec /bin/date "$@"\necho $(((${there} + ($(/bin/date +%s%3N) - ${here}) * ${speed}) / 1000))`,
    sleep: `case $1 in *[!0-9]*) exec /bin/sleep "$@" ;; esac\nms=$(($1 * 1000 / ${speed}))\nexec /bin/sleep $((ms / 1000)).$(printf %03d $((ms % 1000)))`,
  }
}

/** What the guest has done since: written to its console, and after that powered off. */
async function follow(world: World, id: string, machine: Machine): Promise<void> {
  const isOff = existsSync(join(machine.root, "off"))
  const text = await readFile(join(machine.root, "dev/console"), "utf8").catch(() => "")
  const whole = text.slice(0, isOff ? undefined : text.lastIndexOf("\n") + 1)
  if (whole.length > machine.read) world.write(id, whole.slice(machine.read))
  machine.read = whole.length
  if (isOff) world.powerOff([id])
}

async function end({ root }: Machine): Promise<void> {
  for (let calm = 0; calm < 2; ) {
    const pids = processesOf(root)
    for (const pid of pids) kill(pid)
    calm = pids.length === 0 ? calm + 1 : 0
    if (calm < 2) await systemClock.sleep(5)
  }
  await rm(root, { recursive: true, force: true, maxRetries: 3 })
}

/** Every process of that machine, whatever it did to its group, has its mark. */
function processesOf(root: string): readonly number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${MARK}=${root}`)
    } catch {
      return false
    }
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended meanwhile.
  }
}
