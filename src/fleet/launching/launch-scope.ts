/** Launch scope: what a launch call asked for, as the scope of an answer that names none. */
import type { Scope } from "../../provider.js"
import type { Launch } from "../roster/launches.js"

/** Where, on which market and, where it names a single one, for which type it asked. */
export function launchScopeOf({ provider, call }: Pick<Launch, "provider" | "call">): Scope {
  const { name, region } = provider
  const [first, ...others] = call.offers
  const isOfOneType = others.every(({ instanceType }) => instanceType === first?.instanceType)
  return {
    provider: name,
    region,
    ...(call.zone === undefined ? {} : { zone: call.zone }),
    ...(first === undefined ? {} : { market: first.market }),
    ...(first === undefined || !isOfOneType ? {} : { instanceType: first.instanceType }),
  }
}
