/** What a principal needs on Azure. */
import type { RightsBook } from "../../../src/rights.js"
import { roleOf, trustOf } from "./policy.js"
import { PURPOSES, RIGHTS } from "./rights.js"

export const book: RightsBook = {
  purposes: PURPOSES,
  rights: RIGHTS,
  policy: roleOf,
  use: "put your subscription's id in the place of the zeros, then az role definition create --role-definition role.json",
  trust: trustOf,
  useTrust:
    "az ad app create --display-name muster-github, az ad sp create --id APP_ID, az ad app federated-credential create --id APP_ID --parameters credential.json, and az role assignment create --assignee APP_ID --role Muster --scope /subscriptions/SUBSCRIPTION_ID",
}
