/** How long a VM lives, whether it may be preempted, and which reservation it uses. */
import { parseTime } from "../../../../src/tables/times.js"
import type { ReservationAffinity, Scheduling } from "../client/messages.js"
import { invalid } from "../client/refusals.js"

const AT = "resource.instanceProperties.scheduling"

/** "Limit the run time of a VM" and "Spot VMs". Returns when it ends by itself. */
export function checkScheduling(scheduling: Scheduling, now: number): number | undefined {
  const { terminationTime, maxRunDuration, instanceTerminationAction, provisioningModel } = scheduling
  const at = AT
  const isLimited = terminationTime !== undefined || maxRunDuration !== undefined
  if (terminationTime !== undefined && maxRunDuration !== undefined) {
    throw invalid(
      `${at}.terminationTime`,
      terminationTime,
      "You can specify only one of terminationTime and maxRunDuration.",
    )
  }
  if (isLimited && instanceTerminationAction === undefined) {
    throw invalid(
      `${at}.instanceTerminationAction`,
      "",
      "A VM with a limited run time must have an instanceTerminationAction.",
    )
  }
  const mayEnd = provisioningModel === "SPOT" || provisioningModel === "RESERVATION_BOUND"
  if (instanceTerminationAction !== undefined && !isLimited && !mayEnd) {
    throw invalid(
      `${at}.instanceTerminationAction`,
      instanceTerminationAction,
      "It is only for Spot VMs and VMs with a limited run time.",
    )
  }
  if (
    provisioningModel === "SPOT" &&
    (scheduling.automaticRestart === true || scheduling.onHostMaintenance === "MIGRATE")
  ) {
    throw invalid(at, provisioningModel, "Spot VMs can neither restart automatically nor migrate.")
  }
  if (maxRunDuration !== undefined) return now + Number(maxRunDuration.seconds) * 1000
  if (terminationTime === undefined) return undefined
  const ends = parseTime(terminationTime)
  if (ends === undefined || ends - now < 30_000 || ends - now > 120 * 86_400_000) {
    throw invalid(
      `${at}.terminationTime`,
      terminationTime,
      "It must be an RFC 3339 time 30 seconds to 120 days from now.",
    )
  }
  return ends
}

/**
 * "Spot VMs", restrictions: they use no reservations. "Reservation-bound" VMs are of one reservation by its name, and are neither
 * moved nor kept ("Create an A4 VM": `--instance-termination-action=DELETE`, `--maintenance-policy=TERMINATE`).
 */
export function checkReservation(scheduling: Scheduling, affinity: ReservationAffinity = {}): void {
  const { provisioningModel, onHostMaintenance, instanceTerminationAction } = scheduling
  const { consumeReservationType, key, values = [] } = affinity
  const at = "resource.instanceProperties.reservationAffinity"
  const isSpecific = consumeReservationType === "SPECIFIC_RESERVATION"
  if (isSpecific && (key !== "compute.googleapis.com/reservation-name" || values.length !== 1))
    throw invalid(at, JSON.stringify(affinity), "A specific reservation must be given by its name.")
  if (isSpecific && provisioningModel === "SPOT")
    throw invalid(at, consumeReservationType, "Spot VMs cannot consume reservations.")
  if (provisioningModel !== "RESERVATION_BOUND") return
  if (!isSpecific) throw invalid(at, consumeReservationType ?? "", "Reservation-bound VMs must specify a reservation.")
  if (onHostMaintenance !== "TERMINATE" || instanceTerminationAction !== "DELETE")
    throw invalid(
      AT,
      provisioningModel,
      "Reservation-bound VMs must be terminated on maintenance, and deleted at their end.",
    )
}
