/** Lies about ends: deletions, what is gone, what stays. */
import type { JsonObject } from "../../../../src/provider.js"
import type { HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import { isDiskList } from "./observing.js"
import {
  anotherId,
  instanceIn,
  isBeside,
  isInstanceList,
  type MakeLie,
  refusal,
  type Route,
  routeOf,
  text,
  toldItems,
  without,
  withQuery,
} from "./rim.js"

/** The instance that a request deletes. */
function deletedBy(route: Route): string | undefined {
  return route.method === "DELETE" ? instanceIn(route) : undefined
}

const NOBODYS = "nobodys-instance-"

function isOurs(name: string): boolean {
  return !name.startsWith(NOBODYS) && !isBeside(name)
}

/** The first deletion of an instance is refused, and not carried out. */
const deleteWhileMade: MakeLie = () => {
  const asked = new Set<string>()
  const refused = new WeakSet<HttpRequest>()
  return {
    about: (request) => {
      const name = deletedBy(routeOf(request))
      return name !== undefined && isOurs(name)
    },
    ask: (request, isBroken) => {
      const name = deletedBy(routeOf(request)) ?? ""
      const isFirst = !asked.has(name)
      asked.add(name)
      if (!isFirst || !isBroken(name)) return request
      refused.add(request)
      return { ...request, method: "GET", target: routeOf(request).path }
    },
    tell: (reply, request) =>
      refused.has(request)
        ? refusal(reply, 400, "resourceNotReady", `The resource '${routeOf(request).path}' is not ready`)
        : reply,
  }
}

const deleteReplay: MakeLie = () => {
  const seen = new Set<string>()
  return {
    about: (request) => {
      const route = routeOf(request)
      const name = deletedBy(route)
      if (name === undefined || !isOurs(name)) return false
      const key = `${name}/${route.query.get("requestId")}`
      const isRepeated = seen.has(key)
      seen.add(key)
      return isRepeated
    },
    ask: (request, isBroken) => {
      const route = routeOf(request)
      const requestId = anotherId(route.query.get("requestId"))
      return isBroken(route.path) ? withQuery(request, { requestId }) : request
    },
  }
}

const deleteUnknown: MakeLie = () => ({
  about: (request) => deletedBy(routeOf(request))?.startsWith(NOBODYS) === true,
  tell: (reply, request, isBroken) =>
    isBroken(routeOf(request).path) ? refusal(reply, 400, "invalid", "Invalid value for field 'instance'.") : reply,
})

const goneNotFound: MakeLie = () => ({
  about: (request) => {
    const route = routeOf(request)
    const { method, query } = route
    return method === "GET" && instanceIn(route) !== undefined && query.get("fields") === "kind,name,status"
  },
  tell: (reply, request, isBroken) =>
    reply.status === 404 && isBroken(routeOf(request).path)
      ? refusal(reply, 400, "invalid", "Invalid value for field 'instance'.")
      : reply,
})

/** Disks that were listed once are listed for ever. */
const diskGoes: MakeLie = () => {
  const known = new Map<string, JsonObject>()
  return {
    about: (request) => isDiskList(routeOf(request)),
    tell: (reply, _request, isBroken) =>
      toldItems(reply, (items) => {
        for (const item of items) if (!isBeside(text(item.name))) known.set(text(item.name), item)
        const there = new Set(items.map(({ name }) => text(name)))
        const stayed = [...known].filter(([name]) => !there.has(name) && isBroken(name))
        return [...items, ...stayed.map(([, item]) => without(item, "users"))]
      }),
  }
}

/** What nobody has deleted is listed as running for ever. */
const deadline: MakeLie = () => {
  const known = new Map<string, JsonObject>()
  const deleted = new Set<string>()
  const isOfCluster = (filter: string) => filter.includes("muster-uid") && !filter.includes("muster-launch")
  return {
    about: (request) => {
      const route = routeOf(request)
      const name = deletedBy(route)
      if (name !== undefined) deleted.add(name)
      return isInstanceList(route) && isOfCluster(route.query.get("filter") ?? "")
    },
    tell: (reply, _request, isBroken) =>
      toldItems(reply, (items) => {
        const running = items.filter(({ status }) => status === "RUNNING")
        for (const item of running) if (isOurs(text(item.name))) known.set(text(item.name), item)
        const there = new Set(running.map(({ name }) => text(name)))
        const stays = new Map([...known].filter(([name]) => !there.has(name) && !deleted.has(name) && isBroken(name)))
        return [...items.filter(({ name }) => !stays.has(text(name))), ...stays.values()]
      }),
  }
}

export const ENDING: Readonly<Record<string, MakeLie>> = {
  "gcp.delete-while-made": deleteWhileMade,
  "gcp.delete-replay": deleteReplay,
  "gcp.delete-unknown": deleteUnknown,
  "gcp.gone-not-found": goneNotFound,
  "gcp.disk-goes": diskGoes,
  "gcp.deadline": deadline,
}
