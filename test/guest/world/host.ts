/**
 * Host: runs the guests of a wire's instances. Each is the program that the wire got with the launch, in a real shell, on a machine
 * that is a folder: with the wire's metadata, a console that the world reads, and a power-off that the world hears of. The time of
 * its `date` and `sleep` is the world's.
 */
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Clock, systemClock } from "../../../src/calls/clock.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"
import { endProcesses, MARK } from "./marked.js"

/** What is a cloud's own of its guests. */
export interface HostedCloud {
  readonly world: World
  /** The user data of an instance, decoded. */
  programOf(instance: WorldInstance): string
  /** Its images have systemd: of its units those are played that the guest needs to hear of a shutdown. */
  readonly hasSystemd?: true
  /** The cloud tells of an interruption by shutting the machine down. */
  readonly noticeIsShutdown?: true
  /** Where the guest finds its cloud. */
  environmentOf(instance: WorldInstance): Promise<Readonly<Record<string, string>>>
  /** Starts what its image runs beside the guest, on the machine with that root; what is returned ends it. */
  beside?(instance: WorldInstance, root: string): Promise<() => void>
}

export interface Host {
  /** The status file of a guest; "" where there is none. */
  status(id: string): Promise<string>
  /** The machine of an instance, once its guest was started. */
  rootOf(id: string): string | undefined
  /** Ends every guest, and removes their machines. */
  stop(): Promise<void>
}

/** How often the host looks, in true milliseconds. */
const EVERY_MS = 25

interface Machine {
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  /** How much of its console the world has. */
  read: number
  isStopping: boolean
  readonly endBeside: () => void
}

/** Starts it. @param speed how many times as fast as true time the world's clock goes. */
export function hostGuests(cloud: HostedCloud, speed: number): Host {
  const machines = new Map<string, Machine>()
  const gone = new Set<string>()
  let isOver = false
  withConsoles(cloud.world, machines)
  const look = async () => {
    while (!isOver) {
      for (const instance of cloud.world.truth({ states: ["running"] })) {
        if (machines.has(instance.id) || gone.has(instance.id)) continue
        machines.set(instance.id, await boot(cloud, instance, speed))
      }
      for (const [id, machine] of machines) {
        follow(cloud.world, id, machine)
        const state = cloud.world.instance(id)?.state
        if (state === "terminating" || (cloud.noticeIsShutdown && isNoticed(cloud.world, id))) await shutDown(machine)
        if (state === "running" || state === "terminating") continue
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
    rootOf: (id) => machines.get(id)?.root,
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
  const systemctl = cloud.hasSystemd ? { systemctl: SYSTEMCTL } : {}
  // A machine without users: what makes one waits for this machine's lock.
  const useradd = cloud.beside === undefined ? { useradd: "exit 1" } : {}
  const commands = { shutdown: off, poweroff: off, ...useradd, ...systemctl, ...timeCommands(cloud.world.clock, speed) }
  if (cloud.hasSystemd) await mkdir(join(root, "run/systemd/system"), { recursive: true })
  for (const [name, text] of Object.entries(commands)) {
    await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`)
    await chmod(join(root, "bin", name), 0o755)
  }
  await writeFile(join(root, "user-data"), cloud.programOf(instance))
  const own = await cloud.environmentOf(instance)
  const path = `${join(root, "bin")}:${process.env.PATH ?? ""}`
  const env = { PATH: path, HOME: root, MUSTER_ROOT: root, [MARK]: root, ...own }
  const endBeside = (await cloud.beside?.(instance, root)) ?? (() => {})
  spawn("/bin/sh", [join(root, "user-data")], { env, cwd: root, stdio: "ignore", detached: true }).unref()
  return { root, env, read: 0, isStopping: false, endBeside }
}

/** A systemd that starts the services of which the guest asks that, and no timers. */
const SYSTEMCTL = `
cd "$${MARK}"
case "$*" in
  list-jobs) [ ! -e stopping ] || exec echo "1 poweroff.target start waiting"; exit 0 ;;
  is-active*) exit 3 ;;
  start*.service) ;;
  *) exit 0 ;;
esac
for unit; do :; done
command=$(cat run/systemd/system/"$unit" etc/systemd/system/"$unit" 2>/dev/null | sed -n 's/^ExecStart=//p')
setsid $command </dev/null >/dev/null 2>&1 &`

/** What a machine does when it is to shut down: it stops its units. Nobody waits for it but the cloud, for as long as it gives. */
async function shutDown(machine: Machine): Promise<void> {
  if (machine.isStopping) return
  machine.isStopping = true
  await writeFile(join(machine.root, "stopping"), "")
  const unit = await readFile(join(machine.root, "etc/systemd/system/muster-notice.service"), "utf8").catch(() => "")
  const [program, ...args] = /^ExecStop=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? []
  if (program === undefined) return
  spawn(program, args, { env: machine.env, cwd: machine.root, stdio: "ignore", detached: true }).unref()
}

function isNoticed(world: World, id: string): boolean {
  return world.notices().some((notice) => notice.id === id)
}

/** The world's time: whole seconds are enough for guests. Parts of a second are true ones. */
function timeCommands(clock: Clock, speed: number): Readonly<Record<string, string>> {
  const [there, here] = [Math.round(clock.now()), Math.round(systemClock.now())]
  return {
    date: `[ "$*" = +%s ] || exec /bin/date "$@"\necho $(((${there} + ($(/bin/date +%s%3N) - ${here}) * ${speed}) / 1000))`,
    // A guest whose test was killed ends with its next pause.
    sleep: `[ -d /proc/${process.pid} ] || kill -KILL $PPID\ncase $1 in *[!0-9]*) exec /bin/sleep "$@" ;; esac\nms=$(($1 * 1000 / ${speed}))\nexec /bin/sleep $((ms / 1000)).$(printf %03d $((ms % 1000)))`,
  }
}

/** What the guest has done since: written to its console, and after that powered off. */
function follow(world: World, id: string, machine: Machine): void {
  const isOff = existsSync(join(machine.root, "off"))
  takeConsole(world, id, machine)
  if (isOff) world.powerOff([id])
}

/** Half a line waits for its other half. */
function takeConsole(world: World, id: string, machine: Machine): void {
  const text = readFileSync(join(machine.root, "dev/console"), "utf8")
  const whole = text.slice(0, text.lastIndexOf("\n") + 1)
  if (whole.length > machine.read) world.write(id, whole.slice(machine.read))
  machine.read = whole.length
}

/** Whoever reads a console reads all that its guest has written by then, however long ago the host has looked. */
function withConsoles(world: World, machines: ReadonlyMap<string, Machine>): void {
  const read = world.consoleText.bind(world)
  world.consoleText = (id) => {
    const machine = machines.get(id)
    if (machine !== undefined) takeConsole(world, id, machine)
    return read(id)
  }
}

async function end({ root, endBeside }: Machine): Promise<void> {
  endBeside()
  await endProcesses(root)
  await rm(root, { recursive: true, force: true, maxRetries: 3 })
}
