/** Starts the shells that supervise instances. From then on they belong to no other process. */
import { spawn } from "node:child_process"
import { join } from "node:path"
import pLimit from "p-limit"
import type { Layout } from "../client/layout.js"
import { PLAIN_PATH } from "./make.js"
import type { InstanceRecord } from "../client/record.js"

/** Shells started at the same time, where each is started by itself: two cores are soon full of them. */
const STARTERS = 8

/** Started by one shell at most: its arguments stay far below what an exec can take. */
const STARTED_TOGETHER = 100

/**
 * For each nonce and directory a watchdog. A process as large as Node takes ten times as long as a shell to start another one, and
 * does nothing else meanwhile. `setsid` makes the fork: what a shell starts with & ignores SIGINT for good. The exit status tells how
 * many arguments are left, also where the shell itself ends because it cannot fork.
 */
const STARTER = `
trap 'exit $#' EXIT
while [ $# -gt 1 ]; do
  MUSTER_SUPERVISES=$1 setsid -f /bin/sh "$2/supervise.sh" watch "$2" </dev/null >/dev/null 2>&1 || exit
  shift 2
done
`

/** Starts the watchdogs of these instances. Returns what became of each, in their order. */
export async function startWatchdogs(
  layout: Layout,
  records: readonly InstanceRecord[],
): Promise<readonly PromiseSettledResult<void>[]> {
  const limit = pLimit(STARTERS)
  const portions = Array.from({ length: Math.ceil(records.length / STARTED_TOGETHER) }, (_, index) =>
    records.slice(index * STARTED_TOGETHER, (index + 1) * STARTED_TOGETHER),
  )
  const started = portions.map(async (portion) => {
    const count = portion.length > 1 ? await limit(() => startTogether(layout, portion)) : 0
    const alone = (one: InstanceRecord) => limit(() => startScript(layout, one, "watch"))
    return Promise.allSettled(portion.map((one, index) => (index < count ? Promise.resolve() : alone(one))))
  })
  return (await Promise.all(started)).flat()
}

/**
 * Starts the watchdogs in their order, and returns how many were started. The caller starts the others one by one: there may be no
 * `setsid` with a fork of its own (macOS, BusyBox), or no process to be had. How far a killed shell came is unknown, so it counts as
 * none: a second watchdog of the same instance ends at once.
 */
async function startTogether(layout: Layout, records: readonly InstanceRecord[]): Promise<number> {
  const pairs = records.flatMap(({ name, nonce }) => [nonce, layout.instance(name)])
  const child = spawn("/bin/sh", ["-c", STARTER, "sh", ...pairs], {
    cwd: "/",
    detached: true,
    stdio: "ignore",
    env: { PATH: process.env.PATH ?? PLAIN_PATH, LC_ALL: "C" },
  })
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code === null ? 0 : Math.max(0, records.length - Math.ceil(code / 2))))
    child.once("error", () => resolve(0))
  })
}

/** Starts the watchdog of an instance, or the reaper, which ends an instance that no process supervises. */
export async function startScript(layout: Layout, record: InstanceRecord, role: "watch" | "reap"): Promise<void> {
  const here = layout.instance(record.name)
  const child = spawn("/bin/sh", [join(here, "supervise.sh"), role, here], {
    cwd: "/",
    detached: true,
    stdio: "ignore",
    env: { PATH: process.env.PATH ?? PLAIN_PATH, LC_ALL: "C", MUSTER_SUPERVISES: record.nonce },
  })
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve)
    child.once("error", reject)
  })
  child.unref()
}
