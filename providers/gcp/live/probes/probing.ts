/** What every probe has: the provider, its way to the cloud, and how a try is told. */
import type { Calls, Exchange, Provider, WalkStage } from "../../../../src/provider.js"
import type { Send } from "../../client/send.js"
import { type Answer, answerIn, parameterOf, pathOf, textAt } from "../reading.js"

export interface Probing {
  readonly provider: Provider
  /** Told to the walk's tap. */
  readonly send: Send
}

/** What was seen of one try; undefined: nothing. */
export interface Seen {
  readonly held: boolean
  readonly words: string
}

/** Sends, and tells what the answers say. Where they say nothing, nothing is told. */
export async function tries(
  stage: WalkStage,
  assumption: string,
  requests: (calls: Calls) => Promise<unknown>,
  read: (exchanges: readonly Exchange[]) => Seen | undefined,
): Promise<void> {
  const { exchanges } = await stage.watch(requests)
  tell(stage, assumption, read(exchanges), exchanges)
}

export function tell(
  stage: WalkStage,
  assumption: string,
  seen: Seen | undefined,
  evidence: readonly Exchange[] = [],
): void {
  if (seen !== undefined) stage.saw(assumption, seen.held, seen.words, evidence)
}

/** The last of these that says something: what was asked again is judged by its last answer. */
export function lastAnswer(exchanges: readonly Exchange[]): Answer | undefined {
  return exchanges.flatMap((exchange) => answerIn(exchange) ?? []).at(-1)
}

/** The exchanges of a bulk insert under this request id. */
export function insertsUnder(exchanges: readonly Exchange[], requestId: string): readonly Exchange[] {
  return exchanges.filter(
    (exchange) => exchange.api.endsWith(".bulkInsert") && parameterOf(exchange, "requestId") === requestId,
  )
}

/** The name of the operation that a request was first answered with. */
export function operationUnder(exchanges: readonly Exchange[], requestId: string): string | undefined {
  const names = insertsUnder(exchanges, requestId).flatMap((exchange) => operationIn(answerIn(exchange)) ?? [])
  return names[0]
}

/** The name of an answer that is an operation. */
export function operationIn(answer: Answer | undefined): string | undefined {
  return textAt(answer?.fields, "kind") === "compute#operation" ? textAt(answer?.fields, "name") : undefined
}

/** The waits for an operation, in their order. */
export function waitsFor(exchanges: readonly Exchange[], operation: string): readonly Exchange[] {
  return exchanges.filter(
    (exchange) => exchange.api === "zoneOperations.wait" && pathOf(exchange).endsWith(`/operations/${operation}/wait`),
  )
}

/** The operation as it is once it is done, with what shows it; undefined where no wait has said so. */
export function doneOperation(exchanges: readonly Exchange[], operation: string): Answer | undefined {
  return waitsFor(exchanges, operation)
    .flatMap((exchange) => answerIn(exchange) ?? [])
    .find((answer) => textAt(answer.fields, "status") === "DONE")
}

/** Waits until an operation is done, but not for ever. Nothing is thrown. */
export async function awaitOperation(
  { send }: Probing,
  stage: WalkStage,
  zone: string,
  operation: string,
): Promise<Answer | undefined> {
  for (let wait = 0; wait < 4 && doneOperation(stage.exchanges, operation) === undefined; wait += 1) {
    if (wait > 0) await stage.wait(2_000)
    await stage.watch((calls) =>
      send(calls, "zoneOperations.wait", { what: `waiting for ${operation}`, message: { zone, operation } }),
    )
  }
  return doneOperation(stage.exchanges, operation)
}
