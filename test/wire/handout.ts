/** What somebody needs who wants to try a cloud's double by hand: what to export, and programs that run as they are pasted. */
import type { JsonObject } from "../../src/provider.js"
import { flagsFor } from "../cli/bin.js"
import type { Wire, WiredCloud } from "../chaos/wires.js"

export interface Handout {
  readonly exports: Readonly<Record<string, string>>
  /** The command line, pointed at it. */
  readonly list: string
  /** A cluster of five, up and down. */
  readonly program: string
}

/** For whoever logs in: a token that the double never looks at. */
export interface Login {
  readonly env: Readonly<Record<string, string>>
  /** The file of the double's certificate, where it has one. */
  readonly certificate?: string
}

/** What the cloud's own tools and SDKs look for. */
const OWN_EXPORTS: Readonly<Record<WiredCloud, (options: JsonObject) => Record<string, string>>> = {
  aws: ({ endpoint, region }) => ({
    AWS_ENDPOINT_URL_EC2: String(endpoint),
    AWS_REGION: String(region),
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "pretended",
  }),
  gcp: ({ project }) => ({ GOOGLE_CLOUD_PROJECT: String(project) }),
  azure: ({ subscriptionId }) => ({ AZURE_SUBSCRIPTION_ID: String(subscriptionId) }),
}

export function handoutOf(cloud: WiredCloud, { place, spec }: Wire, { env, certificate }: Login): Handout {
  // Keys and certificates come by the environment, as they would for the cloud itself.
  const { credentials: _credentials, ca: _ca, ...options } = place.options
  const trust: Record<string, string> = certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificate }
  const list = ["npm run --silent muster -- list", ...flagsFor(cloud, options).map(quoted)].join(" ")
  return {
    exports: { ...OWN_EXPORTS[cloud](options), ...env, ...trust },
    list,
    program: programFor(cloud, options, spec),
  }
}

function programFor(cloud: WiredCloud, options: JsonObject, spec: JsonObject): string {
  return `node test/tools/run.mjs - <<'END'
import { Cluster } from "muster-vms"
import { ${cloud} } from "muster-vms/${cloud}"

const provider = ${cloud}(${JSON.stringify(options)})
const cluster = new Cluster({ provider, startup: "exec sleep infinity", ...${JSON.stringify(spec)} })
try {
  console.log(String(await cluster.plan(5)))
  const { running } = await cluster.scale(5)
  console.log(\`\${running} run: \${cluster.workers.map(({ id }) => id).join(" ")}\`)
} finally {
  const { instances, leaked } = await cluster.close()
  console.log(\`\${instances.length} ended, \${leaked.length} left\`)
}
END`
}

/** As one word for a shell. */
function quoted(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

const indented = (text: string) => text.replace(/^/gm, "    ")

export function exportsText(exports: Handout["exports"]): string {
  return indented(
    Object.entries(exports)
      .map(([name, value]) => `export ${name}=${quoted(value)}`)
      .join("\n"),
  )
}

export function textOf({ exports, list, program }: Handout): string {
  return [
    "Paste into another terminal, in this directory:",
    exportsText(exports),
    "What is there:",
    indented(list),
    "A cluster of five, up and down (the lines as they are, with no spaces before END):",
    program,
  ].join("\n\n")
}
