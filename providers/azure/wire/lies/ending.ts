/** Lies about the parts of VMs, and about what becomes of VMs and groups that are deleted. */
import type { Lie } from "../../../../src/simulator/requests/lies.js"
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

type Parts = "nics" | "addresses" | "disks"

/** Each item of a list that is lied about, otherwise. */
function items(breaks: string, parts: Parts, tell: (item: Json) => Json): Switch {
  return {
    breaks,
    make: () => ({
      about: on("GET", parts),
      tell: (reply, _request, isBroken) =>
        withItems(
          reply,
          itemsOf(reply).map((item) => (isBroken(idOf(item)) ? tell(item) : item)),
        ),
    }),
  }
}

const idOf = (item: Json) => String(item.id ?? "").toLowerCase()

/** Lists go on showing what they have shown once. */
function staying(breaks: string, parts: Parts): Switch {
  return {
    breaks,
    make: () => {
      const shown = new Map<string, Json>()
      return {
        about: on("GET", parts),
        tell: (reply, request, isBroken) => {
          if (reply.status !== 200) return reply
          const there = new Set(itemsOf(reply).map(idOf))
          for (const item of itemsOf(reply)) shown.set(idOf(item), item)
          const group = request.target.split("/")[4]?.toLowerCase() ?? ""
          const left = [...shown].filter(
            ([id]) => !there.has(id) && id.includes(`/resourcegroups/${group}/`) && isBroken(id),
          )
          return withItems(reply, [...itemsOf(reply), ...left.map(([, item]) => item)])
        },
      }
    },
  }
}

function withoutTags({ tags: _tags, ...item }: Json): Json {
  return item
}

/** What is on its way out is told as if it stayed. */
function notLeaving(path: "vm" | "group"): Omit<Lie, "breaks"> {
  return {
    about: on("GET", path),
    tell: (reply, request, isBroken) =>
      propertiesOf(jsonOf(reply)).provisioningState === "Deleting" && isBroken(nameOf(request))
        ? withJson(reply, withProperties(jsonOf(reply), { provisioningState: "Succeeded" }))
        : reply,
  }
}

export const ENDING: readonly Switch[] = [
  items("azure.inline-nic", "nics", (item) => withProperties(item, { virtualMachine: { id: "/another" } })),
  items("azure.nic-tags", "nics", withoutTags),
  staying("azure.nic-gone", "nics"),
  items("azure.inline-address", "addresses", (item) => withProperties(item, { ipAddress: undefined })),
  items("azure.static-address", "addresses", (item) => withProperties(item, { publicIPAllocationMethod: "Dynamic" })),
  items("azure.address-tags", "addresses", withoutTags),
  staying("azure.address-gone", "addresses"),
  items("azure.disk-name", "disks", (item) => {
    const name = `disk-${lastOf(idOf(item)).slice(7, 20)}`
    return { ...item, name, id: `${String(item.id).replace(/\/[^/]*$/, "")}/${name}` }
  }),
  staying("azure.disk-gone", "disks"),
  {
    breaks: "azure.delete-while-creating",
    make: () => {
      const asked = new Set<string>()
      return {
        about: on("DELETE", "vm"),
        tell: (reply, request, isBroken) => {
          const name = nameOf(request)
          if (reply.status !== 202 || asked.has(name)) return reply
          asked.add(name)
          return isBroken(name) ? refusal(reply, 409, "AnotherOperationInProgress") : reply
        },
      }
    },
  },
  { breaks: "azure.deleting-state", make: () => notLeaving("vm") },
  {
    breaks: "azure.read-of-none",
    make: () => ({
      about: on("GET", "vm"),
      tell: (reply, request, isBroken) =>
        codeOf(reply) === "ResourceNotFound" && isBroken(nameOf(request)) ? refusal(reply, 400, "NoSuchThing") : reply,
    }),
  },
  {
    breaks: "azure.delete-of-none",
    make: () => ({
      about: on("DELETE", "vm"),
      tell: (reply, request, isBroken) =>
        reply.status === 204 && isBroken(nameOf(request)) ? { ...reply, status: 202 } : reply,
    }),
  },
  { breaks: "azure.group-deletion", make: () => notLeaving("group") },
]
