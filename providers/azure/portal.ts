/** Where a person can look at an instance. */
import type { Instance } from "../../src/provider.js"

/** The portals of clouds of their own ("Azure Government", "Azure China"), by their Resource Manager. */
const PORTALS: Readonly<Record<string, string>> = {
  "management.usgovcloudapi.net": "portal.azure.us",
  "management.chinacloudapi.cn": "portal.azure.cn",
}

/** The instance's page in the portal; whoever opens it logs in there. */
export function consoleUrl(endpoint: string, { id }: Pick<Instance, "id">): string {
  const host = PORTALS[new URL(endpoint).host] ?? "portal.azure.com"
  return `https://${host}/#resource${encodeURI(id)}/overview`
}
