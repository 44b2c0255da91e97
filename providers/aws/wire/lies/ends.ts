/** Lies about ends: whether they are accepted, their reasons, and what goes with an instance. */
import type { Lies } from "./lie-of.js"
import { eachItem, edited, elementIn, filterOf, filters, formOf, inState, isAction, stateIn, withItem } from "./rim.js"

const BY_REQUEST = "Client.UserInitiatedShutdown"
const BY_GUEST = "Client.InstanceInitiatedShutdown"

function saysOther(code: string, other: string): Lies[string] {
  return () => ({
    about: (request) =>
      isAction(request, "DescribeInstances") && (filterOf(formOf(request), "instance-id") ?? []).length > 1,
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) =>
        eachItem(xml, "instanceId", (id, item) =>
          item.includes(code) && isBroken(id) ? item.replaceAll(code, other) : item,
        ),
      ),
  })
}

interface Remaining {
  readonly action: string
  readonly filter: string
  readonly set: string
  readonly itemOf: (id: string) => string
}

/** What is asked for by its id and is not there is shown all the same. */
function remains({ action, filter, set, itemOf }: Remaining): Lies[string] {
  return () => ({
    about: filters(action, filter),
    tell: (reply, request, isBroken) => {
      const ids = filterOf(formOf(request), filter) ?? []
      const left = ids.filter((id) => reply.body?.includes(id) === false && isBroken(id))
      return left.reduce((told, id) => edited(told, (xml) => withItem(xml, set, itemOf(id))), reply)
    },
  })
}

export const ENDS: Lies = {
  "aws.ends-while-pending": () => {
    const answered = new Set<string>()
    return {
      about: (request) => isAction(request, "TerminateInstances"),
      tell: (reply, _request, isBroken) =>
        edited(reply, (xml) =>
          eachItem(xml, "instanceId", (id, item) => {
            if (stateIn(item, "previousState") !== "pending" || answered.has(id)) return item
            answered.add(id)
            return isBroken(id) ? inState(item, "currentState", 0, "pending") : item
          }),
        ),
    }
  },
  "aws.reason-by-request": saysOther(BY_REQUEST, BY_GUEST),
  "aws.reason-by-guest": saysOther(BY_GUEST, BY_REQUEST),
  "aws.volume-goes": remains({
    action: "DescribeVolumes",
    filter: "volume-id",
    set: "volumeSet",
    itemOf: (id) => `<item><volumeId>${id}</volumeId><status>available</status></item>`,
  }),
  "aws.interface-goes": remains({
    action: "DescribeNetworkInterfaces",
    filter: "network-interface-id",
    set: "networkInterfaceSet",
    itemOf: (id) => `<item><networkInterfaceId>${id}</networkInterfaceId><status>available</status></item>`,
  }),
  "aws.spot-request-ends": () => ({
    about: filters("DescribeSpotInstanceRequests", "instance-id"),
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) =>
        eachItem(xml, "spotInstanceRequestId", (_id, item) =>
          isBroken(elementIn(item, "instanceId"))
            ? item.replace("<state>closed</state>", "<state>active</state>")
            : item,
        ),
      ),
  }),
}
