/** Fleets: what is split, sent and made, on a cloud that a test may exchange. */
import type { FleetBody } from "../../../providers/aws/launch/fleet-bodies.js"
import type { LaunchCall, Launched, Market, Offer, Room, Wish } from "../../../src/provider.js"
import { type Cloud, NO_ROOM, prepareOf, wishFor } from "./cloud.js"

export const TYPES = ["m7i.large", "c7i.large", "m7i.4xlarge"]

export const fleetOf = (call: LaunchCall) => (call.body as unknown as FleetBody).fleet

/** The templates that fleets launch from; a cluster's claim is one from which nothing is launched. */
export function templatesIn({ world }: Cloud) {
  return world.resources
    .list({ kind: "launch-template" })
    .filter(({ attributes }) => !String(attributes.name).includes("-generation-"))
}

export function fleetsOn(cloud: () => Cloud) {
  const offersOn = async (market: Market, instanceTypes: readonly string[] = TYPES): Promise<readonly Offer[]> =>
    cloud().run(cloud().provider.offers({ instanceTypes, markets: [market] }, cloud().bare()))

  const splitOn = async (market: Market, count: number, wish: Partial<Wish> = {}, room: Room = NO_ROOM) => {
    const offers = wish.offers ?? (await offersOn(market))
    const whole = wishFor(offers, count, { market, spread: "zones", ...wish })
    return cloud().provider.split(whole, await prepareOf(cloud()), room)
  }

  const spotCall = async (count = 10): Promise<LaunchCall> => {
    const [call] = await splitOn("spot", count)
    if (call === undefined) throw new Error("no launch call")
    return call
  }

  const send = (call: LaunchCall): Promise<Launched> => cloud().run(cloud().provider.launch(call, cloud().bare()))

  return { offersOn, splitOn, spotCall, send }
}

/** The same request under another token. */
export function underAnotherToken(call: LaunchCall): LaunchCall {
  const token = `${call.token.slice(0, -1)}${call.token.endsWith("0") ? "1" : "0"}`
  return JSON.parse(JSON.stringify(call).replaceAll(call.token, token)) as LaunchCall
}
