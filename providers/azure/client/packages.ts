/** Azure's clients, which users install beside Muster. */
import type { ClientPackage } from "../../../src/client/package.js"

export const IDENTITY: ClientPackage = {
  provider: "azure",
  name: "@azure/identity",
  called: "@azure/identity",
  onNode20: "4.13.1",
  instead: "or pass credential to azure()",
}

export const SDK: ClientPackage = {
  provider: "azure",
  name: "@azure/arm-compute",
  called: "@azure/arm-compute",
  onNode20: "24",
  beside: IDENTITY,
}
