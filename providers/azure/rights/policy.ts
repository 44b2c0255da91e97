/** A custom role, as the az command reads it, from the table of actions; and how GitHub's workflows become its holder. Pure. */
import { GITHUB_ISSUER, policyJson, rightsFor, subjectOf, type Workflow } from "../../../src/rights.js"
import { RIGHTS } from "./rights.js"

/** What stands for the subscription's id. */
const NOBODY = "00000000-0000-0000-0000-000000000000"

export function roleOf(purposes: ReadonlySet<string>): string {
  const role = {
    Name: "Muster",
    Description: "Makes and ends VMs, with what belongs to them",
    Actions: rightsFor(RIGHTS, purposes).map(({ name }) => name),
    AssignableScopes: [`/subscriptions/${NOBODY}`],
  }
  return `${policyJson(role, 1)}\n`
}

/** "Configure a federated identity credential on an app" (learn.microsoft.com): GitHub's fields, and Azure's own audience. */
export function trustOf(workflow: Workflow): string {
  const credential = {
    name: "muster-github",
    issuer: GITHUB_ISSUER,
    subject: subjectOf(workflow),
    audiences: ["api://AzureADTokenExchange"],
  }
  return `${policyJson(credential, 1)}\n`
}
