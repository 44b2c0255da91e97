/** Place: what doctor finds out about one cloud in one region, in the order in which it is told. */
import { MusterError } from "../errors.js"
import { listTagged, type TaggedResources } from "../fleet/leftovers/tagged.js"
import type { Examination, Examined, Finding, GroupRequest, Look, Offer, Provider } from "../provider.js"
import { loadRights } from "../registry.js"
import type { ResolvedGroup, ResolvedSpec } from "../spec/resolved.js"
import { PROVIDER_NAMES } from "../spec/provider-schema.js"
import { accessOf, examinedOf, ownerOf } from "./asked.js"
import { leftFindings } from "./left.js"
import { findingsOf, type Kind, type Looking, type Seen, seenOf } from "./look.js"
import { priceFindings, quotaFindings, soldFor, wishOf } from "./offered.js"
import type { DoctorLine } from "./report.js"
import { type Requests, requestsTo } from "./requests.js"
import { rightFindings } from "./rights.js"

interface Asked {
  readonly spec: ResolvedSpec
  readonly countOf: (group: string) => number
  readonly looking: Looking
}

/** One place while it is looked at. */
interface Site extends Asked {
  readonly provider: Provider
  readonly examination: Examination
  readonly requests: Requests
  readonly kind: Kind
}

/** A group with what fits it. */
interface Stock {
  readonly group: ResolvedGroup
  readonly offers: readonly Offer[]
  readonly examined: Examined
}

type Told = readonly (readonly [check: string, findings: readonly Finding[]])[]

export interface PlaceReport {
  readonly lines: readonly DoctorLine[]
  readonly requests: number
}

/** A provider of the user's own need not have one. */
const NO_EXAMINATION: Examination = { packages: [], smallest: [], looks: [] }

/** @throws the reason of the signal. */
export async function placeReport(provider: Provider, asked: Asked): Promise<PlaceReport> {
  const { clock } = asked.looking
  const place = `${provider.name} ${provider.region}`
  const examining = provider.examine?.() ?? Promise.resolve(NO_EXAMINATION)
  const site: Site = {
    ...asked,
    provider,
    examination: await clock.busy("loading what doctor asks", examining),
    requests: requestsTo(provider, clock),
    kind: PROVIDER_NAMES.some((name) => name !== "local" && name === provider.name) ? { cloud: provider.name } : {},
  }
  const told = await tellAll(site)
  const lines = told.flatMap(([check, findings]) => findings.map((finding) => ({ ...finding, check, place })))
  return { lines, requests: site.requests.count }
}

async function tellAll(site: Site): Promise<Told> {
  const { packages, credential } = site.examination
  const sdk = packages.map(packageFinding)
  const told: Told = sdk.length === 0 ? [] : [["sdk", sdk]]
  if (sdk.some(({ status }) => status === "fail")) return [...told, notAsked("its package is not installed")]
  if (credential === undefined) return [...told, ...(await tellRest(site))]
  // What refuses a credential says itself what to do: no policy is lacking.
  const whose = await findings({ ...site, kind: {} }, credential, await nobodyYet(site))
  const known: Told = [...told, [credential.name, whose]]
  if (whose.some(({ status }) => status === "fail"))
    return [...known, notAsked("no credential was accepted"), ...clockOf(site)]
  return [...known, ...(await tellRest(site))]
}

function notAsked(why: string): Told[number] {
  return ["others", [{ status: "warn", text: `everything else of this place was not looked at: ${why}` }]]
}

function packageFinding({ name, version, install, without }: Examination["packages"][number]): Finding {
  if (version !== undefined) return { status: "ok", text: `${name} ${version}`, data: { name, version } }
  const lack = without === undefined ? "nothing works without it" : `without it ${without}`
  return { status: without === undefined ? "fail" : "warn", text: `${name} is not installed: ${lack}`, remedy: install }
}

/** What the credential is asked with: nothing of the group is known yet. */
async function nobodyYet({ spec, looking }: Site): Promise<Examined> {
  const [group] = spec.groups
  if (group === undefined) throw new MusterError("a spec has a group")
  return examinedOf(ownerOf(spec, looking.clock), group, [], {})
}

function findings({ looking, kind, requests }: Site, look: Look, examined: Examined): Promise<readonly Finding[]> {
  const own = look.isAdvisory === true ? { ...kind, isAdvisory: true as const } : kind
  return findingsOf(looking, own, (signal) => look.look(examined, requests.calls(signal)))
}

async function tellRest(site: Site): Promise<Told> {
  const { provider, looking, kind, requests } = site
  const way = await wayOf(site)
  const { stocks, told: types } = await stocksOf(site, way.value)
  const [looks, quota, left] = await Promise.all([
    tellLooks(site, stocks),
    tellQuotas(site, stocks),
    seenOf(looking, { ...kind, isAdvisory: true }, async (signal) => {
      const calls = requests.calls(signal)
      const value = await listTagged(provider, {}, calls)
      return { findings: leftFindings(value, provider, calls.now()), value }
    }),
  ])
  const rights = await tellRights(site, stocks, left.value ?? { instances: [], leftovers: [] })
  const priced = stocks.filter(({ offers }) => offers.length > 0)
  const prices = priced.map(({ offers }) => ["prices", priceFindings(offers, kind.cloud !== undefined)] as const)
  const access: Told = way.findings.length === 0 ? [] : [["access", way.findings]]
  const ends: Told = [["leftovers", left.findings], ...clockOf(site)]
  return [...types, ...prices, ...looks, ...access, ...rights, ...quota, ...ends]
}

