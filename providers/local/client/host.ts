/**
 * This machine's processes, read from /proc (proc(5)) or, where there is none, from `ps`.
 *
 * A process number alone is never trusted: it is used again. Identities are "<pid> <start>", where start is field 22 of
 * /proc/PID/stat (clock ticks since boot) and the boot's id, or the start's date on macOS. The supervisor's shell writes
 * the same letters. Reading is synchronous: /proc is memory, and nothing may run between a check and the signal after it.
 */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { uptime } from "node:os"
import { isErrno } from "./errors.js"

/** The processes of one instance that were found by its nonce. */
export interface Found {
  /** Its watchdog, supervisor or reaper. */
  readonly supervisors: readonly number[]
  /** All others: the anchor, the user's, and what these started. */
  readonly members: readonly number[]
}

/** A snapshot of the machine's processes. */
export interface Host {
  /** The identity of this process. */
  readonly self: string
  /** Which boot of this machine it is, "-" where that cannot be told; and the seconds since, which no user or program can set. */
  readonly boot: string
  readonly uptimeS: number
  /** Whether the process whose identity this is lives. */
  isAlive(identity: string | undefined): boolean
  /** The processes with this nonce in their environment, wherever they went; empty where there is no /proc. */
  withNonce(nonce: string): Found
}

const NOBODY: Found = { supervisors: [], members: [] }
const NONCE = /(?:^|\0)MUSTER_(INSTANCE|SUPERVISES)=([0-9a-f]{32})(?=\0|$)/g

/** A snapshot of this machine: each search runs once, at its first use. */
export function readHost(): Host {
  const boot = readOr("/proc/sys/kernel/random/boot_id", "-").trim()
  const startOf = process.platform === "linux" ? startByProc(boot) : startByPs()
  let found: ReadonlyMap<string, Found> | undefined
  return {
    boot,
    uptimeS: uptime(),
    self: `${process.pid} ${startOf(process.pid) ?? "unknown"}`,
    isAlive: (identity) => {
      const { pid, start } = splitIdentity(identity)
      return pid > 0 && startOf(pid) === start
    },
    withNonce: (nonce) => {
      found ??= process.platform === "linux" ? findByNonce() : new Map()
      return found.get(nonce) ?? NOBODY
    },
  }
}

/** The number in an identity; 0 when there is none. */
export function pidOf(identity: string | undefined): number {
  return splitIdentity(identity).pid
}

function splitIdentity(identity: string | undefined): { pid: number; start: string } {
  const [pid = "", start = ""] = (identity ?? "").trim().split(" ")
  return /^[1-9]\d*$/.test(pid) && start !== "" ? { pid: Number(pid), start } : { pid: 0, start }
}

type StartOf = (pid: number) => string | undefined

function startByProc(boot: string): StartOf {
  return (pid) => {
    const stat = readOr(`/proc/${pid}/stat`, "")
    // The name in field 2 may hold blanks and brackets; what follows its last bracket begins with field 3, the state.
    const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")
    const [state, start] = [fields[0], fields[19]]
    // A zombie has ended: its parent has not read its exit status yet.
    return start === undefined || state === "Z" || state === "X" ? undefined : `${start}@${boot}`
  }
}

/** `ps` prints the date as "Mon Jan  5 10:00:00 2026"; blanks become "_", as the supervisor's shell does it. */
function startByPs(): StartOf {
  const starts = new Map<number, string>()
  const text = execFileSync("ps", ["-A", "-o", "pid=", "-o", "stat=", "-o", "lstart="], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  })
  for (const line of text.split("\n")) {
    const [pid, state, ...date] = line.trim().split(/\s+/)
    if (pid !== undefined && state !== undefined && !state.startsWith("Z")) starts.set(Number(pid), date.join("_"))
  }
  return (pid) => starts.get(pid)
}

function findByNonce(): ReadonlyMap<string, Found> {
  const found = new Map<string, { supervisors: number[]; members: number[] }>()
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue
    // Another user's cannot be read, and is not ours.
    for (const [, kind, nonce = ""] of readOr(`/proc/${entry}/environ`, "").matchAll(NONCE)) {
      const one = found.get(nonce) ?? { supervisors: [], members: [] }
      found.set(nonce, one)
      one[kind === "INSTANCE" ? "members" : "supervisors"].push(Number(entry))
    }
  }
  return found
}

/** Throws where files or memory are lacking, because a failed read does not show that a process has ended. */
function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch (error) {
    if (isErrno(error, "EMFILE", "ENFILE", "ENOMEM")) throw error
    return otherwise
  }
}
