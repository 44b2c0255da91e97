/** The details of an error ("google.rpc" messages), as an operation has them and as an HTTP answer has them. */
import type { JsonObject } from "../../../../src/provider.js"

export function helpOf(description: string, url: string): JsonObject {
  return { help: { links: [{ description, url }] } }
}

export function localized(message: string): JsonObject {
  return { localizedMessage: { locale: "en-US", message } }
}

const TYPES: Readonly<Record<string, string>> = {
  errorInfo: "google.rpc.ErrorInfo",
  help: "google.rpc.Help",
  localizedMessage: "google.rpc.LocalizedMessage",
  quotaInfo: "google.cloud.compute.v1.QuotaExceededInfo",
}

/** The same details in an HTTP answer: there each has its type, where in an operation it has a field. */
export function typed(details: readonly JsonObject[]): readonly JsonObject[] {
  return details.flatMap((detail) =>
    Object.entries(detail).map(([field, value]) => ({
      "@type": `type.googleapis.com/${TYPES[field] ?? field}`,
      ...(value as JsonObject),
    })),
  )
}
