/** Plan: what a walk would make, and what it costs. Pure. */
import { launchTags, TAG, type Tags } from "../../fleet/tags.js"
import { MOST_AT_ONCE } from "../live/launching.js"
import { estimateUsd, machinesIn, usdPerHour, wavesOf } from "../live/price.js"
import type { WalkSite } from "../live/site.js"
import type { LivePlan } from "./types.js"

export function planOf(site: WalkSite, unknownRights: readonly string[]): LivePlan {
  const { provider, owner, offers, walk, budgetUsd, mostMs } = site
  const [best] = offers
  const { priceSource } = best ?? {}
  return {
    ...{ provider: provider.name, region: provider.region, cluster: owner.cluster, owner: owner.owner },
    instanceType: best?.instanceType ?? "",
    usdPerHour: usdPerHour(site, best) ?? 0,
    ...(priceSource === undefined ? {} : { priceSource }),
    markets: [...new Set(offers.map(({ market }) => market))],
    machines: wavesOf(site).reduce((sum, plan) => sum + machinesIn(site, plan), 0),
    ...{ atOnce: MOST_AT_ONCE, minutes: Math.round(mostMs / 60_000) },
    usd: { likely: estimateUsd(site) ?? 0, most: estimateUsd(site, "most") ?? 0, budget: budgetUsd },
    tags: tagsFor(site),
    ...(provider.limits.outlivesDeadline === true ? { outlivesDeadline: true as const } : {}),
    ...{ assumptions: walk.assumptions.length, unknownRights, sweep: sweepLine(site) },
  }
}

/** A launch's token and its deadline are its own. */
function tagsFor({ owner, group }: WalkSite): Tags {
  const own = launchTags({ ...owner, deadline: "" }, group.name, "")
  const shared = Object.entries(own).filter(([key]) => key !== TAG.launch && key !== TAG.deadline)
  return { ...group.tags, ...Object.fromEntries(shared) }
}

function sweepLine({ provider, owner }: WalkSite): string {
  const { name, region } = provider
  const place = region === "local" ? name : `${name} --region ${region}`
  const whose = owner.owner === "default" ? "" : ` --owner ${owner.owner}`
  return `muster sweep --name ${owner.cluster} --provider ${place}${whose} --now`
}
