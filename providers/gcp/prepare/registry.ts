/** Artifact Registry: how an instance logs in to it by its service account. */
import { loginProblems } from "../../../src/guest/image.js"
import type { GroupRequest } from "../../../src/provider.js"
import type { GcpOptions } from "../options.js"

/** "europe-west2-docker.pkg.dev"; the addresses of Container Registry are answered by Artifact Registry. */
const REGISTRY = /^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)$/

/** The token of the metadata server is the password ("Configure authentication to Artifact Registry for Docker", access token). */
export function registryLogin({ container }: Pick<GroupRequest, "container">): readonly string[] | undefined {
  if (container?.login === undefined) return undefined
  return [
    `muster_token=$(muster_read service-accounts/default/token | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')`,
    '[ -n "$muster_token" ] || { echo "muster: the metadata server gives no token of a service account" >&2; return 1; }',
    'printf %s "$muster_token" | muster_login_as oauth2accesstoken',
  ]
}

export function registryProblems({ serviceAccount }: GcpOptions, group: GroupRequest) {
  return loginProblems(group, {
    name: "Artifact Registry (europe-west2-docker.pkg.dev/…)",
    isOwn: (registry) => REGISTRY.test(registry),
    option: "gcp({ serviceAccount })",
    hasIdentity: serviceAccount !== undefined,
  })
}
