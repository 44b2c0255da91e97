/** Google's client, which users install beside Muster. */
import type { ClientPackage } from "../../../src/client/package.js"

export const COMPUTE: ClientPackage = {
  provider: "gcp",
  name: "@google-cloud/compute",
  called: "the Compute Engine client",
  onNode20: "6",
}
