/** Tags on what is there already. */
import type { World } from "../../../../src/simulator/index.js"
import { checkInstanceIds, checkKnown } from "../client/ids.js"
import { Refusal } from "../client/refusals.js"
import { type Action, checkDryRun, listOf } from "../client/action.js"
import { checkTag, MAX_TAGS } from "../client/tags.js"

/** "Up to 1000 resource IDs" (CreateTags, EC2 API Reference). */
const MOST = 1000

/** Instances only: nothing else is tagged after it is made. */
export const createTags: Action = {
  members: {
    "ResourceId!": { list: "string" },
    "Tag!": { list: { struct: { "Key!": "string", Value: "string" } } },
    DryRun: "boolean",
  },
  cost: () => ({ CreateTags: 1 }),
  answer(world, values) {
    const ids = [...new Set(listOf(values.ResourceId))]
    if (ids.length > MOST)
      throw new Refusal("ResourceCountExceeded", `A request may name ${MOST} resources; this one names ${ids.length}`)
    checkInstanceIds(ids)
    const tags = listOf<{ Key: string; Value?: string }>(values.Tag)
    for (const { Key: key, Value: value = "" } of tags) checkTag(key, value, true)
    checkKnown(ids, (id) => isThere(world, id))
    checkDryRun(values)
    const added = Object.fromEntries(tags.map(({ Key, Value = "" }) => [Key, Value]))
    for (const id of ids) retag(world, id, added)
    return {}
  },
}

/** Right after a launch an instance is known here no sooner than in lists ("Eventual consistency"). */
function isThere(world: World, id: string): boolean {
  return world.visible({ ids: [id] }).length > 0
}

function retag(world: World, id: string, added: Readonly<Record<string, string>>): void {
  const tags = { ...world.instance(id)?.tags, ...added }
  if (Object.keys(tags).length > MAX_TAGS)
    throw new Refusal("TagLimitExceeded", `The maximum number of tags for a resource is ${MAX_TAGS}.`)
  world.retag(id, tags)
}
