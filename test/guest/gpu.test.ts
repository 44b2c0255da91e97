/** What a check of GPUs says of each fault, in real shells, on a stand-in of nvidia-smi that plays it. */
import { spawnSync } from "node:child_process"
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { GPU_FUNCTIONS, SMI_CODES, XIDS } from "../../src/guest/steps/gpu.js"
import { guestProgram } from "../../src/guest/program.js"
import { markFunctions } from "../../src/guest/steps/mark.js"
import { isLong } from "../support/long.js"
import { lacking, titled } from "../support/tools.js"
import { machine } from "./machine.js"

const hasBusybox = spawnSync("busybox", ["true"]).status === 0
/** All of them in the longer suites. Without busybox it is left out: `apt-get install busybox-static`. */
const SHELLS = ["dash", ...(isLong ? ["bash", ...(hasBusybox ? ["busybox sh"] : [])] : [])]

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-gpu-"))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const command = async (name: string, body: string) => {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
}

/** A row as `--format=csv,noheader,nounits` prints it. */
const row = (index: number, { errors = "0", width = "16", name = "NVIDIA H100 80GB HBM3", memory = "81559" } = {}) =>
  `${index}, GPU-00000000-0000-0000-0000-00000000000${index}, ${name}, 550.54.15, ${memory}, ${errors}, ${width}`
const xid = (number: number, bus = "PCI:0000:3b:00") =>
  `[  312.4] NVRM: Xid (${bus}): ${number}, pid='<unknown>', name=<unknown>, what it says`

interface Played {
  readonly rows?: readonly string[]
  readonly code?: number
  readonly says?: string
  readonly log?: readonly string[]
  /** What python3 prints, and ends with. */
  readonly python?: readonly [printed: string, code: number]
  readonly count?: number
  readonly shell?: string
}

async function check({ rows = [row(0), row(1)], code = 0, says, log = [], python = ["+ torch", 0], ...more }: Played) {
  const { count = 2, shell = "dash" } = more
  await command("nvidia-smi", `cat <<'ROWS'\n${says ?? rows.join("\n")}\nROWS\nexit ${code}`)
  await command("dmesg", `cat <<'LOG'\n${log.join("\n")}\nLOG`)
  await command("python3", `printf '%s\\n' '${python[0]}'\nexit ${python[1]}`)
  const [program = "", ...words] = shell.split(" ")
  const script = [`muster_home='${folder}' muster_root=`, markFunctions("0123456789abcdef"), GPU_FUNCTIONS]
  const text = [...script, `muster_has_gpus ${count} kernel`].join("\n")
  const environment = { PATH: `${folder}:${process.env.PATH}`, MUSTER_CONSOLE: join(folder, "console") }
  await writeFile(environment.MUSTER_CONSOLE, "")
  const { status, stdout, stderr } = spawnSync(program, [...words, "-c", text], {
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  })
  return { status, stdout, stderr: stderr.trim().split("\n") }
}

