/** instances.setTags. */
import type { Handler } from "../client/handler.js"
import { operationJson, startOperation } from "../client/operations.js"
import { Refusal } from "../client/refusals.js"
import { remember, remembered } from "../client/request-ids.js"
import { find } from "../observe/instances.js"
import { networkTagsOf, setNetworkTags, tagFingerprintOf } from "../observe/network-tags.js"
import { checkTags } from "../prepare/firewall-rules.js"

/** "You must always provide an up-to-date fingerprint hash in order to update or change tags." */
export const SET_TAGS: Handler = {
  cost: () => ({ writes: 1 }),
  answer(asked) {
    const { world, project, parameters, body, settings } = asked
    const { zone = "", instance: name = "", requestId } = parameters
    const scope = `setTags/${zone}/${name}`
    const before = remembered(asked, scope)
    if (before !== undefined) return operationJson(before, project)
    const instance = find(asked)
    if (body.fingerprint !== tagFingerprintOf(instance.id, networkTagsOf(world, instance)))
      throw new Refusal(412, "conditionNotMet", "Supplied fingerprint does not match current tags fingerprint.")
    const items = (body.items ?? []) as readonly string[]
    checkTags("resource.items", items)
    setNetworkTags(world, instance.id, items)
    const target = `zones/${zone}/instances/${name}`
    const identity = `${scope}/${requestId ?? world.ledger.count()}`
    const operation = startOperation(world, identity, world.draw(settings.operationMs), {
      ...{ scope: `zones/${zone}`, type: "setTags", target, targetId: instance.id },
      ...(requestId === undefined ? {} : { requestId }),
    })
    remember(asked, scope, operation)
    return operationJson(operation, project)
  },
}
