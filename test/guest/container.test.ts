/** The lines of a container, run by real shells with a docker that writes down how it was called. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rename, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ContainerPart, containerLines } from "../../src/guest/container.js"
import { exportLines } from "../../src/guest/steps/environment.js"
import { folderForEachTest } from "../support/folder.js"
import { isLong } from "../support/long.js"

const run = promisify(execFile)

let root = ""
let count = 0
folderForEachTest((path) => {
  root = path
})

/** Where the programs of this machine are, without docker, which it may have. */
let tools = "/usr/bin:/bin"
beforeAll(async () => {
  if (!existsSync("/usr/bin/docker")) return
  tools = await mkdtemp(join(tmpdir(), "muster-tools-"))
  const names = (await readdir("/usr/bin")).filter((name) => !name.startsWith("docker"))
  await Promise.all(names.map((name) => symlink(join("/usr/bin", name), join(tools, name))))
})
afterAll(async () => {
  if (!tools.includes(":")) await rm(tools, { recursive: true, force: true })
})

const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ["dash", ["/bin/dash"]],
  ["bash", ["/bin/bash", "--posix"]],
  ["busybox sh", ["/bin/busybox", "sh"]],
]

/** It has an image once it was pulled or is in "images", writes down its arguments, and runs scripts in a folder of its own. */
const DOCKER = `#!/bin/sh
{ for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\n\\0'; } >>"$MACHINE/calls"
case $1 in
  version) [ -e "$MACHINE/daemon" ] ;;
  image)
    grep -qx -- "$(for last in "$@"; do :; done; printf %s "$last")" "$MACHINE/images" || exit 1
    case $4 in
      *RepoDigests*) printf 'python@sha256:0123abcd\\n\\nsha256:ffff\\n' ;;
      *Architecture*) cat "$MACHINE/arch" ;;
    esac ;;
  pull)
    for last in "$@"; do :; done
    [ -e "$MACHINE/unreachable" ] && { echo "toomanyrequests: You have reached your pull rate limit" >&2; exit 1; }
    echo "$last" >>"$MACHINE/images" ;;
  login) cat >"$MACHINE/password" ;;
  run)
    env >"$MACHINE/run-environment"
    while [ "$1" != --cidfile ]; do shift; done
    echo "id-of-container" >"$2"
    exit "$(cat "$MACHINE/code")" ;;
  cp) cp -p "$2" "$MACHINE/inside" ;;
  exec) exec sh "$MACHINE/inside" ;;
esac
`

