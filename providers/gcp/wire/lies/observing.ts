/** Lies about lists and other reads. */
import type { JsonObject } from "../../../../src/provider.js"
import type { IsBroken } from "../../../../src/simulator/requests/lies.js"
import {
  instanceIn,
  isBeside,
  isInstanceList,
  type MakeLie,
  refusal,
  type Route,
  routeOf,
  text,
  told,
  toldEach,
  toldItems,
  without,
  withQuery,
} from "./rim.js"

/** Of each instance of the walk in each list. */
function eachListed(
  change: (item: JsonObject) => JsonObject,
  isIn: (item: JsonObject) => boolean = () => true,
): MakeLie {
  return () => ({
    about: (request) => isInstanceList(routeOf(request)),
    tell: (reply, _request, isBroken) =>
      toldEach(reply, (item) => {
        const name = text(item.name)
        return !isBeside(name) && isIn(item) && isBroken(name) ? change(item) : item
      }),
  })
}

const GROUP = "muster-group"

const labelsAtOnce = eachListed((item) => ({ ...item, labels: without((item.labels ?? {}) as JsonObject, GROUP) }))

const marketShown = eachListed((item) => {
  const { provisioningModel } = (item.scheduling ?? {}) as JsonObject
  const isSpot = provisioningModel === "SPOT"
  return { ...item, scheduling: { provisioningModel: isSpot ? "STANDARD" : "SPOT", preemptible: !isSpot } }
})

const addressShown = eachListed(
  (item) => {
    const nics = (item.networkInterfaces ?? []) as readonly JsonObject[]
    return { ...item, networkInterfaces: nics.map((nic) => without(nic, "accessConfigs")) }
  },
  ({ status }) => status === "RUNNING",
)

/** At which list that shows an instance as running it is lied about, once. */
const NTH = 3

function onceRunning(change: (item: JsonObject) => readonly JsonObject[], [from, to] = [NTH, NTH]): MakeLie {
  return () => {
    const shown = new Map<string, number>()
    const isNow = (item: JsonObject, isBroken: IsBroken) => {
      const name = text(item.name)
      if (isBeside(name) || item.status !== "RUNNING") return false
      const times = (shown.get(name) ?? 0) + 1
      shown.set(name, times)
      return times >= from && times <= to && isBroken(name)
    }
    return {
      about: (request) => isInstanceList(routeOf(request)),
      tell: (reply, _request, isBroken) =>
        toldItems(reply, (items) => items.flatMap((item) => (isNow(item, isBroken) ? change(item) : [item]))),
    }
  }
}

const listsConsistent = onceRunning(() => [])
const statesInOrder = onceRunning((item) => [{ ...item, status: "STAGING" }], [2, 3])

const diskLabels: MakeLie = () => ({
  about: (request) => isDiskList(routeOf(request)),
  tell: (reply, _request, isBroken) =>
    toldEach(reply, (item) => {
      const name = text(item.name)
      return !isBeside(name) && isBroken(name) ? without(item, "labels") : item
    }),
})

export function isDiskList({ method, path }: Route): boolean {
  return method === "GET" && /\/zones\/[^/]+\/disks$/.test(path)
}

/** Lists of names alone are those that a walk tries filters and pages with. */
function isNamesList({ method, path, query }: Route): boolean {
  const fields = query.get("fields") ?? ""
  return (
    method === "GET" && /\/zones\/[^/]+\/instances$/.test(path) && !fields.includes("status") && query.has("filter")
  )
}

const labelFilter: MakeLie = () => ({
  about: (request) => {
    const route = routeOf(request)
    return isNamesList(route) && !route.query.has("maxResults")
  },
  ask: (request, isBroken) =>
    isBroken(routeOf(request).query.get("filter") ?? "") ? withQuery(request, { filter: null }) : request,
})

const pagesOfOne: MakeLie = () => {
  let lists = 0
  return {
    about: (request) => {
      const route = routeOf(request)
      return isNamesList(route) && route.query.get("maxResults") === "1"
    },
    tell: (reply, request, isBroken) => {
      if (routeOf(request).query.has("pageToken")) return reply
      lists += 1
      return isBroken(String(lists)) ? told(reply, (body) => without(body, "nextPageToken")) : reply
    },
  }
}

const fieldMasks: MakeLie = () => ({
  about: (request) => {
    const route = routeOf(request)
    return route.method === "GET" && instanceIn(route) !== undefined && route.query.get("fields") === "kind,name"
  },
  ask: (request, isBroken) => (isBroken(routeOf(request).path) ? withQuery(request, { fields: null }) : request),
})

const projectLists: MakeLie = () => {
  let lists = 0
  return {
    about: (request) => routeOf(request).path.endsWith("/aggregated/instances"),
    tell: (reply, _request, isBroken) => {
      lists += 1
      if (!isBroken(String(lists))) return reply
      const code = "SOMETHING_IS_MISSING"
      return { ...reply, body: (reply.body ?? "").replaceAll("NO_RESULTS_ON_PAGE", code) }
    },
  }
}

const dateHeader: MakeLie = () => {
  let answers = 0
  return {
    about: () => true,
    tell: (reply, _request, isBroken) => {
      answers += 1
      return isBroken(String(answers)) ? { ...reply, headers: { ...reply.headers, date: "soon" } } : reply
    },
  }
}

const consoleTail: MakeLie = () => ({
  about: (request) => {
    const { path, query } = routeOf(request)
    return path.endsWith("/serialPort") && query.get("start") === "-100"
  },
  ask: (request, isBroken) => (isBroken(routeOf(request).path) ? withQuery(request, { start: null }) : request),
})

const labelFingerprint: MakeLie = () => ({
  about: (request) => routeOf(request).path.endsWith("/setLabels"),
  tell: (reply, request, isBroken) => {
    if (!isBroken(routeOf(request).path)) return reply
    const operation = {
      kind: "compute#operation",
      name: "operation-labels",
      operationType: "setLabels",
      status: "DONE",
    }
    return { status: 200, headers: reply.headers, body: JSON.stringify(operation) }
  },
})

const hostKeys: MakeLie = () => ({
  about: (request) => routeOf(request).path.endsWith("/getGuestAttributes"),
  tell: (reply, request, isBroken) =>
    isBroken(routeOf(request).path) ? refusal(reply, 404, "notFound", "The resource 'hostkeys/' was not found") : reply,
})

export const OBSERVING: Readonly<Record<string, MakeLie>> = {
  "gcp.labels-at-once": labelsAtOnce,
  "gcp.lists-consistent": listsConsistent,
  "gcp.states-in-order": statesInOrder,
  "gcp.market-shown": marketShown,
  "gcp.address-shown": addressShown,
  "gcp.disk-labels": diskLabels,
  "gcp.label-filter": labelFilter,
  "gcp.pages": pagesOfOne,
  "gcp.field-masks": fieldMasks,
  "gcp.project-lists": projectLists,
  "gcp.date-header": dateHeader,
  "gcp.console-tail": consoleTail,
  "gcp.label-fingerprint": labelFingerprint,
  "gcp.host-keys": hostKeys,
}
