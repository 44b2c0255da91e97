/**
 * Azure's clouds: each has a login, a Resource Manager and a portal of its own ("Azure Government developer guide", endpoint
 * mapping; "Azure China developer guide", check endpoints; `az cloud list`).
 */
import type { SpecProblem } from "../../src/errors.js"

/** As `az cloud list` names them. */
export const CLOUD_NAMES = ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"] as const
export type AzureCloudName = (typeof CLOUD_NAMES)[number]

export interface AzureCloud {
  readonly name: AzureCloudName
  /** Resource Manager; a token for it is asked for by the same name, as the SDK does (`getArmEndpoint`). */
  readonly manager: string
  /** Who gives tokens; left out for the public cloud, where AZURE_AUTHORITY_HOST and "@azure/identity" decide. */
  readonly authorityHost?: string
  readonly portal: string
  /** Where the public price list is; the clouds that are not public have none that is asked for without a login. */
  readonly prices?: string
}

const CLOUDS: { readonly [N in AzureCloudName]: AzureCloud } = {
  AzureCloud: {
    name: "AzureCloud",
    manager: "https://management.azure.com",
    portal: "https://portal.azure.com",
    prices: "https://prices.azure.com",
  },
  AzureUSGovernment: {
    name: "AzureUSGovernment",
    manager: "https://management.usgovcloudapi.net",
    authorityHost: "https://login.microsoftonline.us",
    portal: "https://portal.azure.us",
  },
  AzureChinaCloud: {
    name: "AzureChinaCloud",
    manager: "https://management.chinacloudapi.cn",
    authorityHost: "https://login.partner.microsoftonline.cn",
    portal: "https://portal.azure.cn",
  },
}

/** The options of `azure()` that say which cloud. */
export interface Where {
  readonly cloud?: AzureCloudName
  readonly endpoint?: string
}

/** The cloud that is named, else the one whose Resource Manager is, else the public one. */
export function cloudOf({ cloud, endpoint }: Where): AzureCloud {
  return CLOUDS[cloud ?? cloudAt(endpoint) ?? "AzureCloud"]
}

/** Where Resource Manager answers, as URLs are written: links are compared with it. */
export function endpointOf(options: Where): string {
  return new URL(options.endpoint ?? cloudOf(options).manager).href.replace(/\/+$/, "")
}

/** What the credential is asked for: a token of another cloud is refused ("InvalidAuthenticationTokenAudience"). */
export function scopeOf(options: Where): string {
  return `${cloudOf(options).manager}/.default`
}

/** A token for one cloud must not go to another. */
export function cloudProblems(cloud: unknown, endpoint: unknown): readonly SpecProblem[] {
  const of = typeof endpoint === "string" ? cloudAt(endpoint) : undefined
  if (of === undefined || cloud === undefined || cloud === of) return []
  const message = `is "${String(cloud)}", and azure.endpoint is that of ${of}; leave one of them out`
  return [{ option: "azure.cloud", value: cloud, message }]
}

/** By the host, or that of one of its regions ("https://westeurope.management.azure.com"). */
function cloudAt(endpoint = ""): AzureCloudName | undefined {
  if (!URL.canParse(endpoint)) return undefined
  const { hostname } = new URL(endpoint)
  return CLOUD_NAMES.find((name) => `.${hostname}`.endsWith(`.${new URL(CLOUDS[name].manager).hostname}`))
}
