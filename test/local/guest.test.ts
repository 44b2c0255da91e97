/** The guest program on this machine: its steps, what its scripts find, and what it leaves alone. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test, vi } from "vitest"
import { TAG } from "../../src/fleet/tags.js"
import type { GroupRequest } from "../../src/provider.js"
import { guestFiles } from "../../providers/local/launch/guest.js"
import {
  calls,
  cleanUp,
  freshPlace,
  groupOf,
  inPath,
  only,
  ownerOf,
  type Place,
  remainsOf,
  secondsFromNow,
  until,
} from "./support.js"

afterEach(cleanUp)

async function launched(place: Place, group: Partial<GroupRequest>): Promise<string> {
  return only(await place.launch({ group })).id
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : ""
}

/** The file's text, once it has some that ends a line. */
async function said(place: Place, id: string, ...file: readonly string[]): Promise<string> {
  const path = place.path("instances", id, ...file)
  return until(path, () => textOf(path).endsWith("\n") && textOf(path))
}

const stepsOf = (status: string) => status.replaceAll(/^\d+ /gm, "").trimEnd().split("\n")

describe("steps", () => {
  test("are those of every cloud, but for what would change the machine", async () => {
    const place = await freshPlace()
    const id = await launched(place, { setup: "echo set up", startup: "echo started", scratch: "/scratch" })
    const path = place.path("instances", id, "guest", "status")
    const status = await until("its end", () => / done .*\n$/.test(textOf(path)) && textOf(path))
    expect(stepsOf(status)).toEqual([
      "identity begun",
      "identity ended 0",
      "limits skipped host",
      "scratch begun",
      "scratch ended 0",
      "environment begun",
      "environment ended 0",
      "setup begun",
      "setup ended 0",
      "startup begun",
      "startup ended 0",
      "done startup 0",
    ])
    expect(await said(place, id, "guest", "boot.log")).toBe("set up\nstarted\n")
    const [one] = await place.list()
    expect(one?.state).toBe("running")
  })

  test("end with a setup that fails: no startup runs", async () => {
    const place = await freshPlace()
    const id = await launched(place, { setup: "exit 4", startup: "echo started >ran" })
    const one = await place.reach(id, "terminated")
    expect(one.tags[TAG.ended]).toBe("setup-4")
    expect(await place.provider.consoleLog?.(one, calls)).not.toContain("startup begun")
  })

  test("leave a cloud-config out, for there is no cloud-init", async () => {
    const place = await freshPlace()
    const startup = "#cloud-config\nruncmd: [reboot]\n"
    const id = await launched(place, { startup })
    const path = place.path("instances", id, "guest", "status")
    const status = await until(
      "its last step",
      () => /environment ended 0\n(?:.*\n)+$/.test(textOf(path)) && textOf(path),
    )
    expect(stepsOf(status).at(-1)).toBe("startup skipped host")
    const prepare = (environment: Record<string, string>) =>
      place.provider.prepare(ownerOf(), groupOf({ startup, environment }), { ...calls, readOnly: true })
    const { notes } = await prepare({})
    expect(notes).toContain("local instances have no cloud-init: the cloud-config in startup is not carried out")
    await expect(prepare({ A: "1" })).rejects.toThrow("#cloud-config")
  })

  test("are there without a script as well", async () => {
    const place = await freshPlace()
    const id = await launched(place, {})
    await until("its status", () =>
      textOf(place.path("instances", id, "guest", "status")).includes("environment ended 0"),
    )
    await place.reach(id, "running")
  })
})

describe("a script", () => {
  test("finds its work directory, its scratch directory, its variables, and nothing of how it is run", async () => {
    const place = await freshPlace()
    const environment = { QUOTED: `it's "$HOME" \\ \`x\`\nüber`, TMPDIR: "/mine" }
    const startup = "env -0 | sort -z | tr '\\0' '\\1' >variables; pwd >where; echo >>variables"
    const id = await launched(place, { startup, scratch: "/a/scratch", environment })
    const here = place.path("instances", id)
    expect(await said(place, id, "work", "where")).toBe(`${join(here, "work")}\n`)
    const lines = (await said(place, id, "work", "variables")).trimEnd().split("\u0001")
    const variables = new Map(lines.map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]))
    expect([variables.get("QUOTED"), variables.get("TMPDIR")]).toEqual([environment.QUOTED, "/mine"])
    const scratch = variables.get("MUSTER_SCRATCH") ?? ""
    expect(scratch.startsWith(`${here}/`)).toBe(true)
    expect(statSync(scratch).isDirectory()).toBe(true)
    const ours = [
      "ADDRESS",
      "CLUSTER",
      "DEADLINE",
      "GROUP",
      "ID",
      "INSTANCE",
      "NAME",
      "PORT",
      "PROVIDER",
      "REGION",
      "SCRATCH",
      "UID",
    ]
    const found = [...variables.keys()].filter((name) => /^muster_/i.test(name ?? ""))
    expect(found).toEqual(ours.map((name) => `MUSTER_${name}`))
    const others = [...variables.keys()].filter((name) => name !== "" && !name?.startsWith("MUSTER_"))
    expect(
      others.filter((name) => !["HOME", "LANG", "PATH", "PWD", "OLDPWD", "QUOTED", "TMPDIR", "_"].includes(name ?? "")),
    ).toEqual([])
  })
})

