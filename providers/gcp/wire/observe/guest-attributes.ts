/** instances.getGuestAttributes: what a guest has written about itself ("Set and query guest attributes"). */
import type { World } from "../../../../src/simulator/index.js"
import { link } from "../account.js"
import type { Handler } from "../client/handler.js"
import type { Properties } from "../client/messages.js"
import { notFound } from "../client/refusals.js"
import { byName } from "./names.js"
import { find } from "./instances.js"

const KIND = "guest-attributes"

/**
 * Writes host keys as the guest agent does at a first boot, where the instance's metadata lets it.
 *
 * @param id "us-central1-a/worker-1"
 * @param keys their blobs in base64, by their types: `{ "ssh-ed25519": "AAAA…" }`.
 */
export function publishHostKeys(world: World, id: string, keys: Readonly<Record<string, string>>): void {
  const [zone = "", name = ""] = id.split("/")
  const instance = byName(world, zone, name)
  const { metadata } = (instance?.attributes.properties ?? {}) as Properties
  const setting = metadata?.items?.find(({ key }) => key === "enable-guest-attributes")?.value
  if (instance === undefined || setting?.toUpperCase() !== "TRUE") return
  const attributes = { ...world.resources.get(KIND, instance.id)?.attributes, ...keys }
  world.resources.put({ kind: KIND, id: instance.id, tags: {}, attributes, goesWith: instance.id })
}

/** Those of one namespace. Where nothing was written, or may be, none is found. */
export const GUEST_ATTRIBUTES: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const { world, project, parameters } = asked
    const { zone = "", instance: name = "", queryPath = "" } = parameters
    const namespace = queryPath.replace(/\/$/, "")
    const written = world.resources.get(KIND, find(asked).id)
    if (written === undefined || namespace !== "hostkeys") throw notFound(queryPath)
    const items = Object.entries(written.attributes).map(([key, value]) => ({ namespace, key, value: String(value) }))
    return {
      kind: "compute#guestAttributes",
      queryPath,
      queryValue: { items },
      selfLink: link(`projects/${project}/zones/${zone}/instances/${name}/getGuestAttributes/${namespace}/`),
    }
  },
}
