/** The forms of user data, as Python reads them, which cloud-init is written in; and how many bytes they have. */
import { spawnSync } from "node:child_process"
import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { guestScript as awsScript } from "../../providers/aws/prepare/guest.js"
import { specIn, userDataOf } from "../../providers/aws/prepare/user-data.js"
import { guestScript as azureScript } from "../../providers/azure/prepare/guest.js"
import { guestScript as gcpScript } from "../../providers/gcp/prepare/guest.js"
import { archiveOf } from "../../src/guest/user-data.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { lacking, titled } from "../support/tools.js"

const OWNER: Owner = {
  cluster: "c",
  uid: "0123456789abcdef",
  owner: "o",
  generation: 1,
  deadline: "4102444800",
  claim: "c",
}
const GROUP: GroupRequest = { name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: ["x86_64"] }

/** As cloud-init's `convert_string` and `walk` do. */
const READ = `
import email, json, sys
message = email.message_from_string(sys.stdin.buffer.read().decode("utf-8"))
parts = [part for part in message.walk() if part.get_content_maintype() != "multipart"]
print(json.dumps([[part.get_content_type(), part.get_filename(), part.get_payload(decode=True).decode("utf-8")] for part in parts]))
`
const noPython = lacking("python3")

describe.skipIf(noPython !== undefined)(titled("an archive, as Python reads it", noPython), () => {
  const parts = (archive: string) => {
    const { stdout, stderr } = spawnSync("python3", ["-c", READ], { input: archive, encoding: "utf8" })
    expect(stderr).toBe("")
    return JSON.parse(stdout) as unknown
  }

  test.each([
    ["plain", "#cloud-config\nruncmd: [a]\n"],
    ["letters of the world", "#cloud-config\nruncmd:\n  - echo größer 💥\n"],
    ["what looks like its own boundary", "#cloud-config\nwrite_files:\n  - content: |\n      --muster--\n"],
    ["a line that is long", `#cloud-config\nruncmd: ["echo ${"x".repeat(3000)}"]\n`],
  ])("%s", (_what, cloudConfig) => {
    const program = "#!/bin/sh\necho 'é'\n"
    const read = parts(archiveOf(program, cloudConfig, "X-Muster-Spec: abc")) as [string, string, string][]
    // A part's last line end is the boundary's.
    expect(read.map(([type, name, text]) => [type, name, text.replace(/\n$/, "")])).toEqual([
      ["text/x-shellscript", "muster", program.replace(/\n$/, "")],
      ["text/cloud-config", "startup", cloudConfig.replace(/\n$/, "")],
    ])
  })
})

describe("a group's spec comes back from each form", () => {
  const spec = { text: JSON.stringify({ note: "größer" }), digest: "0123456789abcdef" }
  test.each([
    ["a script", { startup: "exec a" }],
    ["a script that is compressed", { startup: `: ${"word ".repeat(4000)}` }],
    ["an archive", { startup: "#cloud-config\nruncmd: [a]\n" }],
    ["an archive that is compressed", { startup: `#cloud-config\nruncmd: ["${"word ".repeat(4000)}"]\n` }],
  ])("%s", (_what, group) => {
    const { bytes, notes } = userDataOf(OWNER, { ...GROUP, ...group, spec }, "us-east-1")
    expect([specIn(bytes), notes]).toEqual([spec.text, []])
    expect(bytes.length).toBeLessThanOrEqual(16_384)
  })

  test("and none from what others wrote", () => {
    for (const text of ["", "#!/bin/sh\n# muster-spec !\n", "\u001f\u008bnonsense", "a\nX-Muster-Spec: AAAA"]) {
      expect(specIn(Buffer.from(text, "latin1"))).toBeUndefined()
    }
  })
})

test("a guest with all there is fits: container, scratch, notices, deadline and the startup of a Dask worker", () => {
  const full: GroupRequest = {
    ...GROUP,
    environment: { DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES: "['distributed.http.health']", OMP_NUM_THREADS: "1" },
    container: { image: "ghcr.io/dask/dask:2026.9.0-py3.12", dockerArgs: ["--shm-size", "8g"], login: "instance" },
    setup: "set -eu\npip install --no-cache-dir s3fs pyarrow\nmkdir -p /scratch/spill\n",
    scratch: "/scratch",
    onNotice: 'curl -s -X POST "http://10.0.0.5:8787/retire?name=$MUSTER_NAME"\nsleep 20\n',
    whenDone: { success: "end", failure: "replace" },
    leaseSeconds: 600,
    startup: DASK,
  }
  const identity = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/w"
  const texts = {
    aws: awsScript(
      OWNER,
      { ...full, container: { image: "1.dkr.ecr.us-east-1.amazonaws.com/dask:1", dockerArgs: [], login: "instance" } },
      "us-east-1",
    ),
    azure: azureScript(OWNER, full, { location: "westeurope", manager: "https://management.azure.com", identity }),
    gcp: gcpScript(OWNER, full, "us-central1", true),
  }
  const sizes = Object.entries(texts).map(([cloud, text]) => ({
    cloud,
    bytes: Buffer.byteLength(text),
    compressed: gzipSync(text, { level: 9 }).length,
  }))
  process.stdout.write(
    `user data: ${sizes.map(({ cloud, bytes, compressed }) => `${cloud} ${bytes} bytes, ${compressed} compressed`).join("; ")}\n`,
  )
  for (const { compressed } of sizes) expect(compressed).toBeLessThanOrEqual(8192)
})

const DASK = `#!/bin/bash
set -euo pipefail
cat >/tmp/ca.pem <<'EOF'
${"MIIBszCCAVmgAwIBAgIUQ2FuIHlvdSByZWFkIHRoaXM/ICAgICAgICAgICAgICAg\n".repeat(6)}EOF
export DASK_DISTRIBUTED__COMM__TLS__CA_FILE=/tmp/ca.pem
export DASK_DISTRIBUTED__COMM__TLS__WORKER__CERT=/tmp/worker.pem
export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=true
cores=$(nproc)
memory=$(awk '/MemTotal/ { printf "%dMiB", $2 / 1024 * 0.95 }' /proc/meminfo)
exec dask worker tls://10.0.0.5:8786 \\
  --name "$MUSTER_NAME" \\
  --nthreads "$cores" --nworkers 1 --memory-limit "$memory" \\
  --local-directory "$MUSTER_SCRATCH/spill" \\
  --resources "GPU=0" --death-timeout 300 --no-dashboard --lifetime-stagger 30
`
