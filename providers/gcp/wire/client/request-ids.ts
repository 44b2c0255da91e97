/** Request ids: the same request twice gets the operation of the first ("requestId"). */
import type { Operation } from "../../../../src/simulator/index.js"
import type { Asked } from "./handler.js"
import { invalid } from "./refusals.js"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const NO_UUID = "00000000-0000-0000-0000-000000000000"

/** @throws Refusal for what is no UUID; undefined when there is none. */
function requestIdOf({ parameters: { requestId } }: Asked): string | undefined {
  if (requestId === undefined || (UUID.test(requestId) && requestId !== NO_UUID)) return requestId
  throw invalid("requestId", requestId, "The request ID must be a valid UUID, and not the zero UUID.")
}

/**
 * The operation that this request left when it was first sent. What the real service does with another body under the
 * same id is not documented (gcp.request-id-other-body); here it is refused, so that no adapter comes to rely on it.
 */
export function remembered(asked: Asked, scope: string): Operation | undefined {
  const requestId = requestIdOf(asked)
  if (requestId === undefined) return undefined
  const { world, body } = asked
  const known = world.tokens.find(scope, requestId, body, world.clock.now())
  if (known.kind === "mismatch")
    throw invalid("requestId", requestId, "The request ID was used before with another request.")
  return known.kind === "known" ? world.operations.get(String(known.made)) : undefined
}

export function remember({ world, parameters, body }: Asked, scope: string, operation: Operation): void {
  if (parameters.requestId !== undefined)
    world.tokens.keep(scope, parameters.requestId, body, operation.id, world.clock.now())
}
