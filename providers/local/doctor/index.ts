/** What doctor asks of this machine. */
import type { Examination } from "../../../src/provider.js"
import type { Config } from "../options.js"
import { looksOf } from "./looks.js"
import { type MachineView, THIS_MACHINE } from "./machine-view.js"

/** @param view another machine: for tests. */
export function examinationOf(
  config: Pick<Config, "root" | "capacity">,
  view: MachineView = THIS_MACHINE,
): Examination {
  return { packages: [], smallest: [], looks: looksOf(config, view) }
}
