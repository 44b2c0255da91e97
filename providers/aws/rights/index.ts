/** What a principal needs on EC2. */
import type { RightsBook } from "../../../src/rights.js"
import { policyOf, trustOf } from "./policy.js"
import { PURPOSES, RIGHTS } from "./rights.js"

export const book: RightsBook = {
  purposes: PURPOSES,
  rights: RIGHTS,
  policy: policyOf,
  use: "aws iam create-policy --policy-name muster --policy-document file://policy.json",
  trust: trustOf,
  useTrust:
    "put your account's number in the place of ACCOUNT_ID; aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com --client-id-list sts.amazonaws.com, then aws iam create-role --role-name muster-github --assume-role-policy-document file://trust.json, and attach the policy to that role",
}
