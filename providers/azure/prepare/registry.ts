/** Azure Container Registry: how an instance logs in to it by its identity. */
import { loginProblems } from "../../../src/guest/image.js"
import type { GroupRequest } from "../../../src/provider.js"
import type { AzureOptions } from "../options.js"

const REGISTRY = /^[a-z0-9-]+\.azurecr\.(?:io|cn|us)$/

/** The user of a refresh token ("Authenticate with an Azure container registry"). */
const NO_USER = "00000000-0000-0000-0000-000000000000"

/**
 * The identity's token for Resource Manager is exchanged for the registry's own ("Azure Container Registry integration with Azure
 * Active Directory": `/oauth2/exchange`), which is the password. No secret is an argument of a process.
 */
export function registryLogin(
  { container }: Pick<GroupRequest, "container">,
  { identity, manager }: { readonly identity?: string; readonly manager: string },
): readonly string[] | undefined {
  if (container?.login === undefined || identity === undefined) return undefined
  const query = `api-version=2018-02-01&resource=${encodeURIComponent(`${manager}/`)}&msi_res_id=${encodeURIComponent(identity)}`
  const token = (name: string) => `sed -n 's/.*"${name}" *: *"\\([^"]*\\)".*/\\1/p'`
  return [
    `muster_url="\${MUSTER_METADATA_URL:-http://169.254.169.254}/metadata/identity/oauth2/token?${query}"`,
    `muster_token=$(curl -sf --retry 5 -m 30 -H "Metadata: true" "$muster_url" | ${token("access_token")})`,
    '[ -n "$muster_token" ] || { echo "muster: the metadata service gives no token of the identity" >&2; return 1; }',
    `muster_token=$(printf 'grant_type=access_token&service=%s&access_token=%s' "$1" "$muster_token" |`,
    `curl -sf --retry 3 -m 60 -d @- "\${MUSTER_REGISTRY_URL:-https://$1}/oauth2/exchange" | ${token("refresh_token")})`,
    '[ -n "$muster_token" ] || { echo "muster: the registry $1 gives the identity no token: does it have the role AcrPull?" >&2; return 1; }',
    `printf %s "$muster_token" | muster_login_as ${NO_USER}`,
  ]
}

export function registryProblems({ identity }: AzureOptions, group: GroupRequest) {
  return loginProblems(group, {
    name: "Azure Container Registry (name.azurecr.io/…)",
    isOwn: (registry) => REGISTRY.test(registry),
    option: "azure({ identity })",
    hasIdentity: identity !== undefined,
  })
}
