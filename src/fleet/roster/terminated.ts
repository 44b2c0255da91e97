/** Terminated: what is kept of terminated instances, of which a long-lived cluster may have had a hundred thousand. */
import type { Instance } from "../../provider.js"
import { TAG } from "../tags.js"

/** The tags that the receipt, the bills, the reasons of a termination and the verdict on its work read. */
const KEPT_TAGS = [TAG.group, TAG.launch, TAG.generation, TAG.ended] as const

type Tags = Readonly<Record<string, string>>

/** Makes what is kept of an instance; those of one launch call share their tags. */
export class TerminatedInstances {
  #latest: Tags = {}

  /** Without addresses, other tags, and the reason, which the worker keeps. */
  of({ endedAt, endedBy, tags, ...one }: Instance): Instance {
    return {
      id: one.id,
      provider: one.provider,
      name: one.name,
      state: one.state,
      region: one.region,
      zone: one.zone,
      instanceType: one.instanceType,
      market: one.market,
      launchedAt: one.launchedAt,
      tags: this.#tagsOf(tags),
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(endedBy === undefined ? {} : { endedBy }),
    }
  }

  #tagsOf(tags: Tags): Tags {
    const isSame = KEPT_TAGS.every((name) => tags[name] === this.#latest[name])
    if (!isSame) this.#latest = Object.fromEntries(KEPT_TAGS.flatMap((name) => pair(name, tags[name])))
    return this.#latest
  }
}

function pair(name: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value === undefined ? [] : [[name, value]]
}
