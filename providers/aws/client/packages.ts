/** The SDK's clients, which users install beside Muster. */
import { type ClientPackage, isInstalled, loadClient } from "../../../src/client/package.js"

/** Each a client of the one version that Muster is tested with, which runs on Node 20. */
const client = (name: string, called: string, onNode20: string): ClientPackage => ({
  provider: "aws",
  name: `@aws-sdk/${name}`,
  called,
  onNode20,
})

export const EC2 = client("client-ec2", "the AWS SDK", "3.1169.0")
export const PRICING = client("client-pricing", "the SDK's client for prices", "3.1133.0")
export const SERVICE_QUOTAS = client("client-service-quotas", "the SDK's client for quotas", "3.1138.0")
export const STS = client("client-sts", "the SDK's client for STS", "3.1177.0")

/** The package, or undefined when it is not installed. @throws SpecError when it is, and does not load. */
export function optionalPackage<T>(wanted: ClientPackage): T | undefined {
  return isInstalled(wanted.name) ? loadClient(wanted, (require) => require(wanted.name) as T) : undefined
}
