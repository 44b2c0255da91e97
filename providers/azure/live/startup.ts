/** What the machines of a walk run: it writes what it finds, a line for each thing. Plain `sh`, with curl or with python3. */

/** For so long the scheduled events are asked for, in seconds: they are switched on by the first request, within two minutes. */
const EVENTS_S = 100
/** A machine that is about to end has less time, in seconds before its deadline. */
const SPARED_S = 100

/**
 * `doctor user-data DEADLINE`: what arrived in its custom data. `doctor metadata STATUS ID`: its own resource id. `doctor notice
 * STATUS events`: how its scheduled events were answered last. A status is `none` where no answer came.
 */
export const STARTUP = `#!/bin/sh
doctor_metadata="\${MUSTER_METADATA_URL:-http://169.254.169.254}/metadata"
# The body, and behind it on a line of its own the status; nothing where no answer came.
doctor_ask() {
  if command -v curl >/dev/null; then
    curl -s -m "$1" -H "Metadata: true" -w '\\n%{http_code}' "$doctor_metadata/$2"
  else
    python3 - "$1" "$doctor_metadata/$2" <<'PYTHON'
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[2], headers={"Metadata": "true"})
try:
    answer = urllib.request.urlopen(request, timeout=float(sys.argv[1]))
except urllib.error.HTTPError as error:
    answer = error
print(answer.read().decode("utf-8", "replace"))
print(answer.getcode())
PYTHON
  fi 2>/dev/null
}
# NAME WORD…: with the status of what was asked for last; "none" where no answer came.
doctor_tell() {
  doctor_status=$(printf '%s' "$doctor_said" | tail -n 1)
  [ -n "$doctor_status" ] && [ "$doctor_status" != 000 ] || doctor_status=none
  printf 'doctor %s %s %s\\n' "$1" "$doctor_status" "$2"
}
printf 'doctor user-data %s\\n' "\${MUSTER_DEADLINE:-}"
doctor_said=$(doctor_ask 5 "instance/compute/resourceId?api-version=2021-02-01&format=text")
doctor_tell metadata "$(printf '%s\\n' "$doctor_said" | sed '$d' | tr -d '\\r\\n' | cut -c 1-400)"
doctor_until=$(($(date +%s) + ${EVENTS_S}))
doctor_last=$((\${MUSTER_DEADLINE:-0} - ${SPARED_S}))
[ "$doctor_last" -gt "$doctor_until" ] || doctor_until=$doctor_last
while :; do
  doctor_said=$(doctor_ask 30 "scheduledevents?api-version=2020-07-01")
  doctor_status=$(printf '%s' "$doctor_said" | tail -n 1)
  [ "$doctor_status" != 200 ] && [ "$(date +%s)" -lt "$doctor_until" ] || break
  sleep 2
done
doctor_word=other
case $doctor_said in *'"Events"'*) doctor_word=events ;; esac
doctor_tell notice "$doctor_word"
exit 0
`
