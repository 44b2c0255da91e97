/** One method of the API: its cost in the buckets, how long it takes, and its answer. */
import type { Cost, Json, JsonObject } from "../../../../src/provider.js"
import type { Span, World } from "../../../../src/simulator/index.js"
import type { Principal } from "./principals.js"
import type { Answers } from "./answers.js"

export interface Asked {
  readonly world: World
  readonly project: string
  readonly settings: WireSettings
  /** Path and query parameters. */
  readonly parameters: Readonly<Record<string, string>>
  readonly body: JsonObject
  /** The instance's service account that asks; left out: whoever runs the cluster. */
  readonly principal?: Principal
}

export interface WireSettings {
  /** From the acceptance of a bulk request to the end of its operation. */
  readonly operationMs: Span
  /** How a zone says that it has none: in the operation, with or without details, or in place of one. */
  readonly exhausted: "details" | "plain" | "request"
  /** For how long operations.wait holds a request at most, in milliseconds. */
  readonly waitMs: number
  /** The most SKUs of one page of the billing catalogue. */
  readonly skusPerPage: number
  /** The only permissions that are granted; all when left out. */
  readonly permissions?: ReadonlySet<string>
  /** The only permissions that instances' service accounts have; all when left out. */
  readonly guestPermissions?: ReadonlySet<string>
  /** Zones that do not answer. */
  readonly unreachable: Set<string>
  readonly answers: Answers
}

export interface Handler {
  readonly cost: (asked: Asked) => Cost
  /** Requests that create take longer than those that read. */
  readonly creates?: true
  /** For how long this request waits before it is answered, in milliseconds. */
  readonly holdMs?: (asked: Asked) => number
  /** Until when its concurrency units are held, in milliseconds since 1970. */
  readonly holdUntil?: (asked: Asked, reply: Json) => number
  /** @throws Refusal, or a WorldError. */
  readonly answer: (asked: Asked) => JsonObject
}
