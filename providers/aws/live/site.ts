/** Site: what the looks of one walk share, and how they ask. */
import type { Exchange, LaunchCall, Provider, WalkStage, WalkWorker, Watched } from "../../../src/provider.js"
import type { Api, Input, Output } from "../client/actions.js"
import type { Send } from "../client/send.js"
import type { FleetBody } from "../launch/fleet-bodies.js"
import { idIn, instancesIn, parametersOf, type Fields } from "./reading.js"

export interface Site {
  readonly provider: Provider
  readonly send: Send
  /** The disks and interfaces that were shown of machines that have booted, each with its machine. */
  readonly attached: { readonly volumes: Map<string, string>; readonly interfaces: Map<string, string> }
  /** Assumptions of launches that were sent again and made others: that is not tried once more beside machines that are there. */
  readonly repeated: Set<string>
}

export const TRIES = [1, 2, 3] as const

/** One request, with all that is around every one. */
export function ask<A extends Api>(site: Site, stage: WalkStage, api: A, input: Input<A>): Promise<Watched<Output<A>>> {
  return stage.watch((calls) => site.send(calls, api, costOf(api, input), input, { what: `trying ${api}` }))
}

function costOf(api: Api, input: object): Readonly<Record<string, number>> {
  const { MaxCount, InstanceIds } = input as { readonly MaxCount?: number; readonly InstanceIds?: readonly string[] }
  const resources = api === "RunInstances" ? MaxCount : api === "TerminateInstances" ? InstanceIds?.length : undefined
  return { [api]: 1, ...(resources === undefined ? {} : { [`${api}.resources`]: resources }) }
}

/** Instances by their ids, as lists show them. */
export async function described(
  site: Site,
  stage: WalkStage,
  ids: readonly string[],
): Promise<Watched<readonly Fields[]>> {
  const Filters = [{ Name: "instance-id", Values: [...ids] }]
  const { value, ...rest } = await ask(site, stage, "DescribeInstances", { Filters })
  return { ...rest, ...(value === undefined ? {} : { value: instancesIn(value) }) }
}

/** Ends what a request has made against what is assumed. */
export async function endThem(site: Site, stage: WalkStage, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await ask(site, stage, "TerminateInstances", { InstanceIds: [...ids] })
}

/** An id of the same form that nothing has: every second digit is another one. */
export function unlike(id: string, salt: number): string {
  const at = id.indexOf("-") + 1
  const digits = [...id.slice(at)].map((digit, index) => {
    const value = Number.parseInt(digit, 16)
    return index === 0 || Number.isNaN(value) ? digit : ((value + index + salt) % 16).toString(16)
  })
  return id.slice(0, at) + digits.join("")
}

export function userDataOf({ api, body }: LaunchCall): Buffer {
  const data = api === "CreateFleet" ? (body as unknown as FleetBody).templates[0]?.LaunchTemplateData : body
  const { UserData = "" } = (data ?? {}) as { readonly UserData?: string }
  return Buffer.from(UserData, "base64")
}

/** The machines of one launch call. */
export function machinesOf({ workers }: WalkStage, { token }: LaunchCall): readonly WalkWorker[] {
  return workers.filter(({ call }) => call.token === token)
}

/** The answer to a launch. */
export function launchExchange({ exchanges }: WalkStage, { api, token }: LaunchCall): Exchange | undefined {
  return exchanges.find(
    (one) => one.api === api && one.answer?.status === 200 && parametersOf(one).get("ClientToken") === token,
  )
}

export function isOf(ids: ReadonlySet<string>): (instance: Fields) => boolean {
  return (instance) => ids.has(idIn(instance))
}
