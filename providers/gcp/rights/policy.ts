/** A custom role, as gcloud reads it, from the table of permissions; and how GitHub's workflows become its holder. Pure. */
import { GITHUB_ISSUER, rightsFor, type Workflow } from "../../../src/rights.js"
import { RIGHTS } from "./rights.js"

export function roleOf(purposes: ReadonlySet<string>): string {
  const names = [...new Set(rightsFor(RIGHTS, purposes).map(({ name }) => name))].sort()
  const lines = ["title: Muster", "stage: GA", "includedPermissions:", ...names.map((name) => `  - ${name}`)]
  return `${lines.join("\n")}\n`
}

/**
 * "Workload Identity Federation through a Service Account" (google-github-actions/auth), and "Configure Workload Identity Federation
 * with deployment pipelines" (cloud.google.com), which limits tokens by an attribute condition.
 */
export function trustOf({ owner, repository, branch }: Workflow): string {
  const from = `assertion.repository == '${owner}/${repository}' && assertion.ref == 'refs/heads/${branch}'`
  const mapping = "google.subject=assertion.sub,attribute.repository=assertion.repository"
  const pool = "projects/$number/locations/global/workloadIdentityPools/github"
  return `project=PROJECT_ID
number=$(gcloud projects describe "$project" --format "value(projectNumber)")
account="muster-github@$project.iam.gserviceaccount.com"
gcloud iam workload-identity-pools create github --project "$project" --location global
gcloud iam workload-identity-pools providers create-oidc muster --project "$project" --location global \\
  --workload-identity-pool github --issuer-uri ${GITHUB_ISSUER} \\
  --attribute-mapping "${mapping}" \\
  --attribute-condition "${from}"
gcloud iam service-accounts create muster-github --project "$project"
gcloud projects add-iam-policy-binding "$project" --member "serviceAccount:$account" --role "projects/$project/roles/muster"
gcloud iam service-accounts add-iam-policy-binding "$account" --project "$project" --role roles/iam.workloadIdentityUser \\
  --member "principalSet://iam.googleapis.com/${pool}/attribute.repository/${owner}/${repository}"
`
}
