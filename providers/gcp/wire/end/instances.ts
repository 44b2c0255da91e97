/** instances.delete and instances.setLabels. */
import type { Handler } from "../client/handler.js"
import { checkLabels } from "../client/labels.js"
import { asItIs, operationJson, scriptedFailure, startOperation } from "../client/operations.js"
import { remember, remembered } from "../client/request-ids.js"
import { Refusal } from "../client/refusals.js"
import { labelFingerprintOf } from "../observe/instance-json.js"
import { find } from "../observe/instances.js"

export const DELETE: Handler = {
  cost: () => ({ writes: 1 }),
  answer(asked) {
    const { world, project, parameters, settings, principal } = asked
    const { zone = "", instance: name = "", requestId } = parameters
    const scope = `delete/${zone}/${name}`
    const before = remembered(asked, scope)
    if (before !== undefined) return operationJson(asItIs(world, before), project)
    const { id, instanceType, market } = find(asked)
    const failing = settings.answers.next("instances.delete", "operation", { zone, instanceType, market })
    if (failing === undefined) world.terminate([id])
    const outcome = { scope: `zones/${zone}`, type: "delete", target: `zones/${zone}/instances/${name}`, targetId: id }
    const named = requestId === undefined ? {} : { requestId }
    // Of one that goes well its instance knows when it is done.
    const doneInMs = failing === undefined ? Number.POSITIVE_INFINITY : world.draw(settings.operationMs)
    const operation = startOperation(world, `${scope}/${requestId ?? world.ledger.count()}`, doneInMs, {
      ...outcome,
      ...named,
      ...(principal === undefined ? {} : { user: principal.email }),
      ...(failing === undefined ? {} : scriptedFailure(failing)),
    })
    remember(asked, scope, operation)
    return operationJson(operation, project)
  },
}

/** "Labels fingerprint is invalid" where the labels were changed since they were read. */
export const SET_LABELS: Handler = {
  cost: () => ({ writes: 1 }),
  answer(asked) {
    const { world, project, parameters, body, settings, principal } = asked
    const { zone = "", instance: name = "", requestId } = parameters
    const scope = `setLabels/${zone}/${name}`
    const before = remembered(asked, scope)
    if (before !== undefined) return operationJson(before, project)
    const instance = find(asked)
    if (body.labelFingerprint !== labelFingerprintOf(instance))
      throw new Refusal(412, "conditionNotMet", "Labels fingerprint is invalid or resource labels have changed")
    const labels = (body.labels ?? {}) as Readonly<Record<string, string>>
    checkLabels(labels, "resource.labels")
    world.retag(instance.id, labels)
    const target = `zones/${zone}/instances/${name}`
    const outcome = { scope: `zones/${zone}`, type: "setLabels", target, targetId: instance.id }
    const identity = `${scope}/${requestId ?? world.ledger.count()}`
    const operation = startOperation(world, identity, world.draw(settings.operationMs), {
      ...outcome,
      ...(requestId === undefined ? {} : { requestId }),
      ...(principal === undefined ? {} : { user: principal.email }),
    })
    remember(asked, scope, operation)
    return operationJson(operation, project)
  },
}
