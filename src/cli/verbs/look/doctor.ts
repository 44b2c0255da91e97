/** `muster doctor`: whether a burst would work from here. Reads only, but with `--live`. */
import { doctor, type DoctorSpec } from "../../../doctor.js"
import { SpecError } from "../../../errors.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { targetOf } from "../../spec/target.js"
import type { Given, RunVerb } from "../../surroundings.js"
import { runCompare } from "./live/compare.js"
import { foundText, summaryOf, timeoutOf } from "./live/found.js"

export const run: RunVerb = async (given, surroundings) => {
  const { clock, env, out, say, columns } = surroundings
  if (given.switches.has("live")) {
    refuseBeside(given)
    const { runLive } = await clock.busy("loading the live doctor", import("./live/live.js"))
    return runLive(given, surroundings)
  }
  if (given.values.compare !== undefined) return runCompare(given, surroundings)
  refuseAlone(given)
  const format = formatOf(given, ["table", "json", "yaml"])
  const target = await targetOf(given, given.words[0], surroundings)
  const provider = await providersAt(target.places, surroundings)
  const { name, owner, spec, count: workers } = target
  const journal = single(given, "journal")
  const report = await doctor(
    { ...spec, owner, provider, ...(name === undefined ? {} : { name }) } as unknown as DoctorSpec,
    {
      ...{ clock, env },
      ...(workers === undefined ? {} : { workers }),
      ...(journal === undefined ? {} : { journal }),
      ...timeoutOf(single(given, "timeout")),
    },
  )
  out((await dataText(report, format, surroundings)) ?? foundText(report, provider.length > 1, columns))
  if (format === "table") say(`${summaryOf(report)}; nothing was made\n`)
  return report.status === "fail" ? EXIT.failed : EXIT.ok
}

/** @throws SpecError for what only `--live` has a use for. */
function refuseAlone({ values, switches, sources }: Given): void {
  const isGiven = (name: string) => (values[name] !== undefined || switches.has(name)) && sources[name] === "flag"
  const alone = ["budget", "report", "yes"].filter(isGiven)
  if (alone.length === 0) return
  throw new SpecError(
    alone.map((name) => ({ option: `--${name}`, message: "is for --live: doctor makes nothing else" })),
  )
}

/** @throws SpecError for what `--live` has no use for: files to compare, and how many workers there would be. */
function refuseBeside({ values, sources }: Given): void {
  const problems = [
    { name: "compare", message: "makes no machines, and --live does; give one of the two" },
    {
      name: "workers",
      message: "is for a burst; --live makes a few machines of its own, whatever is asked: leave it out",
    },
  ]
    .filter(({ name }) => values[name] !== undefined && sources[name] === "flag")
    .map(({ name, message }) => ({ option: `--${name}`, value: values[name], message }))
  if (problems.length > 0) throw new SpecError(problems)
}
