/** What an action is: its parameters, what it draws from the buckets, and its work. */
import type { Cost } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import type { Parameters } from "../query.js"
import { Refusal } from "../refusals.js"
import type { Shape, Values } from "../shapes.js"
import type { Xml } from "../xml.js"

export type Reply = { readonly [name: string]: Xml }

export interface Action {
  readonly members: Readonly<Record<string, Shape>>
  /** Read from unchecked parameters: EC2 counts a request before it looks at it. */
  readonly cost: (parameters: Parameters) => Cost
  /** Requests that create take longer than those that read. */
  readonly creates?: true
  /** @throws Refusal, or a WorldError. */
  readonly answer: (world: World, values: Values) => Reply
}

/** Call it when all is checked and nothing is done yet. */
export function checkDryRun(values: Values): void {
  if (values.DryRun === true)
    throw new Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

export function listOf<T = string>(value: unknown): readonly T[] {
  return (value ?? []) as readonly T[]
}
