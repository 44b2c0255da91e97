import { Refusal } from "./refusals.js"

const INSTANCE_ID = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/

/** @throws Refusal when one of them is no instance id at all. */
export function checkInstanceIds(ids: readonly string[]): void {
  const bad = ids.find((id) => !INSTANCE_ID.test(id))
  if (bad !== undefined) throw new Refusal("InvalidInstanceID.Malformed", `Invalid id: "${bad}"`)
}

/** @throws Refusal that names them all when some are not known. */
export function checkKnown(ids: readonly string[], isKnown: (id: string) => boolean): void {
  const unknown = ids.filter((id) => !isKnown(id))
  if (unknown.length === 0) return
  const [noun, verb] = unknown.length === 1 ? ["ID", "does"] : ["IDs", "do"]
  throw new Refusal("InvalidInstanceID.NotFound", `The instance ${noun} '${unknown.join(", ")}' ${verb} not exist`)
}

const ID_CODES = {
  ami: "InvalidAMIID.Malformed",
  subnet: "InvalidSubnetID.Malformed",
  sg: "InvalidGroupId.Malformed",
  cr: "InvalidCapacityReservationId.Malformed",
  lt: "InvalidLaunchTemplateId.Malformed",
  vol: "InvalidParameterValue",
  eni: "InvalidNetworkInterfaceID.Malformed",
} as const

export function checkId(kind: keyof typeof ID_CODES, id: string): void {
  if (new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) return
  throw new Refusal(ID_CODES[kind], `Invalid id: "${id}" (expecting "${kind}-...")`)
}
