/** ECR: how an instance logs in to it by its instance profile. */
import { imageName, loginProblems } from "../../../src/guest/image.js"
import type { GroupRequest } from "../../../src/provider.js"
import type { AwsOptions } from "../options.js"

/** "123456789012.dkr.ecr.eu-west-2.amazonaws.com", and with both kinds of addresses "….dkr-ecr.eu-west-2.on.aws". */
const ECR =
  /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$/

/**
 * By the AWS CLI where the image has it ("Private registry authentication in Amazon ECR"), or else by Amazon's credential helper, which
 * Debian, Ubuntu and Amazon Linux 2023 have as a package. Both ask the metadata service for the profile's keys.
 */
export function registryLogin({ container }: Pick<GroupRequest, "container">): readonly string[] | undefined {
  const [, region] = ECR.exec(imageName(container?.image ?? "").registry) ?? []
  if (container?.login === undefined || region === undefined) return undefined
  return [
    "if command -v aws >/dev/null; then",
    `muster_password=$(aws ecr get-login-password --region ${region}) || return`,
    'printf %s "$muster_password" | muster_login_as AWS',
    "return",
    "fi",
    "command -v docker-credential-ecr-login >/dev/null ||",
    "muster_install amazon-ecr-credential-helper amazon-ecr-credential-helper || return",
    `printf '{"credHelpers":{"%s":"ecr-login"}}\\n' "$1" >"$DOCKER_CONFIG/config.json"`,
  ]
}

export function registryProblems({ instanceProfile }: AwsOptions, group: GroupRequest) {
  return loginProblems(group, {
    name: "ECR (123456789012.dkr.ecr.eu-west-2.amazonaws.com/…)",
    isOwn: (registry) => ECR.test(registry),
    option: "aws({ instanceProfile })",
    hasIdentity: instanceProfile !== undefined,
  })
}
