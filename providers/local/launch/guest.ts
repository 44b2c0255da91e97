/** Guest: the program of every cloud, and the files that it finds here. */
import { NOTICE_FILE } from "../../../src/guest/notice.js"
import { type GuestCloud, programOf } from "../../../src/guest/program.js"
import { exportLines } from "../../../src/guest/steps/environment.js"
import { scriptsOf } from "../../../src/guest/steps/work.js"
import { PROVIDER, REGION } from "../client/record.js"
import type { LaunchBody } from "../prepare/body.js"

/** What tells an instance of itself is in its file of variables. The supervisor ends it, at its deadline and with its lease too. */
const CLOUD: GuestCloud = { provider: PROVIDER, region: REGION, identity: [], isShared: true }

/** Names and texts of the files in the guest's directory before it runs. */
export function guestFiles(
  { owner, group }: LaunchBody,
  variables: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const { onNotice } = group
  return [
    ["guest", programOf(CLOUD, owner, group)],
    ["environment", `${exportLines(variables).join("\n")}\n`],
    ...scriptsOf(group),
    ...(onNotice === undefined ? [] : [[NOTICE_FILE, onNotice] as const]),
  ]
}
