/** Why an instance ended: EC2's StateReason, read by the table of its codes. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { CapacityError, QuotaError } from "../../../src/errors.js"
import type { Failure, Instance, Offer } from "../../../src/provider.js"
import { readAnswer } from "../client/answers.js"
import { COLD_MS } from "../client/code-rows.js"
import { familyOf } from "../offers/families.js"
import { scopeOf } from "../client/scopes.js"

/** "The instance was shut down using the Amazon EC2 API" (EC2 API Reference, "StateReason"). */
export const USER_SHUTDOWN = "Client.UserInitiatedShutdown"

/** Ends that a person, or the guest, asked for. */
const ASKED_FOR: readonly string[] = [
  USER_SHUTDOWN,
  "Client.UserInitiatedHibernate",
  "Client.InstanceInitiatedShutdown",
  // "The instance was terminated or rebooted during AMI creation."
  "Client.InstanceTerminated",
]

/** EC2 took it away; for how long its pool counts as cold. */
const INTERRUPTED: Readonly<Record<string, number>> = {
  "Server.SpotInstanceTermination": COLD_MS,
  "Server.SpotInstanceShutdown": COLD_MS,
  "Server.ScheduledStop": 0,
}

/** "Client.InternalError: Client.InvalidKMSKey.InvalidState: The KMS key …": the last one is the nearest to the cause. */
const CODES_FIRST = /^(?:(?:Client|Server)\.[\w.]+:\s*)*((?:Client|Server)\.\w+(?:\.\w+)*)/

/**
 * Why an instance failed to start, or was interrupted; undefined while it lives, and for an end that was requested. A reason that is
 * neither a lack of capacity or quota nor an interruption kept the instance from booting: a missing snapshot, a key that may not be
 * used.
 */
export function failureIn(reason: Ec2.StateReason | undefined, instance: Instance): Failure | undefined {
  if (instance.state === "pending" || instance.state === "running") return undefined
  const message = reason?.Message ?? ""
  const code = CODES_FIRST.exec(message)?.[1] ?? reason?.Code ?? ""
  const [, side, bare] = /^(Client|Server)\.(.+)$/.exec(code) ?? []
  if (side === undefined || bare === undefined || ASKED_FOR.includes(code)) return undefined
  const asked = { offer: poolOf(instance), region: instance.region }
  const details = { count: 1, code, message: message || code }
  const coldMs = INTERRUPTED[code]
  if (coldMs !== undefined) return { reason: "interrupted", scope: scopeOf("pool", asked), ttlMs: coldMs, ...details }
  const read = readAnswer({ code: bare, message }, { what: `starting ${instance.id}`, ...asked })
  if (read instanceof CapacityError || read instanceof QuotaError) return { ...read.toFailure(1), ...details }
  // What is wrong with the request is wrong everywhere.
  return { reason: "boot", scope: scopeOf(side === "Client" ? "region" : "pool", asked), ttlMs: 0, ...details }
}

function poolOf({ region, zone, instanceType, market }: Instance): Offer {
  return { provider: "aws", region, zone, instanceType, market, family: familyOf(instanceType), arch: "x86_64" }
}
