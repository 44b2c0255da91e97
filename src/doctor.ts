/** Doctor: whether a burst would work from here, before anything is made. What asks is loaded when somebody asks. */
import { systemClock } from "./calls/clock.js"
import type { DoctorOptions, DoctorReport, DoctorSpec } from "./doctor/report.js"

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
