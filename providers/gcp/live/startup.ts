/**
 * Startup: what a machine of a walk looks at from inside, told line by line as `doctor NAME VALUE`. Plain `sh` for any Linux image; each
 * look ends within seconds, and the whole ends with 0. Pure.
 */

const BASE = `\${MUSTER_METADATA_URL:-http://metadata.google.internal}/computeMetadata/v1/instance`

/**
 * What it is told of: the digest of the program that arrived; the instance's name and zone by its metadata; whether it is being preempted.
 * A look that has no answer tells nothing.
 */
export const STARTUP = `doctor_base="${BASE}"
doctor_read() {
  if command -v curl >/dev/null; then
    curl -sf --retry 2 --retry-connrefused -m 5 -H "Metadata-Flavor: Google" "$doctor_base/$1"
  elif command -v wget >/dev/null; then
    wget -qO- -T 5 -t 2 --header="Metadata-Flavor: Google" "$doctor_base/$1"
  else
    return 1
  fi
}
doctor_tell() {
  [ -z "$2" ] || echo "doctor $1 $2"
}
# What a command prints loses its last line ends here, unless something stands behind them.
if doctor_program=$(doctor_read attributes/startup-script && echo .); then
  doctor_tell user-data "$(printf %s "\${doctor_program%.}" | sha256sum | cut -d " " -f 1)"
fi
doctor_zone=$(doctor_read zone)
doctor_name=$(doctor_read name)
doctor_tell metadata "$doctor_name\${doctor_zone:+ $doctor_zone}"
doctor_tell notice "$(doctor_read preempted)"
exit 0
`
