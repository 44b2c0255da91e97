/**
 * The insert operations of a bulk request, one for each VM, in the VM's zone and of the bulk operation's group. What became of
 * a VM stands there and nowhere else, unless the request came to nothing at all.
 */
import type { JsonObject } from "../../../../src/provider.js"
import { uuidOf } from "../../client/ids/names.js"
import { hexOf } from "../account.js"
import type { Asked } from "../client/handler.js"
import { startOperation, statusOf } from "../client/operations.js"

/** A VM that could not be made, and why. */
export interface FailedVm {
  readonly name: string
  readonly zone: string
  readonly error: JsonObject
}

/** Google shows the group as a UUID, although the API's description says only that it is a text. */
export function groupOf(identity: string): string {
  return uuidOf(hexOf(`group/${identity}`, 32))
}

/** Those that failed are kept as operations; those that went well are many, and written when they are asked for. */
export function keepFailed({ world }: Asked, failed: readonly FailedVm[], group: string, doneInMs: number): void {
  for (const { name, zone, error } of failed) {
    const target = `zones/${zone}/instances/${name}`
    startOperation(world, `insert/${group}/${target}`, doneInMs, {
      ...{ scope: `zones/${zone}`, type: "insert", target, group },
      error: { status: statusOf(error), errors: [error] },
    })
  }
}
