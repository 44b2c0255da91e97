/** Live: looks without making anything, says what would be made and asks, and walks. */
import { join } from "node:path"
import { systemClock } from "../../calls/clock.js"
import { stateDirectory } from "../../client/machine.js"
import { MusterError, SpecError, TimeoutError } from "../../errors.js"
import { FileJournal } from "../../fleet/journal/journal.js"
import { resolveProviders } from "../../fleet/opening/providers.js"
import { ownerProcessTag } from "../../fleet/ownership/owner-process.js"
import type { GroupRequest, Offer, Owner, Provider, Walk } from "../../provider.js"
import { type ClusterSpec, resolveSpec } from "../../spec.js"
import type { ResolvedGroup, ResolvedSpec } from "../../spec/resolved.js"
import { examine } from "../examine.js"
import type { DoctorReport, DoctorSpec } from "../report.js"
import { chosenOffers } from "./choose.js"
import { aboveBudget, endingRights, failingLines } from "./gates.js"
import { hexOf, MOST_AT_ONCE } from "../live/launching.js"
import type { WalkOutcome } from "../live/outcome.js"
import { planOf } from "./plan.js"
import { estimateUsd } from "../live/price.js"
import type { WalkSite } from "../live/site.js"
import type { LiveOptions, LivePlan, LiveReport } from "./types.js"
import { runWalk } from "../live/walk.js"
import { endsAfter, Witness } from "../live/witness.js"

const BUDGET_USD = 0.2
const MOST_MS = 15 * 60_000
/** What is sold, with its prices, is known by then. */
const CHOSEN_WITHIN_MS = 2 * 60_000

/** @throws SpecError when the spec or an option is wrong; the signal's reason where nothing was made yet. */
export async function examineLive(spec: DoctorSpec, options: LiveOptions): Promise<LiveReport> {
  const { signal = new AbortController().signal } = options
  checkOptions(options)
  const own = walkSpec(spec, options)
  const resolved = resolveSpec(own as ClusterSpec)
  const clock = options.clock ?? systemClock
  const [plain, ...more] = await resolveProviders(resolved, clock)
  if (plain === undefined || more.length > 0) throw notOnePlace(more.length + 1)
  const { timeoutMs, journal, env } = options
  const report = await examine(
    { ...own, provider: plain },
    {
      ...{ clock, signal, workers: MOST_AT_ONCE },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(journal === undefined ? {} : { journal }),
      ...(env === undefined ? {} : { env }),
    },
  )
  options.onDoctor?.(report)
  const found = await readyOrNot(plain, resolved, report, { ...options, clock, signal })
  if ("refused" in found) return { status: "fail", doctor: report, ...found }
  const { site, plan } = found
  const isConfirmed = await options.confirm(plan)
  signal.throwIfAborted()
  if (!isConfirmed) return { status: "fail", doctor: report, plan, refused: "it was not confirmed: nothing was made" }
  const walk = await runWalk(site)
  return { status: statusOf(walk), doctor: report, plan, walk }
}

function checkOptions({ budgetUsd = BUDGET_USD, confirm }: LiveOptions): void {
  const wrong = (option: string, value: unknown, rule: string) =>
    new SpecError([{ option: `liveDoctor.${option}`, value, message: `is ${String(value)}; ${rule}` }])
  if (!(budgetUsd > 0 && Number.isFinite(budgetUsd)))
    throw wrong("budgetUsd", budgetUsd, "use an amount of USD above 0")
  if (typeof confirm !== "function")
    throw wrong("confirm", confirm, "give a function: it is shown the plan, and nothing is made unless it returns true")
}

function notOnePlace(count: number): SpecError {
  const message = `is ${count} places; machines are made in exactly one: name one provider and one region`
  return new SpecError([{ option: "liveDoctor.provider", value: count, message }])
}

/** Of what a user's workers are, what the walk's machines must have as well. */
const SHARED = ["provider", "region", "owner", "tags", "image", "publicAddress", "arch", "zones"] as const

