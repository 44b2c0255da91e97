/** Lies about requests that make something, and about the headers of their answers. */
import {
  jsonOf,
  nameOf,
  on,
  propertiesOf,
  refusal,
  type Switch,
  withJson,
  without,
  withProperties,
  codeOf,
} from "./rim.js"

const PUT = on("PUT", "vm")
const ADDED = 201

/** A refusal with another code, of a VM that cannot be made. @param code that of Azure's. */
function otherRefusal(breaks: string, code: string, isOf: (text: string) => boolean = () => true): Switch {
  return {
    breaks,
    make: () => ({
      about: PUT,
      tell: (reply, request, isBroken) =>
        codeOf(reply) === code && isOf(reply.body ?? "") && isBroken(nameOf(request))
          ? refusal(reply, 400, "NothingOfTheKind")
          : reply,
    }),
  }
}

/** What accepts a VM, without something. */
function lacking(breaks: string, ...headers: readonly string[]): Switch {
  return {
    breaks,
    make: () => ({
      about: PUT,
      tell: (reply, request, isBroken) =>
        reply.status === ADDED && isBroken(nameOf(request)) ? without(reply, ...headers) : reply,
    }),
  }
}

/** A VM that is read by its name, with another property. */
function otherProperty(
  breaks: string,
  name: string,
  value: string,
  isOf: (text: unknown) => boolean = () => true,
): Switch {
  return {
    breaks,
    make: () => ({
      about: on("GET", "vm"),
      tell: (reply, request, isBroken) =>
        reply.status === 200 && isOf(propertiesOf(jsonOf(reply))[name]) && isBroken(nameOf(request))
          ? withJson(reply, withProperties(jsonOf(reply), { [name]: value }))
          : reply,
    }),
  }
}

export const LAUNCHING: readonly Switch[] = [
  otherRefusal("azure.image-not-known", "PlatformImageNotFound"),
  otherRefusal("azure.size-not-known", "InvalidParameter", (text) => text.includes("vmSize")),
  otherRefusal("azure.location-not-known", "LocationNotAvailableForResourceType"),
  {
    breaks: "azure.put-only-new",
    make: () => ({
      about: PUT,
      tell: (reply, request, isBroken) =>
        reply.status === 412 && isBroken(nameOf(request))
          ? {
              ...withJson(reply, { name: nameOf(request), properties: { provisioningState: "Updating" } }),
              status: 200,
            }
          : reply,
    }),
  },
  otherProperty("azure.put-replay", "vmId", "00000000-0000-4000-8000-000000000000"),
  {
    breaks: "azure.claim-once",
    make: () => {
      let replays = 0
      return {
        about: on("PUT", "scaleSet"),
        tell: (reply, request, isBroken) => {
          if (reply.status !== 412) return reply
          replays += 1
          if (!isBroken(String(replays))) return reply
          return { ...withJson(reply, { id: request.target, name: nameOf(request) }), status: 200 }
        },
      }
    },
  },
  lacking("azure.async-operation", "azure-asyncoperation"),
  {
    breaks: "azure.retry-after",
    make: () => ({
      about: PUT,
      tell: (reply, request, isBroken) =>
        reply.status === ADDED && isBroken(nameOf(request))
          ? { ...reply, headers: { ...reply.headers, "retry-after": "soon" } }
          : reply,
    }),
  },
  lacking("azure.arm-remaining", "x-ms-ratelimit-remaining-subscription-writes"),
  lacking("azure.compute-remaining", "x-ms-ratelimit-remaining-resource"),
  lacking("azure.request-id", "x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id"),
  otherProperty("azure.time-created", "timeCreated", "yesterday"),
  otherProperty("azure.spot-eviction-policy", "evictionPolicy", "Deallocate", (policy) => policy === "Delete"),
]
