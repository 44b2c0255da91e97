/** What the tests of access share: instances of one owner, and what is left of what was opened. */
import { adapterOf } from "../../../providers/azure/adapter.js"
import { connect } from "../../../providers/azure/client/sdk.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import type { AzureOptions } from "../../../providers/azure/index.js"
import type { AccessControl, GroupRequest, Instance, Owner, Provider } from "../../../src/provider.js"
import { NO_ROOM, wishFor } from "../../support/wishes.js"
import { type Cloud, GROUP, offersOf, optionsFor, OWNER, SUBSCRIPTION } from "../support/cloud.js"

export const HOME = "192.0.2.7/32"
export const ACCESS = { from: [HOME], port: 22, isPrivate: false } as const

/** The provider of another process. */
export function another(cloud: Cloud, changes: Partial<AzureOptions> = {}): Provider {
  return adapterOf(parseAzureOptions(optionsFor(cloud.wire, changes)))
}

export function ownerOf(uid: string, cluster = "other"): Owner {
  return { ...OWNER, uid, cluster, claim: uid }
}

interface Whose {
  readonly owner?: Owner
  readonly provider?: Provider
}

/** Running instances of one owner. */
export async function launched(
  cloud: Cloud,
  count: number,
  group: Partial<GroupRequest> = {},
  { owner = OWNER, provider = cloud.provider }: Whose = {},
): Promise<readonly Instance[]> {
  const calls = cloud.calls()
  const prepared = await cloud.run(provider.prepare(owner, { ...GROUP, ...group }, calls))
  const launches = provider.split({ ...wishFor(await offersOf(cloud), count), uid: owner.uid }, prepared, NO_ROOM)
  const all = await cloud.run(Promise.all(launches.map((call) => provider.launch(call, calls))))
  const ids = all.flatMap(({ instances }) => instances.map(({ id }) => id))
  await cloud.run(cloud.clock.sleep(60_000))
  return (await cloud.run(provider.list({ uid: owner.uid }, calls))).filter(({ id }) => ids.includes(id))
}

/** Ends an owner's instances, and then removes what is left of it. */
export async function endAll(cloud: Cloud, { owner = OWNER, provider = cloud.provider }: Whose = {}): Promise<void> {
  const calls = cloud.calls()
  await cloud.run(provider.terminate(await cloud.run(provider.list({ uid: owner.uid }, calls)), calls))
  await cloud.run(cloud.clock.sleep(120_000))
  await cloud.run(provider.remove?.(await leftOf(cloud, { owner, provider }), calls) ?? Promise.resolve())
  await cloud.run(cloud.clock.sleep(120_000))
}

export async function leftOf(cloud: Cloud, { owner = OWNER, provider = cloud.provider }: Whose = {}) {
  const found = await cloud.run(provider.leftovers?.({ uid: owner.uid }, cloud.calls()) ?? Promise.resolve([]))
  return found.filter(({ shared }) => !shared)
}

/** Rules and application security groups, by name. */
export function doorsLeft(cloud: Cloud): readonly string[] {
  return cloud.wire
    .remains()
    .flatMap(({ kind, id }) =>
      /^(securityRules|applicationSecurityGroups)$/.test(kind) ? [id.split("/").at(-1) ?? ""] : [],
    )
    .sort()
}

/** The priorities of rules, by name. */
export function prioritiesOf(cloud: Cloud): Readonly<Record<string, number>> {
  const rules = cloud.world.resources.list({ kind: "securityRules" })
  return Object.fromEntries(
    rules.map(({ attributes }) => {
      const { name, properties } = attributes as { name: string; properties: { priority: number } }
      return [name, properties.priority]
    }),
  )
}

/** A request of a user's own. */
export async function put(cloud: Cloud, path: string, properties: object = {}): Promise<void> {
  const { signal } = new AbortController()
  const url = `/subscriptions/${SUBSCRIPTION}/resourcegroups/${path}?api-version=2024-05-01`
  // A rule has neither a place nor tags.
  const body = path.includes("/securityRules/") ? { properties } : { location: "westeurope", tags: {}, properties }
  const sent = connect(optionsFor(cloud.wire)).arm({ method: "PUT", path: url, body }, signal)
  const { status, body: said } = await cloud.run(cloud.clock.busy("a user's request", sent))
  if (status > 299) throw new Error(JSON.stringify(said))
}

export function controlOf({ access }: Provider): AccessControl {
  if (access === undefined) throw new Error("this provider opens nothing")
  return access
}
