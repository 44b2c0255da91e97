/**
 * Marks: what a guest writes of its steps, on its console and in its status file, and what is read of it. Pure.
 *
 * The status file has one line for each step begun, ended or skipped, with milliseconds since the guest's start:
 *
 *     0 startup begun
 *     5321 startup ended 3
 *     12 limits skipped host
 *     5400 done startup 3
 *
 * A step may note something before it ends (`30 scratch noted folder`), and a restart is told as `0 reboot ended 0`, from where on
 * the milliseconds begin anew.
 *
 * What looks whether the worker is ready goes on beside the last step: `ready begun`, `ready ended 0`, and `health ended <code>` each
 * time that has changed. On the console the words of a check that failed stand behind `ready|`.
 *
 * The container's step has `container digest sha256:…`, and a notice of the end `notice interrupted` and `notice ended 0`.
 *
 * `done` comes once, last: the step whose end is the guest's, and its exit code. The console has the same lines with a prefix of
 * the cluster's, and before `done` the last lines of the step's output, one mark each. Others write there too, in between.
 */

/** Where the status file is on an instance. */
export const STATUS_FILE = "/var/lib/muster/status"

/** Where the guest's output is on an instance: its first and its last MiB. */
export const LOG_FILE = "/var/lib/muster/boot.log"

/** How many lines of its output a step's end is told with. */
export const TAIL_LINES = 20

/** Before each mark on a console. Whoever reads it asks for its own cluster's, so that an image's old console lines are not taken for new ones. */
export function markPrefix(uid: string): string {
  return `muster[${uid.slice(0, 8)}]: `
}

/** How a guest ended its work. */
export interface Verdict {
  readonly step: string
  readonly exitCode: number
  /** The last lines of the step's output; "" where none came through. */
  readonly tail: string
}

/** The verdict on a console; undefined where there is none, or not all of it. The last one counts. */
export function verdictOn(consoleText: string, uid: string): Verdict | undefined {
  const prefix = markPrefix(uid)
  const tail: string[] = []
  let verdict: Verdict | undefined
  for (const line of consoleText.split("\n")) {
    const at = line.indexOf(prefix)
    if (at < 0) continue
    const mark = line.slice(at + prefix.length).replace(/\r$/, "")
    if (mark.startsWith("| ") || mark === "|") {
      tail.push(mark.slice(2))
      continue
    }
    const [, step, code] = /^\d+ done ([a-z]+) (\d{1,3})$/.exec(mark) ?? []
    if (step !== undefined) verdict = { step, exitCode: Number(code), tail: tail.slice(-TAIL_LINES).join("\n") }
    else if (/^\d+ (?!ready )[a-z]+ begun$/.test(mark)) tail.length = 0
  }
  return verdict
}

/** The value of the tag `muster-ended`: step and exit code, in letters that every cloud allows. */
export function endedTag({ step, exitCode }: Pick<Verdict, "step" | "exitCode">): string {
  return `${step}-${exitCode}`
}

/** What the tag `muster-ended` says; undefined where it says nothing that a guest writes. */
export function readEndedTag(value: string | undefined): Pick<Verdict, "step" | "exitCode"> | undefined {
  const [, step, code] = /^([a-z]+)-(\d{1,3})$/.exec(value ?? "") ?? []
  return step === undefined ? undefined : { step, exitCode: Number(code) }
}
