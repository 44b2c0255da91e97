/** Lies of lists: whom they show, and how. */
import type { IsBroken } from "../../../../src/simulator/requests/lies.js"
import type { Lies } from "./lie-of.js"
import {
  accepted,
  counter,
  eachItem,
  edited,
  filterOf,
  filters,
  formOf,
  inState,
  isAction,
  listOf,
  refusal,
} from "./rim.js"
import { stateIn, withoutItem, withoutTag } from "./rim.js"

/** What the lists of a cluster say of each instance. */
function ofEach(edit: (id: string, item: string, isBroken: IsBroken) => string): Lies[string] {
  return () => ({
    about: filters("DescribeInstances", "tag:muster-uid"),
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) => eachItem(xml, "instanceId", (id, item) => edit(id, item, isBroken))),
  })
}

function whileRunning(edit: (item: string) => string): Lies[string] {
  return ofEach((id, item, isBroken) => {
    const told = stateIn(item, "instanceState") === "running" ? edit(item) : item
    return told !== item && isBroken(id) ? told : item
  })
}

export const LISTS: Lies = {
  "aws.tags-in-first-list": ofEach((id, item, isBroken) => (isBroken(id) ? withoutTag(item, "muster-group") : item)),
  "aws.lists-show-soon": () => ({
    about: filters("DescribeInstances", "tag:muster-launch"),
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) => eachItem(xml, "instanceId", (id, item) => (isBroken(id) ? withoutItem(item) : item))),
  }),
  "aws.client-token": () => {
    const next = counter()
    return {
      about: filters("DescribeInstances", "client-token"),
      tell: (reply, _request, isBroken) =>
        isBroken(next()) ? accepted(reply, "DescribeInstances", "<reservationSet/>") : reply,
    }
  },
  "aws.filters-find-nothing": (world) => ({
    about: (request) => {
      const ids = isAction(request, "DescribeInstances") ? filterOf(formOf(request), "instance-id") : undefined
      return ids?.every((id) => world.instance(id) === undefined) ?? false
    },
    tell: (reply, request, isBroken) => {
      const [id = ""] = filterOf(formOf(request), "instance-id") ?? []
      const message = `The instance ID '${id}' does not exist`
      return isBroken(id) ? refusal(reply, "InvalidInstanceID.NotFound", message) : reply
    },
  }),
  "aws.unknown-id-fails-list": () => ({
    about: (request) => isAction(request, "DescribeInstances") && formOf(request).has("InstanceId.2"),
    tell: (reply, request, isBroken) =>
      isBroken(formOf(request).get("InstanceId.1") ?? "")
        ? accepted(reply, "DescribeInstances", "<reservationSet/>")
        : reply,
  }),
  "aws.unknown-id-ends-none": (world) => {
    const next = counter()
    const idsOf = (form: URLSearchParams) => listOf(form, "InstanceId")
    return {
      about: (request) =>
        isAction(request, "TerminateInstances") &&
        idsOf(formOf(request)).some((id) => world.instance(id) === undefined),
      tell: (reply, request, isBroken) => {
        if (!isBroken(next())) return reply
        const item = (id: string) =>
          inState(
            inState(
              `<item><instanceId>${id}</instanceId><currentState></currentState><previousState></previousState></item>`,
              "currentState",
              32,
              "shutting-down",
            ),
            "previousState",
            16,
            "running",
          )
        const items = idsOf(formOf(request)).map(item).join("")
        return accepted(reply, "TerminateInstances", `<instancesSet>${items}</instancesSet>`)
      },
    }
  },
  "aws.states-in-order": (world) => {
    const ran = new Set<string>()
    const { about, tell } = ofEach((id, item, isBroken) => {
      const state = stateIn(item, "instanceState")
      if (state === "running") ran.add(id)
      // Counted when it runs: those that never do have no order.
      const broken = ran.has(id) && isBroken(id)
      return broken && state === "shutting-down" ? inState(item, "instanceState", 0, "pending") : item
    })(world)
    return { about, ...(tell === undefined ? {} : { tell }) }
  },
  "aws.address-when-running": whileRunning((item) => item.replace(/<privateIpAddress>[^<]*<\/privateIpAddress>/g, "")),
  "aws.spot-is-listed": whileRunning((item) => item.replace("<instanceLifecycle>spot</instanceLifecycle>", "")),
}