describe.each(SHELLS)("in %s", (shell) => {
  test("GPUs that are whole pass, and what was found is kept and told once", async () => {
    const rows = [row(0), row(1, { errors: "[N/A]", width: "[N/A]" })]
    expect(await check({ rows, shell })).toEqual({
      status: 0,
      stderr: [""],
      stdout: `${rows.join("\n")}\na small kernel ran by torch\n`,
    })
    expect(await readFile(join(folder, "gpu"), "utf8")).toBe(`${rows.join("\n")}\na small kernel ran by torch\n`)
    expect(await readFile(join(folder, "console"), "utf8")).toMatch(
      /^muster\[01234567\]: gpu\| a small kernel ran by torch\n$/,
    )
    await check({ rows, shell })
    expect(await readFile(join(folder, "console"), "utf8")).toBe("")
  })

  test.each([
    ["too few", { rows: [row(0)] }, /names 1 of 2 GPUs .* another machine, or correct gpu\.count/],
    [
      "one that does not answer",
      { rows: [row(0), row(1, { name: "[GPU is lost]", memory: "[GPU is lost]" })] },
      /GPU 1 does not answer the driver: \[GPU is lost\]/,
    ],
    [
      "one that must be reset",
      { rows: [row(0), row(1, { memory: "[GPU requires reset]" })] },
      /GPU 1 does not answer.*requires reset/,
    ],
    [
      "memory errors",
      { rows: [row(0), row(1, { errors: "3" })] },
      /GPU 1 has 3 memory errors that could not be corrected .* use another machine/,
    ],
    [
      "a narrow link",
      { rows: [row(0), row(1, { width: "4" })] },
      /GPU 1 has a link of x4, and others of this machine have x16/,
    ],
    [
      "an XID of the machine",
      { log: [xid(31), xid(79), xid(79)] },
      /^XID 79 \(PCI:0000:3b:00\), GPU that has fallen off the bus: /,
    ],
    [
      "a wrong result",
      { python: ["+ torch\n! GPU 0: a small kernel came to a wrong result (7.0)", 0] },
      /GPU 0: .* wrong result/,
    ],
    ["a kernel that hangs", { python: ["+ torch", 124] }, /a small kernel did not end: a GPU hangs/],
  ] as readonly (readonly [string, Played, RegExp])[])("%s", async (_, played, words) => {
    const { status, stderr } = await check({ ...played, shell })
    expect(status).toBe(1)
    expect(stderr[0]).toMatch(words)
  })
})

/** All in the longer suites. */
const some = <T>(all: readonly T[]) => (isLong ? all : all.slice(-2))

test.each(some(Object.entries(SMI_CODES)))("nvidia-smi's exit code %s has its words", async (code, words) => {
  const { status, stderr } = await check({ code: Number(code), says: "Unable to determine the device handle" })
  expect([status, ...stderr]).toEqual([Number(code), "Unable to determine the device handle", words])
})

test("another code keeps its words", async () => {
  const { status, stderr } = await check({ code: 255, says: "Unknown Error" })
  expect([status, ...stderr]).toEqual([
    255,
    "Unknown Error",
    expect.stringMatching(/^nvidia-smi fails: its words are above/),
  ])
})

test("each XID of the machine has its words, and those of programs are no fault of it", async () => {
  for (const [number, words] of some(Object.entries(XIDS))) {
    const { stderr } = await check({ log: [xid(Number(number))] })
    expect(stderr[0]).toBe(`XID ${number} (PCI:0000:3b:00), ${words}: the machine is broken, use another one`)
  }
  expect(await check({ log: [13, 31, 43, 45, 94].map((number) => xid(number)) })).toMatchObject({ status: 0 })
})

test("several faults are all told, and no kernel runs then", async () => {
  const { stderr } = await check({ rows: [row(0, { errors: "1" })], log: [xid(48)], python: ["! not asked", 0] })
  expect(stderr.map((line) => line.slice(0, 20))).toEqual([
    "GPU 0 has 1 memory e",
    "the driver names 1 o",
    "XID 48 (PCI:0000:3b:",
  ])
})

test("where no kernel can run it is left out, and said", async () => {
  for (const [printed, code] of [
    ["- python3 has neither torch nor cupy", 0],
    ["", 124],
    ["", 1],
  ] as const) {
    const { status, stdout } = await check({ python: [printed, code] })
    expect([status, stdout]).toEqual([0, expect.stringMatching(/no kernel was run: /)])
  }
})

/** Torch as far as the small kernel uses it: its "GPUs" are this machine's own arithmetic. */
const TORCH = `
import os
class M:
  def __init__(self, n): self.n = n
  def __matmul__(self, other): return M(self.n)
  def sum(self): return self
  def item(self): return float(os.environ.get("SUM", self.n ** 3))
def ones(shape, device):
  if os.environ.get("FAILS") == device: raise RuntimeError(os.environ["WORDS"])
  return M(shape[0])
class cuda:
  @staticmethod
  def device_count(): return int(os.environ.get("COUNT", "2"))
`
const noPython = lacking("python3")