type Way = Pick<GroupRequest, "access" | "peers">

/** Who is to reach the workers; without the range that "here" is, nobody is. */
async function wayOf({ spec, looking, kind }: Site): Promise<Seen<Way>> {
  const peers: Way = spec.peers ? { peers: true } : {}
  const { findings, value } = await seenOf<Way>(looking, kind, async () => {
    const access = await accessOf(spec, looking.clock)
    if (access === undefined) return { findings: [], value: {} }
    const text = `port 22 would be open to ${access.from.join(", ")}`
    return { findings: [{ status: "ok", text }], value: { access } }
  })
  return { findings, value: { ...value, ...peers } }
}

/** One group after the other: those that are alike share what is read. */
async function stocksOf(site: Site, way: Way): Promise<{ readonly stocks: readonly Stock[]; readonly told: Told }> {
  const { spec, provider, looking, kind, requests, examination } = site
  const owner = ownerOf(spec, looking.clock)
  const stocks: Stock[] = []
  const told: [string, readonly Finding[]][] = []
  for (const group of spec.groups) {
    const { findings: found, value: offers } = await seenOf(looking, kind, async (signal) => {
      const sold = await soldFor(provider, group, examination.smallest, requests.calls(signal))
      return { findings: sold.findings, value: sold.offers }
    })
    if (offers !== undefined) stocks.push({ group, offers, examined: examinedOf(owner, group, offers, way) })
    told.push(["types", spec.groups.length === 1 ? found : found.map((one) => ofGroup(one, group.name))])
  }
  return { stocks, told }
}

function ofGroup(finding: Finding, group: string): Finding {
  return { ...finding, text: `group ${group}: ${finding.text}` }
}

/** Without what is sold nothing tells what a group would ask for: then the first group is asked for as it is. */
async function tellLooks(site: Site, stocks: readonly Stock[]): Promise<Told> {
  const examined = stocks.length > 0 ? stocks.map((stock) => stock.examined) : [await nobodyYet(site)]
  return Promise.all(
    site.examination.looks.map(async (look): Promise<Told[number]> => {
      const found = await Promise.all(examined.map((one) => findings(site, look, one)))
      return [look.name, distinct(found.flat())]
    }),
  )
}

function distinct(found: readonly Finding[]): readonly Finding[] {
  return [...new Map(found.map((one) => [`${one.status} ${one.text}`, one])).values()]
}

const NOTHING_SOLD: Finding = { status: "warn", text: "not looked at: what would be launched is not known" }

async function tellQuotas(site: Site, stocks: readonly Stock[]): Promise<Told> {
  const { provider, countOf, looking, kind, requests } = site
  if (provider.headroom === undefined) return []
  const told = stocks.map(async ({ group, offers }): Promise<readonly Finding[]> => {
    const wish = wishOf(group, offers, countOf(group.name))
    if (wish === undefined) return [NOTHING_SOLD]
    return findingsOf(looking, { ...kind, isAdvisory: true }, (signal) =>
      quotaFindings(provider, wish, requests.calls(signal)),
    )
  })
  const found = (await Promise.all(told)).flat()
  return [["quota", found.length > 0 ? distinct(found) : [NOTHING_SOLD]]]
}

async function tellRights(site: Site, stocks: readonly Stock[], tagged: TaggedResources): Promise<Told> {
  const { provider, examination, looking, kind, requests } = site
  const { purposes, rights } = examination
  const examined = stocks.find(({ offers }) => offers.length > 0)?.examined ?? (await nobodyYet(site))
  const name = PROVIDER_NAMES.find((one) => one === provider.name)
  if (purposes === undefined || rights === undefined || name === undefined) return []
  const found = await findingsOf(looking, { ...kind, isAdvisory: true }, async (signal) => {
    const wanted = purposes(examined.group)
    const names = wanted.map((one) => one.name)
    const seen = await rights(names, examined, { ...tagged, answers: requests.answers }, requests.calls(signal))
    const book = await looking.clock.busy("loading the rights", loadRights(name))
    return rightFindings(name, book?.purposes ?? [], wanted, seen)
  })
  return [["rights", found]]
}

/** So much may be the network's, and the answer's whole seconds. */
const AGREEING_MS = 5_000
/** Clouds refuse what was signed five minutes before or after. */
const REFUSED_MS = 4 * 60_000

function clockOf({ kind, requests: { aheadMs } }: Site): Told {
  if (kind.cloud === undefined) return []
  if (aheadMs === undefined) return [["clock", [{ status: "ok", text: "no answer told the cloud's time" }]]]
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  if (Math.abs(aheadMs) < AGREEING_MS) return [["clock", [{ status: "ok", text: "agrees with the cloud's" }]]]
  const text = `this machine's clock is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} the cloud's`
  const remedy = "set it by NTP: tokens and signatures go by it"
  return [["clock", [{ status: Math.abs(aheadMs) > REFUSED_MS ? "fail" : "warn", text, remedy, data: { aheadMs } }]]]
}
