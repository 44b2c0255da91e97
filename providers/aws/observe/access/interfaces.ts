/** The network interfaces of instances that live, each with the security groups that it is in. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { TransientError } from "../../../../src/errors.js"
import { isOurs } from "../../../../src/fleet/tags.js"
import type { Calls, Instance, Owner } from "../../../../src/provider.js"
import type { Send } from "../../client/send.js"
import { pages } from "../../client/pages.js"
import { CONSISTENT_MS } from "../../client/answers.js"
import { PAGE } from "../../limits.js"
import { toInstance } from "../instance.js"
import { queriesOf } from "../list.js"

export interface Interface {
  readonly id: string
  readonly instance: string
  readonly vpc: string
  /** The one that has the instance's own addresses: ssh comes in there. */
  readonly isPrimary: boolean
  readonly groups: readonly string[]
}

/**
 * Those of this cluster's instances alone, whatever is asked. One that EC2 does not show any more has ended.
 *
 * @throws TransientError for an instance so new that EC2 may not show it yet.
 */
export async function interfacesOf(
  send: Send,
  owner: Owner,
  instances: readonly Instance[],
  calls: Calls,
): Promise<readonly Interface[]> {
  const what = "reading the security groups of instances"
  const read = await Promise.all(
    queriesOf({ ids: instances.map(({ id }) => id) }).map((Filters) =>
      pages(send, calls, "DescribeInstances", { input: { Filters, MaxResults: PAGE }, what }),
    ),
  )
  const natives = read.flat().flatMap(({ Reservations = [] }) => Reservations.flatMap((one) => one.Instances ?? []))
  const shown = new Set(natives.map(({ InstanceId }) => InstanceId))
  const unseen = instances.find(({ id, launchedAt }) => !shown.has(id) && calls.now() - launchedAt <= CONSISTENT_MS)
  if (unseen !== undefined) throw new TransientError(`${what}: EC2 does not show ${unseen.id} yet; try again`)
  return natives.filter((native) => isLivingOf(owner, native, calls.now())).flatMap(interfacesIn)
}

function isLivingOf(owner: Owner, native: Ec2.Instance, now: number): boolean {
  const { state, tags } = toInstance(native, { api: "DescribeInstances", region: "", now })
  return ["pending", "running", "stopped"].includes(state) && isOurs(tags, owner)
}

/** Of several network cards the first one is the primary interface's ("Network interfaces", EC2 User Guide). */
function interfacesIn({ InstanceId: instance = "", VpcId: vpc = "", NetworkInterfaces = [] }: Ec2.Instance) {
  return NetworkInterfaces.map(({ NetworkInterfaceId: id = "", Attachment, Groups = [] }): Interface => {
    const isPrimary = Attachment?.DeviceIndex === 0 && (Attachment.NetworkCardIndex ?? 0) === 0
    return { id, instance, vpc, isPrimary, groups: Groups.flatMap(({ GroupId }) => GroupId ?? []) }
  })
}