interface Machine {
  readonly home: string
  readonly folder: string
  go(part: Partial<ContainerPart>, lines: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>
  calls(): Promise<readonly (readonly string[])[]>
  marks(): Promise<string>
}

async function machineOf(shell: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  count += 1
  const folder = join(root, String(count))
  await mkdir(folder)
  const home = join(folder, "home")
  const bin = join(folder, "bin")
  await mkdir(home)
  await mkdir(bin)
  const all = { images: "", code: "0", daemon: "", arch: archHere(), ...files }
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text)
  await command(bin, "docker", DOCKER)
  return {
    home,
    folder,
    async go(part, lines) {
      const whole = {
        container: { image: "python:3.12", dockerArgs: [] },
        hasScript: true,
        hasGpu: false,
        environment: {},
      }
      const script = [
        `muster_root=${folder}; muster_home=${home}`,
        `muster_mark() { echo "$*" >>"$muster_home/marks"; }`,
        ...exportLines(part.environment ?? {}),
        ...containerLines({ ...whole, ...part }),
        ...lines,
      ].join("\n")
      await writeFile(join(folder, "script"), script)
      const [program = "", ...words] = shell
      const env = {
        MACHINE: folder,
        MUSTER_PATH: `${bin}:${tools}`,
        MUSTER_PAUSE: "0",
        MUSTER_TRIES: "0",
        PATH: tools,
        MUSTER_NAME: "workers-1",
      }
      return run(program, [...words, join(folder, "script")], { env }).then(
        (done) => ({ code: 0, ...done }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      )
    },
    async calls() {
      const text = await readFile(join(folder, "calls"), "utf8")
      return text
        .split("\n\0")
        .slice(0, -1)
        .map((call) => call.split("\0").slice(0, -1))
    },
    marks: () => readFile(join(home, "marks"), "utf8"),
  }
}

async function command(bin: string, name: string, text: string): Promise<void> {
  await writeFile(join(bin, name), text)
  await chmod(join(bin, name), 0o755)
}

function archHere(): string {
  return process.arch === "arm64" ? "arm64" : "amd64"
}

const HOSTILE = {
  PLAIN: "1",
  QUOTES: `it's "so" \`id\` $HOME \\ $(id)`,
  LINES: "one\ntwo\n",
  UNICODE: "Ωμέγα 東京",
  PATH: "/opt/conda/bin",
  DOCKER_HOST: "tcp://elsewhere:2375",
}

describe.each(SHELLS.filter(([name]) => isLong || name === "dash"))("%s", (_name, shell) => {
  const here = test.skipIf(!existsSync(shell[0] ?? ""))

  here("has the files at their place, and gives secrets to what runs by itself alone in docker run", async () => {
    const machine = await machineOf(shell)
    const awaits = { files: true, secrets: ["TOKEN"] } as const
    const container = { image: "python:3.12", command: ["serve"], dockerArgs: [] }
    await writeFile(join(machine.home, "setup"), "echo $TOKEN\n")
    const steps = [
      'cd "$muster_home"',
      "export TOKEN=planted-7Qx9",
      "muster_container",
      'muster_inside "$muster_home/setup"',
    ]
    const { stdout } = await machine.go({ awaits }, steps)
    expect(stdout).toContain("planted-7Qx9")
    await machine.go({ awaits, container }, steps)
    const calls = await machine.calls()
    const runs = calls.filter(([verb]) => verb === "run")
    for (const words of runs) {
      expect(words[words.indexOf("-v") + 1]).toBe(`${machine.home}:${machine.home}`)
      expect(words[words.indexOf("-w") + 1]).toBe(machine.home)
    }
    expect(runs.map((words) => words.includes("TOKEN"))).toEqual([false, true])
    const execs = calls.filter(([verb]) => verb === "exec")
    for (const words of execs) expect(words.slice(0, 3)).toEqual(["exec", "-e", "TOKEN"])
    expect(JSON.stringify(calls)).not.toContain("planted")
  })

  here("has the scratch folder at its own place, where there is one", async () => {
    const machine = await machineOf(shell)
    await machine.go({}, ["MUSTER_SCRATCH='/a b/scratch'", "muster_container"])
    const words = (await machine.calls()).find(([verb]) => verb === "run") ?? []
    expect(words[words.indexOf("-v") + 1]).toBe("/a b/scratch:/a b/scratch")
    expect(words).toContain("MUSTER_SCRATCH")
    const without = await machineOf(shell)
    await without.go({}, ["muster_container"])
    expect((await without.calls()).find(([verb]) => verb === "run")).not.toContain("-v")
  })

  here("on a machine that is others' as well takes the worker's name, and goes when it ends", async () => {
    const machine = await machineOf(shell)
    const environment = { HOME: "/home/own", DOCKER_CONFIG: "/elsewhere" }
    const { code } = await machine.go({ isShared: true, environment }, ["muster_container"])
    expect(code).toBe(0)
    const words = (await machine.calls()).find(([verb]) => verb === "run") ?? []
    expect(words).toEqual(expect.arrayContaining(["--rm", "--name", "muster-workers-1"]))
    const seen = await readFile(join(machine.folder, "run-environment"), "utf8")
    expect(seen).not.toMatch(/^DOCKER_CONFIG=/m)
    expect(seen).not.toContain(`HOME=${machine.home}`)
  })

  here("on such a machine without docker installs none", async () => {
    const machine = await machineOf(shell)
    await rm(join(machine.folder, "bin", "docker"))
    await command(join(machine.folder, "bin"), "apt-get", 'touch "$MACHINE/installed"')
    const lines = [`PATH=${join(machine.folder, "bin")}`, "muster_need_docker"]
    const { code, stderr } = await machine.go({ isShared: true }, ["muster_client", ...lines])
    expect([code, stderr]).toEqual([
      127,
      "muster: there is no docker on this machine: install it, or leave the container out\n",
    ])
    expect(existsSync(join(machine.folder, "installed"))).toBe(false)
  })

  here("starts a container that is held open, with the group's variables and arguments as they are", async () => {
    const machine = await machineOf(shell)
    const container = { image: "python:3.12", dockerArgs: ["-v", "/a b:/it's", "--label=a=$HOME"] }
    const { code, stderr } = await machine.go({ container, environment: HOSTILE }, ["muster_container"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const calls = await machine.calls()
    expect(calls.filter(([verb]) => verb === "pull")).toEqual([["pull", "-q", "python:3.12"]])
    const words = calls.find(([verb]) => verb === "run") ?? []
    expect(words.slice(0, 8)).toEqual([
      ...["run", "-d", "--cidfile", join(machine.home, "container"), "--name", "muster", "--network", "host"],
    ])
    expect(words).toEqual(expect.arrayContaining(["QUOTES", "LINES", "UNICODE", "MUSTER_NAME"]))
    expect(words).toEqual(expect.arrayContaining(["PATH=/opt/conda/bin", "DOCKER_HOST=tcp://elsewhere:2375"]))
    expect(words).toEqual(expect.arrayContaining(container.dockerArgs))
    expect(words.slice(-5, -1)).toEqual(["--entrypoint", "sh", "python:3.12", "-c"])
    const environment = await readFile(join(machine.folder, "run-environment"), "utf8")
    expect(environment).toContain(`QUOTES=${HOSTILE.QUOTES}\n`)
    expect(environment).toContain(`LINES=${HOSTILE.LINES}\n`)
    expect(environment).toContain(`UNICODE=${HOSTILE.UNICODE}\n`)
    expect(environment).not.toMatch(/^DOCKER_HOST=/m)
    expect(await machine.marks()).toBe("container digest sha256:0123abcd\n")
  })

  here("runs a script inside, with its exit code and what it says", async () => {
    const machine = await machineOf(shell)
    await writeFile(join(machine.home, "startup"), "#!/bin/sh\necho inside\nexit 3\n", { mode: 0o700 })
    const lines = ["muster_container || exit", 'muster_inside "$muster_home/startup" -e MUSTER_REASON']
    const { code, stdout } = await machine.go({}, lines)
    expect([code, stdout]).toEqual([3, "inside\n"])
    const calls = await machine.calls()
    expect(calls.at(-1)).toEqual(["exec", "-e", "MUSTER_REASON", "id-of-container", "/muster-startup"])
    expect(calls.at(-2)).toEqual(["cp", join(machine.home, "docker/muster-startup"), "id-of-container:/muster-startup"])
  })

  here("runs each script as it is, also where another one comes while it is copied", async () => {
    const machine = await machineOf(shell)
    for (const name of ["startup", "on-notice"]) await writeFile(join(machine.home, name), `echo ${name}\n`)
    // Once its copy may be read.
    const between = `chmod() { command chmod "$@"; [ -n "$nested" ] || { nested=1; muster_inside "$muster_home/on-notice"; }; }`
    const lines = ["muster_container || exit", "nested=", between, 'muster_inside "$muster_home/startup"']
    expect((await machine.go({}, lines)).stdout).toBe("on-notice\nstartup\n")
  })

  here("runs a script that names no interpreter by the image's sh", async () => {
    const machine = await machineOf(shell)
    await writeFile(join(machine.home, "startup"), "exit 3\n", { mode: 0o600 })
    const { code } = await machine.go({}, ["muster_container || exit", 'muster_inside "$muster_home/startup"'])
    expect(code).toBe(3)
    expect((await machine.calls()).at(-1)).toEqual(["exec", "id-of-container", "sh", "/muster-startup"])
  })

  here("ends as its command does where nothing else runs, and says what docker's own codes mean", async () => {
    const command = ["sh", "-c", `printf '%s' "it's" && exit 3`]
    for (const [own, words] of [
      ["3", ""],
      ["125", "could not start"],
      ["126", "cannot be run"],
      ["127", "not in the image"],
    ] as const) {
      const machine = await machineOf(shell, { code: own })
      const part = { container: { image: "python:3.12", command, dockerArgs: [] }, hasScript: false }
      const { code, stderr } = await machine.go(part, ["muster_container"])
      expect(code).toBe(Number(own))
      expect(stderr).toContain(words)
      const words2 = (await machine.calls()).find(([verb]) => verb === "run") ?? []
      expect(words2.slice(-4)).toEqual(["python:3.12", ...command])
      expect(words2).not.toContain("-d")
    }
  })

  here("tries a registry three times, and then fails with its words", async () => {
    const machine = await machineOf(shell, { unreachable: "" })
    const { code, stderr } = await machine.go({}, ["muster_container"])
    expect(code).toBe(1)
    expect(stderr).toContain("toomanyrequests")
    expect(stderr).toContain("the image python:3.12 could not be pulled in 3 tries")
    expect((await machine.calls()).filter(([verb]) => verb === "pull")).toHaveLength(3)
    expect((await machine.calls()).filter(([verb]) => verb === "run")).toHaveLength(0)
  })

  here("uses what the machine has already, and refuses what is for another architecture", async () => {
    const machine = await machineOf(shell, {
      images: "python:3.12\n",
      arch: archHere() === "amd64" ? "arm64" : "amd64",
    })
    const { code, stderr } = await machine.go({}, ["muster_container"])
    expect(code).toBe(126)
    expect(stderr).toMatch(/the image python:3.12 is for (arm64|amd64), and this machine is/)
    expect((await machine.calls()).filter(([verb]) => verb === "pull")).toHaveLength(0)
    const container = { image: "python:3.12", dockerArgs: ["--platform=linux/riscv64"] }
    expect(await machine.go({ container }, ["muster_container"])).toMatchObject({ code: 0 })
  })

  here("logs in before it pulls, with the password on standard input", async () => {
    const machine = await machineOf(shell)
    const container = { image: "eu-docker.pkg.dev/p/r/i:1", login: "instance", dockerArgs: [] } as const
    const login = ['echo "login to $1" >&2', "printf secret | muster_login_as someone"]
    const { code, stderr } = await machine.go({ container, login }, ["muster_container"])
    expect([code, stderr]).toEqual([0, "login to eu-docker.pkg.dev\n"])
    const verbs = (await machine.calls()).map(([verb]) => verb)
    expect(verbs.indexOf("login")).toBeLessThan(verbs.indexOf("pull"))
    expect((await machine.calls()).find(([verb]) => verb === "login")).toEqual([
      ...["login", "--username", "someone", "--password-stdin", "eu-docker.pkg.dev"],
    ])
    expect(await readFile(join(machine.folder, "password"), "utf8")).toBe("secret")
  })

  here("asks for GPUs where the group has them", async () => {
    const machine = await machineOf(shell)
    await machine.go({ hasGpu: true }, ["muster_container"])
    expect((await machine.calls()).find(([verb]) => verb === "run")?.join(" ")).toContain("--gpus all")
    const own = { image: "python:3.12", dockerArgs: ["--gpus", "device=0", "--network", "mine"] }
    await machine.go({ hasGpu: true, container: own }, ["muster_container"])
    const words = (await machine.calls())
      .filter(([verb]) => verb === "run")
      .at(-1)
      ?.join(" ")
    expect(words).not.toContain("--gpus all")
    expect(words).not.toContain("--network host")
  })

  here(
    "installs docker where the distribution has it as a package, and says what to do where there is none",
    async () => {
      const apt = `echo "apt-get $*" >>"$MACHINE/packages"
case $* in *install*) cp "$MACHINE/docker" "$(dirname "$0")/docker" ;; esac`
      const packages = async (machine: Machine) => readFile(join(machine.folder, "packages"), "utf8").catch(() => "")
      for (const [release, words, code] of [
        ["ID=debian\n", /^apt-get -q -o DPkg::Lock::Timeout=300 update\napt-get -q -y .* install docker.io\n$/, 0],
        ['ID=pop\nID_LIKE="ubuntu debian"\n', /install docker.io\n$/, 0],
        ['ID="amzn"\nVERSION_ID="2023"\n', /^dnf -q -y install docker\n$/, 0],
        ["ID=alpine\n", /^$/, 127],
      ] as const) {
        const machine = await machineOf(shell, { docker: DOCKER })
        const bin = join(machine.folder, "bin")
        await rename(join(bin, "docker"), join(machine.folder, "docker"))
        await mkdir(join(machine.folder, "etc"))
        await writeFile(join(machine.folder, "etc/os-release"), release)
        await command(bin, "apt-get", `#!/bin/sh\n${apt}\n`)
        await command(bin, "dnf", `#!/bin/sh\n${apt.replace("apt-get", "dnf")}\n`)
        const done = await machine.go({}, ["muster_container"])
        expect([done.code, await packages(machine)]).toEqual([code, expect.stringMatching(words)])
        if (code !== 0) expect(done.stderr).toContain("docker.io is not on this image")
      }
    },
  )
})
