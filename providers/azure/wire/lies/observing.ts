/** Lies about lists and reads. */
import type { HttpReply, HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import type { IsBroken } from "../../../../src/simulator/requests/lies.js"
import {
  codeOf,
  itemsOf,
  type Json,
  jsonOf,
  lastOf,
  nameOf,
  on,
  propertiesOf,
  refusal,
  type Switch,
  withItems,
  withJson,
  withProperties,
} from "./rim.js"

type Tell = (reply: HttpReply, request: HttpRequest, isBroken: IsBroken) => HttpReply

const vmName = (item: Json) => lastOf(String(item.id ?? ""))
const stateOf = (item: Json) => propertiesOf(item).provisioningState

/** Counts, for each name, how often it was met. */
function counter(): (name: string) => number {
  const counts = new Map<string, number>()
  return (name) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count
  }
}

/** Of a list that shows a VM for the second time or soon after, while that is not on its way out: no two are left out of one list. */
function leftOutOnce(): Tell {
  const seen = counter()
  const orders = new Map<string, number>()
  const hiddenAt = (name: string) => {
    const order = orders.get(name) ?? orders.size
    orders.set(name, order)
    return 2 + (order % 3)
  }
  return (reply, _request, isBroken) => {
    const isHidden = (item: Json) => {
      const name = vmName(item)
      if (stateOf(item) === "Deleting") return false
      const count = seen(name)
      return count >= 2 && count === hiddenAt(name) && isBroken(name)
    }
    return withItems(
      reply,
      itemsOf(reply).filter((item) => !isHidden(item)),
    )
  }
}

/** Of lists that show a VM as made for the second and third time: it is being made again. */
function backOnce(): Tell {
  const made = counter()
  return (reply, _request, isBroken) => {
    const isBack = (item: Json) =>
      stateOf(item) === "Succeeded" && [2, 3].includes(made(vmName(item))) && isBroken(vmName(item))
    const told = itemsOf(reply).map((item) =>
      isBack(item) ? withProperties(item, { provisioningState: "Creating" }) : item,
    )
    return withItems(reply, told)
  }
}

function withoutTag(item: Json, tag: string): Json {
  const { [tag]: _dropped, ...tags } = (item.tags ?? {}) as Json
  return { ...item, tags }
}

const list = on("GET", "vms")

export const OBSERVING: readonly Switch[] = [
  {
    breaks: "azure.tags-first-list",
    make: () => ({
      about: list,
      tell: (reply, _request, isBroken) => {
        const told = itemsOf(reply).map((item) => (isBroken(vmName(item)) ? withoutTag(item, "muster-group") : item))
        return withItems(reply, told)
      },
    }),
  },
  { breaks: "azure.consistency-group", make: () => ({ about: list, tell: leftOutOnce() }) },
  { breaks: "azure.state-order", make: () => ({ about: list, tell: backOnce() }) },
  {
    breaks: "azure.status-list",
    make: () => ({
      about: on("GET", "allVms"),
      tell: (reply, _request, isBroken) =>
        withItems(
          reply,
          itemsOf(reply).filter((item) => !isBroken(vmName(item))),
        ),
    }),
  },
  {
    breaks: "azure.power-states",
    make: () => ({
      about: on("GET", "vm", "instanceView"),
      tell: (reply, request, isBroken) => {
        if (reply.status !== 200 || !isBroken(nameOf(request))) return reply
        const instanceView = { statuses: [{ code: "ProvisioningState/succeeded", level: "Info" }] }
        return withJson(reply, withProperties(jsonOf(reply), { instanceView }))
      },
    }),
  },
  {
    breaks: "azure.unknown-group",
    make: () => ({
      about: on("GET", "group"),
      tell: (reply, request, isBroken) =>
        codeOf(reply) === "ResourceGroupNotFound" && isBroken(nameOf(request))
          ? refusal(reply, 404, "ResourceNotFound")
          : reply,
    }),
  },
  {
    breaks: "azure.date-header",
    make: () => ({
      about: on("GET", "vm"),
      tell: (reply, request, isBroken) =>
        isBroken(nameOf(request)) ? { ...reply, headers: { ...reply.headers, date: "today" } } : reply,
    }),
  },
  {
    breaks: "azure.user-data-read",
    make: () => ({
      about: on("GET", "vm", "userData"),
      tell: (reply, request, isBroken) => {
        if (reply.status !== 200 || !isBroken(nameOf(request))) return reply
        return withJson(reply, withProperties(jsonOf(reply), { userData: "b3RoZXI=" }))
      },
    }),
  },
]
