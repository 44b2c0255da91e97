/** This machine's own error codes (errno(3) names, as Node reports them) and what each means to the core. */
import { CapacityError, MusterError, RejectedError, TransientError } from "../../../src/errors.js"
import { openFilesAdvice } from "../../../src/client/machine.js"
import type { Scope } from "../../../src/provider.js"

type Decision = "rejected" | "capacity" | "transient"

interface Row {
  readonly codes: readonly string[]
  readonly decision: Decision
  readonly advice: string
}

/** Processes and memory come back as others end; after half a minute the launch is worth another attempt. */
const CROWDED_TTL_MS = 30_000

/** In order; the first row with the code counts. */
const ROWS: readonly Row[] = [
  {
    codes: ["ENOSPC", "EDQUOT"],
    decision: "rejected",
    advice: "free some space, or give another directory: local({ root })",
  },
  {
    codes: ["EROFS", "EACCES", "EPERM"],
    decision: "rejected",
    advice: "make it readable and writable for this user, or give another directory: local({ root })",
  },
  {
    codes: ["ENOTDIR", "EEXIST", "EISDIR", "ENOENT", "ELOOP", "ENAMETOOLONG", "EINVAL", "ENODEV", "ENOTSUP"],
    decision: "rejected",
    advice: "no state can be kept there; give another directory: local({ root })",
  },
  {
    codes: ["E2BIG"],
    decision: "rejected",
    advice: "give less environment, or pass it in a file",
  },
  // fork(2): a limit on processes (RLIMIT_NPROC, cgroup pids.max) or no memory. More may fit in a moment.
  {
    codes: ["EAGAIN", "ENOMEM"],
    decision: "capacity",
    advice: "this machine has no room for more processes; ask for fewer, or raise `ulimit -u` or the pids limit",
  },
  // open(2): file descriptors of this process or of the machine are all in use, or the disk did not answer.
  {
    codes: ["EMFILE", "ENFILE", "EIO", "EBUSY", "EINTR", "ESTALE", "ETXTBSY", "ENOTEMPTY"],
    decision: "transient",
    advice: "trying again may help",
  },
]

/**
 * The error of `src/errors` that a failed system call means; one that is such an error already, or no system call's, is
 * returned as it is.
 *
 * @param action gerund, with what and where: "launching 3 x local-1 in local-a".
 */
export function toCloudError(action: string, error: unknown, scope: Scope): Error {
  if (error instanceof MusterError) return error
  if (!isErrno(error))
    return error instanceof Error ? error : new Error(`${action}: ${String(error)}`, { cause: error })
  const row = ROWS.find((candidate) => candidate.codes.includes(error.code))
  const advice = openFilesAdvice(error.code) ?? row?.advice ?? "trying again may help"
  const message = `${action}: ${error.message}; ${advice}`
  const fields = { code: error.code, cause: error }
  if (row?.decision === "rejected") return new RejectedError(message, fields)
  if (row?.decision === "capacity") return new CapacityError(message, { ...fields, scope, ttlMs: CROWDED_TTL_MS })
  return new TransientError(message, fields)
}

/** Whether this is a failed system call, and if `codes` are given one of these. */
export function isErrno(
  error: unknown,
  ...codes: readonly string[]
): error is NodeJS.ErrnoException & { code: string } {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string" || !("errno" in error)) {
    return false
  }
  return codes.length === 0 || codes.includes(error.code)
}

/** The result of a read; undefined when the file is missing, because other processes may remove it meanwhile. */
export function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined
    throw error
  }
}
