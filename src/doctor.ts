/** Doctor: whether a burst would work from here, before anything is made. What asks is loaded when somebody asks. */
import { systemClock } from "./calls/clock.js"
import type { LiveOptions, LiveReport } from "./doctor/before/types.js"
import type { DoctorOptions, DoctorReport, DoctorSpec } from "./doctor/report.js"
import type { Comparison } from "./doctor/report/compare.js"
import type { WrittenReport } from "./doctor/report/files.js"
import type { WalkReport } from "./doctor/report/format.js"

export type { Found as FoundAssumption, WalkOutcome } from "./doctor/live/outcome.js"
export type { LiveOptions, LivePlan, LiveReport } from "./doctor/before/types.js"
export type { Comparison, LimitSeen, Timing, VerdictChange, WalkTold } from "./doctor/report/compare.js"
export type { WrittenReport } from "./doctor/report/files.js"
export type { WalkReport } from "./doctor/report/format.js"
export type { DoctorLine, DoctorOptions, DoctorReport, DoctorSpec } from "./doctor/report.js"

/**
 * Looks at everything that a burst needs, and makes nothing: whose credentials there are, which rights they have, quotas, image,
 * network, prices, the clock, this machine's state directory and packages, and what clusters that are over have left. Each place is sent 40
 * requests at most. A look that fails is a line of the report, and stops no other.
 *
 * @example
 * const { status, lines } = await doctor({ provider: "aws", region: "eu-west-2", vcpus: 2 }, { workers: 100 })
 * if (status === "fail") console.error(lines.filter((line) => line.status === "fail"))
 *
 * @param spec where, and what would run there; a small worker where it does not say.
 * @returns the lines, each `ok`, `warn` or `fail` with what to do, and the worst of them as `status`.
 * @throws SpecError when the spec or an option is wrong; the reason of `options.signal`.
 */
export async function doctor(spec: DoctorSpec, options: DoctorOptions = {}): Promise<DoctorReport> {
  const { clock = systemClock } = options
  const { examine } = await clock.busy("loading doctor", import("./doctor/examine.js"))
  return examine(spec, options)
}

/**
 * Looks as `doctor` does, shows what it would make and what that costs, and where that is confirmed makes nine of the smallest machines
 * in one place, three at once at most, to try everything that Muster takes for true of its cloud. It takes 15 minutes at most, and
 * ends and sweeps what it has made, whatever happens; so it does when `options.signal` is aborted. Machines' own deadlines end them
 * should this process die.
 *
 * @example
 * const { status, walk } = await liveDoctor(
 *   { provider: "aws", region: "eu-west-2" },
 *   { confirm: ({ usd }) => usd.most < 0.1, say: console.error },
 * )
 * if (status === "fail") console.error(walk?.assumptions.filter(({ verdict }) => verdict === "refuted"))
 *
 * @param spec where: one provider in one region. Its `tags`, `image`, `publicAddress`, `arch` and `zones` are the machines' as well.
 * @param options `confirm` must be given: nothing is made unless it returns `true`.
 * @returns what was found: each assumption as confirmed, refuted or not seen, what was spent, and what is left, or why nothing was made.
 * @throws SpecError when the spec or an option is wrong, or names several places; the reason of `options.signal` where nothing was made
 * yet.
 */
export async function liveDoctor(spec: DoctorSpec, options: LiveOptions): Promise<LiveReport> {
  const { clock = systemClock } = options
  const { examineLive } = await clock.busy("loading the live doctor", import("./doctor/before/live.js"))
  return examineLive(spec, options)
}

/**
 * Writes what a live doctor has seen into two files of this user's alone: `muster-doctor-<provider>-<region>-<UTC time>.json`, with all
 * requests and answers, and the same name with `.md`, to read. What tells whose it is has stand-ins there: accounts, ids, addresses,
 * names, tags, programs, consoles. So they can be attached to a bug report.
 *
 * @param report what `liveDoctor` has returned.
 * @param directory where; it is made where it is not there.
 * @returns the paths; undefined where there was no walk.
 * @throws what stands in the way of writing, with the path.
 */
export async function writeLiveReport(report: LiveReport, directory: string): Promise<WrittenReport | undefined> {
  const told = await toldReport(report)
  if (told === undefined) return undefined
  const { writeReport } = await systemClock.busy("loading the report", import("./doctor/report/files.js"))
  return writeReport(directory, told)
}

/**
 * The report of a live walk as `writeLiveReport` writes it, with stand-ins for what tells whose it is.
 *
 * @param report what `liveDoctor` has returned.
 * @returns plain data; undefined where there was no walk.
 */
export async function toldReport({ walk, doctor: examined }: LiveReport): Promise<WalkReport | undefined> {
  if (walk === undefined) return undefined
  const load = Promise.all([import("./doctor/report/build.js"), import("./doctor/report/versions.js")])
  const [{ reportOf }, { versionsOf }] = await systemClock.busy("loading the report", load)
  return reportOf({ outcome: walk, examined, versions: versionsOf(examined) })
}

/**
 * What two live walks on one cloud saw differently: verdicts, the times of machines, limits, versions.
 *
 * @param a the path of a report's JSON file, as `writeLiveReport` has written it.
 * @param b another one's.
 * @returns `isEqual` where every assumption has the same verdict in both.
 * @throws SpecError for a file that cannot be read or is no report, and for two of different clouds.
 */
export async function compareLiveReports(a: string, b: string): Promise<Comparison> {
  const load = Promise.all([import("./doctor/report/compare.js"), import("./doctor/report/files.js")])
  const [{ compare }, { readReport }] = await systemClock.busy("loading the reports", load)
  const [one, other] = await Promise.all([readReport(a, "--compare"), readReport(b, "--compare")])
  return compare(one, other)
}