function walkSpec(spec: DoctorSpec, { instanceType }: LiveOptions): DoctorSpec {
  const given = spec as unknown as Readonly<Record<string, unknown>>
  const groups = Object.values((given.groups ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>)
  const [first] = groups
  // A group's tags go beside those of its cluster.
  const tags = { ...(given.tags as object | undefined), ...(first?.tags as object | undefined) }
  const said: typeof given = { ...given, ...first, ...(Object.keys(tags).length === 0 ? {} : { tags }) }
  const shared = SHARED.flatMap((key) => (said[key] === undefined ? [] : [[key, said[key]] as const]))
  return {
    ...Object.fromEntries(shared),
    ...(instanceType === undefined ? {} : { instanceType }),
  } as unknown as DoctorSpec
}

type Given = LiveOptions & Required<Pick<LiveOptions, "clock" | "signal">>
type Found =
  | { readonly site: WalkSite; readonly plan: LivePlan }
  | { readonly refused: string; readonly plan?: LivePlan }

async function readyOrNot(plain: Provider, spec: ResolvedSpec, report: DoctorReport, given: Given): Promise<Found> {
  const { clock, budgetUsd = BUDGET_USD } = given
  const failing = failingLines(report)
  if (failing !== undefined) return { refused: failing }
  const witness = new Witness(clock)
  if (plain.walk === undefined) return { refused: `${plain.name} has nothing that could be walked: nothing was made` }
  const walk = await clock.busy("loading the walk", plain.walk(witness.tap))
  const { refused, unknown } = endingRights(report, walk)
  if (refused !== undefined) return { refused }
  const [group] = spec.groups
  if (group === undefined) throw new MusterError("a spec has a group")
  try {
    const offers = await chosenInTime({ walk, budgetUsd }, group, witness, given)
    const site = siteOf(spec, group, { walk, witness, offers, given })
    const plan = planOf(site, unknown)
    const dear = aboveBudget(estimateUsd(site, "most") ?? Number.POSITIVE_INFINITY, budgetUsd)
    return dear === undefined ? { site, plan } : { refused: dear, plan }
  } catch (error) {
    given.signal.throwIfAborted()
    return { refused: `${error instanceof Error ? error.message : String(error)}` }
  }
}

async function chosenInTime(
  { walk, budgetUsd }: { readonly walk: Walk; readonly budgetUsd: number },
  group: ResolvedGroup,
  witness: Witness,
  { clock, signal: outer }: Given,
): Promise<readonly Offer[]> {
  const { provider } = walk
  const late = () => new TimeoutError("what is sold here was not answered in time")
  const { signal, done } = endsAfter(clock, { signal: outer, ms: CHOSEN_WITHIN_MS, reason: late })
  try {
    return await chosenOffers({ walk, provider, budgetUsd }, group, witness.callsTo(provider.limits, signal))
  } finally {
    done()
  }
}

interface Known {
  readonly walk: Walk
  readonly witness: Witness
  readonly offers: readonly Offer[]
  readonly given: Given
}

function siteOf(spec: ResolvedSpec, { tags, image, publicAddress }: ResolvedGroup, known: Known): WalkSite {
  const { walk, witness, offers, given } = known
  const { clock, signal, budgetUsd = BUDGET_USD, say = () => {} } = given
  const uid = hexOf(clock)
  const cluster = `doctor-${uid.slice(0, 6)}`
  const owner = { cluster, uid, owner: spec.owner, generation: 1, claim: hexOf(clock), holder: ownerProcessTag(clock) }
  const group: GroupRequest = {
    ...{ name: "doctor", environment: {}, archs: [], tags, publicAddress },
    ...(image === undefined ? {} : { image }),
  }
  const journal = journalOf(walk.provider, owner, given)
  return {
    ...{ walk, provider: walk.provider, witness, clock, signal, owner, offers, group },
    ...{ budgetUsd, mostMs: MOST_MS, say },
    ...journal,
  }
}

/** The deadline is written anew before each launch. */
function journalOf(
  { name, region, whereabouts }: Provider,
  owner: WalkSite["owner"],
  { journal, env = process.env, clock }: Given,
): Pick<WalkSite, "journal" | "journalDirectory"> {
  if (journal === false) return {}
  const directory = journal ?? join(stateDirectory(env as NodeJS.ProcessEnv), "muster", "journal")
  const whole: Owner = { ...owner, deadline: String(Math.ceil((clock.now() + MOST_MS) / 1000)) }
  const places = [{ provider: name, region, options: whereabouts?.() ?? {} }]
  return { journal: new FileJournal(directory, whole, clock, places), journalDirectory: directory }
}

function statusOf({ assumptions, left, stopped, workers }: WalkOutcome): LiveReport["status"] {
  const has = (verdict: string) => assumptions.some((one) => one.verdict === verdict)
  if (left.length > 0 || stopped !== undefined || has("refuted") || workers.length === 0) return "fail"
  return has("not seen") ? "warn" : "ok"
}
