/** Whether this process has to do with a cluster that has a security group of its own. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { TAG } from "../../../../src/fleet/tags.js"
import type { Instance } from "../../../../src/provider.js"
import { peersName } from "../../prepare/groups/specs.js"

export interface PeersSeen {
  note(): void
  /** An instance that is in such a group shows it. */
  see(native: Ec2.Instance, instance: Instance): void
  areSeen(): boolean
}

export function peersSeen(): PeersSeen {
  let areSeen = false
  return {
    note: () => {
      areSeen = true
    },
    see: ({ SecurityGroups = [] }, { tags }) => {
      const name = peersName(tags[TAG.cluster] ?? "", tags[TAG.uid] ?? "")
      areSeen ||= SecurityGroups.some(({ GroupName }) => GroupName === name)
    },
    areSeen: () => areSeen,
  }
}
