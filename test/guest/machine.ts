/** A machine for guests: a folder as its root, commands of its own beside this machine's, and a console that is a file. */
import { execFile, spawn } from "node:child_process"
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect } from "vitest"
import { endProcesses, MARK } from "./world/marked.js"

const run = promisify(execFile)

/** What every Linux image has. */
export const BASE = [
  "cat",
  "chmod",
  "cut",
  "date",
  "dd",
  "env",
  "head",
  "mkdir",
  "mkfifo",
  "mv",
  "rm",
  "sed",
  "sh",
].concat([...["sleep", "sync", "tail", "tr", "wc"]])

/** A systemd that notes what it is asked, and starts the work. */
const SYSTEMCTL = `
case "$*" in
  is-active*) exit 3 ;;
  *muster-work.service) ;;
  *) exit 0 ;;
esac
command=$(sed -n 's/^ExecStart=//p' "$MUSTER_ROOT/run/systemd/system/muster-work.service")
$command </dev/null >/dev/null 2>&1 &
`

export interface Boot {
  /** The text of the program, or of the user data. */
  readonly script: string
  /** A path, or a name in `/bin`, with its first arguments: "busybox sh". */
  readonly shell?: string
  readonly systemd?: boolean
  readonly environment?: Readonly<Record<string, string>>
  /** The only commands that it has beside the stand-ins; all of this machine's when left out. */
  readonly commands?: readonly string[]
}

export interface Machine {
  readonly root: string
  /** A command that notes how it was called, and does what `body` says. */
  command(name: string, body?: string): Promise<void>
  /** Runs the script, and returns its exit code. */
  boot(boot: Boot): Promise<number | null>
  read(path: string): Promise<string>
  /** How the stand-ins were called, a line each. */
  called(): Promise<readonly string[]>
  /** The words of each mark, without its milliseconds. */
  marks(): Promise<readonly string[]>
  /** The end of the work, as the status file has it: "startup 3". */
  done(): Promise<string>
  remove(): Promise<void>
}

export async function machine(): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), "muster-guest-"))
  const bin = join(root, "bin")
  const read = (path: string) => readFile(join(root, path), "utf8").catch(() => "")
  const lines = async (path: string) => (await read(path)).split("\n").filter((line) => line !== "")
  const command = async (name: string, body = "") => {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "${root}/called"\n${body}\n`)
    await chmod(join(bin, name), 0o755)
  }
  const marks = async () => (await lines("var/lib/muster/status")).map((line) => line.replace(/^\d+ /, ""))
  await mkdir(bin)
  await mkdir(join(root, "dev"))
  await writeFile(join(root, "dev/console"), "")
  for (const name of ["shutdown", "poweroff"]) await command(name)
  await command("systemctl", SYSTEMCTL)
  return {
    root,
    command,
    read,
    marks,
    called: () => lines("called"),
    boot: (how) => boot(root, how),
    done: async () => {
      const isDone = (mark: string) => mark.startsWith("done ")
      await expect.poll(async () => (await marks()).some(isDone), { timeout: 60_000, interval: 20 }).toBe(true)
      return ((await marks()).find(isDone) ?? "").replace("done ", "")
    },
    remove: async () => {
      // Without the stand-ins they would find this machine's own commands.
      await endProcesses(root)
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function boot(root: string, how: Boot): Promise<number | null> {
  const { script, shell = "dash", systemd = false, environment = {}, commands = [] } = how
  const bin = join(root, "bin")
  if (systemd) await mkdir(join(root, "run/systemd/system"), { recursive: true })
  for (const name of commands) await link(bin, name)
  await writeFile(join(root, "user-data"), script)
  const path = how.commands === undefined ? `${bin}:${process.env.PATH ?? ""}` : bin
  const [program = "", ...args] = shell.split(" ")
  const env = { PATH: path, MUSTER_ROOT: root, [MARK]: root, ...environment }
  const child = spawn(program.includes("/") ? program : `/bin/${program}`, [...args, join(root, "user-data")], {
    env,
    stdio: "ignore",
  })
  return new Promise((resolve, reject) => {
    child.once("exit", resolve)
    child.once("error", reject)
  })
}

/** The system's own before those of a version manager, which are scripts that need others. */
async function link(bin: string, name: string): Promise<void> {
  const env = { ...process.env, PATH: `/usr/bin:/bin:${process.env.PATH ?? ""}` }
  const { stdout } = await run("sh", ["-c", `command -v ${name}`], { env })
  await symlink(stdout.trim(), join(bin, name)).catch(() => undefined)
}
