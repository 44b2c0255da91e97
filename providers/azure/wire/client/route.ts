/** What a route of ARM is made of. */
import type { Cost } from "../../../../src/provider.js"
import type { State } from "../world/state.js"

/** A request, taken apart. */
export interface Asked {
  readonly method: string
  /** Without query; as it was sent. */
  readonly path: string
  /** What the pattern's groups matched, in lower case: names and ids are the same in any. */
  readonly names: readonly string[]
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
  /** Where the wire answers, for links. */
  readonly url: string
}

export interface Answered {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  /** The operation id of the REST reference: the ledger's api. */
  readonly api: string
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE"
  /** Of the path in lower case. */
  readonly path: RegExp
  readonly cost: Cost
  readonly creates?: true
  /** Of another service than Resource Manager: no token of its, no api-version. */
  readonly isElsewhere?: true
  readonly answer: (state: State, asked: Asked) => Answered
}

const SUBSCRIPTION = "^/subscriptions/[^/]+"

/** A path under the subscription; `*` is a name. */
export function under(path: string): RegExp {
  return new RegExp(`${SUBSCRIPTION}${path.replaceAll(".", "\\.").replaceAll("*", "([^/]+)")}$`)
}

export function inGroup(path: string): RegExp {
  return under(`/resourcegroups/*${path}`)
}

/** The path of virtual machines in a group, or in the subscription. */
export const VMS = "/providers/microsoft.compute/virtualmachines"

export const READ = { "arm.reads": 1 } as const
export const WRITE = { "arm.writes": 1 } as const
export const DELETE = { "arm.deletes": 1 } as const
