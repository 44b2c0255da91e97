/** Client: how a program on this machine uses the cluster. */
import type { EngineClient, EngineHead, EnginePorts } from "../engine.js"
import { KEY_FILES, SECRETS } from "./boot/shell.js"
import { certificateFiles } from "./certificates.js"
import type { DaskConfig } from "./config.js"
import { readVersions } from "./routes.js"
import { checkClientAndHead, clientVersions } from "./versions.js"

/** @throws SpecError where client, head and options have different versions. */
export async function clientOf(config: DaskConfig, head: EngineHead, forwarded: EnginePorts): Promise<EngineClient> {
  const [here, there] = await Promise.all([clientVersions(config, head.signal), readVersions(config, head)])
  checkClientAndHead(config, here, there)
  const address = `${config.tls ? "tls" : "tcp"}://127.0.0.1:${forwarded.scheduler}`
  const dashboard = config.dashboard ? `http://127.0.0.1:${forwarded.dashboard}/status` : undefined
  return {
    address,
    ...(dashboard === undefined ? {} : { dashboard }),
    environment: {
      DASK_SCHEDULER_ADDRESS: address,
      ...(dashboard === undefined ? {} : { DASK_DISTRIBUTED__DASHBOARD__LINK: dashboard }),
      ...(config.tls ? await tlsVariables(head) : {}),
    },
  }
}

/** Keys are files that only this user reads. */
async function tlsVariables(head: EngineHead): Promise<Readonly<Record<string, string>>> {
  const files = certificateFiles(await head.secret(SECRETS.tls))
  const paths = await head.keep(files, head.signal)
  const pathOf = (name: string) => paths[name] ?? ""
  return {
    DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: "True",
    DASK_DISTRIBUTED__COMM__TLS__CA_FILE: pathOf(KEY_FILES.authority),
    DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT: pathOf(KEY_FILES.certificate),
    DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY: pathOf(KEY_FILES.key),
  }
}
