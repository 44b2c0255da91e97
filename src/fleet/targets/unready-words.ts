/** Unready words: what is said of a worker whose checks have not passed, or fail. Pure. */
import type { Failure } from "../../provider.js"
import type { CheckWords } from "../../ready/report.js"
import { spanText } from "../../text.js"
import type { Readiness, WorkerRecord } from "../roster/worker-record.js"

const ADVICE =
  "look at the check and at what it looks at (the message has the last that it wrote), then scale again; keepFailed: 1 keeps an instance for looking"

/** Why one is ended, or kept, that is not ready in time, or unhealthy. @param timeoutMs so long it had from when it ran. */
export function failureOf(worker: WorkerRecord, timeoutMs: number, now: number): Failure {
  const { provider, instance, readiness } = worker
  const { id, instanceType, zone, market, region } = instance
  const scope = { provider: provider.name, region, zone, instanceType, market }
  const where = `${id} (${instanceType}, ${zone})`
  const { failed, words, heardAt, problem } = readiness ?? {}
  const base = { reason: "startup", count: 1, scope, ttlMs: 0, advice: ADVICE } as const
  if (failed === "restart") {
    const message = `${where} was started again, and its startup does not run again: it is not ready`
    return { ...base, code: "ready-restarted", message }
  }
  if (failed === "health")
    return { ...base, code: codeOf("health", words), message: `${where} was unhealthy: ${failedText(words)}` }
  const within = `within ${spanText(timeoutMs)}`
  if (words !== undefined || heardAt !== undefined) {
    // What can never pass is told before the time is over, and a guest may have told it to an earlier process.
    const what = now - knownToRun(worker) < timeoutMs ? "did not become ready" : `was not ready ${within}`
    return { ...base, code: codeOf("ready", words), message: `${where} ${what}: ${unreadyText(readiness)}` }
  }
  const why = problem === undefined ? "" : `: ${problem}`
  return { ...base, code: "ready-unheard", message: `${where} was not heard ${within}${why}` }
}

/**
 * What one that is not ready does, in words.
 *
 * @param by the head of an engine alone says when it is: the one that it is itself, or that has it for a member.
 */
export function unreadyText(
  { step, words, problem, heardAt }: Partial<Readiness> = {},
  by?: "itself" | "head",
): string {
  if (words !== undefined) return failedText(words)
  if (by === "itself" && (heardAt === undefined || step === "join"))
    return "the scheduler of its engine does not answer yet"
  if (by === "head" && heardAt === undefined) return "it has not joined the head of its engine yet"
  if (heardAt === undefined) return `its guest was not heard yet${problem === undefined ? "" : `: ${problem}`}`
  if (step === undefined) return "its boot goes on"
  if (step === "join") return "it has not joined the head of its engine yet"
  return step === "ready" ? failedText(undefined) : `its step "${step}" goes on`
}

/** Since when a worker is known to run, in milliseconds since 1970. */
export function knownToRun({ since, ranFrom = since, knownSince }: WorkerRecord): number {
  return Math.max(ranFrom, knownSince)
}

function codeOf(what: string, words: CheckWords | undefined): string {
  return words === undefined ? what : `${what}-${words.exitCode}`
}

/** The check, its exit code, and the last that it wrote. */
export function failedText(words: CheckWords | undefined): string {
  if (words === undefined) return "its check has not passed"
  const { check, exitCode, tail } = words
  const lines = tail === "" ? "" : `; the last of its output:\n${tail}`
  return `the check ${check} ended with exit code ${exitCode}${lines}`
}
