/** What guests on Azure do otherwise, and behind which failures that hides. */
import type { ScriptedAnswer } from "../../../../providers/azure/wire/index.js"
import type { GuestLie } from "../support.js"

export interface GuestSwitch extends GuestLie {
  /** The request that fails where the lie is hidden. */
  readonly behind: string
}

const CONSOLE = "VirtualMachines_RetrieveBootDiagnosticsData"

function otherLine(breaks: string, name: string, value: string): GuestSwitch {
  const isIt = (line: string) => line.startsWith(`doctor ${name} `)
  return {
    breaks,
    behind: CONSOLE,
    tell: (lines, { id }, isBroken) =>
      isBroken(id) ? lines.map((line) => (isIt(line) ? `doctor ${name} ${value}` : line)) : lines,
  }
}

export const GUEST_LIES: readonly GuestSwitch[] = [
  otherLine("azure.custom-data", "user-data", "0"),
  otherLine("azure.metadata", "metadata", "404 Not found"),
  otherLine("azure.scheduled-events", "notice", "200 other"),
  { breaks: "azure.host-keys", behind: CONSOLE, isMute: ({ id }, isBroken) => isBroken(id) },
  { breaks: "azure.guest-deadline", behind: "VirtualMachines_List", staysOn: ({ id }, isBroken) => isBroken(id) },
]

export function failing(api: string): ScriptedAnswer {
  const message = "Encountered an internal server error."
  return { api, place: "whole", status: 500, code: "InternalServerError", message, times: Number.POSITIVE_INFINITY }
}
