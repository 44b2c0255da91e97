/** The clouds of the fuzz of ends, as their options make them: on Azure also with a resource group of the user's. */
import { connect } from "../../../providers/azure/client/sdk.js"
import type { AzureOptions } from "../../../providers/azure/index.js"
import type { Clock } from "../../../src/calls/clock.js"
import type { Place } from "../../chaos/places.js"
import type { Wire, WiredCloud } from "../../chaos/wires.js"

const CREDENTIAL = {
  getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
}

/** What no end removes: there, a launch on its way meets nothing that is gone. */
const THEIRS = "theirs"

export async function placeFor(cloud: WiredCloud, wire: Wire, isShared: boolean, clock: Clock): Promise<Place> {
  if (cloud !== "azure" || !isShared) return wire.place
  const options = { ...(wire.place.options as unknown as AzureOptions), credential: CREDENTIAL }
  const { subscriptionId, location } = options
  const path = `/subscriptions/${subscriptionId}/resourcegroups/${THEIRS}?api-version=1`
  const request = { method: "PUT", path, body: { location, tags: {} } } as const
  await clock.busy("a group", connect(options).arm(request, new AbortController().signal))
  return { cloud, options: { ...wire.place.options, resourceGroup: THEIRS } }
}