test.skipIf(noPython !== undefined)(titled("the small kernel itself, by a stand-in of torch", noPython), async () => {
  await writeFile(join(folder, "torch.py"), TORCH)
  const run = (variables: Readonly<Record<string, string>>) => {
    const env = { PATH: process.env.PATH, PYTHONPATH: folder, ...variables }
    return spawnSync("dash", ["-c", `${GPU_FUNCTIONS}\nmuster_gpu_python`], { env, encoding: "utf8" })
      .stdout.trim()
      .split("\n")
  }
  expect(run({})).toEqual(["+ torch"])
  expect(run({ COUNT: "0" })).toEqual(["- torch sees no GPU"])
  expect(run({ SUM: "1", COUNT: "1" })).toEqual([
    "+ torch",
    expect.stringMatching(/^! GPU 0: .* wrong result \(1\.0\)/),
  ])
  expect(run({ FAILS: "cuda:1", WORDS: "CUDA error: an illegal instruction\nmore" })).toEqual([
    "+ torch",
    expect.stringMatching(/^! GPU 1: a small kernel failed: CUDA error: an illegal instruction; use/),
  ])
  expect(run({ FAILS: "cuda:0", WORDS: "CUDA out of memory" })).toEqual(["+ torch", "- GPU 0 is in use"])
  await rm(join(folder, "torch.py"))
  expect(run({})).toEqual(["- python3 has neither torch nor cupy"])
})

const OWNER = { cluster: "c", uid: "0123456789abcdef", owner: "o", generation: 1, deadline: "4102444800", claim: "c" }
const CLOUD = {
  provider: "test",
  region: "r",
  identity: ["MUSTER_NAME=w1 MUSTER_ID=i", "export MUSTER_NAME MUSTER_ID"],
  end: [],
}
const GROUP = {
  name: "g",
  environment: {},
  publicAddress: "auto",
  tags: {},
  archs: [],
  startup: "sleep 100000",
} as const

test("a guest's check asks for as many GPUs as its group has; a kernel runs before the worker is ready, and not later", () => {
  const checks = [{ gpu: true }] as const
  const program = guestProgram(CLOUD, OWNER, {
    ...{ ...GROUP, gpu: { count: 8 } },
    ...{ ready: { checks, timeoutSeconds: 60 }, health: { checks, everySeconds: 60, failures: 3 } },
  })
  expect(program.match(/^muster_has_gpus .*$/gm)).toEqual(["muster_has_gpus 8 kernel", "muster_has_gpus 8"])
  expect(guestProgram(CLOUD, OWNER, { ...GROUP, ready: { checks: [{ tcp: 1 }], timeoutSeconds: 60 } })).not.toContain(
    "nvidia",
  )
})

test.runIf(isLong)("a worker whose GPUs come late is ready then, and tells until then what is wrong", async () => {
  const place = await machine()
  try {
    const broken = join(place.root, "broken")
    await writeFile(broken, "")
    await place.command("nvidia-smi", `[ ! -e '${broken}' ] || { echo Failed; exit 9; }\necho '${row(0)}'`)
    await place.command("dmesg")
    await place.command("python3", "echo '- python3 has neither torch nor cupy'")
    const group = { ...GROUP, ready: { checks: [{ gpu: true }] as const, timeoutSeconds: 60 } }
    await place.boot({ script: guestProgram(CLOUD, OWNER, group) })
    const words = () => place.read("var/lib/muster/check.words")
    await expect.poll(words).toMatch(/^9 gpu\nFailed\nthe driver is not loaded: /)
    await rm(broken)
    await expect.poll(() => place.marks()).toContain("ready ended 0")
    expect(await place.read("dev/console")).toContain("gpu| no kernel was run: python3 has neither torch nor cupy\n")
  } finally {
    await place.remove()
  }
})
