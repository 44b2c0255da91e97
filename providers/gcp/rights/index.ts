/** What a principal needs on Compute Engine. */
import type { RightsBook } from "../../../src/rights.js"
import { roleOf, trustOf } from "./policy.js"
import { PURPOSES, RIGHTS } from "./rights.js"

export const book: RightsBook = {
  purposes: PURPOSES,
  rights: RIGHTS,
  policy: roleOf,
  use: "gcloud iam roles create muster --project PROJECT_ID --file role.yaml",
  trust: trustOf,
  useTrust:
    "put your project's id in the place of PROJECT_ID; the workflow names the provider projects/NUMBER/locations/global/workloadIdentityPools/github/providers/muster and the account muster-github@PROJECT_ID.iam.gserviceaccount.com",
}
