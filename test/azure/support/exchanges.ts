/**
 * Every message of every test is compared with the SDK's own types: what the adapter sent, and what the wire answered. What
 * the SDK has no types for is compared with what Azure describes of rules, their groups and interfaces; the rest (groups, networks,
 * prices) is counted, and not checked.
 */
import { afterAll, expect } from "vitest"
import type { Exchange } from "../../../providers/azure/wire/index.js"
import { perProcess } from "../../support/per-process.js"
import { ARM_COMPUTE, installed, missingOf } from "../../support/newer-sdks.js"
import { type Model, sdkModel } from "./model.js"
import { checkNetwork } from "./network-model.js"

/** The interface of a request's body and of its answer, by operation. */
const TYPES: Readonly<Record<string, { readonly request?: string; readonly reply?: string; readonly isList?: true }>> =
  {
    VirtualMachines_CreateOrUpdate: { request: "VirtualMachine", reply: "VirtualMachine" },
    VirtualMachines_Get: { reply: "VirtualMachine" },
    VirtualMachines_List: { reply: "_VirtualMachineListResult" },
    VirtualMachines_ListAll: { reply: "_VirtualMachineListResult" },
    VirtualMachines_RetrieveBootDiagnosticsData: { reply: "RetrieveBootDiagnosticsDataResult" },
    VirtualMachineScaleSets_Get: { reply: "VirtualMachineScaleSet" },
    VirtualMachineScaleSets_CreateOrUpdate: { request: "VirtualMachineScaleSet", reply: "VirtualMachineScaleSet" },
    VirtualMachineImages_List: { reply: "VirtualMachineImageResource", isList: true },
    ResourceSkus_List: { reply: "_ResourceSkusResult" },
    Usage_List: { reply: "_ListUsagesResult" },
    Disks_ListByResourceGroup: { reply: "_DiskList" },
  }

export interface Checked {
  readonly messages: number
  readonly unchecked: readonly string[]
  readonly problems: readonly string[]
}

const exchanges: Exchange[] = []
const models: () => readonly Model[] = perProcess("models of arm-compute", () => installed(ARM_COMPUTE).map(sdkModel))

export function recordExchange(exchange: Exchange): void {
  exchanges.push(exchange)
}

/** Checks what was recorded so far against both versions of the SDK, and forgets it. */
export function checkRecorded(): Checked {
  const problems = new Set<string>()
  const unchecked = new Set<string>()
  let messages = 0
  for (const exchange of exchanges.splice(0)) {
    const found = models().map((model) => ({ model, ...checkExchange(model, exchange) }))
    messages += found[0]?.messages ?? 0
    if (found[0]?.messages === 0) unchecked.add(exchange.api)
    for (const { model, problems: said } of found)
      for (const problem of said) problems.add(`${model.source}: ${problem}`)
  }
  return { messages, unchecked: [...unchecked].sort(), problems: [...problems] }
}

function checkExchange(
  model: Model,
  { api, request, status, reply }: Exchange,
): { messages: number; problems: readonly string[] } {
  const types = TYPES[api]
  if (status > 299) return { messages: 1, problems: checkError(model, api, reply) }
  const network = checkNetwork({ api, request, status, reply })
  if (network !== undefined) return { messages: request === undefined ? 1 : 2, problems: network }
  if (types === undefined) return { messages: 0, problems: [] }
  const problems: string[] = []
  if (types.request !== undefined) problems.push(...model.check(request, types.request, "request"))
  if (types.reply !== undefined) {
    const replies = types.isList === true ? (reply as readonly unknown[]) : [reply]
    for (const one of replies) problems.push(...model.check(one, types.reply, "reply"))
  }
  return { messages: types.request === undefined ? 1 : 2, problems: problems.map((problem) => `${api}: ${problem}`) }
}

/** Compute leaves out `error` around its throttles ("Troubleshooting API throttling errors"). */
function checkError(model: Model, api: string, reply: unknown): readonly string[] {
  // An answer without a word has nothing to be compared.
  if (reply === undefined) return []
  const error = (reply as { readonly error?: unknown }).error ?? reply
  return model.check(error, "ApiError", "reply").map((problem) => `${api}: ${problem}`)
}

/** Thousands of messages on a machine that has other work as well. */
const CHECK_MS = 120_000

afterAll(() => {
  if (exchanges.length === 0) return
  const { messages, unchecked, problems } = checkRecorded()
  const rest = unchecked.length === 0 ? "" : `; no types for ${unchecked.join(", ")}`
  console.log(
    `contract: ${messages} messages checked against ${models()
      .map(({ source }) => source)
      .join(" and ")}${missingOf(ARM_COMPUTE)}${rest}`,
  )
  expect(problems).toEqual([])
}, CHECK_MS)
