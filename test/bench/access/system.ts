/** The system's side: a process of `ssh` for each command, which shares the connection of the one before (ControlMaster). */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pLimit from "p-limit"
import { type Effort, millisecondsSince, stopwatch } from "../stopwatch.js"
import { type Errand, isAnswer, type Measured, QUESTION } from "./errand.js"

const errand = JSON.parse(process.argv[2] ?? "") as Errand
const { addresses, port, user, keyFile, hostKey } = errand
/** With 8 and with 100 at once they take longer. */
const AT_ONCE = 16

const folder = mkdtempSync(join(tmpdir(), "muster-bench-ssh-"))
const known = join(folder, "known")
writeFileSync(known, addresses.map((address) => `[${address}]:${port} ssh-ed25519 ${hostKey}\n`).join(""))

const OPTIONS = [
  ...["-F", "/dev/null", "-p", String(port), "-i", keyFile, "-l", user],
  ...["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "LogLevel=ERROR"].flatMap(option),
  ...[`UserKnownHostsFile=${known}`, "GlobalKnownHostsFile=/dev/null", "KexAlgorithms=curve25519-sha256"].flatMap(
    option,
  ),
  ...["ControlMaster=auto", `ControlPath=${folder}/%C`, "ControlPersist=60"].flatMap(option),
]

function option(text: string): readonly string[] {
  return ["-o", text]
}

function ask(address: string): Promise<void> {
  const child = spawn("ssh", [...OPTIONS, address, QUESTION], { stdio: ["ignore", "pipe", "inherit"] })
  return new Promise((resolve, reject) => {
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece
    })
    const check = () => (isAnswer(said, address, errand) ? resolve() : reject(new Error(`${address} answered ${said}`)))
    // "close" would wait for the connection that stays: it has the error output open.
    child.once("error", reject).once("exit", () => {
      if (child.stdout.readableEnded) check()
      else child.stdout.once("end", check)
    })
  })
}

async function effort(): Promise<Effort> {
  const limit = pLimit(AT_ONCE)
  const [started, before] = [stopwatch(), cpuMs()]
  await Promise.all(addresses.map((address) => limit(() => ask(address))))
  return { wallMs: millisecondsSince(started), cpuMs: cpuMs() - before }
}

/** Of all processes of ssh: those that have ended, in ticks of 10 ms of their sum, and the connections that stay. */
function cpuMs(): number {
  const fields = statOf("self")
  const ended = (Number(fields[13]) + Number(fields[14])) * 10
  const living = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder))
  return ended + living.reduce((sum, pid) => sum + runMs(pid), 0)
}

/** Those from the third on: the second may hold blanks. */
function statOf(pid: string): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8")
  return text.slice(text.lastIndexOf(")") + 2).split(" ")
}

function commandOf(pid: string): string {
  return textOf(`/proc/${pid}/cmdline`)
}

/** The first number is of nanoseconds on a processor ("schedstat", Documentation/scheduler/sched-stats.rst). */
function runMs(pid: string): number {
  return Number(textOf(`/proc/${pid}/schedstat`).split(" ")[0]) / 1e6
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

try {
  const first = await effort()
  const second = await effort()
  console.log(JSON.stringify({ first, second } satisfies Measured))
} finally {
  await Promise.all(
    addresses.map(
      (address) =>
        new Promise((resolve) => {
          spawn("ssh", [...OPTIONS, "-O", "exit", address], { stdio: "ignore" }).once("exit", resolve)
        }),
    ),
  )
  rmSync(folder, { recursive: true, force: true })
}