test("its program names no command that would change the machine", () => {
  const group = { ...groupOf({ setup: "exit 0", startup: "exit 0", scratch: "/scratch" }) }
  const program = new Map(guestFiles({ owner: ownerOf(), group }, {}, "/home")).get("guest")
  expect(program).toContain("muster_scratch")
  expect(program).not.toMatch(/systemctl|mount|mkfs|mdadm|lvcreate|apt|fstab|shutdown|poweroff/)
})

test("nothing outside of the root changes", async () => {
  const home = await mkdtemp(join(tmpdir(), "muster-home-"))
  for (const name of ["systemctl", "systemd-run", "shutdown", "poweroff", "mount", "mkfs.ext4", "apt-get", "docker"]) {
    await inPath(name, `echo ${name} "$@" >>'${home}/called'`)
  }
  const place = await freshPlace()
  for (const name of ["HOME", "TMPDIR"]) vi.stubEnv(name, home)
  const outside = [
    "/var/lib/muster",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/etc/security",
    "/scratch",
    "/muster",
  ]
  const before = outside.map(stamp)
  const id = await launched(place, {
    setup: "echo set up",
    startup: "echo started; exec sleep 1000",
    scratch: "/scratch",
    onNotice: "echo noticed",
  })
  await until("its startup", () => textOf(place.path("instances", id, "guest", "status")).includes("startup begun"))
  await place.provider.terminate(await place.list(), calls)
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  expect(outside.map(stamp)).toEqual(before)
  expect(readdirSync(home)).toEqual([])
})

function stamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? `${path} is not there` : `${path} ${found.mtimeMs} ${readdirSync(path).join(" ")}`
}

/** What docker does that matters here, and what it was asked. */
const DOCKER = `
printf '%s\\n' "$*" >>"$CALLS"
case $1 in
  image) echo sha256:0123 ;;
  run) while [ "$1" != --cidfile ]; do shift; done; echo the-id >"$2" ;;
  cp) cp -p "$2" "$CALLS.script" ;;
  exec) exec sh "$CALLS.script" ;;
esac`

test("a container has its worker's name, and is stopped and removed with it", async () => {
  const place = await freshPlace({ graceMs: 15_000 })
  const asked = join(place.root, "calls")
  await inPath("docker", DOCKER.replaceAll("$CALLS", asked))
  const container = { image: "python:3.12", dockerArgs: [] }
  const id = await launched(place, { container, startup: "echo inside; exec sleep 1000" })
  expect(await said(place, id, "guest", "boot.log")).toContain("inside\n")
  await place.provider.terminate(await place.list(), calls)
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  const words = textOf(asked).split("\n")
  expect(words.find((line) => line.startsWith("run "))).toContain(` --rm --name muster-${id} `)
  expect(words.filter((line) => /^(stop|rm) /.test(line))).toEqual(["stop -t 15 the-id", "rm -f the-id"])
})

test("a container that cannot be had is the end of its work", async () => {
  const place = await freshPlace()
  await inPath("docker", "[ $1 = version ] || { echo no such image >&2; exit 1; }")
  const container = { image: "no-such", dockerArgs: ["--platform", "x"] }
  const id = await launched(place, { container, environment: { MUSTER_PAUSE: "0" } })
  const one = await place.reach(id, "terminated")
  expect(one.tags[TAG.ended]).toBe("container-1")
  expect(await place.provider.consoleLog?.(one, calls)).toContain("no such image")
})

describe("a notice", () => {
  const noted = async (root: string) => textOf(join(root, "noted"))
  const noticed = (root: string, more = "") =>
    `echo "$MUSTER_REASON $MUSTER_SECONDS_LEFT $MUSTER_NAME $(cat up)" >>'${root}/noted'; ${more}`
  const startup = "echo up >up; trap 'echo term >>\"$NOTED\"; exit 0' TERM; while :; do sleep 0.02; done"

  async function running(place: Place, group: Partial<GroupRequest>): Promise<string> {
    const id = await launched(place, { environment: { NOTED: join(place.root, "noted") }, ...group })
    await until("it to be up", () => existsSync(place.path("instances", id, "work", "up")))
    return id
  }

  test("comes once before SIGTERM, when its instance is to end", async () => {
    const place = await freshPlace({ graceMs: 20_000 })
    const id = await running(place, { startup, onNotice: noticed(place.root) })
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    expect(await noted(place.root)).toBe(`scaled-down 20 ${id} up\nterm\n`)
  })

  test("comes before the deadline", async () => {
    const place = await freshPlace({ graceMs: 4000 })
    // It has begun by then on a busy machine as well.
    const deadline = secondsFromNow(10)
    const group = {
      startup,
      onNotice: noticed(place.root, `date +%s >>'${place.root}/noted'`),
      environment: { NOTED: join(place.root, "noted") },
    }
    const { id } = only(await place.launch({ owner: { deadline }, group }))
    await place.vanish(id)
    const [said = "", at, term] = (await noted(place.root)).split("\n")
    expect([said, term]).toEqual([`deadline 4 ${id} up`, "term"])
    expect(Number(at)).toBeLessThan(Number(deadline))
  })

  test("that takes too long ends with the grace", async () => {
    const place = await freshPlace({ graceMs: 3000 })
    const id = await running(place, { startup, onNotice: noticed(place.root, "exec sleep 1000") })
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
    expect(await noted(place.root)).toMatch(/^scaled-down 3 .* up\n/)
  })

  test("does not come where the instance has ended by itself", async () => {
    const place = await freshPlace()
    const id = await launched(place, { startup: "exit 3", onNotice: noticed(place.root) })
    await place.reach(id, "terminated")
    expect(await noted(place.root)).toBe("")
  })
})
