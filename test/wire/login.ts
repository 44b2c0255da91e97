/** Who gives out tokens where a cloud takes none from the environment: what an App Service gives its processes (Azure). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../src/calls/clock.js"
import type { JsonObject } from "../../src/provider.js"
import type { WiredCloud } from "../chaos/wires.js"
import type { Login } from "./handout.js"

export interface OpenLogin extends Login {
  close(): Promise<void>
}

export async function loginFor(cloud: WiredCloud, { ca }: JsonObject): Promise<OpenLogin> {
  if (cloud !== "azure") return { env: {}, close: async () => {} }
  const identity = await managedIdentity()
  const { path: certificate, remove } = certificateFile(String(ca))
  return {
    env: identity.env,
    certificate,
    close: async () => {
      remove()
      await identity.close()
    },
  }
}

/** @param ca PEM. @returns where it is, for NODE_EXTRA_CA_CERTS, until it is removed. */
export function certificateFile(ca: string): { readonly path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "muster-wire-"))
  const path = join(directory, "ca.pem")
  writeFileSync(path, ca)
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`: "How to use managed identities for App Service", REST endpoint reference. */
export async function managedIdentity(): Promise<OpenLogin> {
  const server = createServer((_request, response) => {
    const expires_on = String(Math.floor(systemClock.now() / 1000) + 3600)
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ access_token: "token", expires_on, resource: "arm", token_type: "Bearer" }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    env: {
      AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`,
      IDENTITY_HEADER: "header",
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
