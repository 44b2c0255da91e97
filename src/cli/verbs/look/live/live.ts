/** `muster doctor --live`: makes a few machines, to try what Muster takes for true of their cloud. */
import { resolve } from "node:path"
import {
  type DoctorSpec,
  liveDoctor,
  type LivePlan,
  type LiveReport,
  toldReport,
  type WalkReport,
  writeLiveReport,
  type WrittenReport,
} from "../../../../doctor.js"
import { SpecError } from "../../../../errors.js"
import { show } from "../../../../input/parse.js"
import { EXIT, exitCodeOf } from "../../../exit-codes.js"
import { whereWords } from "../../../going-on.js"
import { dataText, type Format, formatOf } from "../../../output.js"
import { single } from "../../../parse.js"
import { providersAt } from "../../../spec/places.js"
import { type Target, targetOf } from "../../../spec/target.js"
import type { Given, Surroundings } from "../../../surroundings.js"
import { requireDirectory } from "./directory.js"
import { foundText, summaryOf, timeoutOf } from "./found.js"
import { planText, plainReport, restText, timeText, walkText } from "./text.js"

/** What is shown where, and how the user is asked. */
interface Live {
  readonly given: Given
  readonly surroundings: Surroundings
  readonly format: Format
  readonly target: Target
  /** Of the report. */
  readonly directory: string
}

export async function runLive(given: Given, surroundings: Surroundings): Promise<number> {
  const format = formatOf(given, ["table", "json", "yaml"])
  const budgetUsd = budgetOf(single(given, "budget"))
  const timeout = timeoutOf(single(given, "timeout"))
  requireAnswer(given, surroundings)
  const target = await targetOf(given, given.words[0], surroundings)
  const { places, owner, spec } = target
  if (places.length !== 1) throw severalPlaces(places.length)
  const directory = resolve(surroundings.directory ?? process.cwd(), single(given, "report") ?? ".")
  await surroundings.clock.busy("trying the directory", requireDirectory(directory))
  const [provider] = await providersAt(places, surroundings)
  const live = { given, surroundings, format, target, directory }
  const interrupted = new AbortController()
  const { clock, env, say } = surroundings
  const begun = clock.now()
  const journal = single(given, "journal")
  const instanceType = target.flagSaying("instanceType") === undefined ? undefined : spec.instanceType
  const report = await liveDoctor({ ...spec, owner, provider } as unknown as DoctorSpec, {
    ...{ clock, env, ...timeout },
    ...(budgetUsd === undefined ? {} : { budgetUsd }),
    ...(journal === undefined ? {} : { journal }),
    signal: interrupted.signal,
    ...(instanceType === undefined ? {} : { instanceType: instanceType as string | readonly string[] }),
    onDoctor: (found) => say(`${foundText(found, false, surroundings.columns)}${summaryOf(found)}\n`),
    confirm: async (plan) => {
      const isConfirmed = await askedFor(plan, live)
      // Until then nothing is there that would have to be ended.
      if (isConfirmed) endWith(interrupted, plan, live)
      return isConfirmed
    },
    say: (line) => say(`${timeText(clock.now() - begun)} ${line}\n`),
  })
  await tell(report, live)
  if (interrupted.signal.aborted) return exitCodeOf(interrupted.signal.reason)
  return report.status === "fail" ? EXIT.failed : EXIT.ok
}

function budgetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const usd = Number(text)
  // What is written otherwise, as "0x10", is a slip of the hand.
  if (/^\d*\.?\d+$/.test(text) && usd > 0 && Number.isFinite(usd)) return usd
  throw new SpecError([{ option: "--budget", value: text, message: `is ${show(text)}; use an amount of USD above 0` }])
}

/** Known before anything is asked of a cloud. */
function requireAnswer({ switches }: Given, { ask }: Surroundings): void {
  if (ask !== undefined || switches.has("yes")) return
  const message = "is missing: --live makes machines that cost money, and there is no terminal at which to ask before"
  throw new SpecError([{ option: "--yes", message }])
}

function severalPlaces(count: number): SpecError {
  const message = `there are ${count}; --live makes machines in exactly one: name one provider and one region`
  return new SpecError([{ option: "--region", value: count, message }])
}

/** The first signal ends the walk, which then ends what it has made. */
function endWith(interrupted: AbortController, plan: LivePlan, live: Live): void {
  const { surroundings } = live
  const ends = plan.outlivesDeadline === true ? "what runs goes on" : "what runs ends by itself within 10 minutes"
  const signal = surroundings.interrupts?.(
    () => `muster: stopped at once; ${ends}; end it now: ${sweepCommand(plan, live)}\n`,
  )
  signal?.addEventListener("abort", () => {
    surroundings.say("ending what was made; once more stops at once, and leaves it as it is\n")
    interrupted.abort(signal.reason)
  })
}

async function askedFor(plan: LivePlan, live: Live): Promise<boolean> {
  const { given, surroundings } = live
  surroundings.say(planText(plan, sweepCommand(plan, live)))
  return given.switches.has("yes") || (await surroundings.ask?.("Go on?")) === true
}

function sweepCommand({ cluster, owner }: LivePlan, { target, given }: Live): string {
  const where = whereWords({ owner, places: target.places }, given)
  return [`muster sweep --name ${cluster}`, ...where, "--now"].join(" ")
}

async function tell(report: LiveReport, { format, surroundings, directory }: Live): Promise<void> {
  const { out, say, columns } = surroundings
  const { refused, walk } = report
  const files = await written(report, directory, say)
  const data = await dataText({ ...plainReport(report), ...files }, format, surroundings)
  if (data !== undefined) out(data)
  else if (walk !== undefined && files.unwritten === undefined) out(walkText(walk, columns))
  if (refused !== undefined) say(`muster: ${refused}\n`)
  if (data !== undefined || walk === undefined) return
  if (files.unwritten !== undefined) {
    say(walkText(walk, columns))
    out(await reportText(files.unwritten, surroundings))
  }
  if (files.report !== undefined)
    say(`to read: ${files.report.markdown}\nwith all requests, to attach: ${files.report.json}\n`)
  say(restText(walk))
}

interface Files {
  readonly report?: WrittenReport
  /** What no file could take. */
  readonly unwritten?: WalkReport
}

/** A report that cannot be written takes nothing of what was seen away: it goes where the result goes. */
async function written(report: LiveReport, directory: string, say: Surroundings["say"]): Promise<Files> {
  try {
    const paths = await writeLiveReport(report, directory)
    return paths === undefined ? {} : { report: paths }
  } catch (error) {
    const unwritten = await toldReport(report).catch(() => undefined)
    const rest = unwritten === undefined ? "only what was seen follows" : "and follows"
    say(`muster: the report cannot be written into ${directory}, ${rest}: ${(error as Error).message}\n`)
    return unwritten === undefined ? {} : { unwritten }
  }
}

async function reportText(report: WalkReport, { clock }: Surroundings): Promise<string> {
  const { jsonOf } = await clock.busy("loading the report", import("../../../../doctor/report/files.js"))
  return jsonOf(report)
}
