/** Guest: requests to the metadata service of a cloud. An image may have curl, or wget, or neither. Plain `sh`. Pure. */

/** Networks come up late, and metadata services are slow at boot: each request is repeated, and each try is short. */
const TRIES = 5
const TRY_S = 5

export interface MetadataRequest {
  /** "Metadata-Flavor: Google"; the shell expands what it names. */
  readonly header: string
  /** The shell expands what it names. */
  readonly url: string
  /** GET by default. */
  readonly method?: "PUT"
}

/** The request by curl, which repeats a refused connection only by `--retry-connrefused`. */
export function byCurl({ header, url, method }: MetadataRequest): string {
  const as = method === undefined ? "" : `-X ${method} `
  return `curl -sf --retry ${TRIES} --retry-connrefused -m ${TRY_S} ${as}-H "${header}" "${url}"`
}

/** The request by wget. */
export function byWget({ header, url, method }: MetadataRequest): string {
  const as = method === undefined ? "" : `--method=${method} `
  return `wget -qO- -T ${TRY_S} -t ${TRIES} ${as}--header="${header}" "${url}"`
}

/**
 * A function of shell that prints what the metadata service answers. Its first argument is `$1` in the request. It fails
 * where the service does not answer, and where the image has no tool for HTTP.
 *
 * @param commands what the function does by each tool: `(send) => send(request)`, or more than one request.
 */
export function metadataReader(name: string, commands: (send: (request: MetadataRequest) => string) => string): string {
  return `${name}() {
  if command -v curl >/dev/null; then
    ${commands(byCurl)}
  elif command -v wget >/dev/null; then
    ${commands(byWget)}
  else
    return 1
  fi
}`
}
